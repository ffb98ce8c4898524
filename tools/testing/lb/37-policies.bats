#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What decides who gets how much besides the policies of our own: slow start,
# programs, policies of other modules.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common

setup()
{
	oldest_and_newest
	agent reset
}

# back_again ADDRESS: out of service and in again
back_again()
{
	lb set web backend $1 offline
	lb set web backend $1 online
}

# gained KEY COMMAND...: by how much a figure of "web" grows with a command, GAINED
gained()
{
	local key=$1 before after
	shift

	look
	before=${R[$key]}
	"$@"
	look
	after=${R[$key]}
	GAINED=$((after - before))
}

SAMPLE=$BATS_TEST_DIRNAME/../../../build/${RAYOS_LANE:-}/src/kunit/rayos_lb_sample_policy.ko

# Even client ports to the first of two, odd ones to the second
PARITY="3,40 0 0 32,84 0 0 1,22 0 0 0"

teardown()
{
	clean_up
	[ ! -d /sys/module/rayos_lb_sample_policy ] || rmmod rayos_lb_sample_policy
}

@test "slow start: who comes first has all of its weight, the next a sixteenth" {
	web slow-start 1h
	look
	got 's1_effective_weight == 1000000 && s2_effective_weight == 62500'
	got 's3_effective_weight == 62500'
	lb backends web | grep -q '6% of 1'
	lb set web backend $B2 weight 8
	look
	got 's2_effective_weight == 500000'
	lb set web backend $B2 offline
	look
	got 's2_effective_weight == 0'
	lb set web slow-start off
	lb set web backend $B2 online
	look
	got 's2_effective_weight == 8000000 && s3_effective_weight == 1000000'
	# what is there at once shares as ever
	lb set web slow-start 1h
	lb save "$BATS_TEST_TMPDIR/file"
	grep -q ' slow-start 1h' "$BATS_TEST_TMPDIR/file"
	lb del web
	lb restore "$BATS_TEST_TMPDIR/file"
	look
	got 's1_effective_weight + s2_effective_weight + s3_effective_weight == 10000000'
}

@test "slow start: round-robin gives fewer turns, exactly" {
	web
	lb set web slow-start 1h
	back_again $B2
	# 16 + 1 + 16 turns make a round
	agent load ns=$C dst=$VIP n=66
	got 'ok == 66 && b1 == 32 && b2 == 2 && b3 == 32'
	lb set web slow-start off
	agent load ns=$C dst=$VIP n=66
	got 'ok == 66 && b1 == 22 && b2 == 22 && b3 == 22'
}

@test "slow start: weighted-round-robin, exactly" {
	web policy weighted-round-robin
	lb set web slow-start 1h
	lb set web backend $B3 weight 2
	back_again $B3
	# 8 + 8 + 1
	agent load ns=$C dst=$VIP n=34
	got 'ok == 34 && b1 == 16 && b2 == 16 && b3 == 2'
}

@test "slow start: the policies by chance and by hash" {
	whole_pass
	local policy

	web
	lb set web slow-start 1h
	back_again $B1
	for policy in random maglev; do
		lb set web policy $policy
		agent load ns=$C dst=$VIP n=330
		# 10 expected; 28 is beyond p = 1e-6
		got 'ok == 330 && b1 < 28'
		got '(b2-160)**2 + (b3-160)**2 < 3200'
	done
	lb set web policy ip-hash
	agent load ns=$C dst=$VIP n=64 src=10.0.0.2-65
	got 'ok == 64 && b1 < 14'
}

@test "slow start: an idle server under least-connections gets no more than 1.2 of its share" {
	whole_pass
	local windows=0

	web policy least-connections health tcp interval 1s timeout 500ms rise 1 fall 1 \
		slow-start 1m
	lb set web slow-start off
	lb set web slow-start 1m
	agent hold job=a ns=$C dst=$VIP n=90
	got 'b1 == 30 && b2 == 30 && b3 == 30'
	agent kill name=b1
	until_is 20 s1_state unhealthy
	until_so 20 's1_active == 0'
	agent revive name=b1
	until_is 20 s1_state healthy
	got 's1_effective_weight < 500000'
	# windows of 60, of which 20 are its share, for as long as it starts slowly
	while got 's1_effective_weight < 400000' >/dev/null; do
		gained s1_stats_connections agent load ns=$C dst=$VIP n=60
		got 's1_effective_weight < 1000000' >/dev/null || break
		echo "window $((++windows)): $GAINED"
		((GAINED <= 24 && GAINED >= 1))
	done
	((windows > 0))
	# all the same it is the one with fewest connections
	lb set web slow-start off
	gained s1_stats_connections agent load ns=$C dst=$VIP n=20
	((GAINED == 20))
	agent drop job=a
}

