#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What a balancer is for: every policy, both protocols, both families.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common

@test "a balancer and its backends are added, shown and deleted" {
	web policy weighted-round-robin
	lb set web backend $B2 weight 7
	look
	got 'nr == 3 && s1_weight == 1 && s2_weight == 7 && s1_active == 0'
	is s1_balancer web
	is s1_ipv4 10.0.1.11
	is s3_state healthy
	lb del web backend $B2
	look
	got 'nr == 2 && s2_port == 8080'
	is s2_ipv4 10.0.1.13
	lb status web | grep -q weighted-round-robin
	lb del web
	agent rayctl ns=$D args=lb,backends
	got 'nr == 0'
}

@test "round-robin is exact" {
	web
	agent load ns=$C dst=$VIP n=300
	got 'ok == 300 && failed == 0'
	got 'b1 == 100 && b2 == 100 && b3 == 100'
	[[ ${R[order]} =~ b1,b2,b3,b1,b2,b3,b1,b2,b3 ]] ||
		[[ ${R[order]} =~ b3,b2,b1,b3,b2,b1,b3,b2,b1 ]]
}

@test "round-robin ignores weights" {
	web
	lb set web backend $B1 weight 9
	agent load ns=$C dst=$VIP n=30
	got 'b1 == 10 && b2 == 10 && b3 == 10'
}

@test "weighted-round-robin is exact and interleaves" {
	whole_pass
	web policy weighted-round-robin
	lb set web backend $B1 weight 5
	lb set web backend $B2 weight 3
	agent load ns=$C dst=$VIP n=270
	got 'b1 == 150 && b2 == 90 && b3 == 30'
	[[ ${R[order]} != *b1,b1,b1* ]]
}

@test "weight 0 gives a backend nothing" {
	web policy weighted-round-robin
	lb set web backend $B1 weight 0
	agent load ns=$C dst=$VIP n=20
	got 'ok == 20 && b1 == 0 && b2 == 10 && b3 == 10'
}

@test "least-connections evens out what is open" {
	web policy least-connections
	agent hold job=a ns=$C dst=$VIP n=12
	got 'b1 == 4 && b2 == 4 && b3 == 4'
	lb set web backend $B1 weight 4
	agent hold job=b ns=$C dst=$VIP n=12
	# 24 open for weights of 4, 1 and 1: 16, 4 and 4
	got 'b1 == 12'
	look
	got 's1_active == 16 && s2_active == 4 && s3_active == 4'
	agent drop job=b
	until_so 10 's1_active == 4'
}

@test "ip-hash gives a client one backend, and moves only whom it must" {
	whole_pass
	web policy ip-hash
	agent load ns=$C dst=$VIP n=192 src=10.0.0.2-65 remember=all
	got 'ok == 192 && unstable == 0'
	got 'b1 >= 18 && b2 >= 18 && b3 >= 18'
	lb del web backend $B3
	agent load ns=$C dst=$VIP n=64 src=10.0.0.2-65 remember=two
	got 'ok == 64 && b3 == 0'
	agent compare old=all new=two
	got 'clients == 64 && moved > 0 && moved - b3 <= 1'
	lb add web backend $B3
	agent load ns=$C dst=$VIP n=64 src=10.0.0.2-65 remember=again
	agent compare old=all new=again
	got 'moved == 0'
}

@test "random is even" {
	whole_pass
	web policy random
	agent load ns=$C dst=$VIP n=300
	got 'ok == 300'
	# chi-square of 2 degrees of freedom, p = 1e-4
	got '(b1-100)**2 + (b2-100)**2 + (b3-100)**2 < 1842'
}

@test "maglev is even, and moves only whom it must" {
	whole_pass
	web policy maglev
	agent load ns=$C dst=$VIP n=300
	got 'ok == 300'
	got '(b1-100)**2 + (b2-100)**2 + (b3-100)**2 < 1842'

	# the same addresses and ports twice: a flow is known by both
	agent load ns=$C dst=$VIP n=128 src=10.0.0.2-65 sport=5000 rst=1 \
		remember=all
	got 'ok == 128 && unstable == 0'
	lb del web backend $B3
	agent load ns=$C dst=$VIP n=64 src=10.0.0.2-65 sport=5000 rst=1 \
		remember=two
	agent compare old=all new=two
	got 'moved > 0 && moved - b3 <= 1'
}

@test "maglev follows weights" {
	whole_pass
	web policy maglev
	lb set web backend $B1 weight 8
	agent load ns=$C dst=$VIP n=300
	# 240 expected, with a deviation of 7
	got 'b1 > 205 && b1 < 275 && b2 > 0 && b3 > 0'
}

