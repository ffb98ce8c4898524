#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What can be told from the words alone: nothing is sent, the wrong word is
# named, and the exit status is 1. No module is there in these tests, so a
# request that did get as far as the kernel would end in status 2.

load common

# wrong MESSAGE WORD...
wrong()
{
	local message=$1

	shift
	misused_by "$@" || return
	says "rayctl: $message" || return
	[[ "$stderr" == *$'\n'usage:\ rayctl* ]]
}

@test "no object" {
	wrong "which object?"
}

@test "unknown objects, commands and options" {
	wrong 'unknown object "nonsense"' nonsense
	wrong 'unknown object ""' ""
	wrong 'lb: unknown command "nonsense"' lb nonsense
	wrong 'lb: unknown command ""' lb ""
	wrong 'lb: unknown command "s"' lb s
	wrong '"--nonsense" is not an option, or lacks its value' --nonsense
	wrong 'lb: "--nonsense" is not an option, or lacks its value' lb status --nonsense
	wrong 'lb: "-z" is not an option, or lacks its value' lb -z
	wrong 'lb: "-n" is not an option, or lacks its value' lb -n
}

@test "too many words" {
	wrong 'lb status: unexpected "b"' lb status a b
	wrong 'lb policies: unexpected "a"' lb policies a
	wrong 'status: unexpected "a"' status a
	wrong 'version: unexpected "a"' version a
	wrong 'lb help: unexpected "b"' lb help add b
}

@test "missing words" {
	wrong 'lb add: missing NAME' lb add
	wrong 'lb add: missing "vip"' lb add web
	wrong 'lb add: missing "vip"' lb add web policy maglev
	wrong 'lb add: "vip" needs a value' lb add web vip
	wrong 'lb add: missing ADDR:PORT of the backend' lb add web backend
	wrong 'lb add: "weight" needs a value' lb add web backend 10.0.0.1:80 weight
	wrong 'lb set: missing NAME' lb set
	wrong 'lb set: nothing to set' lb set web
	wrong 'lb set: nothing to set' lb set web backend 10.0.0.1:80
	wrong 'lb drain: missing NAME' lb drain
	wrong 'lb drain: missing ADDR:PORT of the backend' lb drain web
	wrong 'lb del: missing NAME' lb del
	wrong 'lb del: missing ADDR:PORT of the backend' lb del web backend
}

@test "unknown, ambiguous and repeated keys" {
	wrong 'lb add: unknown key "burden"' lb add web backend 10.0.0.1:80 burden 3
	wrong 'lb add: unknown key "weight"' lb add web vip 10.0.0.1:80 weight 3
	wrong 'lb set: "vip" cannot be changed, make another balancer' lb set web vip 10.0.0.1:80
	wrong 'lb set: "proto" cannot be changed, make another balancer' lb set web proto udp
	wrong 'lb set: "mode" cannot be changed, make another balancer' lb set web mode dsr
	wrong 'lb set: unknown key "mod"' lb set web mod dsr
	wrong 'lb del: unknown key "rest"' lb del web rest
	wrong 'lb drain: unknown key "limit"' lb drain web 10.0.0.1:80 limit 3
	wrong 'lb set: "h" is ambiguous' lb set web h tcp
	wrong 'lb set: "rise" sets health.rise a second time' lb set web rise 2 rise 3
	wrong 'lb set: "offline" sets admin a second time' \
		lb set web backend 10.0.0.1:80 online offline
}

@test "names" {
	local name31 name32

	name31=$(printf 'n%.0s' {1..31})
	name32=n$name31
	refused_by lb add "$name31" vip 10.0.0.1:80
	wrong "lb add: name \"$name32\" is too long, 31 bytes at most" lb add "$name32" vip 10.0.0.1:80
	wrong "lb status: name \"$name32\" is too long, 31 bytes at most" lb status "$name32"
	wrong "lb set: name \"$name32\" is too long, 31 bytes at most" \
		lb set "$name32" backend 10.0.0.1:80 weight 1
	wrong 'lb add: name is empty' lb add "" vip 10.0.0.1:80
	wrong 'lb status: name is empty' lb status ""
	wrong "lb set: host \"$(printf 'h%.0s' {1..128})\" is too long, 127 bytes at most" \
		lb set web host "$(printf 'h%.0s' {1..128})"
}

