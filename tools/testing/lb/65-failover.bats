#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Backends that fail their clients: how they are found without a check, and who
# takes over.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common

FAST="interval 1s timeout 500ms rise 1 fall 1"

teardown()
{
	local i

	for i in 1 2 3; do hear lb-$i; done
	clean_up
}

# ignore NAMESPACE: a server whose host drops what begins a connection
ignore()
{
	ip netns exec "$1" nft -f - <<-'END'
	table inet silence {
		chain pre {
			type filter hook prerouting priority raw
			tcp dport 8080 tcp flags & (syn | ack) == syn drop
		}
	}
	END
}

hear()
{
	ip netns exec "$1" nft flush ruleset
}

# who_has SOURCE: the backend that a client's connection gets, as WHO
who_has()
{
	agent load ns=$C dst=$VIP n=1 src="$1" timeout=20
	got 'ok == 1'
	WHO=${R[order]}
}

@test "passive: a server that refuses is avoided without a check" {
	web passive 3
	agent deaf name=b2
	agent load ns=$C dst=$VIP n=6
	got 'ok == 4 && refused == 2'
	look
	got 's2_check_passive_streak == 2'
	is s2_state healthy
	agent load ns=$C dst=$VIP n=3
	got 'refused == 1'
	until_is 10 s2_state unhealthy
	is s2_check_result passive
	got 's2_check_hold > 0 && s2_check_hold <= 10000000000'
	agent load ns=$C dst=$VIP n=30
	got 'ok == 30 && b2 == 0'
	# it comes back by itself
	agent revive name=b2
	until_is 60 s2_state healthy
	got 's2_check_hold == 0'
	agent load ns=$C dst=$VIP n=30
	got 'ok == 30 && b2 == 10'
	look
	got 's2_check_passive_streak == 0'
}

@test "passive: what succeeds in between counts" {
	web passive 2
	for _ in 1 2 3; do
		agent deaf name=b2
		agent load ns=$C dst=$VIP n=3
		got 'refused == 1'
		agent revive name=b2
		agent load ns=$C dst=$VIP n=3
		got 'ok == 3'
	done
	look
	is s2_state healthy
	got 's2_check_passive_streak == 0 && s2_stats_refused == 3'
}

@test "passive: one that fails its trial is held for longer" {
	whole_pass
	web passive 3
	agent deaf name=b2
	agent load ns=$C dst=$VIP n=9
	got 'refused == 3'
	until_is 10 s2_state unhealthy
	until_is 60 s2_state healthy
	# one is enough now
	agent load ns=$C dst=$VIP n=3
	got 'refused == 1'
	until_is 10 s2_state unhealthy
	got 's2_check_hold > 10000000000 && s2_check_hold <= 20000000000'
	# whoever says online has repaired it
	agent revive name=b2
	lb set web backend $B2 online
	look
	is s2_state healthy
	# and without passive nobody is held
	agent deaf name=b2
	agent load ns=$C dst=$VIP n=9
	until_is 10 s2_state unhealthy
	lb set web passive off
	until_is 10 s2_state healthy
}

@test "passive: checks bring back what clients have found" {
	web health http:/health $FAST passive 2
	until_so 20 's2_check_passed > 0'
	lb set web interval 60s
	agent deaf name=b2
	agent load ns=$C dst=$VIP n=6
	got 'refused == 2'
	until_is 10 s2_state unhealthy
	is s2_check_result passive
	got 's2_check_hold == 0'
	agent revive name=b2
	lb set web interval 1s
	until_is 20 s2_state healthy
	agent load ns=$C dst=$VIP n=30
	got 'ok == 30 && b2 == 10'
}

@test "passive: silence is noticed, and its clients are served by others" {
	web passive 2
	ignore lb-2
	agent load ns=$C dst=$VIP n=6 timeout=30
	got 'ok == 6 && failed == 0 && b2 == 0'
	until_is 10 s2_state unhealthy
	is s2_check_result passive
	got 's2_stats_retried == 2 && s2_active == 0'
	agent load ns=$C dst=$VIP n=30
	got 'ok == 30 && b2 == 0'
	look
	got 's2_stats_retried == 2'
}

