#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Changes under load: what is open lives on, unless it was to be cut.

# The names in common.bash are one word each; a test may have its own in their place.
# shellcheck disable=SC2086,SC2030,SC2031
load common

POLICIES=(weighted-round-robin least-connections ip-hash maglev random
	round-robin)

# change STEP: one change after the other, none of which may cost a request
change()
{
	case $(($1 % 8)) in
	0) lb set web policy "${POLICIES[$1 / 8 % 6]}" ;;
	1) lb drain web $B2 ;;
	2) lb set web backend $B1 weight $((RANDOM % 9 + 1)) ;;
	3) lb del web backend $B3 ;;
	4) lb set web affinity $((RANDOM % 5 + 1))s ;;
	5) lb add web backend $B3 weight $((RANDOM % 9)) ;;
	6) lb set web backend $B2 online weight 2 ;;
	7) lb set web affinity off ;;
	esac
}

@test "10000 requests while everything changes: none fails" {
	local n step=0

	n=$(full 10000 2000)
	web health http:/health interval 1s
	agent start job=load ns=$C dst=$VIP conc=3 keep=10 timeout=30
	until
		change $step
		step=$((step + 1))
		agent progress job=load
		got "ok + failed >= $n && $step >= 24" >/dev/null
	do :; done
	agent stop job=load
	echo "# $step changes during ${R[ok]} requests" >&3
	got "ok >= $n && failed == 0 && moved == 0 && conns >= $n / 10"
	got 'b1 > 0 && b2 > 0 && b3 > 0'
}

@test "100000 connections of a real client while everything changes: none fails, nothing is left" {
	local B1=10.0.1.11:81 B2=10.0.1.12:81 B3=10.0.1.13:81
	local file=$BATS_TEST_TMPDIR/ab i ab step=0

	whole_pass
	for i in 1 2 3; do nginx_in lb-$i 81 n$i; done
	web health http:/ interval 1s
	ip netns exec $C ab -q -n 100000 -c 8 "http://$VIP/" >"$file" 2>&1 3>&- &
	ab=$!
	while [ -e /proc/$ab ]; do
		change $step
		step=$((step + 1))
	done
	wait $ab || { cat "$file"; return 1; }
	echo "# $step changes" >&3
	cat "$file"
	grep -E 'Complete requests: +100000$' "$file"
	grep -E 'Failed requests: +0$' "$file"
	has_not 'Non-2xx' "$file"
	agent rayctl ns=$D args=lb,status,web
	got 's1_stats_connections >= 100000'
	lb del web
	# what is closed is remembered for a minute
	until_so 120 'flows == 0 && removed_backends_with_flows == 0' \
		agent view ns=$D file=$LB_STATUS
}

@test "datagrams while everything changes: none is lost" {
	local step

	web proto udp
	agent start job=load ns=$C dst=$VIP proto=udp conc=2 keep=5 gap=0.002
	for step in {0..15}; do change $step; done
	agent stop job=load
	got 'ok > 50 && failed == 0 && moved == 0'
}

@test "drain: nothing new, what is open finishes, then offline" {
	web
	agent hold job=held ns=$C dst=$VIP n=9
	lb drain web $B1
	look
	is s1_state draining
	is s1_admin drain
	agent load ns=$C dst=$VIP n=20
	got 'ok == 20 && b1 == 0'
	agent ask job=held
	got 'ok == 9 && failed == 0 && b1 == 3'
	agent drop job=held
	until_is 15 s1_state offline
	lb set web backend $B1 online
	look
	is s1_state healthy
	agent load ns=$C dst=$VIP n=30
	got 'b1 == 10'
}

@test "drain with a deadline: what is open then is reset" {
	web
	agent hold job=held ns=$C dst=$VIP n=9
	lb drain web $B1 deadline 3s
	agent ask job=held
	got 'ok == 9'
	look
	is s1_state draining
	got 's1_deadline > 0 && s1_deadline <= 3000000000'
	until_is 20 s1_state offline
	agent ask job=held
	got 'ok == 6 && reset == 3 && b1 == 0'
	until_so 10 's1_active == 0'
}

