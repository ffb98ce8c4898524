#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Whole conversations with a kernel, played by fake_kernel.py, which reads the
# spec on its own: what is sent, what is shown, what is said of a refusal.

load common

setup()
{
	# Joining a multicast group of this protocol takes CAP_NET_ADMIN.
	[ "$(id -u)" = 0 ] || { echo "these tests are for root" >&2; return 1; }
}

teardown()
{
	stop_kernel
}

@test "JSON is the kernel's answer, whole" {
	start_kernel --state "$STATE"
	done_by -j lb status
	[ "$(wc -l <<<"$output")" = 1 ]
	"$PYTHON" - "$STATE" "$output" <<-'END'
	import json, sys, yaml
	state = yaml.safe_load(open(sys.argv[1]))
	assert json.loads(sys.argv[2]) == state["balancers"]
	END
	done_by lb backends --json
	"$PYTHON" - "$STATE" "$output" <<-'END'
	import json, sys, yaml
	state = yaml.safe_load(open(sys.argv[1]))
	assert json.loads(sys.argv[2]) == state["backends"]
	END
}

@test "JSON of one balancer has the shape of all" {
	start_kernel --state "$STATE"
	done_by -j lb status dns
	json '[b["ipv6"] for b in d] == ["2001:db8::53"]'
	done_by -j lb backends dns
	json '[(b["balancer"], b["ipv6"], b["port"]) for b in d] == [("dns", "2001:db8::1:53", 53)]'
	done_by -p lb health web
	[ "$(wc -l <<<"$output")" -gt 20 ]
	json '[b["check"]["result"] for b in d] == ["passed", "passed", "refused", "none"]'
	json 'not any("stats" in b for b in d)'
	done_by -j lb metrics
	json '[len(b["backend"]) for b in d] == [4, 1]'
	json 'd[0]["backend"][2]["stats"]["connect-latency"]["longest"] == 410000000'
	done_by -j lb policies
	json '{p["policy"]: p["balancers"] for p in d}["maglev"] == 1 and len(d) == 8'
}

@test "tables for people" {
	start_kernel --state "$STATE"
	done_by lb
	shows '^NAME +VIP +PROTO +POLICY +HEALTHY +ACTIVE +CONNS +IN +OUT +P50 +P99 +REQ/s +CONN/s$' \
		'^web +10\.0\.0\.1:80 +tcp +least-connections +2/4 +1337 +1\.2M +12\.3 GiB +123 GiB +1\.4 ms +8\.2 ms +2346 +1\.5$' \
		'^dns +\[2001:db8::53\]:53 +udp +maglev +1/1 +152 +8812 +686 KiB +1\.3 MiB +- +- +0 +0$'
	done_by lb status web
	shows '^  traffic +in 12\.3 GiB, out 123 GiB, 4242 packets without a flow$'
	shows '^  per second +1\.5 connections, 2346 requests, in 12\.2 KiB, out 1\.2 MiB, 1\.2% errors$'
	shows '^  slow start +90s$'
	shows '^  affinity +5m, 212 clients remembered$' '^  first byte +p50 9\.8 ms, ' \
		'^  health +http /healthz every 2s, timeout 1s, rise 2, fall 3, status 200-399, host www' \
		'^  10\.0\.1\.2:8080 +healthy +2h 14m +25% of 2 +525 +480k .* 38\.9%$'
	done_by lb backends
	shows '^web +10\.0\.1\.2:8080 +healthy +2h 14m +25% of 2 '
	shows '^web +10\.0\.1\.4:8080 +draining +19s +1 +- +0 +0 +0 +0 +4m 41s$'
	done_by lb health
	shows '^web +10\.0\.1\.3:8080 +unhealthy +47s +http +refused +0\.9s +23 +1\.9 ms +120 +23$' \
		'^dns .* healthy +3\.0s +none +- +- +- +- +0 +0$'
	done_by lb metrics web
	shows '^web +total +1\.2M +2\.3M .* 123 GiB +4242 +3 +2 +41 +0 +17 +0$' '^web +10\.0\.1\.4:8080 +- +- +- +- +- +- +- +-$'
	shows '^web +total +1\.5 +2346 +10\.0 +0\.020 +12\.2 KiB +1\.2 MiB +1\.2%$' \
		'^web +10\.0\.1\.2:8080 +0 +0 +0 +0 +0 B +0 B +0%$'
	done_by lb policies
	shows '^maglev +1 +By client address and port'
	done_by status
	shows '^lb +rayos_lb +loaded +0\.1\.0 +2 balancers, 3 of 5 backends healthy, 1489 of 262k flows$'
	# Numbers are aligned, and no line ends in blanks.
	done_by lb metrics
	[[ "$output" != *" "$'\n'* ]]
}

