#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The end of balancers, namespaces and of the module, at the worst moment.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common


setup()
{
	# after a test that failed half way
	[ -e /sys/module/rayos_lb ] || insert
	agent reset
}

# everything that can be under way at once
busy()
{
	web health http:/health interval 1s affinity 10s
	lb add udp vip $VIP proto udp
	backends udp $B1 $B2 $B3
	lb add six vip $VIP6 policy least-connections health tcp interval 1s
	backends six $SIX1 $SIX2
	agent start job=tcp ns=$C dst=$VIP conc=2 keep=5 timeout=1 src=10.0.0.2-20
	agent start job=udp ns=$C dst=$VIP proto=udp timeout=0.2 keep=5
	agent start job=six ns=$C dst=$VIP6 timeout=1 keep=5
	agent hold job=held ns=$C dst=$VIP n=5
	got 'ok == 5'
}

idle()
{
	local job

	for job in tcp udp six; do
		agent stop job=$job
		got 'ok > 0'
	done
	agent drop job=held rst=1
}

@test "unloading under traffic, and loading again" {
	local i

	for ((i = 0; i < $(full 4 1); i++)); do
		busy
		timeout 60 rmmod rayos_lb
		idle
		[ ! -e /sys/kernel/debug/rayos/lb ]
		has_not '^rayos_lb' /proc/slabinfo
		refused 2 modprobe lb status
		insert
		agent rayctl ns=$D args=lb,status
		got 'nr == 0'
	done
	web
	agent load ns=$C dst=$VIP n=9
	got 'ok == 9 && b1 == 3'
}

@test "nobody who looks or listens holds the module" {
	local log=$BATS_TEST_TMPDIR/events listener

	web
	rayctl -n $D events lb >/dev/null 2>"$log" 3>&- &
	listener=$!
	agent hold job=held ns=$C dst=$VIP n=3
	agent sleep seconds=0.3
	[ "$(awk '$1 == "rayos_lb" { print $3 }' /proc/modules)" = 0 ]
	timeout 60 rmmod rayos_lb
	# and they are told
	wait $listener || [ $? = 2 ]
	grep -q 'module rayos_lb was unloaded' "$log"
	insert
}

@test "loading and unloading, with nothing done" {
	local i

	timeout 60 rmmod rayos_lb
	for ((i = 0; i < $(full 10 3); i++)); do
		insert
		timeout 60 rmmod rayos_lb
	done
	insert
}

@test "parameters: limits above the usual, and nonsense" {
	timeout 60 rmmod rayos_lb
	insert max_balancers=9 max_backends=33 flow_bits=10
	for i in {1..9}; do
		lb add "b$i" vip "10.0.0.100:$((100 + i))"
	done
	refused 2 max_balancers lb add b10 vip 10.0.0.100:110
	timeout 60 rmmod rayos_lb
	for wrong in flow_bits=99 max_balancers=100000 max_backends=99999; do
		if insert "$wrong" 2>/dev/null; then
			echo "$wrong was taken"
			return 1
		fi
	done
	insert
}

@test "a full flow table refuses, and recovers" {
	timeout 60 rmmod rayos_lb
	insert flow_bits=10 max_flows=64
	web
	agent hold job=held ns=$C dst=$VIP n=70 timeout=0.3
	got 'ok == 64 && failed == 6'
	agent view ns=$D file=$LB_STATUS
	got 'flows == 64 && flows_refused >= 6'
	agent drop job=held rst=1
	agent sleep seconds=1
	agent load ns=$C dst=$VIP n=10 rst=1 timeout=5
	got 'ok == 10'
	timeout 60 rmmod rayos_lb
	insert
}

@test "a full flow table: policies of a hash carry on without flows" {
	local before

	# of tests before, whose ends never came to it
	agent served name=b1
	before=${R[open]}
	timeout 60 rmmod rayos_lb
	insert flow_bits=10 max_flows=64
	web policy maglev health http:/health interval 1s
	lb add six vip "$VIP6" policy maglev
	backends six "$SIX1" "$SIX2" "$SIX3"
	lb add udp vip $VIP proto udp policy ip-hash
	backends udp $B1 $B2 $B3
	lb add udp6 vip "$VIP6" proto udp policy maglev
	backends udp6 "$SIX1" "$SIX2" "$SIX3"
	agent hold job=flows ns=$C dst=$VIP n=64
	got 'ok == 64 && failed == 0'
	agent hold job=four ns=$C dst=$VIP n=40
	got 'ok == 40 && failed == 0'
	agent hold job=six ns=$C dst="$VIP6" n=40
	got 'ok == 40 && failed == 0 && b1 > 0 && b2 > 0 && b3 > 0'
	agent echo ns=$C dst=$VIP size=1000 n=20
	got 'ok == 20 && failed == 0'
	# in fragments
	agent echo ns=$C dst=$VIP size=4000 n=5
	got 'ok == 5 && failed == 0'
	agent echo ns=$C dst="$VIP6" size=4000 n=5
	got 'ok == 5 && failed == 0'
	agent bulk ns=$C dst=$VIP up=300000 down=300000
	got 'up_same == 1 && down_same == 1'
	agent bulk ns=$C dst="$VIP6" up=300000 down=300000
	got 'up_same == 1 && down_same == 1'
	agent load ns=$C dst=$VIP n=10
	got 'ok == 10'
	for job in flows four six; do
		agent ask job=$job
		got 'ok == open && failed == 0 && moved == 0 && open >= 40'
	done
	agent view ns=$D file=$LB_STATUS
	got 'flows == 64'
	agent rayctl ns=$D args=lb,status
	for i in 1 2 3 4; do
		got "s${i}_stats_stateless > 0 && s${i}_stats_dropped == 0"
	done
	# checks go to servers whose answers would be taken for clients'
	until_so 20 's1_check_passed > 3 && s1_check_failed == 0'
	look
	got 's1_check_failed + s2_check_failed + s3_check_failed == 0'
	# closed in good order, they are over for both sides
	agent drop job=four
	agent drop job=six
	agent drop job=flows
	until_so 20 "open <= $before" agent served name=b1
	until_so 20 's1_active + s2_active + s3_active == 0'
	agent rayctl ns=$D args=lb,status,web
	got 's1_stats_connections >= 64'
	agent rayctl ns=$D args=lb,metrics
	agent load ns=$C dst=$VIP n=30 rst=1
	got 'ok == 30 && failed == 0'
	agent load ns=$C dst="$VIP6" n=30 keep=3
	got 'ok == 30 && failed == 0'
	timeout 60 rmmod rayos_lb
	insert
}