@test "slow start: what flaps begins anew" {
	whole_pass
	web health tcp interval 1s timeout 500ms rise 1 fall 1 slow-start 1s
	until_so 30 's1_effective_weight == 1000000 && s2_effective_weight == 1000000'
	lb set web slow-start 1h
	back_again $B1
	look
	got 's1_effective_weight == 62500'
	lb set web slow-start 1m
	until_so 60 's1_effective_weight > 62500'
	agent kill name=b1
	until_is 20 s1_state unhealthy
	got 's1_effective_weight == 0'
	lb set web slow-start 1h
	agent revive name=b1
	until_is 20 s1_state healthy
	got 's1_effective_weight == 62500'
}

@test "slow start: wrong words" {
	web
	refused 1 'slow-start "1ms"' lb set web slow-start 1ms
	refused 1 'slow-start "2h"' lb set web slow-start 2h
	refused 1 'slow-start "soon"' lb add other vip 10.0.0.100:81 slow-start soon
}

@test "a program picks by the client's port" {
	web policy custom program "$PARITY"
	agent load ns=$C dst=$VIP n=10 sport=5000 src=10.0.0.2-11 rst=1
	got 'ok == 10 && b1 == 10'
	agent load ns=$C dst=$VIP n=10 sport=5001 src=10.0.0.2-11 rst=1
	got 'ok == 10 && b2 == 10'
	# and what is odd, of which each is one
	agent load ns=$C dst=$VIP n=64
	got 'ok == 64 && b3 == 0'
}

@test "a program picks by the client's address, and by anything else leaves it" {
	local program=$BATS_TEST_TMPDIR/program

	# ld [0]; jeq #0x0a000007, a, b; a: ret #2; b: ret #0xffffffff
	printf '%s\n' 4 '32 0 0 0' '21 0 1 167772167' '6 0 0 2' '6 0 0 4294967295' >"$program"
	web policy custom program "$program"
	agent load ns=$C dst=$VIP n=9 src=10.0.0.7
	got 'ok == 9 && b3 == 9'
	agent load ns=$C dst=$VIP n=9 src=10.0.0.8
	got 'ok == 9 && b1 == 3 && b2 == 3 && b3 == 3'
}

@test "a program sees IPv6, UDP and the number of backends" {
	# ldb [37]; jeq #6, +0, +4; ldb [36]; jeq #17, +0, +2; ldh [38]; ret a; ret #0
	web6 proto udp policy custom \
		program "7,48 0 0 37,21 0 4 6,48 0 0 36,21 0 2 17,40 0 0 38,22 0 0 0,6 0 0 0"
	# three of three is the first again
	agent load ns=$C dst=$VIP6 proto=udp n=6
	got 'ok == 6 && b1 == 6'
	# ldh [38]; sub #1; ret a
	lb set web program "3,40 0 0 38,20 0 0 1,22 0 0 0"
	agent load ns=$C dst=$VIP6 proto=udp n=6
	got 'ok == 6 && b3 == 6'
	lb set web backend $SIX3 weight 0
	agent load ns=$C dst=$VIP6 proto=udp n=6
	got 'ok == 6 && b2 == 6'
}

@test "a program by the hash of the client is even, and gives a client one backend" {
	whole_pass
	web policy custom program "2,32 0 0 40,22 0 0 0"
	agent load ns=$C dst=$VIP n=192 src=10.0.0.2-65
	got 'ok == 192 && unstable == 0'
	got 'b1 >= 18 && b2 >= 18 && b3 >= 18'
	# by chance: ld rand
	lb set web program "2,32 0 0 4294963256,22 0 0 0"
	agent load ns=$C dst=$VIP n=300
	# chi-square of 2 degrees of freedom, p = 1e-4
	got 'ok == 300 && (b1-100)**2 + (b2-100)**2 + (b3-100)**2 < 1842'
}