@test "a program is read, shown and taken back" {
	local file=$BATS_TEST_TMPDIR/program

	start_kernel
	printf '4\n40 0 0 32\n84 0 0 1\n22 0 0 0\n6 0 0 4294967295\n' >"$file"
	done_by lb add web vip 10.0.0.1:80 policy custom program "$file"
	done_by -j lb status web
	json 'd[0]["policy"] == "custom"'
	json 'd[0]["program"] == "4,40 0 0 32,84 0 0 1,22 0 0 0,6 0 0 4294967295"'
	done_by -j lb status
	json 'd[0]["program"] == "4,40 0 0 32,84 0 0 1,22 0 0 0,6 0 0 4294967295"'
	done_by lb status web
	shows '^  policy +custom, program of 4 instructions$'
	run -0 rayctl lb set web program - <<<$'1\n6 0 0 1'
	done_by lb save
	shows '^add web vip 10\.0\.0\.1:80 policy custom program "1,6 0 0 1"$'
	done_by lb set web program '1,6 0 0 7,'
	done_by -j lb status web
	json 'd[0]["program"] == "1,6 0 0 7"'
	run -2 rayctl lb set web policy maglev program '1,6 0 0 7'
	[[ "$output" == *"only the policy custom has it"* ]]
	done_by lb set web policy maglev
	done_by -j lb status web
	json '"program" not in d[0]'
	run -2 rayctl lb set web policy custom
	[[ "$output" == *"the policy custom needs it"* ]]
}

@test "the longest program goes there and comes back" {
	local file=$BATS_TEST_TMPDIR/program

	start_kernel
	{ echo 4096; yes '65535 255 255 4294967295' | head -n 4096; } >"$file"
	done_by lb add web vip 10.0.0.1:80 policy custom program "$file"
	done_by lb save "$BATS_TEST_TMPDIR/saved"
	[ "$(wc -c <"$BATS_TEST_TMPDIR/saved")" -gt 100000 ]
	done_by lb restore "$BATS_TEST_TMPDIR/saved" check
	[ -z "$output" ]
	done_by lb restore "$BATS_TEST_TMPDIR/saved"
	done_by -j lb status web
	json 'len(d[0]["program"].split(",")) == 4097'
}

@test "a policy of another module has a name" {
	start_kernel
	done_by lb add web vip 10.0.0.1:80 policy module:sample
	done_by -j lb status web
	json 'd[0]["policy"] == "module" and d[0]["policy-name"] == "sample"'
	done_by lb
	shows '^web .* module:sample '
	done_by lb status web
	shows '^  policy +module:sample$'
	done_by lb policies
	shows '^module:sample +1 +By a policy that another module'
	done_by lb save
	shows '^add web vip 10\.0\.0\.1:80 policy module:sample$'
	run -2 rayctl lb set web policy module:none
	[[ "$output" == *"no module has registered a policy named \"none\""* ]]
}

@test "nothing yet" {
	start_kernel
	done_by lb
	[ "$output" = "no balancers" ]
	done_by lb backends
	[ "$output" = "no backends" ]
	done_by -j lb
	json 'd == []'
	done_by -j lb metrics
	json 'd == []'
}

