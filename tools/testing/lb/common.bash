# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What every test file loads.  The network of topology.bash is up, its backends
# b1, b2 and b3 listen on port 8080 for HTTP and datagrams alike, and all that
# a test does to it goes through one process, agent.py.

: "${BATS_TEST_DIRNAME:=.}"
# shellcheck source=../common.bash
. "$BATS_TEST_DIRNAME/../common.bash"
# shellcheck source=topology.bash
. "$BATS_TEST_DIRNAME/topology.bash"

# shellcheck disable=SC2034 # the tests use them
{
	C=lb-client
	D=lb-director
	VIP=10.0.0.100:80
	VIP6='[fd00::100]:80'
	B1=10.0.1.11:8080 B2=10.0.1.12:8080 B3=10.0.1.13:8080
	SIX1='[fd00:1::11]:8080'
	SIX2='[fd00:1::12]:8080'
	SIX3='[fd00:1::13]:8080'
	LB_STATUS=/sys/kernel/debug/rayos/lb/status
}

declare -gA R=()
NGINXES=()

# oldest_and_newest: for what no kernel differs in, as emulation is slow
oldest_and_newest()
{
	[ "${RAYOS_LANE:-}" != stock-6.12 ] ||
		skip "is run on older and newer kernels"
}

# agent VERB KEY=VALUE...: what the agent says is left in the array R
agent()
{
	local serial=$((++agent_serial)).$BASHPID who how key

	printf '%s %s\n' "$serial" "$*" >"$AGENT/requests"
	while read -r -t 300 who how <"$AGENT/replies"; do
		[ "$who" != "$serial" ] || break
	done
	R=()
	IFS= read -r REPLY <"$AGENT/result"
	if [ "$how" != ok ]; then
		echo "agent: $*: ${REPLY:-no answer}"
		return 1
	fi
	for key in $REPLY; do
		R[${key%%=*}]=${key#*=}
	done
}

# got EXPRESSION: is it true of the last result, whose keys are its variables?
# A backend that answered nothing is 0, any other name must be there.
got()
{
	local key word rest=$1

	for key in "${!R[@]}"; do
		[[ $key =~ ^[a-z][a-z0-9_]*$ && ${R[$key]} =~ ^-?[0-9]+$ ]] || continue
		local "$key=${R[$key]}"
	done
	while [[ $rest =~ ([A-Za-z_][A-Za-z_0-9]*)(.*) ]]; do
		word=${BASH_REMATCH[1]} rest=${BASH_REMATCH[2]}
		[[ -v $word || $word =~ ^b[0-9]$ ]] && continue
		echo "got: nothing is called \"$word\" in: $REPLY"
		return 1
	done
	(($1)) && return
	echo "not so: $1"
	echo "in: $REPLY"
	return 1
}

# is KEY VALUE: a word of the last result
is()
{
	[ "${R[$1]-}" = "$2" ] && return
	echo "$1 is \"${R[$1]-}\", not \"$2\""
	echo "in: $REPLY"
	return 1
}

# has_not PATTERN FILE
has_not()
{
	if grep -E "$1" "$2"; then return 1; fi
}

# balancers of the director
lb()
{
	rayctl -n "$D" lb "$@"
}

# insert [PARAMETER...]: the module of the tree, or the one installed
insert()
{
	insert_module rayos_lb "$@"
}

# same_as FILE: to restore it would change nothing
same_as()
{
	local changes

	changes=$(lb restore "$1" check) || return
	[ -z "$changes" ] && return
	echo "$changes"
	return 1
}

# web [WORD...]: a balancer "web" on the VIP over b1, b2 and b3
web()
{
	lb add web vip "$VIP" "$@" && backends web "$B1" "$B2" "$B3"
}

web6()
{
	lb add web vip "$VIP6" "$@" && backends web "$SIX1" "$SIX2" "$SIX3"
}

# backends NAME ADDRESS...
backends()
{
	local name=$1 to
	shift

	for to; do
		lb add "$name" backend "$to" || return
	done
}

# look: the backends of "web" as sN_KEY, in the order in which they were added
look()
{
	agent rayctl ns=$D args=lb,backends,web
}

# until_so SECONDS EXPRESSION [COMMAND...]: look, by default, until it is true
until_so()
{
	local end=$((SECONDS + $1)) so=$2
	shift 2
	[ $# -gt 0 ] || set -- look

	until "$@" && got "$so" >/dev/null; do
		if ((SECONDS > end)); then
			got "$so"
			return
		fi
		agent sleep seconds=0.1
	done
}

# until_is SECONDS KEY WORD [COMMAND...]: look, by default, until it is
until_is()
{
	local end=$((SECONDS + $1)) key=$2 want=$3
	shift 3
	[ $# -gt 0 ] || set -- look

	until "$@" && is "$key" "$want" >/dev/null; do
		if ((SECONDS > end)); then
			is "$key" "$want"
			return
		fi
		agent sleep seconds=0.1
	done
}

# until_heard FILE COMMAND...: change something until who follows has told of it there
until_heard()
{
	local end=$((SECONDS + 60)) file=$1
	shift

	until [ -s "$file" ]; do
		if ((SECONDS > end)); then
			echo "nothing is heard of: $*"
			return 1
		fi
		"$@"
		agent sleep seconds=0.2
	done
}

# refused STATUS TEXT COMMAND...: it ends with that status, says nothing on
# stdout and on stderr first of all one line that has TEXT in it; a refusal
# of the kernel's (2) is that line alone, a usage may follow a wrong word (1)
refused()
{
	local want=$1 text=$2 status=0 line=()
	shift 2

	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	mapfile -t line <"$BATS_TEST_TMPDIR/err"
	if ((status == want)) && [ ! -s "$BATS_TEST_TMPDIR/out" ] &&
	   [[ ${line[0]-} == *"$text"* ]] &&
	   ((want == 1 || ${#line[@]} == 1)); then
		return
	fi
	echo "$*: status $status, not $want and \"$text\":"
	cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err"
	return 1
}

setup()
{
	agent reset
}

# every test leaves the director empty
teardown()
{
	clean_up
}

clean_up()
{
	[ ${#NGINXES[@]} -eq 0 ] || kill -9 "${NGINXES[@]}" 2>/dev/null || :
	[ ! -e "$BATS_TEST_TMPDIR/patient" ] || patience end
	agent clean ns=$D
}

# patience [end]: however slow this machine is, nothing is sent twice because
# an ACK is late, so that what is counted is exact and what is lost is seen
patience()
{
	local ns least=" rto_min 20s" probes=0

	: >"$BATS_TEST_TMPDIR/patient"
	[ $# -eq 0 ] || least="" probes=3
	for ns in $C lb-1 lb-2 lb-3; do
		agent sysctl ns="$ns" name=net.ipv4.tcp_early_retrans value=$probes
		ip -n "$ns" route show |
			sed "s/ rto_min lock [^ ]*//; s/^/route replace /; s/ *\$/$least/" |
			ip -n "$ns" -batch - || return
	done
}

# ports_again VIP N: connections one after the other from one port, N that the
# servers end and N that the client resets, lose no segment and wait for nobody
ports_again()
{
	local i before

	patience
	agent snmp ns=$C name=Tcp.RetransSegs
	before=${R[value]}
	# the server closes first, then the client may use the port at once
	for i in 1 2 3; do agent knob name=b$i last=1; done
	agent load ns=$C dst="$1" n="$2" sport=2348 src=10.0.0.9
	got "ok == $2 && failed == 0" || return
	for i in 1 2 3; do agent knob name=b$i last=0; done
	agent load ns=$C dst="$1" n="$2" sport=2349 src=10.0.0.9 rst=1
	got "ok == $2 && failed == 0 && b1 > 0 && b2 > 0 && b3 > 0" || return
	none_twice "$before"
}

# none_twice BEFORE: the client sent no segment again since it had sent BEFORE
none_twice()
{
	agent snmp ns=$C name=Tcp.RetransSegs
	got "value == $1"
}

# nginx_in NAMESPACE PORT NAME: a real web server of one process, NGINX
nginx_in()
{
	local dir=$BATS_TEST_TMPDIR/nginx.$1
	mkdir -p "$dir"

	cat >"$dir/conf" <<-END
	daemon off;
	master_process off;
	pid $dir/pid;
	error_log stderr error;
	events { worker_connections 256; }
	http {
		access_log off;
		client_body_temp_path $dir/body;
		proxy_temp_path $dir/proxy;
		fastcgi_temp_path $dir/fastcgi;
		uwsgi_temp_path $dir/uwsgi;
		scgi_temp_path $dir/scgi;
		server { listen $2; listen [::]:$2; return 200 "$3\n"; }
	}
	END
	ip netns exec "$1" nginx -c "$dir/conf" >"$dir/log" 2>&1 3>&- &
	NGINX=$!
	disown
	NGINXES+=("$NGINX")
	agent up ns="$1" port="$2" || { cat "$dir/log"; return 1; }
}