@test "a full flow table: ICMP errors about what has no flow" {
	timeout 60 rmmod rayos_lb
	insert flow_bits=10 max_flows=64
	lb add web vip $VIP policy maglev
	lb add web backend $B1
	lb add six vip "$VIP6" policy maglev
	lb add six backend "$SIX1"
	agent hold job=flows ns=$C dst=$VIP n=64
	agent hold job=four ns=$C dst=$VIP n=1 src=10.0.0.40
	agent hold job=six ns=$C dst="$VIP6" n=1 src=fd00::40
	for what in toobig unreach; do
		for side in backend client; do
			agent icmp job=four ns=$C backend_ns=lb-1 backend=$B1 \
				side=$side what=$what
			got 'arrived == 1 && outer == 1 && inner == 1 && intact == 1'
			agent icmp job=six ns=$C backend_ns=lb-1 \
				backend="$SIX1" side=$side what=$what
			got 'arrived == 1 && outer == 1 && inner == 1 && intact == 1'
		done
	done
	agent ask job=four
	got 'ok == 1'
	agent ask job=six
	got 'ok == 1'
	for ns in $C lb-1; do
		ip -n $ns route flush cache
		ip -n $ns -6 route flush cache
	done
	agent view ns=$D file=$LB_STATUS
	got 'flows == 64'
	agent drop job=flows rst=1
	timeout 60 rmmod rayos_lb
	insert
}

@test "a full flow table: nothing else is carried" {
	timeout 60 rmmod rayos_lb
	insert flow_bits=10 max_flows=64
	web policy maglev
	lb add other vip 10.0.0.100:81
	backends other $B1
	lb add shared vip 10.0.0.100:82 policy maglev
	agent hold job=flows ns=$C dst=$VIP n=64
	got 'ok == 64'
	agent hold job=more ns=$C dst=$VIP n=4
	got 'ok == 4'
	# by turns, or to a server that two have, or from the director
	agent load ns=$C dst=10.0.0.100:81 n=3
	got 'refused == 3'
	backends shared $B1 $B2 $B3
	agent load ns=$C dst=10.0.0.100:82 n=3
	got 'refused == 3'
	agent load ns=$C dst=$VIP n=3
	got 'refused == 3'
	lb del shared
	agent load ns=$C dst=$VIP n=3
	got 'ok == 3'
	agent load ns=$D dst=$VIP n=3
	got 'refused == 3'
	# what the director itself says to a server is its own
	agent load ns=$D dst=$B1 n=3
	got 'ok == 3'
	lb set web affinity 10s
	agent load ns=$C dst=$VIP n=3
	got 'refused == 3'
	agent drop job=more rst=1
	agent drop job=flows rst=1
	timeout 60 rmmod rayos_lb
	insert
}

@test "a namespace is deleted under traffic" {
	local i

	topo_up y- 1
	agent serve name=b7 ns=y-1
	rayctl -n y-director lb add web vip $VIP health tcp interval 1s affinity 5s
	rayctl -n y-director lb add web backend $B1
	agent start job=load ns=y-client dst=$VIP conc=2 keep=3 timeout=1
	agent hold job=held ns=y-client dst=$VIP n=5
	got 'ok == 5'
	ip netns del y-director
	# it is gone when its links are
	until_so 60 'there == 0' agent device ns=y-client dev=eth0
	agent stop job=load
	got 'ok > 0'
	agent drop job=held rst=1
	agent remove name=b7
	topo_down y-
	has_not 'waiting for .* to become free' <(dmesg)
}

@test "a balancer comes and goes under traffic" {
	local i

	web
	agent start job=load ns=$C dst=$VIP conc=2 timeout=2 gap=0.002 rst=1
	for ((i = 0; i < $(full 30 5); i++)); do
		if ((i % 2)); then lb del web; else lb del web reset; fi
		web
	done
	agent stop job=load
	got 'ok > 0'
	agent load ns=$C dst=$VIP n=9
	got 'ok == 9 && b1 == 3'
}

@test "nothing is left when the work is done" {
	# flows of the tests before take their time
	timeout 60 rmmod rayos_lb
	insert
	web
	agent hold job=held ns=$C dst=$VIP n=9
	agent load ns=$C dst=$VIP n=50 rst=1
	lb del web backend $B1
	lb del web reset
	agent drop job=held rst=1
	until_so 120 'flows == 0 && removed_backends_with_flows == 0' \
		agent view ns=$D file=$LB_STATUS
	got 'balancers == 0'
	agent rayctl ns=$D args=lb,backends
	got 'nr == 0'
}
