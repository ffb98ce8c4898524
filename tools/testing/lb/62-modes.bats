#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Full NAT, with backends that have no route back to the clients, and direct
# return, with backends that have the virtual address too and a link of their
# own to the clients.

# shellcheck disable=SC2086,SC2153 # the names in common.bash are one word each
load common

VIP8=10.0.0.100:8080 VIP86='[fd00::100]:8080'

teardown()
{
	clean_up
	[ ! -e "$BATS_TEST_TMPDIR/routeless" ] || default_routes add
	[ ! -e "$BATS_TEST_TMPDIR/direct" ] || direct_down
	agent sysctl ns=$D name=net.ipv4.ip_local_port_range value=32768_60999
	agent sysctl ns=$D name=net.ipv4.icmp_ratelimit value=1000
}

# default_routes add|del: of the backends
default_routes()
{
	local i

	for i in 1 2 3; do
		ip -n lb-$i route "$1" default via 10.0.1.1
		ip -n lb-$i -6 route "$1" default via fd00:1::1
	done
}

# full_nat [WORD...]: "web" over b1, b2 and b3, which know nobody but neighbours
full_nat()
{
	: >"$BATS_TEST_TMPDIR/routeless"
	default_routes del
	web mode full-nat "$@"
}

full_nat6()
{
	: >"$BATS_TEST_TMPDIR/routeless"
	default_routes del
	web6 mode full-nat
}

# direct_up: the backends have the VIPs on lo and answer by a second link
direct_up()
{
	local i

	: >"$BATS_TEST_TMPDIR/direct"
	for i in 1 2 3; do
		ip -batch - <<-END
		link add d$i netns $C type veth peer name eth1 netns lb-$i
		END
		ip -n $C -batch - <<-END
		link set d$i up
		address add 10.0.5.$((2 * i + 1))/31 dev d$i
		address add fd00:5:$i::2/64 dev d$i nodad
		END
		ip -n lb-$i -batch - <<-END
		link set eth1 up
		address add 10.0.5.$((2 * i))/31 dev eth1
		address add fd00:5:$i::1/64 dev eth1 nodad
		address add 10.0.0.100/32 dev lo
		address add fd00::100/128 dev lo nodad
		route add 10.0.0.0/24 via 10.0.5.$((2 * i + 1))
		route add fd00::/64 via fd00:5:$i::2
		END
		agent sysctl ns=$C name=net.ipv4.conf.d$i.rp_filter value=0
		agent sysctl ns=lb-$i name=net.ipv4.conf.all.arp_ignore value=1
		agent sysctl ns=lb-$i name=net.ipv4.conf.all.arp_announce value=2
	done
	agent sysctl ns=$C name=net.ipv4.conf.all.rp_filter value=0
}

direct_down()
{
	local i

	for i in 1 2 3; do
		ip -n $C link del d$i
		ip -n lb-$i address del 10.0.0.100/32 dev lo
		ip -n lb-$i address del fd00::100/128 dev lo
	done
}

# dsr [WORD...]: "web" over b1, b2 and b3
dsr()
{
	direct_up
	lb add web vip $VIP8 mode dsr "$@"
	backends web $B1 $B2 $B3
}

dsr6()
{
	direct_up
	lb add web vip $VIP86 mode dsr
	backends web "$SIX1" "$SIX2" "$SIX3"
}

# peers NAMESPACE: who has a connection to its port 8080
peers()
{
	ip netns exec "$1" ss -Htn state established sport = :8080 |
		awk '{ print $4 }' | sed 's/^\[::ffff:\(.*\)\]:/\1:/'
}

@test "full NAT: backends need no route back" {
	full_nat
	agent load ns=$C dst=$VIP n=90 src=10.0.0.2-65
	got 'ok == 90 && failed == 0 && b1 == 30 && b2 == 30 && b3 == 30'
	agent load ns=$C dst=$VIP n=100 keep=10 conc=4
	got 'ok == 100 && failed == 0 && moved == 0'
	agent bulk ns=$C dst=$VIP up=4000000 down=4000000
	got 'up_same == 1 && down_same == 1'
	agent hold job=held ns=$C dst=$VIP n=3
	[[ $(peers lb-1) = 10.0.1.1:* ]]
	look
	got 's1_active == 1 && s1_stats_requests > 0 && s1_stats_bytes_out > 0'
	got 's1_stats_connect_latency_count >= 30'
	lb status web | grep -qE '^ *mode +full-nat$'
}

