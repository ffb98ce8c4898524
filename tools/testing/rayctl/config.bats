#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A whole configuration as a file: save, restore, and import from ipvsadm.

# shellcheck disable=SC2154 # the words of common.bash leave stderr
load common

setup()
{
	[ "$(id -u)" = 0 ] || { echo "these tests are for root" >&2; return 1; }
	F=$BATS_TEST_TMPDIR/file
}

teardown()
{
	stop_kernel
}

# The lines that say something, as these here-documents lose their tabs.
lines()
{
	sed -e 's/^\t//' -e '/^$/d' -e '/^#/d'
}

# A file that says everything there is to say.
everything()
{
	cat <<-'END'
	# all of it

	add dns vip [2001:db8::53]:53 proto udp policy maglev slow-start 30s
		backend [2001:db8::1:53]:53
	add time vip 10.0.0.1:123 proto udp health udp send hex:1b00 require-reply on
	add web vip 10.0.0.1:80 policy least-connections affinity 5m affinity-prefix 24 when-down drop health http:/up interval 5s timeout 500ms rise 1 fall 2 host www status 200-299 check-port 81 method HEAD passive 5 on-down reset
		backend 10.0.1.1:8080 weight 7 limit 9
		backend 10.0.1.2:8080 weight 0 state offline
		backend 10.0.1.3:8080 state drain
		backend 10.0.1.4:8080 role fallback
	add www vip 10.0.0.2:80 policy custom program "3,40 0 0 32,84 0 0 1,22 0 0 0"
	add xyz vip 10.0.0.3:80 policy module:sample
	END
}

@test "save and restore: what was said is said again" {
	start_kernel
	everything >"$F"
	done_by lb restore "$F"
	[ -z "$output" ]
	done_by lb save
	diff -u <(lines <"$F") <(lines <<<"$output")
	# and what it says is said again to the byte
	printf '%s\n' "$output" >"$F"
	rayctl lb restore <"$F"
	done_by lb save
	diff -u "$F" <(printf '%s\n' "$output")
	done_by lb restore "$F" check
	[ -z "$output" ]
}

@test "save: what has its default is left out" {
	start_kernel
	done_by lb add web vip 10.0.0.1:80 policy round-robin affinity off affinity-prefix whole health none interval 2s \
		rise 2 fall 3 timeout 1s when-down reset check-port own slow-start off passive off on-down keep
	done_by lb add web backend 10.0.1.1:80 weight 1 limit none state online role primary
	done_by lb save
	shows '^add web vip 10\.0\.0\.1:80$' '^	backend 10\.0\.1\.1:80$'
	done_by lb set web health http method GET
	done_by lb save
	shows '^add web vip 10\.0\.0\.1:80 health http$'
	done_by lb set web health udp send none require-reply off
	done_by lb save
	shows '^add web vip 10\.0\.0\.1:80 health udp$'
}

@test "save: a payload is a text when it can be read as one" {
	local said

	start_kernel
	done_by lb add dns vip 10.0.0.1:53 proto udp health udp
	# one for each way in which it cannot
	while read -r said saved; do
		done_by lb set dns send "$said"
		done_by lb save
		shows "^add dns .* send $saved\$"
	done <<-'END'
	PING PING
	hex:50494E47 PING
	hex:00ff hex:00ff
	hex:6865783a hex:6865783a
	hex:6e6f6e65 hex:6e6f6e65
	hex:2020 hex:2020
	END
}

@test "save: to a file, whole or not at all" {
	start_kernel
	everything | rayctl lb restore -
	done_by lb save "$F"
	[ -z "$output" ]
	done_by lb save
	diff -u "$F" <(printf '%s\n' "$output")
	[ "$(stat -c %a "$F")" = 644 ]
	ln -s file "$BATS_TEST_TMPDIR/link"
	done_by lb del dns
	done_by lb save "$BATS_TEST_TMPDIR/link"
	[ -L "$BATS_TEST_TMPDIR/link" ]
	if grep dns "$F"; then return 1; fi
	refused_by lb save /nowhere/file
	says 'rayctl: cannot write /nowhere/file: No such file or directory'
	done_by lb save /dev/null
	# nothing is left of what was not yet whole
	[ -z "$(compgen -G "$F.*")" ]
}