@test "drain: IPv6 with a deadline" {
	web6
	agent hold job=held ns=$C dst=$VIP6 n=3
	lb drain web $SIX2 deadline 1s
	until_is 20 s2_state offline
	agent ask job=held
	got 'ok == 2 && reset == 1'
}

@test "a deleted backend finishes what is open" {
	web
	agent hold job=held ns=$C dst=$VIP n=9
	lb del web backend $B2
	agent load ns=$C dst=$VIP n=20
	got 'ok == 20 && b2 == 0'
	agent ask job=held
	got 'ok == 9 && b2 == 3'
	# and it may be another one with the same address
	lb add web backend $B2
	agent load ns=$C dst=$VIP n=30
	got 'b2 == 10'
	agent ask job=held
	got 'ok == 9 && b2 == 3'
}

@test "a backend deleted with reset cuts what is open" {
	web
	agent hold job=held ns=$C dst=$VIP n=9
	lb del web backend $B2 reset
	agent ask job=held
	got 'ok == 6 && reset == 3'
	# the server has been told as well
	agent served name=b2
	got 'open == 0'
}

@test "a deleted balancer finishes what is open" {
	web
	agent hold job=held ns=$C dst=$VIP n=6
	lb del web
	agent load ns=$C dst=$VIP n=2 timeout=2
	got 'ok == 0 && failed == 2'
	agent ask job=held
	got 'ok == 6'
	# the address is free again at once
	lb add other vip $VIP
	lb add other backend $B3
	agent load ns=$C dst=$VIP n=2
	got 'ok == 2 && b3 == 2'
	agent ask job=held
	got 'ok == 6'
	lb del other
}

@test "a balancer deleted with reset cuts what is open" {
	web
	agent hold job=held ns=$C dst=$VIP n=6
	lb del web reset
	agent ask job=held
	got 'ok == 0 && reset == 6'
}

@test "offline cuts, online serves again" {
	web
	agent hold job=held ns=$C dst=$VIP n=6
	lb set web backend $B3 offline
	look
	is s3_state offline
	agent ask job=held
	got 'ok == 4 && reset == 2'
	agent load ns=$C dst=$VIP n=20
	got 'ok == 20 && b3 == 0'
	lb set web backend $B3 online
	agent load ns=$C dst=$VIP n=30
	got 'b3 == 10'
}

@test "a backend may begin offline" {
	lb add web vip $VIP
	lb add web backend $B1 state offline
	agent load ns=$C dst=$VIP n=1
	got 'refused == 1'
	lb set web backend $B1 online
	agent load ns=$C dst=$VIP n=1
	got 'b1 == 1'
}

@test "limit: as many as it may have open, and no more" {
	web
	for b in $B1 $B2 $B3; do lb set web backend $b limit 2; done
	agent hold job=held ns=$C dst=$VIP n=8
	got 'ok == 6 && refused == 2 && b1 == 2 && b2 == 2 && b3 == 2'
	agent rayctl ns=$D args=lb,status,web
	got 's1_stats_dropped == 2 && s1_active == 6'
	lb set web backend $B1 limit none
	agent load ns=$C dst=$VIP n=10
	got 'ok == 10 && b1 == 10'
	agent drop job=held
	until_so 10 's2_active == 0'
	agent load ns=$C dst=$VIP n=30
	got 'ok == 30 && b2 > 0'
}

@test "the policy of a balancer changes under open flows" {
	web
	agent hold job=held ns=$C dst=$VIP n=9
	lb set web policy maglev
	lb set web policy least-connections
	lb del web backend $B1
	lb add web backend $B1
	# the new backend has none open, the others three
	agent hold job=more ns=$C dst=$VIP n=3
	got 'b1 == 3'
	agent ask job=held
	got 'ok == 9 && failed == 0'
}