@test "passive: UDP, IPv6 too" {
	web proto udp passive 2
	agent deaf name=b2
	agent load ns=$C dst=$VIP proto=udp n=6
	got 'ok == 4 && refused == 2'
	until_is 10 s2_state unhealthy
	is s2_check_result passive
	agent load ns=$C dst=$VIP proto=udp n=10
	got 'ok == 10 && b2 == 0'
	agent revive name=b2
	lb del web
	web6 proto udp passive 2
	agent deaf name=b2
	agent load ns=$C dst=$VIP6 proto=udp n=6
	until_is 10 s2_state unhealthy
}

@test "passive: a UDP flow counts once until it is answered" {
	lb add web vip $VIP proto udp passive 3
	backends web $B1
	agent hold job=held ns=$C dst=$VIP proto=udp n=1
	got 'ok == 1'
	agent deaf name=b1
	for _ in 1 2 3; do
		agent ask job=held
		got 'refused == 1'
	done
	look
	got 's1_check_passive_streak == 1'
	is s1_state healthy
	agent revive name=b1
	agent ask job=held
	got 'ok == 1'
	look
	got 's1_check_passive_streak == 0'
}

@test "passive: damaged and forged SYNs say nothing of a server" {
	web passive 1
	agent syns ns=$C src=10.0.0.2 dst=$VIP n=6 damaged=1
	look
	got 's1_stats_connections + s2_stats_connections + s3_stats_connections == 0'
	# a neighbour of the servers: what they answer goes past us
	agent syns ns=$C src=10.0.1.99 dst=$VIP n=6 sport=31000
	look
	got 's1_check_passive_streak + s2_check_passive_streak + s3_check_passive_streak == 0'
	for i in 1 2 3; do is s${i}_state healthy; done
	agent load ns=$C dst=$VIP n=9
	got 'ok == 9'
}

@test "a SYN that is sent again goes to another server" {
	lb add web vip $VIP
	backends web $B1 $B2
	ignore lb-2
	agent load ns=$C dst=$VIP n=6 timeout=30
	got 'ok == 6 && failed == 0 && b1 == 6'
	look
	got 's2_stats_retried == 3 && s1_stats_retried == 0 && s2_active == 0'
	is s2_state healthy
	agent rayctl ns=$D args=lb,status,web
	got 's1_stats_retried == 3'
	# a client on the balancer itself too, and a flow of another source
	agent load ns=$D dst=$VIP n=2 timeout=30
	got 'ok == 2'
	lb del web
	lb add web vip $VIP mode full-nat
	backends web $B1 $B2
	agent load ns=$C dst=$VIP n=4 timeout=30
	got 'ok == 4 && failed == 0 && b1 == 4'
	look
	got 's2_stats_retried == 2'
}

@test "a SYN that is sent again stays where there is nobody else" {
	lb add web vip $VIP
	backends web $B1
	ignore lb-1
	agent load ns=$C dst=$VIP n=1 timeout=2.5
	got 'timeout == 1'
	look
	got 's1_stats_retried == 0 && s1_stats_connections == 1'
	hear lb-1
	agent load ns=$C dst=$VIP n=3
	got 'ok == 3'
}