@test "a balancer from birth to death" {
	start_kernel
	done_by lb add web vip 10.0.0.1:80 policy wei affinity 5m health http:/up interval 5s \
		timeout 500ms rise 1 fall 2 host h.example status 200-299 check-port 81 when-down drop
	[ -z "$output" ]
	done_by -j lb add web backend 10.0.1.1:8080 weight 7 limit 9 state off
	json 'd["id"] > 0'
	done_by -j lb status web
	json 'd[0]["policy"] == "weighted-round-robin" and d[0]["affinity"] == 300 * 10**9'
	json 'd[0]["health"] == {"probe": "http", "path": "/up", "interval": 5 * 10**9,
		"timeout": 5 * 10**8, "rise": 1, "fall": 2, "host": "h.example",
		"status-min": 200, "status-max": 299, "port": 81}'
	done_by lb set web slow-start 1h
	done_by -j lb status web
	json 'd[0]["slow-start"] == 3600 * 10**9'
	done_by lb set web slow-start off
	done_by -j lb status web
	json 'd[0]["slow-start"] == 0'
	done_by lb set web affinity off interval 1.5s status 204 check-port own
	done_by -j lb status web
	json 'd[0]["affinity"] == 0 and d[0]["health"]["interval"] == 1500000000'
	json 'd[0]["health"]["status-min"] == d[0]["health"]["status-max"] == 204'
	json 'd[0]["health"]["path"] == "/up" and d[0]["health"]["port"] == 0'
	done_by lb set web backend 10.0.1.1:8080 online limit none
	done_by lb drain web backend 10.0.1.1:8080 deadline 30s
	done_by -j lb backends web
	json 'd[0]["admin"] == "drain" and d[0]["deadline"] == 30 * 10**9 and d[0]["limit"] == 0'
	done_by lb set web back 10.0.1.1:8080 offline
	done_by lb del web backend 10.0.1.1:8080 reset
	done_by -j lb del web
	json 'd == {}'
	done_by -j lb
	json 'd == []'
}

@test "failing backends: what is set and what is shown" {
	start_kernel --state "$STATE"
	done_by lb set web passive 5 on-down reset method HEAD
	done_by lb set web backend 10.0.1.2:8080 role fallback
	done_by lb status web
	shows '^  passive +down after 5 failed connections in a row$' \
		'^  on down +connections of the backend are reset$' \
		'^  health +http HEAD /healthz every 2s' \
		'^  10\.0\.1\.1:8080 +healthy +3d' '^  10\.0\.1\.2:8080 +healthy, fallback +2h'
	done_by lb health
	shows ' PASSIVE +HOLD$' '^web +10\.0\.1\.1:8080 +.* http HEAD +passed .* 0/5 +-$' \
		'^dns .* - +-$'
	done_by -j lb health web
	json 'd[0]["health"]["method"] == "HEAD" and d[0]["passive"] == 5'
	# what checks once found is not shown of one that is checked no more
	done_by lb set web health none
	done_by lb health web
	shows '^web +10\.0\.1\.3:8080 +unhealthy +47s +none HEAD +- +- +- +- +120 +23 '
	done_by lb set web health http:/healthz status 204
	done_by lb status web
	shows ', status 204, host '
	# a server that is held, and which no check has seen
	stop_kernel
	sed -e 's/result: none/result: passive\n      passive-streak: 5\n      hold: 8000000000/' \
		-e 's/when-down: drop/when-down: drop\n    passive: 5/' -e '/ age: 0$/d' "$STATE" \
		>"$BATS_TEST_TMPDIR/held"
	start_kernel --state "$BATS_TEST_TMPDIR/held"
	done_by lb health
	shows '^dns .* none +passive +- +- +- +0 +0 +5/5 +8\.0s$'
	stop_kernel
	start_kernel --state "$STATE"
	done_by lb set web backend 10.0.1.2:8080 role fallback
	done_by lb backends
	shows ' ROLE$' '^web +10\.0\.1\.2:8080 .* fallback$'
	done_by -j lb backends web
	json '[b.get("role") for b in d] == [None, "fallback", None, None]'
	done_by lb set dns health udp send hex:1b00 require-reply on
	done_by lb status dns
	shows '^  health +udp every 2s, .*, sends hex:1b00, a reply is required$'
	done_by -j lb status dns
	json 'd[0]["health"]["send"] == "1b00"'
	done_by lb set dns send none
	done_by -j lb status dns
	json 'd[0]["health"]["send"] == ""'
}