@test "full NAT: IPv6, UDP, and both" {
	full_nat6
	agent load ns=$C dst=$VIP6 n=60 src=fd00::2-65
	got 'ok == 60 && failed == 0 && b1 == 20'
	agent bulk ns=$C dst=$VIP6 up=3000000 down=3000000
	got 'up_same == 1 && down_same == 1'
	lb add u6 vip $VIP6 proto udp mode full-nat
	backends u6 "$SIX1" "$SIX2"
	agent load ns=$C dst=$VIP6 proto=udp n=60
	got 'ok == 60 && b1 == 30 && b2 == 30'
	lb add u4 vip $VIP proto udp mode full-nat
	backends u4 $B1 $B2
	agent load ns=$C dst=$VIP proto=udp n=90 keep=30
	got 'ok == 90 && moved == 0 && conns == 3'
}

@test "full NAT: checksums of our own making" {
	full_nat
	agent offload ns=$C dev=eth0 tx=0
	agent offload ns=lb-1 dev=eth0 tx=0
	agent bulk ns=$C dst=$VIP up=500000 down=500000
	got 'up_same == 1 && down_same == 1'
	agent offload ns=$C dev=eth0 tx=1 tso=1
	agent offload ns=lb-1 dev=eth0 tx=1 tso=1
}

@test "full NAT: a source address of its own" {
	ip -n $D address add 10.0.1.9/32 dev lb-1
	ip -n $D address add fd00:1::9/128 dev lb-1 nodad
	full_nat source 10.0.1.9
	agent hold job=held ns=$C dst=$VIP n=3
	got 'ok == 3 && b1 == 1'
	[[ $(peers lb-1) = 10.0.1.9:* ]]
	lb status web | grep -qE '^ *mode +full-nat, source 10.0.1.9$'
	agent drop job=held
	lb add six vip $VIP6 mode full-nat source fd00:1::9
	lb add six backend "$SIX1"
	agent load ns=$C dst=$VIP6 n=5
	got 'ok == 5'
	ip -n $D address del 10.0.1.9/32 dev lb-1
	ip -n $D address del fd00:1::9/128 dev lb-1
}

@test "full NAT: a client in the subnet of the backends" {
	web mode full-nat
	agent load ns=lb-2 dst=$VIP n=9
	got 'ok == 9 && b1 == 3 && b2 == 3 && b3 == 3'
	agent bulk ns=lb-2 dst=$VIP up=1000000 down=1000000
	got 'up_same == 1 && down_same == 1'
}

@test "full NAT: a client, and a backend, on the director itself" {
	full_nat
	agent load ns=$D dst=$VIP n=30 keep=2
	got 'ok == 30 && failed == 0 && b1 == 5'
	agent bulk ns=$D dst=$VIP up=1000000 down=1000000
	got 'up_same == 1 && down_same == 1'
	agent serve name=b9 ns=$D port=8090
	lb add own vip 10.0.0.100:90 mode full-nat
	lb add own backend 10.0.0.1:8090
	agent load ns=$C dst=10.0.0.100:90 n=10
	got 'ok == 10 && b9 == 10'
	agent load ns=$D dst=10.0.0.100:90 n=10
	got 'ok == 10 && b9 == 10'
	agent remove name=b9
}

@test "full NAT: fragments" {
	full_nat proto udp
	agent echo ns=$C dst=$VIP size=4000 n=5
	got 'ok == 5'
	agent fragments ns=$C src=10.0.0.3 dst=$VIP reverse=1
	got 'fragments == 3 && echoed == 1'
	lb add six vip $VIP6 proto udp mode full-nat
	lb add six backend "$SIX1"
	agent echo ns=$C dst=$VIP6 size=4000 n=5
	got 'ok == 5'
}