@test "a SYN that is sent again takes its affinity along" {
	lb add web vip $VIP affinity 5m
	backends web $B1 $B2
	who_has 10.0.0.9
	[ $WHO = b1 ] && other=b2 || other=b1
	ignore lb-${WHO#b}
	who_has 10.0.0.9
	[ $WHO = $other ]
	# and it is not asked again
	look
	got 's1_stats_retried + s2_stats_retried == 1'
	who_has 10.0.0.9
	[ $WHO = $other ]
	look
	got 's1_stats_retried + s2_stats_retried == 1'
}

@test "IPv6: a SYN that is sent again goes to another server" {
	web6 passive 2
	ignore lb-1
	agent load ns=$C dst=$VIP6 n=6 timeout=30
	got 'ok == 6 && failed == 0 && b1 == 0'
	until_is 10 s1_state unhealthy
	is s1_check_result passive
}

@test "on-down: what a server that fails has open is reset, if wanted" {
	web health http:/health $FAST on-down reset
	until_so 20 's1_check_passed > 0 && s2_check_passed > 0 && s3_check_passed > 0'
	agent hold job=held ns=$C dst=$VIP n=6
	agent knob name=b2 health=503
	until_is 20 s2_state unhealthy
	agent ask job=held
	got 'ok == 4 && reset == 2 && b2 == 0'
	until_so 10 's2_active == 0'
	lb set web on-down keep
	agent knob name=b3 health=503
	until_is 20 s3_state unhealthy
	agent ask job=held
	got 'ok == 4 && b3 == 2'
}

@test "fallback: takes over and gives back" {
	lb add web vip $VIP health http:/health $FAST
	backends web $B1 $B2
	lb add web backend $B3 role fallback
	until_so 20 's1_check_passed > 0 && s2_check_passed > 0 && s3_check_passed > 0'
	is s3_role fallback
	agent load ns=$C dst=$VIP n=20
	got 'ok == 20 && b3 == 0'
	agent knob name=b1 health=503
	until_is 20 s1_state unhealthy
	agent load ns=$C dst=$VIP n=10
	got 'ok == 10 && b2 == 10'
	agent knob name=b2 health=503
	until_is 20 s2_state unhealthy
	agent load ns=$C dst=$VIP n=10
	got 'ok == 10 && b3 == 10'
	agent knob name=b1 health=200
	until_is 20 s1_state healthy
	agent load ns=$C dst=$VIP n=10
	got 'ok == 10 && b1 == 10'
	# its role can change while it serves
	lb set web backend $B3 role primary
	agent load ns=$C dst=$VIP n=10
	got 'b1 == 5 && b3 == 5'
}

@test "fallback: takes what the others have no room for" {
	web
	lb set web backend $B3 role fallback
	lb set web backend $B1 limit 2
	lb set web backend $B2 limit 2
	agent hold job=held ns=$C dst=$VIP n=6
	got 'ok == 6 && b1 == 2 && b2 == 2 && b3 == 2'
	agent drop job=held
	until_so 10 's1_active == 0 && s2_active == 0'
	agent load ns=$C dst=$VIP n=4
	got 'b3 == 0'
	# those that refuse their clients have no room either, from then on
	lb set web passive 1
	agent deaf name=b1
	agent deaf name=b2
	agent load ns=$C dst=$VIP n=2
	got 'refused == 2'
	until_is 10 s1_state unhealthy
	until_is 10 s2_state unhealthy
	agent load ns=$C dst=$VIP n=5
	got 'ok == 5 && b3 == 5'
}

@test "fallback: clients come back from it in spite of affinity" {
	lb add web vip $VIP affinity 5m
	backends web $B1
	lb add web backend $B2 role fallback
	lb add web backend $B3 role fallback
	lb set web backend $B1 offline
	who_has 10.0.0.9
	first=$WHO
	[ $first != b1 ]
	for _ in 1 2 3; do
		who_has 10.0.0.9
		[ $WHO = $first ]
	done
	lb set web backend $B1 online
	who_has 10.0.0.9
	[ $WHO = b1 ]
}

@test "the kernel's log tells of it" {
	whole_pass
	local line="rayos_lb: web: backend 10.0.1.12:8080 unhealthy (passive), was healthy"

	# past what the tests before have used up of its rate
	agent sleep seconds=6
	web passive 1
	agent deaf name=b2
	agent load ns=$C dst=$VIP n=3
	until_is 10 s2_state unhealthy
	dmesg | grep -qF "$line"
}

@test "the kernel's log has nothing from who has a user namespace only" {
	unshare -Ur true || skip "this kernel has no user namespaces"
	unshare -Urn bash -c '
		rayctl lb add guest vip 10.0.0.1:80 health tcp interval 1s timeout 100ms fall 1
		rayctl lb add guest backend 10.0.0.2:80
		for _ in {1..100}; do
			rayctl lb backends | grep -q unhealthy && exit
			sleep 0.1
		done
		exit 1'
	dmesg >"$BATS_TEST_TMPDIR/log"
	has_not "rayos_lb: guest" "$BATS_TEST_TMPDIR/log"
}