@test "affinity of networks" {
	start_kernel --state "$STATE"
	done_by lb set web affinity-prefix 24
	done_by lb status web
	shows '^  affinity +5m, 212 networks of /24 remembered$'
	# as before there was a longer word
	done_by lb set web aff 1m
	done_by lb set web affinity-p whole
	done_by lb status web
	shows '^  affinity +1m, 212 clients remembered$'
	done_by lb add six vip '[2001:db8::1]:80' affinity-prefix 64
	done_by -j lb status six
	json 'd[0]["affinity-prefix"] == 64'
}

@test "modes of a balancer" {
	start_kernel --state "$STATE"
	done_by lb status dns
	shows '^  mode +full-nat, source 2001:db8::9$'
	done_by lb status web
	run ! grep mode <<<"$output"
	done_by lb add a vip 10.0.0.9:80 mode full source 10.0.1.1
	done_by lb add b vip 10.0.0.9:81 mode dsr
	done_by -j lb
	json '[b["mode"] for b in d] == ["nat", "full-nat", "full-nat", "dsr"]'
	json 'd[1]["source-ipv6"] == "2001:db8::9" and d[2]["source-ipv4"] == "10.0.1.1"'
	json '"source-ipv4" not in d[3]'
}

@test "IPv6, and what the kernel alone can refuse" {
	start_kernel
	done_by lb add six vip '[2001:DB8::1]:80' proto udp
	done_by lb add six backend '[2001:db8::2]:80'
	refused_by lb add six backend 10.0.0.1:80
	says 'rayctl: lb: backend and virtual address differ in family (10.0.0.1:80)'
	refused_by -j lb add six backend 10.0.0.1:80
	json 'd["attribute"] == "ipv4"' "$stderr"
	done_by lb backends
	shows '^six +\[2001:db8::2\]:80 '
}

@test "refusals name the attribute, in the words that were typed" {
	start_kernel --state "$STATE"
	refused_by lb status nonsense
	says 'rayctl: lb: no balancer named "nonsense"'
	refused_by lb backends nonsense
	says 'rayctl: lb: no balancer named "nonsense"'
	refused_by -j lb health nonsense
	json 'd["attribute"] == "balancer"' "$stderr"
	refused_by lb add web vip 10.0.0.1:81
	says 'rayctl: lb: a balancer has this name already (name "web")'
	refused_by lb del web backend 10.9.9.9:80
	says 'rayctl: lb: no such backend (10.9.9.9:80)'
	refused_by lb add nested vip 10.0.0.1:80 interval 1500ms
	says 'rayctl: lb: integer out of range (health.interval "1500ms")'
	refused_by lb add missing vip 10.0.0.1:80
	says 'rayctl: lb: missing attribute (port)'
	refused_by lb add missing-nested vip 10.0.0.1:80 health http
	says 'rayctl: lb: missing attribute (health.path)'
	refused_by -j lb add missing-nested vip 10.0.0.1:80 health http
	json 'd["attribute"] == "health.path"' "$stderr"
	refused_by lb add echo vip 10.0.0.1:80 policy maglev
	says 'rayctl: lb: sent back whole (name "echo")'
	refused_by lb add eperm vip 10.0.0.1:80
	says 'rayctl: lb: not permitted, this needs the capability CAP_NET_ADMIN'
	stop_kernel
	start_kernel --old
	refused_by lb backends nonsense
	says 'rayctl: lb: no balancer named "nonsense"'
	refused_by lb status nonsense
	says 'rayctl: lb: no balancer named "nonsense"'
	refused_by lb add silent vip 10.0.0.1:80
	says 'rayctl: lb: Operation not supported'
}