@test "full NAT: smaller MTUs on both sides" {
	full_nat
	lb del web backend $B2
	lb del web backend $B3
	ip -n $D route replace 10.0.1.11/32 dev lb-1 src 10.0.1.1 mtu lock 1300
	agent bulk ns=$C dst=$VIP up=500000 down=500000 src=10.0.0.31
	ip -n $D route replace 10.0.1.11/32 dev lb-1 src 10.0.1.1
	got 'up_same == 1 && down_same == 1 && mtu == 1300'
	ip -n $D route add 10.0.0.32/32 dev lb-c mtu lock 1300
	agent bulk ns=$C dst=$VIP up=500000 down=500000 src=10.0.0.32
	ip -n $D route del 10.0.0.32/32
	ip -n $C route flush cache
	ip -n lb-1 route flush cache
	got 'up_same == 1 && down_same == 1'
}

@test "full NAT: ICMP errors, both ways" {
	local six

	full_nat
	lb del web backend $B2
	lb del web backend $B3
	lb add six vip $VIP6 mode full-nat
	lb add six backend "$SIX1"
	agent hold job=four ns=$C dst=$VIP n=1 src=10.0.0.40
	got 'b1 == 1'
	agent hold job=six ns=$C dst=$VIP6 n=1 src=fd00::40
	for what in toobig unreach; do
		for side in backend client; do
			agent icmp job=four ns=$C backend_ns=lb-1 backend=$B1 \
				side=$side what=$what source=10.0.1.1
			got 'arrived == 1 && outer == 1 && inner == 1 && intact == 1'
			agent icmp job=six ns=$C backend_ns=lb-1 backend=$SIX1 \
				side=$side what=$what source=fd00:1::1
			got 'arrived == 1 && outer == 1 && inner == 1 && intact == 1'
		done
	done
	agent ask job=four
	got 'ok == 1'
	agent ask job=six
	got 'ok == 1'
	for six in "" -6; do
		ip -n $C $six route flush cache
		ip -n lb-1 $six route flush cache
	done
}

@test "full NAT: UDP to a closed port: the client is told" {
	full_nat proto udp
	agent deaf name=b1
	agent deaf name=b2
	agent deaf name=b3
	agent load ns=$C dst=$VIP proto=udp n=3 timeout=2
	got 'refused == 3'
}

@test "full NAT: what is cut off is reset, on both sides" {
	full_nat
	agent hold job=held ns=$C dst=$VIP n=6
	got 'ok == 6 && b1 == 2'
	lb set web backend $B1 offline
	agent ask job=held
	got 'ok == 4 && reset == 2'
	[ -z "$(peers lb-1)" ]
	lb del web backend $B2 reset
	agent ask job=held
	got 'ok == 2 && reset == 2'
	[ -z "$(peers lb-2)" ]
}

@test "full NAT: nothing fails while everything changes" {
	full_nat health tcp interval 1s
	agent start job=load ns=$C dst=$VIP conc=4 keep=5 src=10.0.0.2-65
	lb set web policy weighted-round-robin
	lb set web backend $B1 weight 9
	lb drain web $B2
	lb set web policy maglev
	lb set web backend $B2 online
	lb del web backend $B3
	lb add web backend $B3
	lb set web policy least-connections affinity 5s
	agent sleep seconds=1
	agent stop job=load
	got 'ok > 100 && failed == 0 && moved == 0'
	look
	is s1_state healthy
}

@test "full NAT: a killed backend is left within its checks" {
	full_nat health tcp interval 1s fall 1 timeout 300ms
	agent kill name=b1
	until_is 5 s1_state unhealthy
	agent load ns=$C dst=$VIP n=60
	got 'ok == 60 && failed == 0 && b1 == 0'
	agent revive name=b1
	until_is 10 s1_state healthy
}

@test "full NAT: ports used again, by clients and by us" {
	full_nat
	ports_again $VIP "$(full 40 10)"
}

# all_errors: of ICMP are sent, however many there are
all_errors()
{
	local ns

	agent sysctl ns=$D name=net.ipv4.icmp_ratelimit value=0
	# what is for all errors together is the first namespace's before 6.13
	for ns in "" $D; do
		agent sysctl ns=$ns name=net.ipv4.icmp_msgs_per_sec value=1000000 || :
		agent sysctl ns=$ns name=net.ipv4.icmp_msgs_burst value=1000000 || :
	done
}

