#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The fast path: that packets take it, that the rules of others keep them off
# it, and that all is the same without it.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common

FAST=/sys/module/rayos_lb/parameters/fast_path

teardown()
{
	echo Y >$FAST
	ip netns exec $D nft flush ruleset
	clean_up
}

# state_is WORD: what the module says of it, once devices are tapped
state_is()
{
	until_is 10 fast_path "$1" agent view file=$LB_STATUS ns=$D
}

# received: how many packets the stack of the director has seen
received()
{
	agent snmp ns=$D name=Ip.InReceives
}

# carries N: so many requests go well, of which the stack sees $seen packets
carries()
{
	local before

	received
	before=${R[value]}
	agent load ns=$C dst=$VIP n="$1"
	got "ok == $1 && failed == 0" || return
	received
	seen=$((R[value] - before))
	echo "the stack saw $seen packets"
}

@test "packets pass by the stack" {
	web
	state_is on
	# neighbours and routes are found by the first ones
	carries 10
	carries 100
	# each has ten packets at least
	((seen < 100))
	echo N >$FAST
	state_is off
	carries 100
	((seen > 800))
}

@test "rules before us and behind us are heeded" {
	local chain

	web
	state_is on
	for chain in prerouting:-300 postrouting:100; do
		ip netns exec $D nft -f - <<-END
		table ip beside {
			chain c {
				type filter hook ${chain%:*} priority ${chain#*:}
				tcp sport 80 counter
				tcp dport { 80, 8080 } counter
			}
		}
		END
		state_is ipv6
		carries 100
		((seen > 800))
		ip netns exec $D nft list ruleset >"$BATS_TEST_TMPDIR/rules"
		cat "$BATS_TEST_TMPDIR/rules"
		grep -qE 'dport .* packets [1-9][0-9]{2}' "$BATS_TEST_TMPDIR/rules"
		ip netns exec $D nft delete table ip beside
		state_is on
	done
}

@test "a rule that drops cuts off what is open" {
	web
	agent hold job=h ns=$C dst=$VIP n=1 timeout=1
	agent ask job=h
	got 'ok == 1'
	ip netns exec $D nft -f - <<-END
	table ip beside {
		chain pre {
			type filter hook prerouting priority raw
			tcp dport 80 drop
		}
	}
	END
	agent load ns=$C dst=$VIP n=1 timeout=0.5
	got 'timeout == 1'
	agent ask job=h
	got 'ok == 0'
}

@test "conntrack and NAT of others keep nobody off it" {
	web
	ip netns exec $D nft -f - <<-END
	table ip nat {
		chain post {
			type nat hook postrouting priority srcnat
			ip daddr 192.0.2.1 masquerade
		}
	}
	END
	state_is on
	carries 10
	carries 100
	((seen < 100))
}

@test "without it: TCP and datagrams, IPv4 and IPv6, large segments" {
	local n

	echo N >$FAST
	n=$(full 100 30)
	web
	lb add six vip "$VIP6" && backends six "$SIX1" "$SIX2" "$SIX3"
	lb add dns vip "$VIP" proto udp && backends dns "$B1" "$B2" "$B3"
	agent load ns=$C dst=$VIP n="$n"
	got "ok == $n && failed == 0 && b1 > 0 && b2 > 0 && b3 > 0"
	agent load ns=$C dst="$VIP6" n="$n"
	got "ok == $n && failed == 0 && b1 > 0 && b2 > 0 && b3 > 0"
	agent load ns=$C dst=$VIP n="$n" proto=udp
	got "ok == $n && failed == 0 && b1 > 0 && b2 > 0 && b3 > 0"
	agent bulk ns=$C dst=$VIP up=2000000 down=2000000
	got 'up_same == 1 && down_same == 1'
	agent bulk ns=$C dst="$VIP6" up=2000000 down=2000000
	got 'up_same == 1 && down_same == 1'
}

@test "without it: a smaller MTU on either side" {
	echo N >$FAST
	lb add web vip "$VIP" && lb add web backend "$B1"
	ip -n $D route replace 10.0.1.11/32 dev lb-1 src 10.0.1.1 mtu 1300
	agent bulk ns=$C dst=$VIP up=300000 down=300000
	ip -n $D route replace 10.0.1.11/32 dev lb-1 src 10.0.1.1
	got 'up_same == 1 && down_same == 1'
}

@test "it is turned on and off under load" {
	local i

	web
	agent start job=load ns=$C dst=$VIP conc=4 keep=5
	for ((i = 0; i < 20; i++)); do
		echo N >$FAST
		agent sleep seconds=0.05
		echo Y >$FAST
		agent sleep seconds=0.05
	done
	agent stop job=load
	got 'ok > 20 && failed == 0'
}
