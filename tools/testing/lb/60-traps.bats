#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Where load balancers of this layer fail: sizes, fragments, errors, checksums,
# neighbours in the kernel, and devices that come, go or are not plain.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common

# one [WORD...]: a balancer "web" over b1 alone
one()
{
	lb add web vip "$VIP" "$@" && lb add web backend "$B1"
}

one6()
{
	lb add web vip "$VIP6" "$@" && lb add web backend "$SIX1"
}

teardown()
{
	[ ! -e /run/netns/x-director ] || extra_down
	ip -n $D route replace 10.0.1.11/32 dev lb-1 src 10.0.1.1
	ip -n $D -6 route replace fd00:1::11/128 dev lb-1
	clean_up
}

# a network of its own for what happens to devices, with one backend b8
extra_up()
{
	topo_up x- 1
	agent serve name=b8 ns=x-1
}

extra_down()
{
	agent reset
	agent remove name=b8
	topo_down x-
}

xlb()
{
	rayctl -n x-director lb "$@"
}

@test "large segments: TSO, GSO and GRO, both ways" {
	local n
	n=$(full 8000000 2000000)

	one
	agent bulk ns=$C dst=$VIP up="$n" down="$n"
	got 'up_same == 1 && down_same == 1'
	for ns in $C lb-1; do agent offload ns=$ns dev=eth0 gro=1; done
	agent offload ns=$D dev=lb-c gro=1
	agent offload ns=$D dev=lb-1 gro=1
	agent bulk ns=$C dst=$VIP up="$n" down="$n"
	got 'up_same == 1 && down_same == 1'
	agent offload ns=$C dev=eth0 gro=0 tso=0 gso=0
	agent offload ns=lb-1 dev=eth0 gro=0 tso=0 gso=0
	agent bulk ns=$C dst=$VIP up="$n" down="$n"
	got 'up_same == 1 && down_same == 1'
	agent offload ns=$C dev=eth0 gso=1 tso=1
	agent offload ns=lb-1 dev=eth0 gso=1 tso=1
	agent offload ns=$D dev=lb-c gro=0
	agent offload ns=$D dev=lb-1 gro=0
}

# lro_ends DEVICE: the module turns it off before long in the director
lro_ends()
{
	local end=$((SECONDS + 30))

	while ip netns exec $D ethtool -k "$1" |
	      grep -q '^large-receive-offload: on'; do
		((SECONDS < end)) || return
		agent sleep seconds=0.1
	done
}

