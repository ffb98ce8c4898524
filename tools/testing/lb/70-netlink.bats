#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel tree's own netlink client drives the family from our spec alone.
# $YNL is tools/net/ynl of a kernel tree of 7.x.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common

SPEC=$BATS_TEST_DIRNAME/../../../Documentation/netlink/specs/rayos_lb.yaml

setup_file()
{
	YNL=${YNL:-$("$BATS_TEST_DIRNAME/../../vm/kernel" path ynl)}
	export YNL
	[ -e "$YNL/pyynl/cli.py" ]
}

# cli WORD...: in the director, output as JSON
cli()
{
	PYTHONUNBUFFERED=1 ip netns exec $D /usr/bin/python3 "$YNL/pyynl/cli.py" --no-schema \
		--spec "$SPEC" --output-json "$@"
}

# reply WORD...: and its keys are left in R
reply()
{
	cli "$@" >"$BATS_TEST_TMPDIR/reply" || {
		cat "$BATS_TEST_TMPDIR/reply"
		return 1
	}
	agent json file="$BATS_TEST_TMPDIR/reply"
}

# rejects TEXT ATTRIBUTE WORD...: the kernel says TEXT, and which attribute
rejects()
{
	local text=$1 attr=$2
	shift 2

	if cli "$@" >"$BATS_TEST_TMPDIR/reply" 2>&1; then return 1; fi
	cat "$BATS_TEST_TMPDIR/reply"
	grep -qF "$text" "$BATS_TEST_TMPDIR/reply"
	grep -qE "bad-attr.*\.$attr\b|$attr" "$BATS_TEST_TMPDIR/reply"
}

@test "ynl: add, get and dump" {
	reply --multi balancer-new '{"name": "web", "ipv4": "10.0.0.100",
			"port": 80, "policy": "maglev",
			"health": {"probe": "tcp", "interval": 5000000000}}' \
		--multi backend-new '{"balancer": "web", "port": 8080,
			"ipv4": "10.0.1.11", "weight": 3}' \
		--multi backend-new '{"balancer": "web", "port": 8080,
			"ipv4": "10.0.1.12"}'
	got 's1_id >= 1 && s2_id == 1 && s3_id == 2'

	reply --do balancer-get --json '{"name": "web"}'
	got 'port == 80 && backends == 2 && affinity == 0'
	is ipv4 10.0.0.100
	is policy maglev
	is health_probe tcp
	got 'health_interval == 5000000000 && health_rise == 2'

	agent load ns=$C dst=$VIP n=20
	got 'ok == 20 && b1 + b2 == 20'
	reply --dump backend-get --json '{"balancer": "web"}'
	got 'nr == 2 && s1_weight == 3 && s1_port == 8080'
	is s2_ipv4 10.0.1.12
	is s1_state healthy
	got 's1_stats_connections + s2_stats_connections == 20'
	got 's1_stats_requests + s2_stats_requests == 20'
}

@test "ynl: both clients see the same" {
	web policy least-connections affinity 10s
	web6 >/dev/null 2>&1 || lb add six vip $VIP6
	lb add six backend $SIX1 weight 5 limit 7
	reply --dump backend-get
	got 'nr == 4 && s4_weight == 5 && s4_limit == 7'
	is s4_ipv6 fd00:1::11
	reply --do status-get
	got 'balancers == 2 && max_balancers == 8 && max_backends == 32'
	got 'max_flows >= flows && buckets >= 1024 && flow_bytes > 0'
	reply --dump policy-get
	got 'nr == 7'
	is s1_policy round-robin
	is s3_policy least-connections
	got 's1_balancers == 1 && s3_balancers == 1'
}

@test "ynl: a refusal names the attribute" {
	web
	rejects 'no balancer' name --do balancer-set \
		--json '{"name": "none", "policy": "maglev"}'
	rejects '' weight --do backend-set --json '{"balancer": "web",
		"ipv4": "10.0.1.11", "port": 8080, "weight": 65536}'
	rejects '' interval --do balancer-set \
		--json '{"name": "web", "health": {"interval": 1}}'
	rejects '' port --do balancer-new \
		--json '{"name": "x", "ipv4": "10.0.0.100", "port": 0}'
	rejects '' name --do balancer-new \
		--json '{"name": "web", "ipv4": "10.0.0.100", "port": 81}'
	rejects '' ipv6 --do backend-new \
		--json '{"balancer": "web", "ipv6": "fd00:1::11", "port": 80}'
	rejects 'slow start takes' slow-start --do balancer-set \
		--json '{"name": "web", "slow-start": 1}'
	rejects 'needs a program' policy --do balancer-set \
		--json '{"name": "web", "policy": "custom"}'
	rejects 'instructions of 8 bytes' program --do balancer-set \
		--json '{"name": "web", "policy": "custom", "program": "0600"}'
	rejects 'not a valid program' program --do balancer-set \
		--json '{"name": "web", "policy": "custom", "program": "ffff000000000000"}'
	rejects 'only the policy custom' program --do balancer-set \
		--json '{"name": "web", "program": "0600000000000000"}'
	rejects 'needs the name of one' policy --do balancer-set \
		--json '{"name": "web", "policy": "module"}'
	rejects 'no module has registered' policy-name --do balancer-set \
		--json '{"name": "web", "policy": "module", "policy-name": "none"}'
	rejects 'only the policy module' policy-name --do balancer-set \
		--json '{"name": "web", "policy-name": "none"}'
	look
	got 'nr == 3 && s1_weight == 1'
}

@test "ynl: a missing attribute is named" {
	if cli --do balancer-new --json '{"name": "x"}' \
		>"$BATS_TEST_TMPDIR/reply" 2>&1; then return 1; fi
	cat "$BATS_TEST_TMPDIR/reply"
	grep -qE 'miss-type|port|ipv4' "$BATS_TEST_TMPDIR/reply"
}

@test "ynl: events" {
	local log=$BATS_TEST_TMPDIR/events

	web health http:/health interval 1s rise 1 fall 1
	until_so 20 's1_check_passed && s2_check_passed && s3_check_passed'
	cli --subscribe events --duration 300 >"$log" 2>&1 3>&- &
	until_heard "$log" lb set web rise 1
	agent knob name=b2 health=503
	until_is 20 s2_state unhealthy
	lb del web backend $B3
	lb del web
	agent sleep seconds=1
	kill %1
	cat "$log"
	for event in balancer-ntf health-ntf backend-del-ntf balancer-del-ntf; do
		grep -q "$event" "$log"
	done
	grep health-ntf "$log" | grep unhealthy | grep -q 10.0.1.12
}

@test "ynl: an allocation that fails changes nothing" {
	[ -e /sys/kernel/debug/failslab ] ||
		skip "this kernel cannot make allocations fail: uml-debug can"
	# "ip netns exec" would hide debugfs
	nsenter --net=/run/netns/$D /usr/bin/python3 \
		"$BATS_TEST_DIRNAME/faults.py" "$YNL" "$SPEC" \
		>"$BATS_TEST_TMPDIR/reply"
	agent json file="$BATS_TEST_TMPDIR/reply"
	got 'injected > 50 && refused > 20 && changed == 0'
}