@test "addresses and ports" {
	wrong 'lb add: vip "10.0.0.1" needs a port, as in 10.0.0.1:80 or [2001:db8::1]:80' \
		lb add web vip 10.0.0.1
	wrong 'lb add: vip "10.0.0.1:0" needs a port from 1 to 65535' lb add web vip 10.0.0.1:0
	wrong 'lb add: vip "10.0.0.1:99999" needs a port from 1 to 65535' \
		lb add web vip 10.0.0.1:99999
	wrong 'lb add: vip "10.0.0.256:80" is not an IPv4 address' lb add web vip 10.0.0.256:80
	wrong 'lb add: vip "example.org:80" is not an IPv4 address' lb add web vip example.org:80
	wrong 'lb add: vip "::1:80" is not ADDR:PORT; IPv6 is written [2001:db8::1]:80' \
		lb add web vip ::1:80
	wrong 'lb add: vip "[10.0.0.1]:80" is not an IPv6 address' lb add web vip '[10.0.0.1]:80'
	wrong 'lb drain: backend "x" needs a port, as in 10.0.0.1:80 or [2001:db8::1]:80' \
		lb drain web x
	wrong 'lb set: check-port "0" is out of range, 1 to 65535, or own' lb set web check-port 0
	wrong 'lb set: check-port "65536" is out of range, 1 to 65535, or own' \
		lb set web check-port 65536
}

@test "numbers and durations out of range" {
	wrong 'lb add: weight "65536" is out of range, 0 to 65535' \
		lb add web backend 10.0.0.1:80 weight 65536
	wrong 'lb add: weight "-1" is not a number' lb add web backend 10.0.0.1:80 weight -- -1
	wrong 'lb add: weight "x" is not a number' lb add web backend 10.0.0.1:80 weight x
	wrong 'lb add: limit "0" is out of range, 1 to 4294967295, or none' \
		lb add web backend 10.0.0.1:80 limit 0
	wrong 'lb add: limit "4294967296" is out of range, 1 to 4294967295, or none' \
		lb add web backend 10.0.0.1:80 limit 4294967296
	wrong 'lb add: limit "18446744073709551616" is too large a number' \
		lb add web backend 10.0.0.1:80 limit 18446744073709551616
	wrong 'lb set: affinity "500ms" is out of range, 1s to 24h, or off' lb set web affinity 500ms
	wrong 'lb set: affinity "25h" is out of range, 1s to 24h, or off' lb set web affinity 25h
	wrong 'lb set: policy "module" needs a name, as in module:NAME' lb set web policy module
	wrong 'lb set: policy is empty' lb set web policy module:
	wrong 'lb set: program is empty' lb set web policy custom program ''
	wrong 'lb set: program "1,6 0 0" has an instruction which is not four numbers' \
		lb set web program '1,6 0 0'
	wrong 'lb set: program "1,6 0 256 0" has an instruction which is not four numbers' \
		lb set web program '1,6 0 256 0'
	wrong 'lb set: program "2,6 0 0 0" has fewer instructions than it says' \
		lb set web program '2,6 0 0 0'
	wrong 'lb set: program "1,6 0 0 0,6 0 0 0" has more instructions than it says' \
		lb set web program '1,6 0 0 0,6 0 0 0'
	wrong 'lb set: program "0," has to have 1 to 4096 instructions' lb set web program 0,
	wrong 'lb set: program "4097,6 0 0 0" has to have 1 to 4096 instructions' \
		lb set web program '4097,6 0 0 0'
	wrong 'lb set: program "/dev/null" does not begin with the number of its instructions' \
		lb set web program /dev/null
	wrong 'lb set: slow-start "999ms" is out of range, 1s to 1h, or off' \
		lb set web slow-start 999ms
	wrong 'lb set: slow-start "61m" is out of range, 1s to 1h, or off' \
		lb set web slow-start 61m
	wrong 'lb set: affinity "300" is not a duration such as 500ms, 10s or 5m' \
		lb set web affinity 300
	wrong 'lb set: affinity-prefix "0" is out of range, 1 to 128, or whole' \
		lb set web affinity-prefix 0
	wrong 'lb set: affinity-prefix "129" is out of range, 1 to 128, or whole' \
		lb set web affinity-prefix 129
	wrong 'lb add: affinity-prefix "33" is longer than an IPv4 address, 1 to 32' \
		lb add web affinity-prefix 33 vip 10.0.0.1:80
	wrong 'lb set: interval "100ms" is out of range, 1s to 1m' lb set web interval 100ms
	wrong 'lb set: interval "61s" is out of range, 1s to 1m' lb set web interval 61s
	wrong 'lb set: timeout "1ms" is out of range, 10ms to 1m' lb set web timeout 1ms
	wrong 'lb set: rise "0" is out of range, 1 to 100' lb set web rise 0
	wrong 'lb set: fall "101" is out of range, 1 to 100' lb set web fall 101
	wrong 'lb drain: deadline "0" is out of range, 1ns to 24h, or none' \
		lb drain web 10.0.0.1:80 deadline 0
	wrong 'lb drain: deadline "48h" is out of range, 1ns to 24h, or none' \
		lb drain web 10.0.0.1:80 deadline 48h
}