@test "restore: what is not in the file goes" {
	start_kernel --state "$STATE"
	echo 'add one vip 10.0.0.9:80' | rayctl lb restore
	done_by -j lb
	json '[b["name"] for b in d] == ["one"]'
	echo '# none' | rayctl lb restore
	done_by lb
	[ "$output" = "no balancers" ]
	# and what save writes then is a configuration, too
	rayctl lb save | rayctl lb restore
}

@test "restore, import: nothing at all is no configuration" {
	local words

	start_kernel --state "$STATE"
	: >"$F"
	for words in "restore" "restore check" "import ipvsadm" "import ipvsadm apply"; do
		# shellcheck disable=SC2086
		refused_by lb $words </dev/null
		says 'rayctl: stdin is empty, a comment at least must be there'
	done
	refused_by lb restore "$F"
	says "rayctl: $F is empty, a comment at least must be there"
	refused_by lb restore "$BATS_TEST_TMPDIR"
	says "rayctl: cannot read $BATS_TEST_TMPDIR: Is a directory"
	done_by -j lb
	json 'len(d) > 0'
}

@test "restore check: says what would change, and changes nothing" {
	start_kernel
	everything | rayctl lb restore
	everything | sed -e 's/weight 7/weight 8/' -e '/state drain/d' >"$F"
	echo 'add new vip 10.0.0.1:81' >>"$F"
	done_by lb restore "$F" check
	diff -u - <(printf '%s\n' "$output") <<-'END'
	+ add new vip 10.0.0.1:81
	- add web backend 10.0.1.1:8080 weight 7 limit 9
	+ add web backend 10.0.1.1:8080 weight 8 limit 9
	- add web backend 10.0.1.3:8080 state drain
	END
	done_by -j lb restore "$F" check
	json 'len(d["changes"]) == 3 and d["changes"][0]["becomes"].startswith("add new")'
	json 'd["balancers-added"] == 1 and d["backends-removed"] == 1'
	done_by lb save
	shows 'state drain' 'weight 7'
}

# wrong LINE TEXT: of the last line of a file
wrong()
{
	printf 'add web vip 10.0.0.1:80\n\n# and\n%s\n' "$1" >"$F"
	misused_by lb restore "$F"
	says "rayctl: lb restore: $F:4: $2"
}

@test "restore: a wrong word is named, and its line" {
	start_kernel --state "$STATE"
	wrong 'add x vip 10.0.0.2:80 police maglev' 'unknown key "police"'
	wrong 'add x vip 10.0.0.2' 'vip "10.0.0.2" needs a port, as in 10.0.0.1:80 or [2001:db8::1]:80'
	wrong 'add x policy maglev' 'missing "vip"'
	wrong 'set web policy maglev' '"set" is neither add nor backend'
	wrong '	backend 10.0.0.1:80 weight' '"weight" needs a value'
	wrong '	backend 10.0.0.1:80 weight 70000' 'weight "70000" is out of range, 0 to 65535'
	wrong 'add x backend' 'missing ADDR:PORT of the backend'
	printf 'backend 10.0.0.1:80\n' >"$F"
	misused_by lb restore "$F"
	says "rayctl: lb restore: $F:1: a backend comes after its balancer"
	printf 'add web vip 10.0.0.1:80 \0\n' >"$F"
	misused_by lb restore "$F"
	says "rayctl: lb restore: $F:1: this is not text"
	printf 'add web vip 10.0.0.1:80%s\n' "$(printf ' rise %s' {1..80})" >"$F"
	misused_by lb restore "$F"
	misused_by -j lb restore "$F"
	json 'd["line"] == 1 and d["file"].endswith("/file")' "$stderr"
	refused_by lb restore /nowhere
	says 'rayctl: cannot read /nowhere: No such file or directory'
	misused_by lb restore "$F" and more
	done_by -j lb
	json 'len(d) == 2'
}