@test "an answer that is cut short" {
	start_kernel --state "$STATE"
	done_by lb add garbage vip 10.0.0.1:81
	refused_by lb status garbage
	says "rayctl: lb: the kernel's answer is malformed"
	refused_by -j lb
	json '"malformed" in d["error"]' "$stderr"
}

@test "a list that changed while it was read is read again" {
	start_kernel --state "$STATE" --disturbed 3
	done_by -j lb status
	json 'len(d) == 2'
	stop_kernel
	start_kernel --state "$STATE" --disturbed 1000
	refused_by lb status
	says "rayctl: lb: the list kept changing while it was read, try again"
}

@test "names cannot drive the terminal" {
	start_kernel
	done_by lb add $'red\033[31m' vip 10.0.0.1:80
	done_by lb add $'bad\xff' vip 10.0.0.1:81
	done_by lb
	shows '^red\?\[31m ' '^bad\? '
	done_by -j lb
	json '[b["name"] for b in d] == ["red?[31m", "bad?"]'
}

@test "colour when asked for, and never in JSON" {
	start_kernel --state "$STATE"
	done_by --color=always lb backends
	[[ "$output" == *$'\033[31munhealthy\033[0m'* ]]
	NO_COLOR=1 done_by --color=always lb backends
	[[ "$output" == *$'\033['* ]]
	done_by --color never lb backends
	[[ "$output" != *$'\033['* ]]
	done_by lb backends
	[[ "$output" != *$'\033['* ]]
	done_by -j --color=always lb backends
	[[ "$output" != *$'\033['* ]]
}

@test "on a terminal: colour, bars, and what fits its width" {
	start_kernel --state "$STATE"
	run -0 script -qec "stty cols 140 rows 40; TERM=xterm rayctl lb status web" /dev/null
	[[ "$output" == *$'\033[31munhealthy'* ]]
	[[ "$output" == *█████████▋* ]]
	run -0 script -qec "stty cols 140; TERM=xterm NO_COLOR=1 rayctl lb status web" /dev/null
	[[ "$output" != *$'\033['* ]]
	run -0 script -qec "stty cols 140; TERM=xterm LC_ALL=C rayctl lb status web" /dev/null
	[[ "$output" != *█* ]]
	run -0 script -qec "stty cols 70; NO_COLOR=1 rayctl lb metrics" /dev/null
	[ "$(tr -d '\r' <<<"$output" | wc -L)" -le 70 ]
	[[ "$output" == *CONNS* ]]
}

