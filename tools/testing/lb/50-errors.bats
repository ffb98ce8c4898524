#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Bad input: one clear line, the right exit status, and nothing changed.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common

LONG=$(printf 'x%.0s' {1..32})

setup()
{
	oldest_and_newest
	agent reset
	web affinity 60s rise 5 fall 7 interval 9s
	lb add six vip $VIP6
	lb add six backend $SIX1
	agent save key=status ns=$D args=lb,status
	agent save key=backends ns=$D args=lb,backends
}

unchanged()
{
	agent same key=status ns=$D args=lb,status
	got 'same == 1'
	agent same key=backends ns=$D args=lb,backends
	got 'same == 1'
}

@test "words that are none" {
	refused 1 nonsense rayctl nonsense
	refused 1 nonsense rayctl lb nonsense
	refused 1 --nonsense rayctl --nonsense lb
	refused 1 colour lb add other vip 10.0.0.100:81 colour red
	refused 1 colour lb set web colour red
	refused 1 colour lb set web backend $B1 colour red
	refused 1 colour lb del web colour
	refused 1 fastest lb set web policy fastest
	refused 1 sctp lb add other vip 10.0.0.100:81 proto sctp
	refused 1 icmp lb set web health icmp
	refused 1 maybe lb set web when-down maybe
	refused 1 s lb set web policy least-connections policy
	unchanged
}

@test "words that are missing or come twice" {
	refused 1 NAME lb add
	refused 1 vip lb add other
	refused 1 vip lb add other policy maglev
	refused 1 policy lb set web policy
	refused 1 weight lb set web backend $B1 weight
	refused 1 "nothing to set" lb set web
	refused 1 ADDR lb add web backend
	refused 1 ADDR lb drain web
	refused 1 '"policy"' lb set web policy maglev policy random
	refused 1 '"vip"' lb add other vip 10.0.0.100:81 vip 10.0.0.100:82
	unchanged
}

@test "addresses and ports" {
	refused 1 10.0.0.100:0 lb add other vip 10.0.0.100:0
	refused 1 10.0.0.100:99999 lb add other vip 10.0.0.100:99999
	refused 1 10.0.0.100:-1 lb add other vip 10.0.0.100:-1
	refused 1 10.0.0.100: lb add other vip 10.0.0.100:
	refused 1 10.0.0.100 lb add other vip 10.0.0.100
	refused 1 10.0.0.256:80 lb add other vip 10.0.0.256:80
	refused 1 fd00::100:80 lb add other vip fd00::100:80
	refused 1 '[fd00::xyz]:80' lb add other vip '[fd00::xyz]:80'
	refused 1 10.0.1.19:0 lb add web backend 10.0.1.19:0
	refused 1 10.0.1.19:65536 lb add web backend 10.0.1.19:65536
	refused 1 10.0.1.19:8x lb add web backend 10.0.1.19:8x
	unchanged
}

@test "numbers and times out of range" {
	refused 1 65536 lb set web backend $B1 weight 65536
	refused 1 -1 lb set web backend $B1 weight -1
	refused 1 ten lb set web backend $B1 weight ten
	refused 1 99999999999 lb set web backend $B1 limit 99999999999
	refused 1 999ms lb set web interval 999ms
	refused 1 61s lb set web interval 61s
	refused 1 1ms lb set web timeout 1ms
	refused 1 rise lb set web rise 0
	refused 1 101 lb set web fall 101
	refused 1 '"99"' lb set web status 99-200
	refused 1 400-300 lb set web status 400-300
	refused 1 25h lb set web affinity 25h
	refused 1 100ms lb set web affinity 100ms
	refused 1 70000 lb set web check-port 70000
	refused 1 soon lb drain web $B1 deadline soon
	unchanged
}