@test "restore: what the kernel refuses is told with its line" {
	start_kernel --state "$STATE"
	printf 'add web vip 10.0.0.1:80\n\nadd web vip 10.0.0.2:80\n' >"$F"
	refused_by lb restore "$F"
	says "rayctl: lb: $F:3: a balancer has this name already (name \"web\")"
	printf 'add web vip 10.0.0.1:80\nadd wob backend 10.0.0.2:80\n' >"$F"
	refused_by lb restore "$F"
	says "rayctl: lb: $F:2: no balancer named \"wob\""
	printf 'add web vip 10.0.0.1:80\nbackend 10.0.0.2:80\nbackend [::1]:80\n' >"$F"
	refused_by -j lb restore "$F"
	json 'd["line"] == 3 and d["attribute"] == "backend[1].ipv6"' "$stderr"
	done_by -j lb
	json 'len(d) == 2'
}

@test "restore: more than one page of message" {
	start_kernel
	"$PYTHON" - >"$F" <<-'END'
	for i in range(50):
	    print(f"add lb{i} vip 10.0.0.1:{1000 + i}")
	    for j in range(20):
	        print(f"backend 10.1.{i}.{j}:80 weight {j + 1}")
	END
	done_by lb restore "$F"
	done_by lb restore "$F" check
	[ -z "$output" ]
	done_by lb save
	[ "$(grep -c backend <<<"$output")" = 1000 ]
}

@test "completion and help" {
	run rayctl __complete lb re
	[ "$output" = restore ]
	run rayctl __complete lb import ""
	[ "$output" = ipvsadm ]
	run rayctl __complete lb restore file ""
	[ "$output" = check ]
	done_by lb help
	shows 'rayctl lb save \[FILE\]$' 'rayctl lb restore \[FILE\] \[check\]$' \
		'rayctl lb import ipvsadm \[FILE\] \[lenient\] \[apply\|check\]$'
}

@test "import: what ipvsadm -Sn writes" {
	start_kernel
	cat >"$F" <<-'END'
	-A -t 10.0.0.1:80 -s wlc -p 300
	-a -t 10.0.0.1:80 -r 10.0.1.1:8080 -m -w 3
	-a -t 10.0.0.1:80 -r 10.0.1.2:8080 -m -w 0 -x 100 -y 0
	-A -u 10.0.0.1:53 -s rr
	-A -t 10.0.0.2:80 -s mh -b mh-port
	-A -t [2001:db8::1]:80 -s sh -p
	-a -t [2001:db8::1]:80 -r [2001:db8::2]:80 -m -w 1
	END
	done_by lb import ipvsadm "$F"
	diff -u - <(lines <<<"$output") <<-'END'
	add tcp-80 vip 10.0.0.1:80 policy least-connections affinity 5m
		backend 10.0.1.1:8080 weight 3
		backend 10.0.1.2:8080 weight 0 limit 100
	add tcp-80-2 vip 10.0.0.2:80 policy maglev
	add tcp-80-3 vip [2001:db8::1]:80 policy ip-hash affinity 5m
		backend [2001:db8::2]:80
	add udp-53 vip 10.0.0.1:53 proto udp
	END
	done_by lb import ipvsadm "$F" check
	shows '^\+ add tcp-80 vip'
	done_by lb import ipvsadm "$F" apply
	done_by -j lb backends
	json 'len(d) == 3'
	# What is printed is what restore reads.
	rayctl lb import ipvsadm <"$F" | rayctl lb restore
	done_by lb import ipvsadm "$F" check
	[ -z "$output" ]
}

@test "import: direct routing, and persistence of networks" {
	start_kernel
	cat >"$F" <<-'END'
	-A -t 10.0.0.1:80 -s rr -p 300 -M 255.255.255.0
	-a -t 10.0.0.1:80 -r 10.0.1.1:80 -g -w 3
	-a -t 10.0.0.1:80 -r 10.0.1.2:80 -w 1
	-A -u [2001:db8::1]:53 -s sh -p 60 -M 64
	-a -u [2001:db8::1]:53 -r [2001:db8::2]:5353 -m
	-A -t 10.0.0.2:80 -s rr -p 9 -M 255.255.255.255
	END
	done_by lb import ipvsadm "$F"
	diff -u - <(lines <<<"$output") <<-'END'
	add tcp-80 vip 10.0.0.1:80 mode dsr affinity 5m affinity-prefix 24
		backend 10.0.1.1:80 weight 3
		backend 10.0.1.2:80
	add tcp-80-2 vip 10.0.0.2:80 affinity 9s
	add udp-53 vip [2001:db8::1]:53 proto udp policy ip-hash affinity 1m affinity-prefix 64
		backend [2001:db8::2]:5353
	END
	rayctl lb import ipvsadm "$F" apply
	done_by -j lb
	json 'sorted((b["mode"], b["affinity-prefix"]) for b in d) == [("dsr", 24), ("nat", 0), ("nat", 64)]'
}

