#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What is counted and timed is what the clients did.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common

METRICS=/sys/kernel/debug/rayos/lb/metrics

# A connection that is never answered counts when its time is over, after 75 s:
# it has a network of its own, begins with the first test and ends with the last.
setup_file()
{
	[ -z "${RAYOS_SHORT:-}" ] || return 0
	topo_up z- 1
	rayctl -n z-director lb add web vip $VIP
	rayctl -n z-director lb add web backend $B1
	ip -n z-1 route add blackhole 10.0.0.0/24
	agent load ns=z-client dst=$VIP n=3 timeout=0.2
	got 'timeout == 3'
}

teardown_file()
{
	topo_down z-
}

@test "counters: TCP connections and requests are exact" {
	web
	patience
	agent load ns=$C dst=$VIP n=120 keep=4
	got 'ok == 120 && conns == 30'
	look
	for i in 1 2 3; do
		got "s${i}_stats_connections == 10 && s${i}_stats_requests == 40"
		got "s${i}_stats_connect_latency_count == 10"
		got "s${i}_stats_first_byte_latency_count == 40"
		got "s${i}_stats_resets == 0 && s${i}_stats_refused == 0"
	done
	agent rayctl ns=$D args=lb,status,web
	got 's1_stats_connections == 30 && s1_stats_requests == 120'
	got 's1_stats_dropped == 0'
}

@test "counters: datagrams and bytes are exact" {
	web proto udp
	agent echo ns=$C dst=$VIP size=100 n=30
	got 'ok == 30'
	look
	# the header of IPv4 and UDP; the answer has "b1\n" before it
	for i in 1 2 3; do
		got "s${i}_stats_packets_in == 10 && s${i}_stats_packets_out == 10"
		got "s${i}_stats_bytes_in == 1280 && s${i}_stats_bytes_out == 1310"
	done
	agent rayctl ns=$D args=lb,status,web
	got 's1_stats_bytes_in == 3840 && s1_stats_packets_out == 30'
}

@test "counters: IPv6" {
	web6 proto udp
	agent echo ns=$C dst=$VIP6 size=100 n=30
	got 'ok == 30'
	look
	got 's2_stats_packets_in == 10 && s2_stats_bytes_in == 1480'
	got 's2_stats_bytes_out == 1510'
}

@test "counters: a large transfer is counted by its bytes, not its segments" {
	lb add web vip $VIP
	lb add web backend $B1
	agent bulk ns=$C dst=$VIP up=2000000 down=3000000
	got 'up_same == 1'
	look
	# headers of at most 52 bytes on segments of 1448
	got 's1_stats_bytes_in > 2000000 && s1_stats_bytes_in < 2500000'
	got 's1_stats_bytes_out > 3000000 && s1_stats_bytes_out < 3500000'
}

@test "counters: refused, reset and dropped" {
	web
	agent kill name=b1
	agent knob name=b2 mode=reset
	agent load ns=$C dst=$VIP n=30
	got 'ok == 10 && refused == 10 && reset == 10'
	look
	got 's1_stats_refused == 10 && s1_stats_resets == 0'
	got 's2_stats_refused == 0 && s2_stats_resets == 10'
	got 's3_stats_refused == 0 && s3_stats_resets == 0'
	for b in $B1 $B2 $B3; do lb set web backend $b offline; done
	agent load ns=$C dst=$VIP n=7
	got 'refused == 7'
	agent rayctl ns=$D args=lb,status,web
	got 's1_stats_refused == 10 && s1_stats_resets == 10 && s1_stats_dropped == 7'
}

@test "rates follow, and go with the backend they are of" {
	whole_pass
	web
	agent load ns=$C dst=$VIP n=60 keep=2
	until_so 20 's1_stats_connection_rate > 0 && s3_stats_request_rate > 0'
	got 's2_stats_packet_in_rate > 0 && s2_stats_byte_out_rate > 0'
	got 's1_stats_error_rate == 0 && s2_stats_error_rate == 0'
	agent rayctl ns=$D args=lb,status,web
	got 's1_stats_connection_rate > 0 && s1_stats_byte_in_rate > 0'
	agent grep ns=$D file=/sys/kernel/debug/rayos/lb/balancers \
		pattern="_requests/s_[0-9.]*[1-9][0-9.]*_errors/million_0$"
	got 'lines == 3'
	agent kill name=b2
	lb del web backend $B2
	lb add web backend $B2
	agent load ns=$C dst=$VIP n=30
	until_so 20 's3_stats_error_rate == 1000000'
	got 's1_stats_error_rate == 0'
	until_so 20 's1_stats_error_rate > 0 && s1_stats_error_rate < 1000000' \
		agent rayctl ns=$D args=lb,status,web
}