@test "full NAT: when the ports are used up, clients are turned away" {
	all_errors
	agent sysctl ns=$D name=net.ipv4.ip_local_port_range value=1024_64500
	: >"$BATS_TEST_TMPDIR/routeless"
	default_routes del
	lb add web vip $VIP proto udp mode full-nat
	lb add web backend $B1
	# 1035 ports are left, and a flow has its own for two minutes
	agent load ns=$C dst=$VIP proto=udp n=1150 src=10.0.0.2-65
	got 'ok > 900 && ok <= 1035 && refused == 1150 - ok'
	agent rayctl ns=$D args=lb,status,web
	got 's1_stats_dropped >= 115 && s1_stats_connections <= 1035'
	# another backend is another 1035
	lb add web backend $B2
	agent load ns=$C dst=$VIP proto=udp n=100
	got 'ok == 100 && b2 > 90'
}

@test "full NAT: TCP takes the ports of what is over" {
	agent sysctl ns=$D name=net.ipv4.ip_local_port_range value=1024_64500
	: >"$BATS_TEST_TMPDIR/routeless"
	default_routes del
	lb add web vip $VIP mode full-nat
	lb add web backend $B1
	agent load ns=$C dst=$VIP n=1300 rst=1 conc=2
	got "ok == 1300 && failed == 0"
}

