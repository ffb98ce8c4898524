#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Health checks: what they find, what follows from it, and how fast.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common

FAST="interval 1s timeout 500ms rise 1 fall 1"

@test "tcp: a server that goes is avoided, one that comes back is used" {
	web health tcp interval 1s rise 2 fall 2
	agent load ns=$C dst=$VIP n=30
	got 'b1 == 10 && b2 == 10 && b3 == 10'
	agent kill name=b2
	until_is 20 s2_state unhealthy
	is s2_check_result refused
	got 's2_check_failed >= 1'
	is s1_state healthy
	agent load ns=$C dst=$VIP n=30
	got 'ok == 30 && failed == 0 && b1 == 15 && b3 == 15'
	agent revive name=b2
	until_is 20 s2_state healthy
	agent load ns=$C dst=$VIP n=30
	got 'ok == 30 && b2 == 10'
}

@test "checks come at their interval, and no sooner" {
	whole_pass
	web health tcp interval 2s
	agent sleep seconds=6
	look
	# the first at once, then one in 1.8 to 2 s
	for i in 1 2 3; do
		got "s${i}_check_passed >= 2 && s${i}_check_failed == 0"
		got "s${i}_check_passed <= 2 + s${i}_since / 1800000000"
	done
	# to whose program they are not even connections
	agent served name=b1
	got 'conns == 0'
	lb set web health http:/health
	agent sleep seconds=6
	agent served name=b1
	got 'checks >= 2 && checks <= 8'
}

@test "tcp: IPv6" {
	web6 health tcp $FAST
	agent kill name=b1
	until_is 20 s1_state unhealthy
	agent load ns=$C dst=$VIP6 n=20
	got 'ok == 20 && failed == 0 && b1 == 0'
}

@test "fall and rise count checks in a row" {
	whole_pass
	web health http:/health interval 1s rise 3 fall 4
	until_so 20 's1_check_passed >= 2'
	agent knob name=b1 health=500
	until_is 30 s1_state unhealthy
	got 's1_check_failed >= 4 && s1_check_streak >= 4'
	got 's1_check_failed <= 6 && s2_check_failed == 0'
	agent knob name=b1 health=200
	until_is 30 s1_state healthy
	got 's1_check_streak >= 3'
}

@test "http: the status must be in the range, and Host is what was asked" {
	web health http:/health host www.example.org status 200-299 $FAST
	until_so 20 's1_check_passed > 0 && s2_check_passed > 0 && s3_check_passed > 0'
	agent served name=b1
	is host www.example.org
	got 'checks > 0 && requests == 0'
	agent knob name=b1 health=404
	agent knob name=b2 health=299
	until_is 20 s1_state unhealthy
	is s1_check_result bad-status
	got 's1_check_status == 404'
	until_so 20 's2_check_status == 299'
	is s2_state healthy
	lb set web status 200-404
	until_is 20 s1_state healthy
}

@test "every way to fail has its name" {
	whole_pass
	web health http:/health $FAST
	until_so 20 's1_check_passed > 0'
	agent knob name=b1 mode=mute
	agent knob name=b2 mode=close
	agent knob name=b3 mode=garbage
	until_is 20 s1_check_result timeout
	until_is 20 s2_check_result closed
	until_is 20 s3_check_result bad-reply
	agent knob name=b1 mode=answer
	agent knob name=b2 mode=answer
	agent deaf name=b3
	ip -n $D route replace unreachable 10.0.1.12/32
	until_is 20 s3_check_result refused
	until_is 20 s2_check_result unreachable
	ip -n $D route replace 10.0.1.12/32 dev lb-2 src 10.0.1.1
	until_is 20 s1_check_result passed
	until_is 20 s2_check_result passed
	is s2_state healthy
}

@test "http: a method of one's own" {
	web health http:/health method HEAD $FAST
	until_so 20 's1_check_passed > 0 && s2_check_passed > 0 && s3_check_passed > 0'
	agent served name=b1
	is method HEAD
	lb set web method OPTIONS
	until_is 20 method OPTIONS agent served name=b2
}

@test "udp: silence passes unless a reply is required, a closed port never" {
	whole_pass
	web proto udp health udp $FAST
	until_so 20 's1_check_passed > 0 && s2_check_passed > 0 && s3_check_passed > 0'
	agent served name=b1
	got 'datagrams > 0'
	is payload -
	agent knob name=b1 mode=mute
	agent kill name=b2
	until_is 20 s2_state unhealthy
	is s2_check_result refused
	is s1_state healthy
	lb set web require-reply on
	until_is 20 s1_state unhealthy
	is s1_check_result timeout
	is s3_state healthy
	agent revive name=b2
	until_is 20 s2_state healthy
	lb set web require-reply off
	until_is 20 s1_state healthy
	got 's1_check_failed > 0'
}

@test "udp: what is sent, and to whom" {
	whole_pass
	web6 health udp send hex:00ff41 $FAST
	until_so 20 's1_check_passed > 0 && s2_check_passed > 0 && s3_check_passed > 0'
	agent served name=b1
	is payload 00ff41
	lb set web send PING
	until_is 20 payload 50494e47 agent served name=b1
	lb set web send none
	until_is 20 payload - agent served name=b1
	agent kill name=b1
	until_is 20 s1_state unhealthy
	is s1_check_result refused
	ip -n $D route replace unreachable fd00:1::12/128
	until_is 20 s2_check_result unreachable
	ip -n $D route replace fd00:1::12/128 dev lb-2
	until_is 20 s2_state healthy
}