# cannot LINE TEXT: of what comes after a service
cannot()
{
	printf -- '-A -t 10.0.0.1:80 -s rr\n%s\n' "$1" >"$F"
	misused_by lb import ipvsadm "$F"
	says "rayctl: lb import: $F:2: $2"
}

@test "import: what we cannot do is refused with its line, or left out" {
	start_kernel
	cannot '-A -f 1 -s rr' '"-f": services by firewall mark are not known here'
	cannot '-A -t 10.0.0.2:80 -s lblc' '"lblc" is a scheduler that is not known here'
	cannot '-A -t 10.0.0.2:80 -s rr -o' '"-o": scheduling of single packets is not known here'
	cannot '-A -t 10.0.0.2:80 -s rr -p 9 -M 255.0.255.0' '"-M": "255.0.255.0" is no netmask'
	cannot '-A -t 10.0.0.2:80 -s rr -p 9 -M 0.0.0.0' '"-M": "0.0.0.0" is no netmask'
	cannot '-A -t 10.0.0.2:80 -s rr -p 9 -M 24' '"-M": "24" is no netmask'
	cannot '-A -t [2001:db8::1]:80 -s rr -p 9 -M 129' \
		'affinity-prefix "129" is out of range, 1 to 128, or whole'
	cannot '-A -t 10.0.0.2:80 -s rr -M 255.255.255.0' '"-M" without "-p"'
	cannot '-A -t 10.0.0.2:80 -s rr -p 9 -M' '"-M" needs a value'
	cannot '-A -t 10.0.0.2:80 -s rr -p 90000' 'affinity "90000s" is out of range, 1s to 24h, or off'
	cannot '-A -t 10.0.0.2:0 -s rr' '"10.0.0.2:0" needs a port from 1 to 65535'
	cannot '-A -t 10.0.0.2:80 -q' 'unknown option "-q"'
	cannot '-a -t 10.0.0.1:80 -r 10.0.1.1:8080 -g -w 1' \
		'"10.0.1.1:8080" has not the port of its service'
	printf -- '%s\n' '-A -t 10.0.0.1:80 -s rr' '-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m' \
		'-a -t 10.0.0.1:80 -r 10.0.1.2:80 -g' >"$F"
	misused_by lb import ipvsadm "$F"
	says "rayctl: lb import: $F:3: \"-g\": the service has servers of another kind"
	sed -i -e '2s/-m/-g/' -e '3s/-g/-m/' "$F"
	misused_by lb import ipvsadm "$F"
	says "rayctl: lb import: $F:3: \"-m\": the service has servers of another kind"
	cannot '-a -t 10.0.0.1:80 -r 10.0.1.1:80 -i -w 1' '"-i": tunnels are not known here'
	cannot '-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 1 -y 5' \
		'"-y": a lower threshold is not known here'
	cannot '-a -t 10.0.0.1:80 -m -w 1' 'missing "-r"'
	cannot '-a -t 10.0.0.3:80 -r 10.0.1.1:80 -m' '"10.0.0.3:80" is no service of a line before'
	cannot '-a -t' '"-t" needs a value'
	cannot 'ipvsadm -C' '"ipvsadm" is neither -A nor -a, as ipvsadm -Sn writes'
	cannot '-A' '"" is no kind of service'
	misused_by lb import keepalived
	printf -- '%s\n' '-A -f 1 -s rr' '-a -f 1 -r 10.0.1.1:80 -m -w 1' \
		'-A -t 10.0.0.1:80 -s rr' >"$F"
	rayctl_run 0 lb import ipvsadm "$F" lenient
	shows '^add tcp-80 vip 10\.0\.0\.1:80$'
	grep -q "$F:2: " <<<"$stderr"
	grep -q '2 lines left out' <<<"$stderr"
}