@test "UDP: a port is a flow" {
	web proto udp
	agent load ns=$C dst=$VIP proto=udp n=90
	got 'ok == 90 && failed == 0 && b1 == 30 && b2 == 30 && b3 == 30'
	agent load ns=$C dst=$VIP proto=udp n=300 keep=100
	got 'ok == 300 && moved == 0 && conns == 3 && b1 == 1 && b2 == 1'
}

@test "IPv6: TCP" {
	web6 policy least-connections
	agent hold job=a ns=$C dst=$VIP6 n=9
	got 'b1 == 3 && b2 == 3 && b3 == 3'
	agent load ns=$C dst=$VIP6 n=60 keep=5
	got 'ok == 60 && failed == 0 && conns == 12'
	look
	is s1_ipv6 fd00:1::11
}

@test "IPv6: UDP, and hashing of addresses" {
	web6 proto udp policy ip-hash
	agent load ns=$C dst=$VIP6 proto=udp n=128 src=fd00::2-65
	got 'ok == 128 && failed == 0 && unstable == 0'
	got 'b1 >= 12 && b2 >= 12 && b3 >= 12'
}

@test "TCP and UDP, IPv4 and IPv6 of one port stand side by side" {
	lb add t4 vip $VIP
	lb add u4 vip $VIP proto udp
	lb add t6 vip $VIP6
	lb add u6 vip $VIP6 proto udp
	lb add t4 backend $B1
	lb add u4 backend $B2
	lb add t6 backend $SIX3
	lb add u6 backend $SIX1
	agent load ns=$C dst=$VIP n=5
	got 'b1 == 5'
	agent load ns=$C dst=$VIP proto=udp n=5
	got 'b2 == 5'
	agent load ns=$C dst=$VIP6 n=5
	got 'b3 == 5'
	agent load ns=$C dst=$VIP6 proto=udp n=5
	got 'b1 == 5'
}

@test "what is not the balancer's is left alone" {
	web
	agent serve name=b9 ns=$D port=81
	agent load ns=$C dst=10.0.0.100:81 n=4
	got 'ok == 4 && b9 == 4'
	agent remove name=b9
	agent load ns=$C dst=10.0.0.100:82 n=2
	got 'refused == 2'
	agent ping ns=$C dst=10.0.0.100
	got 'ok == 3'
	agent ping ns=$C dst=fd00::100
	got 'ok == 3'
	# nothing but the balancer carries packets through the director
	agent load ns=$C dst=$B1 n=1 timeout=0.5
	got 'timeout == 1'
}

@test "a namespace sees its own balancers only" {
	web
	agent rayctl ns=$C args=lb,backends
	got 'nr == 0'
	rayctl -n $C lb add web vip $VIP
	rayctl -n $C lb del web
	look
	got 'nr == 3'
}

@test "real clients and a real server" {
	local dir=$BATS_TEST_TMPDIR

	nginx_in lb-1 81 n1
	nginx_in lb-2 81 n2
	lb add web vip $VIP
	backends web 10.0.1.11:81 10.0.1.12:81
	ip netns exec $C curl -s -H 'Connection: close' "http://$VIP/" \
		"http://$VIP/" |
		sort >"$dir/said"
	[ "$(uniq <"$dir/said")" = $'n1\nn2' ]
	ip netns exec $C wrk -t 1 -c 8 -d 2 "http://$VIP/" >"$dir/wrk"
	cat "$dir/wrk"
	grep -q 'requests in' "$dir/wrk"
	has_not 'Socket errors|Non-2xx' "$dir/wrk"
	ip netns exec $C ab -q -n "$(full 400 100)" -c 8 "http://$VIP/" >"$dir/ab"
	grep -E 'Failed requests: +0$' "$dir/ab"
	look
	got 's1_stats_connections > 50 && s2_stats_connections > 50'
}

@test "a real DNS server and client" {
	local dir=$BATS_TEST_TMPDIR i try

	for i in 1 2; do
		ip netns exec lb-$i dnsmasq --keep-in-foreground --user=root \
			--conf-file=/dev/null --pid-file= --no-resolv --no-hosts \
			--address=/who.test/192.0.2.$i >"$dir/$i" 2>&1 3>&- &
		NGINXES+=($!)
		disown
		for try in {1..30}; do
			! ip netns exec lb-$i dig +short +tries=1 +time=1 \
				@127.0.0.1 who.test || break
		done
		[ "$try" -lt 30 ]
	done
	lb add dns vip 10.0.0.100:53 proto udp
	backends dns 10.0.1.11:53 10.0.1.12:53
	for i in {1..10}; do
		ip netns exec $C dig +short +tries=1 +time=10 @10.0.0.100 who.test
	done >"$dir/said"
	sort "$dir/said" | uniq -c | tee "$dir/count"
	[ "$(tr -s ' ' <"$dir/count")" = $' 5 192.0.2.1\n 5 192.0.2.2' ]
}
