# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A client, a director and some backends, each a network namespace:
#
#   PREFIXclient --- PREFIXdirector --+-- PREFIX1
#     10.0.0.2          10.0.0.1      +-- PREFIX2      10.0.1.11, .12, .13 ...
#                       10.0.1.1      +-- PREFIX3
#
# The VIPs 10.0.0.100 and fd00:0::100 are addresses of the director.  The
# client has many addresses, so that policies which look at them have something
# to look at.  Every route leads over the director, where ip_forward is off:
# what passes has been carried by a balancer.
#
#   topo_up [PREFIX [BACKENDS]]   make it; "lb-" and 3 by default
#   topo_down [PREFIX]            leave nothing of it
#
# With TOPO_INIT=1 the director is the namespace that the caller is in.
#
# Everything goes through "ip -batch": to start a process is what costs time
# in an emulated or user-mode kernel.

TOPO_CLIENTS=${TOPO_CLIENTS:-64}

# topo_director: words which make "ip" act in the director's namespace
topo_director()
{
	[ -n "${TOPO_INIT:-}" ] || echo "-n ${1}director"
}

topo_up()
{
	local p=${1:-lb-} n=${2:-3} i d
	local into="netns ${p}director"

	[ -z "${TOPO_INIT:-}" ] || into=""
	d=$(topo_director "$p")
	topo_links "$p" "$n" "$into" | ip -batch - || return
	topo_client | ip -n "${p}client" -batch - || return
	# shellcheck disable=SC2086 # two words or none
	topo_middle "$p" "$n" | ip $d -batch - || return
	for ((i = 1; i <= n; i++)); do
		topo_backend "$i" | ip -n "$p$i" -batch - || return
	done
	topo_no_forwarding "$p"
}

topo_links()
{
	local p=$1 n=$2 into=$3 i

	[ -z "$into" ] || echo "netns add ${p}director"
	echo "netns add ${p}client"
	echo "link add ${p}c $into type veth peer name eth0 netns ${p}client"
	for ((i = 1; i <= n; i++)); do
		echo "netns add $p$i"
		echo "link add $p$i $into type veth peer name eth0 netns $p$i"
	done
}

topo_client()
{
	local i

	echo "link set lo up"
	echo "link set eth0 up"
	for ((i = 2; i < TOPO_CLIENTS + 2; i++)); do
		echo "address add 10.0.0.$i/24 dev eth0"
		echo "address add fd00::$i/64 dev eth0 nodad"
	done
	echo "route add default via 10.0.0.1"
	echo "route add default via fd00::1"
}

topo_middle()
{
	local p=$1 n=$2 i

	[ -n "${TOPO_INIT:-}" ] || echo "link set lo up"
	echo "link set ${p}c up"
	echo "address add 10.0.0.1/24 dev ${p}c"
	echo "address add 10.0.0.100/32 dev ${p}c"
	echo "address add fd00::1/64 dev ${p}c nodad"
	echo "address add fd00::100/128 dev ${p}c nodad"
	for ((i = 1; i <= n; i++)); do
		echo "link set $p$i up"
		echo "address add 10.0.1.1/32 dev $p$i"
		echo "address add fd00:1::1/128 dev $p$i nodad"
		echo "route add 10.0.1.$((10 + i))/32 dev $p$i src 10.0.1.1"
		echo "route add fd00:1::$((10 + i))/128 dev $p$i"
	done
}

topo_backend()
{
	local i=$1

	echo "link set lo up"
	echo "link set eth0 up"
	echo "address add 10.0.1.$((10 + i))/24 dev eth0"
	echo "address add fd00:1::$((10 + i))/64 dev eth0 nodad"
	echo "route add default via 10.0.1.1"
	echo "route add default via fd00:1::1"
}

# A new namespace takes ip_forward from the first one, which may be a router.
topo_no_forwarding()
{
	local p=$1

	[ -z "${TOPO_INIT:-}" ] || return 0
	# shellcheck disable=SC2016 # the inner shell expands
	ip netns exec "${p}director" bash -c '
		echo 0 >/proc/sys/net/ipv4/ip_forward
		for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >"$f"; done
	'
}

# The names are made of the prefix and nothing else is touched, so that this
# may follow a topo_up which stopped half way.
topo_down()
{
	local p=${1:-lb-} ns

	for ns in /run/netns/"$p"*; do
		[ -e "$ns" ] && echo "netns del ${ns##*/}"
	done | ip -batch - 2>/dev/null
	[ ! -e "/sys/class/net/${p}c" ] || ip link del "${p}c" 2>/dev/null
	return 0
}