@test "words that are none of those asked for" {
	wrong 'lb add: proto "sctp" is none of tcp, udp' lb add web vip 10.0.0.1:80 proto sctp
	wrong 'lb add: mode "tunnel" is none of nat, full-nat, dsr' \
		lb add web vip 10.0.0.1:80 mode tunnel
	wrong 'lb add: source "10.0.1.1:80" is not an IPv6 address' \
		lb add web vip 10.0.0.1:80 mode full-nat source 10.0.1.1:80
	wrong 'lb add: source "10.0.1" is not an IPv4 address' \
		lb add web vip 10.0.0.1:80 mode full-nat source 10.0.1
	wrong 'lb set: when-down "hang" is none of reset, drop' lb set web when-down hang
	[[ "$stderr" == *"when-down reset|drop"* ]]
	misused_by lb set web policy r
	says 'rayctl: lb set: policy "r" is not unique among round-robin, weighted-round-robin, least-connections, ip-hash, random, maglev, custom'
	wrong 'lb add: state "drain" is none of online, offline' \
		lb add web backend 10.0.0.1:80 state drain
	wrong 'lb set: health "icmp" is none of none, tcp, http, udp' lb set web health icmp
	wrong 'lb set: health "tcp:/x": only http takes a path' lb set web health tcp:/x
	wrong 'lb set: health "http:x": a path begins with a slash' lb set web health http:x
	wrong 'lb set: require-reply "yes" is none of off, on' lb set web require-reply yes
	wrong 'lb set: on-down "drop" is none of keep, reset' lb set web on-down drop
	wrong 'lb set: role "spare" is none of primary, fallback' \
		lb set web backend 10.0.0.1:80 role spare
	wrong 'lb set: unknown key "role"' lb set web role fallback
}

@test "methods, payloads and failures" {
	wrong 'lb set: method "GET/" is no method of HTTP' lb set web method GET/
	wrong 'lb set: method "ABCDEFGHIJKLMNOP" is too long, 15 bytes at most' \
		lb set web method ABCDEFGHIJKLMNOP
	wrong 'lb set: method is empty' lb set web method ""
	wrong 'lb set: send "" is empty, write none' lb set web send ""
	wrong 'lb set: send "hex:" is empty, write none' lb set web send hex:
	wrong 'lb set: send "hex:0x" is not of hexadecimal digits' lb set web send hex:0x
	wrong 'lb set: send "hex:123" ends in half a byte' lb set web send hex:123
	wrong "lb set: send \"$(printf 's%.0s' {1..128})\" is too long, 127 bytes at most" \
		lb set web send "$(printf 's%.0s' {1..128})"
	refused_by lb set web send "$(printf 's%.0s' {1..127})"
	wrong 'lb set: passive "0" is out of range, 1 to 1000, or off' lb set web passive 0
	wrong 'lb set: passive "1001" is out of range, 1 to 1000, or off' lb set web passive 1001
}

@test "ranges of HTTP status" {
	wrong 'lb set: status "399-200": the lower one comes first' lb set web status 399-200
	wrong 'lb set: status "99" is out of range, 100 to 599' lb set web status 99
	wrong 'lb set: status "600" is out of range, 100 to 599' lb set web status 200-600
	wrong 'lb set: status "" is not a number' lb set web status -- -200
	wrong 'lb set: status "" is not a number' lb set web status 200-
}

@test "only the form in question is shown" {
	misused_by lb add web backend 10.0.0.1:80 nonsense
	[[ "$stderr" == *"rayctl lb add NAME backend ADDR:PORT [weight N]"* ]]
	[[ "$stderr" != *"vip ADDR:PORT"* ]]
}

@test "errors are JSON when asked for, wherever the option stands" {
	misused_by lb set web policy nonsense -j
	json 'd["attribute"] == "policy" and "nonsense" in d["error"] and d["object"] == "lb"' "$stderr"
	misused_by --json nonsense
	json '"nonsense" in d["error"]' "$stderr"
	misused_by lb -p set web rise 0
	json 'd["attribute"] == "health.rise"' "$stderr"
	refused_by -j lb
	json '"modprobe rayos_lb" in d["error"]' "$stderr"
}