@test "names and texts that are too long or of the wrong kind" {
	refused 1 "$LONG" lb add "$LONG" vip 10.0.0.100:81
	refused 1 "$LONG" lb set "$LONG" policy maglev
	refused 1 empty lb add "" vip 10.0.0.100:81
	refused 1 path lb set web health "http:healthz"
	refused 1 long lb set web health "http:/$LONG$LONG$LONG$LONG"
	refused 1 long lb set web host "$LONG$LONG$LONG$LONG"
	unchanged
}

@test "what is not there" {
	refused 2 '"none"' lb set none policy maglev
	refused 2 '"none"' lb del none
	refused 2 '"none"' lb add none backend $B1
	refused 2 '"none"' lb set none backend $B1 weight 2
	refused 2 '"none"' lb drain none $B1
	refused 2 '"none"' lb status none
	refused 2 '"none"' lb backends none
	refused 2 10.0.1.19:80 lb set web backend 10.0.1.19:80 weight 2
	refused 2 10.0.1.19:80 lb del web backend 10.0.1.19:80
	refused 2 10.0.1.19:80 lb drain web 10.0.1.19:80
	refused 2 nowhere rayctl -n nowhere lb status
	unchanged
}

@test "what is there already" {
	refused 2 '"web"' lb add web vip 10.0.0.100:81
	refused 2 "$VIP" lb add other vip $VIP
	refused 2 "$B1" lb add web backend $B1
	unchanged
}

@test "address families do not mix" {
	refused 2 'address families' lb add web backend $SIX1
	refused 2 'address families' lb add six backend $B1
	unchanged
}

@test "addresses nobody can serve" {
	refused 2 'address' lb add other vip 0.0.0.0:80
	refused 2 'address' lb add other vip 224.0.0.1:80
	refused 2 'address' lb add other vip '[::]:80'
	refused 2 'address' lb add other vip '[ff02::1]:80'
	refused 2 'address' lb add web backend 0.0.0.0:80
	refused 2 'address' lb add web backend 255.255.255.255:80
	unchanged
}

@test "the 33rd backend, and the 9th balancer" {
	local i

	agent rayctl ns=$D args=lb,status,six
	got 's1_backends == 1'
	for i in {2..32}; do
		lb add six backend "[fd00:1::11]:$((9000 + i))"
	done
	refused 2 max_backends lb add six backend '[fd00:1::11]:9999'
	agent rayctl ns=$D args=lb,status,six
	got 's1_backends == 32'
	for i in {3..8}; do
		lb add "more$i" vip "10.0.0.100:$((100 + i))"
	done
	refused 2 max_balancers lb add more9 vip 10.0.0.100:109
	agent rayctl ns=$D args=lb,status
	got 'nr == 8'
	# what was taken is given back
	lb del more8
	lb add more9 vip 10.0.0.100:109
	lb del six backend "$SIX1"
	lb add six backend '[fd00:1::11]:9999'
}

@test "JSON: an error is an object on stderr" {
	local err=$BATS_TEST_TMPDIR/err

	rayctl -n $D -j lb set none policy maglev 2>"$err" && false
	agent json file="$err"
	rayctl -n $D -j lb set web policy fastest 2>"$err" && false
	agent json file="$err"
	[[ $REPLY == *fastest* ]]
	unchanged
}

@test "without permission" {
	local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups
		--inh-caps -all --bounding-set -all --)

	# rayctl -n would need a right of its own
	run_in_director() { ip netns exec $D "${nobody[@]}" rayctl "$@"; }
	refused 2 CAP_NET_ADMIN run_in_director lb set web policy maglev
	refused 2 CAP_NET_ADMIN run_in_director lb del web
	refused 2 CAP_NET_ADMIN run_in_director lb add other vip 10.0.0.100:81
	refused 2 CAP_NET_ADMIN run_in_director lb drain web $B1
	# to look is free
	run_in_director lb backends web | grep -qF 10.0.1.11:8080
	unchanged
}

@test "a closed pipe is no error of ours" {
	lb backends 2>"$BATS_TEST_TMPDIR/err" | head -n 1 >/dev/null
	[ ! -s "$BATS_TEST_TMPDIR/err" ]
}
