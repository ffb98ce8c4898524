#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Affinity: a client address keeps its backend, for as long as there is one.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common

setup()
{
	oldest_and_newest
	agent reset
}

@test "a client keeps its backend" {
	web affinity 60s
	agent load ns=$C dst=$VIP n=96 src=10.0.0.2-25 remember=first
	got 'ok == 96 && unstable == 0 && b1 == 32 && b2 == 32 && b3 == 32'
	look
	got 's1_affinities == 8 && s2_affinities == 8 && s3_affinities == 8'
	agent rayctl ns=$D args=lb,status,web
	got 's1_affinities == 24'
}

@test "changes of policy, weights and other backends do not matter" {
	web affinity 60s
	agent load ns=$C dst=$VIP n=24 src=10.0.0.2-25 remember=first
	lb set web policy maglev
	lb set web policy least-connections
	lb set web backend $B1 weight 9
	lb del web backend $B3
	lb add web backend $B3
	agent load ns=$C dst=$VIP n=24 src=10.0.0.2-25 remember=then
	agent compare old=first new=then
	# only whose backend went has another
	got 'clients == 24 && moved == b3'
}

@test "it ends when its time is over" {
	web affinity 1s
	agent load ns=$C dst=$VIP n=8 src=10.0.0.2-9
	look
	got 's1_affinities + s2_affinities + s3_affinities > 0'
	until_so 20 's1_affinities + s2_affinities + s3_affinities == 0'
	# one address goes round again
	agent load ns=$C dst=$VIP n=3 gap=1.5
	got 'b1 == 1 && b2 == 1 && b3 == 1'
}

@test "a draining backend gives its clients up" {
	web affinity 60s
	agent load ns=$C dst=$VIP n=24 src=10.0.0.2-25 remember=first
	agent hold job=held ns=$C dst=$VIP n=24 src=10.0.0.2-25
	lb drain web $B1
	agent load ns=$C dst=$VIP n=48 src=10.0.0.2-25 remember=then
	got 'ok == 48 && failed == 0 && b1 == 0 && unstable == 0'
	agent compare old=first new=then
	got 'moved == 8 && b1 == 8'
	agent ask job=held
	got 'ok == 24 && b1 == 8'
}

@test "an unhealthy backend gives its clients up" {
	web affinity 60s health http:/health interval 1s fall 1
	agent load ns=$C dst=$VIP n=12 src=10.0.0.2-13 remember=first
	agent knob name=b2 health=500
	until_is 20 s2_state unhealthy
	agent load ns=$C dst=$VIP n=24 src=10.0.0.2-13 remember=then
	got 'failed == 0 && b2 == 0 && unstable == 0'
	agent compare old=first new=then
	got 'moved == 4 && b2 == 4'
}

@test "a backend at its limit is not waited for" {
	web affinity 60s
	lb set web backend $B1 limit 1
	lb set web backend $B2 limit 1
	agent hold job=held ns=$C dst=$VIP n=6
	got 'ok == 6 && failed == 0 && b1 <= 1 && b2 <= 1'
}

@test "off forgets" {
	web affinity 60s
	agent load ns=$C dst=$VIP n=9 src=10.0.0.2-4
	lb set web affinity off
	agent load ns=$C dst=$VIP n=30
	got 'b1 == 10 && b2 == 10 && b3 == 10'
	agent rayctl ns=$D args=lb,status,web
	got 's1_affinities == 0'
}

@test "a network keeps its backend" {
	web affinity 60s affinity-prefix 29
	# 10.0.0.8-15, 16-23 and 24-31
	agent load ns=$C dst=$VIP n=48 src=10.0.0.8-31 remember=first
	got 'ok == 48 && unstable == 0 && b1 == 16 && b2 == 16 && b3 == 16'
	agent rayctl ns=$D args=lb,status,web
	got 's1_affinities == 3 && s1_affinity_prefix == 29'
	# one of them alone, and then those beside it
	agent load ns=$C dst=$VIP n=3 src=10.0.0.32
	agent load ns=$C dst=$VIP n=7 src=10.0.0.33-39
	got 'ok == 7 && (b1 == 7 || b2 == 7 || b3 == 7)'
	agent rayctl ns=$D args=lb,status,web
	got 's1_affinities == 4'
}

@test "another prefix forgets, and is saved" {
	web affinity 60s
	agent load ns=$C dst=$VIP n=9 src=10.0.0.2-10
	lb set web affinity-prefix 24
	agent rayctl ns=$D args=lb,status,web
	got 's1_affinities == 0'
	agent load ns=$C dst=$VIP n=9 src=10.0.0.2-10
	got 'b1 == 9 || b2 == 9 || b3 == 9'
	lb save >"$BATS_TEST_TMPDIR/saved"
	grep -q ' affinity 1m affinity-prefix 24$' "$BATS_TEST_TMPDIR/saved"
	lb restore "$BATS_TEST_TMPDIR/saved"
	agent rayctl ns=$D args=lb,status,web
	got 's1_affinities == 1'
	refused 1 'longer than an IPv4 address' lb add x vip 10.0.0.100:81 affinity-prefix 33
	refused 2 'the prefix is longer than an address' lb set web affinity-prefix 128
	lb set web affinity-prefix whole
	agent rayctl ns=$D args=lb,status,web
	got 's1_affinities == 0 && s1_affinity_prefix == 0'
}

@test "a network of IPv6 keeps its backend" {
	web6 affinity 60s affinity-prefix 64
	agent load ns=$C dst=$VIP6 n=24 src=fd00::2-25
	got 'ok == 24 && (b1 == 24 || b2 == 24 || b3 == 24)'
	lb set web affinity-prefix 125
	agent load ns=$C dst=$VIP6 n=8 src=fd00::2-3
	got 'ok == 8 && (b1 == 8 || b2 == 8 || b3 == 8)'
}

@test "UDP and IPv6" {
	web6 proto udp affinity 60s
	agent load ns=$C dst=$VIP6 proto=udp n=48 src=fd00::2-13
	got 'ok == 48 && unstable == 0 && b1 == 16 && b2 == 16 && b3 == 16'
}