@test "quiet is quiet, and the status tells" {
	rayctl_run 1 -q lb nonsense
	[ -z "$output$stderr" ]
	rayctl_run 2 lb status --quiet
	[ -z "$output$stderr" ]
}

@test "the module is not loaded" {
	refused_by lb
	says "rayctl: lb: module rayos_lb is not loaded (modprobe rayos_lb)"
	refused_by lb add web vip 10.0.0.1:80
	refused_by loadbalancer metrics
	refused_by events
	says "rayctl: lb: module rayos_lb is not loaded (modprobe rayos_lb)"
	refused_by events lb
	done_by status
	shows '^lb +rayos_lb +not loaded +- +modprobe rayos_lb$'
	done_by status -j
	json '[o["loaded"] for o in d if o["object"] == "lb"] == [False]'
}

@test "what this version lacks says so, under each of its names" {
	local word

	for word in predict resourcepredict dtxn distxn monitor monitoring \
		profile profiling; do
		refused_by "$word"
		[[ "$stderr" == *"rayctl has no commands for module rayos_"*" in this version" ]]
		refused_by "$word" report x --format text
		refused_by help "$word"
	done
	refused_by events monitor
	done_by status
	[ "$(grep -c 'no commands in this version$' <<<"$output")" = 4 ]
	done_by -j status
	json 'sorted(o["object"] for o in d if not o["available"]) == ["dtxn", "monitor", "predict", "profile"]'
}

@test "unique prefixes stand for objects, commands, keys and values" {
	refused_by mem status
	says "rayctl: memcompress: module rayos_zcomp is not loaded (modprobe rayos_zcomp)"
	refused_by lb back
	says "rayctl: lb: module rayos_lb is not loaded (modprobe rayos_lb)"
	refused_by lb ad web vip 10.0.0.1:80 pol mag pr u aff off when dr
	refused_by lb add web back 10.0.0.1:80 w 3 st off
	wrong 'unknown object "m"' m
	done_by stat
	done_by vers
}

@test "help goes to stdout and ends well" {
	local words

	for words in help -h --help "lb help" "lb -h" "help lb" "help load" "lb add -h" \
		"lb help add" "-h lb set" "status -h" "lb help help"; do
		# shellcheck disable=SC2086	# words
		done_by $words
		shows '^usage: rayctl'
	done
	done_by lb help
	shows 'rayctl lb add NAME vip ADDR:PORT' 'rayctl lb drain NAME ADDR:PORT' '^  metrics  '
	wrong 'help: unknown object "nonsense"' help nonsense
	wrong 'lb help: unknown command "nonsense"' lb help nonsense
	# Nobody's terminal is narrower.
	[ "$(rayctl lb help | wc -L)" -le 80 ]
	[ "$(rayctl help | wc -L)" -le 80 ]
}

@test "version" {
	done_by -V
	[ "$output" = "rayctl $(<"$TOP/VERSION")" ]
	done_by --version lb
	done_by version
	shows "^rayctl $(<"$TOP/VERSION")\$"
	done_by -j version
	json '"rayctl" in d'
}

@test "--watch repeats only what shows something" {
	wrong "lb add: --watch repeats only what shows something" -w lb add web vip 10.0.0.1:80
	wrong "events: --watch repeats only what shows something" events -w
	wrong 'status: --watch "0" is not a number of seconds from 0.05 to 86400' -w0 status
	wrong 'status: --watch "x" is not a number of seconds from 0.05 to 86400' --watch=x status
	wrong 'status: --watch "90000" is not a number of seconds from 0.05 to 86400' -w=90000 status
	wrong 'status: --color "x" is none of auto, always, never' status --color x
}

@test "namespaces that are none" {
	refused_by -n nonsense lb
	says 'rayctl: network namespace "nonsense": No such file or directory'
	wrong 'lb status: "../x" is not the name of a network namespace' -n ../x lb
	wrong 'lb status: "" is not the name of a network namespace' lb --netns ""
}

@test "nothing is written where nothing can be" {
	run --separate-stderr -2 bash -c 'rayctl help >/dev/full'
	says "rayctl: cannot write: No space left on device"
}

@test "a reader that hangs up is no error" {
	run --separate-stderr -0 bash -c 'set -o pipefail; rayctl help | true'
	[ -z "$stderr" ]
	run --separate-stderr -0 bash -c '
		set -o pipefail; for i in {1..20}; do rayctl status | head -n 1; done'
	[ -z "$stderr" ]
	# Even where the default action of SIGPIPE was inherited as ignored.
	run --separate-stderr -0 bash -c 'trap "" PIPE; rayctl help | true'
	[ -z "$stderr" ]
}