@test "a program is replaced under load, and no request fails" {
	local i

	web policy custom program "$PARITY"
	agent start job=l ns=$C dst=$VIP conc=4
	for i in 1 2 3 4 5 6 7 8; do
		lb set web program "1,6 0 0 $i"
		lb set web policy maglev
		lb set web policy custom program "$PARITY"
	done
	agent stop job=l
	got 'ok > 0 && failed == 0'
}

@test "a program is shown, saved and restored, the longest too" {
	local f=$BATS_TEST_TMPDIR/file

	web policy custom program "$PARITY"
	lb -j status web | grep -qF "\"program\":\"$PARITY\""
	lb -j status | grep -qF "\"program\":\"$PARITY\""
	lb status web | grep -q 'custom, program of 3 instructions'
	lb save "$f"
	grep -qF "policy custom program \"$PARITY\"" "$f"
	same_as "$f"
	lb restore <<<'#'
	lb restore "$f"
	same_as "$f"
	agent load ns=$C dst=$VIP n=5 sport=5000 src=10.0.0.2-6 rst=1
	got 'ok == 5 && b1 == 5'

	{ echo 4096; yes '4 0 0 1' | head -n 4095; echo '22 0 0 0'; } | lb set web program -
	lb save "$f"
	lb restore "$f"
	same_as "$f"
	# 4095 added up, modulo 3
	agent load ns=$C dst=$VIP n=5
	got 'ok == 5 && b1 == 5'
}

@test "programs that are refused, and why" {
	web
	refused 2 'the policy custom needs a program' lb set web policy custom
	refused 2 'only the policy custom has a program' lb set web program "$PARITY"
	refused 2 'only the policy custom has a program' \
		lb set web policy maglev program "$PARITY"
	refused 2 'not a valid program of classic BPF' \
		lb set web policy custom program "1,40 0 0 32"
	refused 2 'not a valid program of classic BPF' \
		lb set web policy custom program "1,65535 0 0 0"
	refused 2 'the program loads what is not in its view' \
		lb set web policy custom program "2,40 0 0 47,22 0 0 0"
	refused 2 'needs a program' lb add other vip 10.0.0.100:81 policy custom
	refused 2 'cannot read' lb set web policy custom program /nowhere/at/all
	look
	got 'nr == 3'
	lb save | grep -q '^add web vip 10.0.0.100:80$'
}

@test "a policy of another module picks, and keeps it from being unloaded" {
	[ -e "$SAMPLE" ] || skip "the sample is built where there is KUnit"
	web
	refused 2 'no module has registered a policy named "by-port"' \
		lb set web policy module:by-port
	insmod "$SAMPLE"
	lb policies | grep -q '^module:by-port  *0'
	lb set web policy module:by-port
	lb policies | grep -q '^module:by-port  *1'
	agent load ns=$C dst=$VIP n=6 sport=3001 src=10.0.0.2-7 rst=1
	got 'ok == 6 && b2 == 6'
	# no opinion
	agent load ns=$C dst=$VIP n=9 sport=3004 src=10.0.0.2-10 rst=1
	got 'ok == 9 && b1 == 3 && b2 == 3 && b3 == 3'
	if rmmod rayos_lb_sample_policy 2>"$BATS_TEST_TMPDIR/err"; then return 1; fi
	grep -q 'in use' "$BATS_TEST_TMPDIR/err"

	lb save "$BATS_TEST_TMPDIR/file"
	grep -q ' policy module:by-port' "$BATS_TEST_TMPDIR/file"
	same_as "$BATS_TEST_TMPDIR/file"
	lb set web policy round-robin
	until rmmod rayos_lb_sample_policy 2>/dev/null; do agent sleep seconds=0.1; done
	# without it, the file is refused as a whole
	refused 2 'no module has registered a policy' lb restore "$BATS_TEST_TMPDIR/file"
	lb status web | grep -q round-robin
}