@test "large receive offload is turned off, and stays so" {
	local dev driver=/sys/bus/pci/drivers/vmxnet3

	[[ $RAYOS_LANE = stock-* ]] ||
		skip "no device here has it; KUnit's suite of devices makes one"
	modprobe vmxnet3
	dev=$(basename "$driver"/0*/net/*)
	ethtool -k "$dev" | grep -q '^large-receive-offload: on'
	ip link set "$dev" netns $D
	web
	lro_ends "$dev"
	ip -n $D link set "$dev" up
	ip netns exec $D ethtool -K "$dev" lro on
	lro_ends "$dev"
	# nor does one keep it that comes later
	ip -n $D link set "$dev" down
	ip -n $D link set "$dev" netns 1
	ethtool -K "$dev" lro on
	ip link set "$dev" netns $D
	lro_ends "$dev"
	modprobe -r vmxnet3
}

@test "checksums of our own making: TX offload off" {
	one
	agent offload ns=$C dev=eth0 tx=0
	agent offload ns=lb-1 dev=eth0 tx=0
	agent bulk ns=$C dst=$VIP up=500000 down=500000
	got 'up_same == 1 && down_same == 1'
	agent offload ns=$C dev=eth0 tx=1 tso=1
	agent offload ns=lb-1 dev=eth0 tx=1 tso=1
}

@test "IPv6: large segments" {
	one6
	agent bulk ns=$C dst=$VIP6 up=3000000 down=3000000
	got 'up_same == 1 && down_same == 1'
}

@test "a smaller MTU behind us: the client is told" {
	one
	ip -n $D route replace 10.0.1.11/32 dev lb-1 src 10.0.1.1 mtu lock 1300
	agent bulk ns=$C dst=$VIP up=500000 down=500000 src=10.0.0.31
	got 'up_same == 1 && down_same == 1 && mtu == 1300'
	ip -n $C route flush cache
}

@test "a smaller MTU before us: the backend is told" {
	one
	ip -n $D route add 10.0.0.32/32 dev lb-c mtu lock 1300
	agent bulk ns=$C dst=$VIP up=500000 down=500000 src=10.0.0.32
	ip -n $D route del 10.0.0.32/32
	ip -n lb-1 route flush cache
	got 'up_same == 1 && down_same == 1'
}

@test "IPv6: smaller MTUs on both sides" {
	one6
	ip -n $D -6 route replace fd00:1::11/128 dev lb-1 mtu 1300
	agent bulk ns=$C dst=$VIP6 up=500000 down=500000 src=fd00::31
	got 'up_same == 1 && down_same == 1 && mtu == 1300'
	ip -n $D -6 route replace fd00:1::11/128 dev lb-1
	ip -n $D -6 route add fd00::32/128 dev lb-c mtu 1300
	agent bulk ns=$C dst=$VIP6 up=500000 down=500000 src=fd00::32
	ip -n $D -6 route del fd00::32/128
	ip -n $C -6 route flush cache
	ip -n lb-1 -6 route flush cache
	got 'up_same == 1 && down_same == 1'
}

@test "IPv4: fragments, in order and not" {
	one proto udp
	agent echo ns=$C dst=$VIP size=4000 n=5
	got 'ok == 5 && b1 == 5'
	agent fragments ns=$C src=10.0.0.2 dst=$VIP reverse=0
	got 'fragments == 3 && echoed == 1'
	agent fragments ns=$C src=10.0.0.3 dst=$VIP reverse=1
	got 'fragments == 3 && echoed == 1'
}

@test "IPv6: fragments, in order and not" {
	one6 proto udp
	agent echo ns=$C dst=$VIP6 size=4000 n=5
	got 'ok == 5 && b1 == 5'
	agent fragments ns=$C src=fd00::2 dst=$VIP6 reverse=0
	got 'fragments == 3 && echoed == 1'
}

@test "IPv6: extension headers" {
	one6 proto udp
	agent options ns=$C src=fd00::2 dst=$VIP6
	got 'echoed == 1'
}

@test "UDP checksums: none stays none, zero becomes ffff, the rest is right" {
	one proto udp
	agent udp-sums ns=$C src=10.0.0.2 dst=$VIP backend_ns=lb-1 backend=$B1
	got 'zero == 1 && right == 1 && ffff == 1'
	agent echo ns=$C dst=$VIP nocheck=1 n=3
	got 'ok == 3'
}

@test "IPv6: UDP checksums" {
	one6 proto udp
	agent udp-sums ns=$C src=fd00::2 dst=$VIP6 backend_ns=lb-1 backend=$SIX1
	got 'right == 1 && ffff == 1'
}

@test "ICMP errors with eight bytes of the segment, both ways" {
	one
	agent hold job=held ns=$C dst=$VIP n=1 src=10.0.0.40
	for what in toobig unreach; do
		for side in backend client; do
			agent icmp job=held ns=$C backend_ns=lb-1 backend=$B1 \
				side=$side what=$what
			got 'arrived == 1 && outer == 1 && inner == 1 && intact == 1'
		done
	done
	agent ask job=held
	got 'ok == 1'
	look
	got 's1_stats_unreachable >= 1'
	ip -n $C route flush cache
	ip -n lb-1 route flush cache
}

@test "ICMPv6 errors with eight bytes of the segment, both ways" {
	one6
	agent hold job=held ns=$C dst=$VIP6 n=1 src=fd00::40
	for what in toobig unreach; do
		for side in backend client; do
			agent icmp job=held ns=$C backend_ns=lb-1 \
				backend=$SIX1 side=$side what=$what
			got 'arrived == 1 && outer == 1 && inner == 1 && intact == 1'
		done
	done
	agent ask job=held
	got 'ok == 1'
	ip -n $C -6 route flush cache
	ip -n lb-1 -6 route flush cache
}

@test "UDP to a closed port: the client is told" {
	one proto udp
	agent deaf name=b1
	agent load ns=$C dst=$VIP proto=udp n=3 timeout=2
	got 'refused == 3'
	look
	got 's1_stats_unreachable == 3'
}

@test "TTL is counted down, and ends" {
	one proto udp
	agent ttl ns=$C dst=$VIP backend_ns=lb-1 hops=44
	got 'ttl == 43'
	agent ttl ns=$C dst=$VIP backend_ns=lb-1 hops=1
	got 'ttl == -1 && expired == 1'
	lb del web
	one6 proto udp
	agent ttl ns=$C dst=$VIP6 backend_ns=lb-1 hops=44
	got 'ttl == 43'
	agent ttl ns=$C dst=$VIP6 backend_ns=lb-1 hops=1
	got 'ttl == -1 && expired == 1'
}

@test "neighbour discovery and ARP are not ours" {
	lb add web vip '[fd00::1]:80'
	lb add web backend $SIX1
	lb add old vip 10.0.0.1:80
	lb add old backend $B1
	for ns in $C $D lb-1; do ip -n $ns neigh flush all; done
	agent load ns=$C dst='[fd00::1]:80' n=5
	got 'ok == 5'
	agent load ns=$C dst=10.0.0.1:80 n=5
	got 'ok == 5'
	agent ping ns=$C dst=fd00::1
	got 'ok == 3'
}

@test "a client on the director itself" {
	web
	agent load ns=$D dst=$VIP n=30 keep=2
	got 'ok == 30 && failed == 0 && moved == 0 && b1 == 5 && b2 == 5'
	agent bulk ns=$D dst=$VIP up=1000000 down=1000000
	got 'up_same == 1 && down_same == 1'
	lb del web
	web6 proto udp
	agent load ns=$D dst=$VIP6 proto=udp n=30
	got 'ok == 30 && b1 == 10'
}

@test "a backend on the director itself" {
	agent serve name=b9 ns=$D port=8090
	lb add web vip $VIP
	backends web 10.0.0.1:8090 $B1
	agent load ns=$C dst=$VIP n=20
	got 'ok == 20 && b9 == 10 && b1 == 10'
	agent load ns=$D dst=$VIP n=20
	got 'ok == 20 && b9 == 10'
	agent bulk ns=$C dst=$VIP up=1000000 down=1000000
	got 'up_same == 1 && down_same == 1'
	agent remove name=b9
}

@test "ports used again: no segment is lost, no second is waited" {
	local before n

	n=$(full 40 10)
	web
	ports_again $VIP "$n"
	# to a backend which drains now, a port may not be tied
	agent snmp ns=$C name=Tcp.RetransSegs
	before=${R[value]}
	lb drain web $B1
	agent load ns=$C dst=$VIP n="$n" sport=2349 src=10.0.0.9 rst=1
	got "ok == $n && b1 == 0"
	none_twice "$before"
}

@test "ports used again for another balancer with the same server" {
	one
	lb add next vip 10.0.0.100:81
	lb add next backend $B1
	for _ in {1..5}; do
		agent load ns=$C dst=$VIP n=1 sport=2350 src=10.0.0.9
		got 'ok == 1'
		agent load ns=$C dst=10.0.0.100:81 n=1 sport=2350 src=10.0.0.9
		got 'ok == 1'
	done
	# at the same time the answers could not be told apart
	agent hold job=held ns=$C dst=$VIP n=1 sport=2351 src=10.0.0.9
	got 'ok == 1'
	agent load ns=$C dst=10.0.0.100:81 n=1 sport=2351 src=10.0.0.9
	got 'refused == 1'
	agent ask job=held
	got 'ok == 1 && moved == 0'
}

@test "conntrack and nft rules beside us go on as ever" {
	local rules=$BATS_TEST_TMPDIR/rules

	web
	ip netns exec $D nft -f - <<-END
	table inet beside {
		chain pre {
			type filter hook prerouting priority raw
			tcp dport 80 counter
		}
		chain forward {
			type filter hook forward priority filter; policy drop
			ct state established,related accept
			tcp dport 8080 ct state new counter accept
		}
	}
	table ip nat {
		chain post {
			type nat hook postrouting priority srcnat
			ip daddr 10.0.1.12 tcp dport 8080 counter masquerade
		}
	}
	END
	agent sysctl ns=$D name=net.ipv4.ip_forward value=1
	agent start job=load ns=$C dst=$VIP conc=2 keep=5
	agent load ns=$C dst=$B2 n=20
	got 'ok == 20 && b2 == 20'
	agent load ns=$C dst=10.0.1.12:99 n=1 timeout=0.5
	got 'timeout == 1'
	agent stop job=load
	got 'ok > 20 && failed == 0 && b1 > 0 && b2 > 0 && b3 > 0'
	agent sysctl ns=$D name=net.ipv4.ip_forward value=0
	ip netns exec $D nft list ruleset >"$rules"
	ip netns exec $D nft flush ruleset
	cat "$rules"
	grep -qE 'daddr 10.0.1.12.*counter packets 20 ' "$rules"
	grep -qE 'state new counter packets 20 ' "$rules"
	# rules of the raw table still see what we take
	grep -E 'dport 80 ' "$rules" | grep -qvE 'packets 0 '
	agent bulk ns=$C dst=$VIP up=300000 down=300000
	got 'up_same == 1 && down_same == 1'
}

@test "VLANs on both sides" {
	extra_up
	ip -n x-director -batch - <<-END
	link add link x-c name c10 type vlan id 10
	link add link x-1 name b20 type vlan id 20
	link set c10 up
	link set b20 up
	address add 10.0.2.1/24 dev c10
	address add 10.0.3.1/24 dev b20
	END
	ip -n x-client -batch - <<-END
	link add link eth0 name c10 type vlan id 10
	link set c10 up
	address add 10.0.2.2/24 dev c10
	END
	ip -n x-1 -batch - <<-END
	link add link eth0 name b20 type vlan id 20
	link set b20 up
	address add 10.0.3.11/24 dev b20
	route replace default via 10.0.3.1
	END
	xlb add web vip 10.0.2.1:80
	xlb add web backend 10.0.3.11:8080
	agent load ns=x-client dst=10.0.2.1:80 n=10
	got 'ok == 10 && b8 == 10'
	agent bulk ns=x-client dst=10.0.2.1:80 up=1000000 down=1000000
	got 'up_same == 1 && down_same == 1'
}

@test "clients behind a bridge" {
	extra_up
	ip -n x-director -batch - <<-END
	link add br0 type bridge
	link set x-c master br0
	address flush dev x-c
	link set br0 up
	address add 10.0.0.1/24 dev br0
	address add 10.0.0.100/32 dev br0
	address add fd00::1/64 dev br0 nodad
	address add fd00::100/128 dev br0 nodad
	END
	xlb add web vip $VIP
	xlb add web backend $B1
	xlb add six vip $VIP6
	xlb add six backend $SIX1
	agent load ns=x-client dst=$VIP n=10 timeout=20
	got 'ok == 10 && b8 == 10'
	agent load ns=x-client dst=$VIP6 n=10 timeout=20
	got 'ok == 10 && b8 == 10'
	agent bulk ns=x-client dst=$VIP up=1000000 down=1000000
	got 'up_same == 1 && down_same == 1'
}

@test "a backend behind a tunnel, whose header is longer" {
	extra_up
	ip -n x-director -batch - <<-END
	link add t1 type ipip local 10.0.1.1 remote 10.0.1.11
	link set t1 up
	address add 10.0.4.1/24 dev t1
	END
	ip -n x-1 -batch - <<-END
	link add t1 type ipip local 10.0.1.11 remote 10.0.1.1
	link set t1 up
	address add 10.0.4.11/24 dev t1
	route replace default dev t1
	END
	xlb add web vip $VIP
	xlb add web backend 10.0.4.11:8080
	agent load ns=x-client dst=$VIP n=10
	got 'ok == 10 && b8 == 10'
	agent bulk ns=x-client dst=$VIP up=1000000 down=1000000
	got 'up_same == 1 && down_same == 1'
}

@test "a device goes while flows run over it" {
	extra_up
	xlb add web vip $VIP health tcp interval 1s fall 1 timeout 300ms
	xlb add web backend $B1
	xlb add six vip $VIP6
	xlb add six backend $SIX1
	agent hold job=four ns=x-client dst=$VIP n=5
	got 'ok == 5'
	agent hold job=six ns=x-client dst=$VIP6 n=5
	got 'ok == 5'
	agent start job=load ns=x-client dst=$VIP conc=2 keep=3 timeout=2
	# it would hang here if a route of ours held the device
	timeout 30 ip -n x-director link del x-1
	timeout 30 ip -n x-director link del x-c
	agent stop job=load
	agent drop job=four rst=1
	agent drop job=six rst=1
	has_not 'waiting for (x-1|x-c|lo) to become free' <(dmesg)
}

@test "a route that changes is followed" {
	one
	agent hold job=held ns=$C dst=$VIP n=3
	# the way to b1 now leads over a new address of lb-2's link
	ip -n lb-2 address add 10.0.1.11/32 dev eth0
	ip -n $D route replace 10.0.1.11/32 dev lb-2 src 10.0.1.1
	agent load ns=$C dst=$VIP n=5
	got 'ok == 5 && b2 == 5'
	ip -n $D route replace 10.0.1.11/32 dev lb-1 src 10.0.1.1
	ip -n lb-2 address del 10.0.1.11/32 dev eth0
	agent ask job=held
	got 'ok == 3 && b1 == 3 && moved == 0'
}