@test "totals outlive a backend" {
	web
	agent load ns=$C dst=$VIP n=30 rst=1
	agent rayctl ns=$D args=lb,status,web
	# a client may have to send a SYN again, which begins a flow of its own
	got 's1_stats_connections >= 30 && s1_stats_requests == 30'
	before=${R[s1_stats_connections]}
	lb del web backend $B1 reset
	lb del web backend $B2 reset
	agent rayctl ns=$D args=lb,status,web
	got "s1_stats_connections == $before && s1_stats_requests == 30"
}

@test "active flows are those which are open" {
	web
	agent hold job=held ns=$C dst=$VIP n=12
	look
	got 's1_active == 4 && s2_active == 4 && s3_active == 4'
	agent drop job=held
	until_so 15 's1_active + s2_active + s3_active == 0'
}

@test "latencies are those of the network and of the server" {
	lb add web vip $VIP
	backends web $B1 $B2
	agent knob name=b1 delay=150
	ip netns exec lb-1 tc qdisc add dev eth0 root netem delay 50ms
	agent load ns=$C dst=$VIP n=12
	ip netns exec lb-1 tc qdisc del dev eth0 root
	got 'ok == 12'
	look
	# quantiles are exact to an eighth
	got 's1_stats_connect_latency_p50 >= 43000000'
	got 's1_stats_connect_latency_p50 < 1000000000'
	got 's1_stats_connect_latency_longest >= 50000000'
	got 's1_stats_connect_latency_sum >= 6 * 50000000'
	got 's1_stats_first_byte_latency_p50 >= 175000000'
	got 's1_stats_connect_latency_p50 > s2_stats_connect_latency_p50'
	got 's1_stats_first_byte_latency_p50 > s2_stats_first_byte_latency_p50'
	for h in connect first_byte; do
		got "s1_stats_${h}_latency_p50 <= s1_stats_${h}_latency_p90"
		got "s1_stats_${h}_latency_p90 <= s1_stats_${h}_latency_p99"
	done
}

@test "debugfs: metrics are what Prometheus reads, and true" {
	web
	agent load ns=$C dst=$VIP n=60 keep=2
	agent prom file=$METRICS ns=$D
	got 'families > 5 && samples > 20'
	agent prom file=$METRICS ns=$D metric=rayos_lb_connections_total \
		balancer=web backend=$B1
	got 'value == 10'
	agent prom file=$METRICS ns=$D metric=rayos_lb_requests_total \
		balancer=web
	got 'value == 60'
}

# gauge VALUE METRIC [LABEL=VALUE...]
gauge()
{
	agent prom file=$METRICS ns=$D metric="rayos_lb_$2" "${@:3}"
	got "value == $1"
}

@test "debugfs: metrics tell who drains from who is down" {
	web health http:/health interval 1s timeout 500ms rise 1 fall 1
	until_is 20 s3_state healthy
	agent knob name=b1 health=503
	until_is 20 s1_state unhealthy
	lb drain web $B2
	gauge 0 healthy backend=$B1
	gauge 0 healthy backend=$B2
	gauge 1 state backend=$B1 state=unhealthy
	gauge 0 state backend=$B2 state=unhealthy
	gauge 1 state backend=$B2 state=offline
	gauge 1 state backend=$B3 state=healthy
	gauge 3 state
	gauge 3 weight
	gauge 1 info
	gauge 0 evicted_total
	agent prom file=$METRICS ns=$D metric=rayos_lb_flows_limit
	got 'value >= 64'
	agent prom file=$METRICS ns=$D metric=rayos_lb_checks_total \
		backend=$B1 result=failed
	got 'value > 0'
	agent knob name=b1 health=200
}

@test "debugfs: for root, and for people" {
	web
	[ "$(stat -c %a $METRICS)" = 400 ]
	agent grep ns=$D file=/sys/kernel/debug/rayos/lb/balancers \
		pattern="^web_${VIP}_->_.*:8080_healthy_weight_1_"
	got 'lines == 3'
	agent view ns=$D file=/sys/kernel/debug/rayos/lb/status
	got 'balancers == 1 && flows_refused == 0'
}

@test "rayctl shows them" {
	web
	agent load ns=$C dst=$VIP n=30
	lb metrics >"$BATS_TEST_TMPDIR/metrics"
	cat "$BATS_TEST_TMPDIR/metrics"
	grep -q 10.0.1.11:8080 "$BATS_TEST_TMPDIR/metrics"
	agent rayctl ns=$D args=lb,metrics,web
}

@test "counters: a backend that never answers" {
	[ -z "${RAYOS_SHORT:-}" ] || skip "takes more than a minute"
	until_so 150 's1_stats_timeouts == 3' \
		agent rayctl ns=z-director args=lb,backends,web
	got 's1_stats_connections == 3 && s1_active == 0'
}