@test "a stopped web server is found by http, not by tcp" {
	whole_pass
	nginx_in lb-2 81 n2
	lb add web vip $VIP health tcp interval 1s timeout 500ms rise 1 fall 2
	backends web $B1 10.0.1.12:81
	until_so 20 's2_check_passed >= 2'
	kill -STOP "$NGINX"
	agent sleep seconds=2.5
	look
	# the kernel still accepts for it
	is s2_state healthy
	lb set web health http:/
	until_is 20 s2_state unhealthy
	is s2_check_result timeout
	agent load ns=$C dst=$VIP n=10
	got 'ok == 10 && b1 == 10'
	kill -CONT "$NGINX"
	until_is 20 s2_state healthy
	agent load ns=$C dst=$VIP n=10
	got 'ok == 10 && b1 == 5'
}

@test "another port can be checked" {
	agent serve name=b9 ns=lb-1 port=99
	lb add web vip $VIP health tcp interval 1s timeout 500ms rise 1 fall 1 check-port 99
	backends web $B1 $B2
	until_is 20 s1_check_result passed
	until_is 20 s2_state unhealthy
	agent remove name=b9
	until_is 20 s1_state unhealthy
	lb set web check-port own
	until_is 20 s1_state healthy
	until_is 20 s2_state healthy
}

@test "all down: clients are refused, or get nothing, as told" {
	web health http:/health $FAST
	for i in 1 2 3; do agent knob name=b$i health=503; done
	until_so 20 's1_check_failed && s2_check_failed && s3_check_failed'
	until_is 5 s3_state unhealthy
	agent load ns=$C dst=$VIP n=5
	got 'refused == 5'
	# of this host, by the error of the system call
	agent load ns=$D dst=$VIP n=3 timeout=5
	got 'refused == 3 && slowest_ms == 0'
	lb set web when-down drop
	agent load ns=$C dst=$VIP n=1 timeout=0.5
	got 'timeout == 1'
	agent rayctl ns=$D args=lb,status,web
	got 's1_stats_dropped >= 6 && s1_healthy == 0'
	agent knob name=b3 health=200
	until_is 20 s3_state healthy
	agent load ns=$C dst=$VIP n=5
	got 'b3 == 5'
}

@test "all down: UDP and IPv6 are refused too" {
	lb add web vip $VIP proto udp
	agent load ns=$C dst=$VIP proto=udp n=2
	got 'refused == 2'
	lb set web when-down drop
	agent load ns=$C dst=$VIP proto=udp n=1 timeout=0.5
	got 'timeout == 1'
	lb add six vip $VIP6
	agent load ns=$C dst=$VIP6 n=2
	got 'refused == 2'
	lb add sixu vip $VIP6 proto udp
	agent load ns=$C dst=$VIP6 proto=udp n=2
	got 'refused == 2'
}

@test "flapping health cuts nothing and loses nothing" {
	local end

	web health http:/health $FAST
	agent hold job=held ns=$C dst=$VIP n=6
	agent start job=load ns=$C dst=$VIP conc=2 gap=0.01 keep=3
	end=$((SECONDS + $(full 8 4)))
	while ((SECONDS < end)); do
		agent knob name=b2 health=503
		agent sleep seconds=0.7
		agent knob name=b2 health=200
		agent sleep seconds=0.7
	done
	agent stop job=load
	got 'failed == 0 && ok > 20'
	agent ask job=held
	got 'ok == 6 && failed == 0 && b2 == 2'
}

@test "without checks a backend is healthy again" {
	web health tcp $FAST
	agent kill name=b1
	until_is 20 s1_state unhealthy
	lb set web health none
	until_is 5 s1_state healthy
}

@test "events tell of what health does" {
	local log=$BATS_TEST_TMPDIR/events watcher

	web health http:/health $FAST
	rayctl -n $D events lb >"$log" 2>&1 3>&- &
	watcher=$!
	rayctl -n $D -j events lb >"$log.json" 2>&1 3>&- &
	until_heard "$log" lb set web rise 1
	until_heard "$log.json" lb set web rise 1
	agent knob name=b1 health=503
	until_is 20 s1_state unhealthy
	agent knob name=b1 health=200
	until_is 20 s1_state healthy
	agent knob name=b1 health=503
	until_is 20 s1_state unhealthy
	lb set web health none
	lb drain web $B2
	lb del web backend $B3
	agent sleep seconds=0.5
	kill $watcher %2
	cat "$log"
	grep -F 10.0.1.11:8080 "$log" | grep unhealthy | grep -q bad-status
	grep -F 10.0.1.11:8080 "$log" | grep -q 'unhealthy -> healthy, no longer checked$'
	grep -F 10.0.1.12:8080 "$log" | grep -qE 'draining|offline'
	grep -q '"old-state": *"healthy"' "$log.json"
	grep -q backend-del-ntf "$log.json"
}