@test "full NAT: sockets of the director keep what is theirs" {
	local port

	full_nat health tcp interval 1s
	agent start job=load ns=$C dst=$VIP conc=2
	agent load ns=$D dst=$B1 n=100
	got 'ok == 100 && b1 == 100'
	agent stop job=load
	got 'failed == 0'
	agent hold job=held ns=$C dst=$VIP n=3
	port=$(peers lb-1)
	port=${port##*:}
	((port > 60999 || port < 32768))
	# a socket that binds itself to this very port is told that it is in use
	agent load ns=$D dst=$B1 n=1 src=10.0.1.1 sport="$port"
	got 'refused == 1'
	agent load ns=$D dst=$B2 n=1 src=10.0.1.1 sport="$port"
	got 'ok == 1'
	agent ask job=held
	got 'ok == 3 && moved == 0'
	agent drop job=held rst=1
	# and has it when the flow is over
	agent load ns=$D dst=$B1 n=1 src=10.0.1.1 sport="$port"
	got 'ok == 1'
}

@test "full NAT: real clients and a real server" {
	local dir=$BATS_TEST_TMPDIR

	nginx_in lb-1 81 n1
	nginx_in lb-2 81 n2
	: >"$BATS_TEST_TMPDIR/routeless"
	default_routes del
	lb add web vip $VIP mode full-nat
	backends web 10.0.1.11:81 10.0.1.12:81
	ip netns exec $C ab -q -n "$(full 2000 200)" -c 8 "http://$VIP/" >"$dir/ab"
	grep -E 'Failed requests: +0$' "$dir/ab"
	ip netns exec $C wrk -t 1 -c 8 -d 2 "http://$VIP/" >"$dir/wrk"
	cat "$dir/wrk"
	grep -q 'requests in' "$dir/wrk"
	has_not 'Socket errors|Non-2xx' "$dir/wrk"
}

@test "what modes are refused" {
	refused 2 'source and virtual address are of different address families' \
		lb add web vip $VIP mode full-nat source fd00::1
	refused 2 'not an address that a host can have beyond its link' \
		lb add web vip $VIP mode full-nat source 224.0.0.1
	refused 2 'only with full NAT is there a source address' \
		lb add web vip $VIP source 10.0.1.1
	refused 2 'only with full NAT is there a source address' \
		lb add web vip $VIP mode dsr source 10.0.1.1
	refused 1 '"mode" cannot be changed' lb set web mode dsr
	lb add web vip $VIP8 mode dsr
	refused 2 'with direct return a backend has the port of the virtual address' \
		lb add web backend 10.0.1.11:80
	refused 2 'with direct return a backend is on a link of this host' \
		lb add web backend 10.0.0.1:8080
	refused 2 'with direct return a backend is on a link of this host' \
		lb add web backend 192.0.2.1:8080
	ip -n $D route add 192.0.2.0/24 via 10.0.0.2
	refused 2 'with direct return a backend is on a link of this host' \
		lb add web backend 192.0.2.1:8080
	ip -n $D route del 192.0.2.0/24
	ip -n $D -6 route add 2001:db8:9::/64 via fd00::2
	lb add six vip $VIP86 mode dsr
	refused 2 'with direct return a backend is on a link of this host' \
		lb add six backend '[2001:db8:9::1]:8080'
	refused 2 'with direct return a backend is on a link of this host' \
		lb add six backend '[fd00::1]:8080'
	ip -n $D -6 route del 2001:db8:9::/64
	agent rayctl ns=$D args=lb,backends
	got 'nr == 0'
}

@test "direct return: answers bypass the director" {
	dsr
	agent load ns=$C dst=$VIP8 n=90 src=10.0.0.2-65
	got 'ok == 90 && failed == 0 && b1 == 30 && b2 == 30 && b3 == 30'
	agent load ns=$C dst=$VIP8 n=100 keep=10 conc=4
	got 'ok == 100 && failed == 0 && moved == 0'
	agent bulk ns=$C dst=$VIP8 up=4000000 down=4000000
	got 'up_same == 1 && down_same == 1'
	look
	got 's1_stats_bytes_out + s2_stats_bytes_out + s3_stats_bytes_out == 0'
	got 's1_stats_bytes_in + s2_stats_bytes_in + s3_stats_bytes_in > 4000000'
	# the client's FIN is all that is seen of the end
	got 's1_active == 0 && s2_active == 0 && s3_active == 0'
	agent hold job=held ns=$C dst=$VIP8 n=3
	look
	got 's1_active == 1 && s2_active == 1'
	agent drop job=held rst=1
	until_so 5 's1_active == 0 && s2_active == 0 && s3_active == 0'
}

@test "direct return: IPv6, UDP, and both" {
	dsr6
	agent load ns=$C dst=$VIP86 n=60 src=fd00::2-65
	got 'ok == 60 && failed == 0 && b1 == 20'
	agent bulk ns=$C dst=$VIP86 up=3000000 down=3000000
	got 'up_same == 1 && down_same == 1'
	lb add u6 vip $VIP86 proto udp mode dsr
	backends u6 "$SIX1" "$SIX2"
	agent load ns=$C dst=$VIP86 proto=udp n=60
	got 'ok == 60 && b1 == 30 && b2 == 30'
	lb add u4 vip $VIP8 proto udp mode dsr
	backends u4 $B1 $B2
	agent load ns=$C dst=$VIP8 proto=udp n=90 keep=30
	got 'ok == 90 && moved == 0 && conns == 3'
	agent rayctl ns=$D args=lb,backends
	got 's1_stats_bytes_out == 0 && s4_stats_bytes_out == 0'
}

@test "direct return: fragments" {
	dsr proto udp
	agent echo ns=$C dst=$VIP8 size=4000 n=5
	got 'ok == 5'
	agent fragments ns=$C src=10.0.0.3 dst=$VIP8 reverse=1
	got 'fragments == 3 && echoed == 1'
	lb add six vip $VIP86 proto udp mode dsr
	lb add six backend "$SIX1"
	agent echo ns=$C dst=$VIP86 size=4000 n=5
	got 'ok == 5'
}

@test "direct return: a smaller MTU behind us, and errors about answers" {
	direct_up
	lb add web vip $VIP8 mode dsr
	ip -n $D route replace 10.0.1.11/32 dev lb-1 src 10.0.1.1 mtu lock 1300
	lb add web backend $B1
	agent bulk ns=$C dst=$VIP8 up=500000 down=500000 src=10.0.0.31
	ip -n $D route replace 10.0.1.11/32 dev lb-1 src 10.0.1.1
	ip -n $C route flush cache
	got 'up_same == 1 && down_same == 1 && mtu == 1300'
	lb add six vip $VIP86 mode dsr
	lb add six backend "$SIX1"
	agent hold job=four ns=$C dst=$VIP8 n=1 src=10.0.0.40
	agent hold job=six ns=$C dst=$VIP86 n=1 src=fd00::40
	for what in toobig unreach; do
		agent icmp job=four ns=$C backend_ns=lb-1 backend=$B1 \
			side=client what=$what direct=1
		got 'arrived == 1 && outer == 1 && inner == 1 && intact == 1'
		agent icmp job=six ns=$C backend_ns=lb-1 backend=$SIX1 \
			side=client what=$what direct=1
		got 'arrived == 1 && outer == 1 && inner == 1 && intact == 1'
	done
	agent ask job=four
	got 'ok == 1'
	ip -n lb-1 route flush cache
	ip -n lb-1 -6 route flush cache
}

@test "direct return: a client on the director itself" {
	dsr
	agent load ns=$D dst=$VIP8 n=30 keep=2
	got 'ok == 30 && failed == 0 && b1 == 5'
	agent bulk ns=$D dst=$VIP8 up=1000000 down=1000000
	got 'up_same == 1 && down_same == 1'
}

@test "direct return: what is cut off is reset, on both sides" {
	dsr
	agent hold job=held ns=$C dst=$VIP8 n=6
	got 'ok == 6 && b1 == 2'
	[ "$(peers lb-1 | wc -l)" -eq 2 ]
	lb set web backend $B1 offline
	agent ask job=held
	got 'ok == 4 && reset == 2'
	[ -z "$(peers lb-1)" ]
	agent load ns=$C dst=$VIP8 n=20
	got 'ok == 20 && b1 == 0'
}

@test "direct return: drain, checks, and ports used again" {
	dsr health tcp interval 1s fall 1 timeout 300ms
	agent hold job=held ns=$C dst=$VIP8 n=3
	lb drain web $B1
	agent load ns=$C dst=$VIP8 n=20
	got 'ok == 20 && b1 == 0'
	agent ask job=held
	got 'ok == 3'
	agent drop job=held
	until_is 5 s1_state offline
	lb set web backend $B1 online
	ports_again $VIP8 "$(full 40 10)"
	agent kill name=b2
	until_is 5 s2_state unhealthy
	agent load ns=$C dst=$VIP8 n=60
	got 'ok == 60 && failed == 0 && b2 == 0'
}

@test "direct return: a full flow table carries on without flows" {
	local job

	timeout 60 rmmod rayos_lb
	insert flow_bits=10 max_flows=64
	dsr policy maglev
	lb add six vip $VIP86 mode dsr policy maglev
	backends six "$SIX1" "$SIX2" "$SIX3"
	lb add udp vip $VIP8 proto udp mode dsr policy ip-hash
	backends udp $B1 $B2 $B3
	agent hold job=flows ns=$C dst=$VIP8 n=64
	got 'ok == 64'
	agent hold job=four ns=$C dst=$VIP8 n=40
	got 'ok == 40 && failed == 0'
	agent hold job=six ns=$C dst=$VIP86 n=40
	got 'ok == 40 && failed == 0 && b1 > 0 && b2 > 0 && b3 > 0'
	agent bulk ns=$C dst=$VIP8 up=300000 down=300000
	got 'up_same == 1 && down_same == 1'
	agent echo ns=$C dst=$VIP8 size=4000 n=5
	got 'ok == 5 && failed == 0'
	for job in flows four six; do
		agent ask job=$job
		got 'ok == open && failed == 0 && moved == 0 && open >= 40'
	done
	agent view ns=$D file=$LB_STATUS
	got 'flows == 64'
	agent rayctl ns=$D args=lb,status
	for job in 1 2 3; do
		got "s${job}_stats_stateless > 0 && s${job}_stats_dropped == 0"
	done
	for job in flows four six; do agent drop job=$job; done
	timeout 60 rmmod rayos_lb
	insert
}

@test "direct return: a real server that has the virtual address only" {
	local dir=$BATS_TEST_TMPDIR

	direct_up
	nginx_in lb-1 81 n1
	nginx_in lb-2 81 n2
	lb add web vip 10.0.0.100:81 mode dsr
	backends web 10.0.1.11:81 10.0.1.12:81
	ip netns exec $C ab -q -n "$(full 2000 200)" -c 8 \
		"http://10.0.0.100:81/" >"$dir/ab"
	grep -E 'Failed requests: +0$' "$dir/ab"
	look
	got 's1_stats_connections > 90 && s1_stats_bytes_out == 0'
}