@test "--watch draws again, with rates" {
	start_kernel --state "$STATE"
	run --separate-stderr -0 bash -c 'rayctl lb -w=0.1 | head -n 6'
	shows '^NAME .* CONN/s +IN/s +OUT/s$' '^web .* - +- +-$' '^web .* 0 +0 B +0 B$'
	run --separate-stderr -0 bash -c 'rayctl -j -w0.1 lb status web | head -n 3'
	[ "$(wc -l <<<"$output")" = 3 ]
	json 'd[0]["name"] == "web"' "$(tail -n 1 <<<"$output")"
	run timeout -s INT 4 script -qec "stty rows 4; TERM=xterm rayctl lb metrics -w0.2" /dev/null
	[[ "$output" == *$'\033[H\033[1mBALANCER'* ]]
	# Three lines fit above the cursor, and no blank screen between.
	[ "$(grep -c $'\033\[K' <<<"${output##*$'\033[H'}")" = 3 ]
	[ "$(grep -o $'\033\[2J' <<<"$output" | wc -l)" = 1 ]
	# The last of them says that there are others.
	[[ "${output##*$'\033[H'}" =~ [0-9]+' more lines' ]]
}

@test "--watch: what ends it is not drawn over" {
	start_kernel --state "$STATE"
	run -2 script -qec "stty rows 24; TERM=xterm rayctl lb status nope -w0.2" /dev/null
	[[ "$output" == *'no balancer named "nope"'* ]]
	[[ "${output##*nope}" != *$'\033[J'* ]]
}

# until_so COMMAND...: wait until it succeeds, which is not long
until_so()
{
	local end=$((SECONDS + 60))

	until "$@"; do
		((SECONDS < end)) || return
		sleep 0.1
	done
}

# whether what follows events listens: its port is made of its process number
listening()
{
	awk -v pid="$EVENTS_PID" '
		$3 % 4194304 == pid && $4 !~ /^0+$/ { found = 1 }
		END { exit !found }' /proc/net/netlink
}

# start_events [OPTION...]: follow in the background until stop_events
start_events()
{
	rayctl events "$@" >"$BATS_TEST_TMPDIR/events" 2>"$BATS_TEST_TMPDIR/events.err" 3>&- &
	EVENTS_PID=$!
	until_so listening
}

# stop_events PATTERN: not before a line with it has come
stop_events()
{
	until_so grep -q "$1" "$BATS_TEST_TMPDIR/events"
	kill -INT "$EVENTS_PID"
	wait "$EVENTS_PID"
	output=$(<"$BATS_TEST_TMPDIR/events")
	[ ! -s "$BATS_TEST_TMPDIR/events.err" ]
}

@test "events, one line each" {
	start_kernel --state "$STATE"
	start_events
	rayctl lb add x vip 10.0.0.9:80
	rayctl lb add x backend 10.0.1.9:80 weight 3
	rayctl lb drain x 10.0.1.9:80 deadline 1m
	rayctl lb del x backend 10.0.1.9:80
	rayctl lb del x
	stop_events '  lb  x  deleted$'
	[ "$(wc -l <<<"$output")" = 6 ]
	shows '^[0-9:]{8}\.[0-9]{3}  lb  x  set to 10\.0\.0\.9:80 tcp, round-robin$' \
		'  lb  x 10\.0\.1\.9:80  set to online, weight 3$' \
		'  lb  x 10\.0\.1\.9:80  set to drain, weight 3, deadline in 1m 0s$' \
		'  lb  x 10\.0\.1\.9:80  healthy -> draining$' \
		'  lb  x 10\.0\.1\.9:80  removed$' '  lb  x  deleted$'
}

@test "events as JSON, named as in the spec" {
	start_kernel --state "$STATE"
	start_events -j lb loadbalancer
	rayctl lb drain web 10.0.1.1:8080
	stop_events '"health-ntf"'
	[ "$(wc -l <<<"$output")" = 2 ]
	json 'd["name"] == "backend-ntf" and d["msg"]["admin"] == "drain"' "${output%%$'\n'*}"
	json 'd["name"] == "health-ntf" and d["msg"]["old-state"] == "healthy"' "${output##*$'\n'}"
}

@test "events that were lost are missed" {
	start_kernel --state "$STATE" --flood 20000
	start_events -j
	kill -STOP "$EVENTS_PID"
	rayctl lb set web policy maglev
	kill -CONT "$EVENTS_PID"
	stop_events '"events-lost"'
	grep -q '^{"name":"events-lost","msg":{}}$' <<<"$output"
	grep -q '^{"name":"balancer-ntf"' <<<"$output"
}

@test "events end with the module" {
	start_kernel --state "$STATE"
	start_events
	rayctl lb add unload vip 10.0.0.9:80
	wait "$EVENTS_PID" && return 1
	[ $? = 2 ]
	grep -q '  lb  unload  set to ' "$BATS_TEST_TMPDIR/events"
	[ "$(<"$BATS_TEST_TMPDIR/events.err")" = \
		'rayctl: lb: module rayos_lb was unloaded, no more events come' ]
}

@test "events end with their reader" {
	start_kernel --state "$STATE"
	run --separate-stderr -0 timeout 20 bash -c 'rayctl events | true'
	[ -z "$stderr" ]
}
