#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What is compressed without being told.

load common

bats_require_minimum_version 1.5.0

@test "policy: pressure alone makes an idle region leave memory" {
	several_processors
	"$BATS_TEST_DIRNAME/region.py" pressure
}

# chosen EXPRESSION: true of what has been chosen
chosen()
{
	json "(lambda s: $1)(d['settings'])" policy
}

# acted LINK EXPRESSION: true of the counters of a link
acted()
{
	json "(lambda l: $2)({l['link']: l for l in d['policy']['link']}['$1'])" policy
}

@test "policy: what is chosen is told, and the rest stays" {
	chosen 's["link"] == ["demand", "threshold", "time"] and s["threshold"] == 700000'
	chosen 's["idle"] == 30 * 10**9 and s["idle-max"] == 3600 * 10**9 and s["rate"] == 2000'
	zc set level fast policy threshold,time,demand threshold 80% idle 10s
	chosen 's["link"] == ["threshold", "time", "demand"] and s["threshold"] == 800000'
	chosen 's["level"] == "fast" and s["idle"] == 10**10 and s["hysteresis"] == 50000'
	zc set hysteresis 0.5% limit 1G idle-max 2m rate any promote never
	chosen 's["hysteresis"] == 5000 and s["limit"] == 1 << 30 and s["idle"] == 10**10'
	chosen 's["idle-max"] == 120 * 10**9 and s["rate"] == s["promote"] == 0'
	zc policy | grep -qE '^ +order +threshold, time, demand$'
	zc policy | grep -qE '^ +threshold +80% of memory in use, until there is 0.5% more'
	zc policy | grep -qE '^ +idle +not used for 10s$'
	zc set policy time rate 3%
	zc policy | grep -qE '^ +demand +disabled '
	zc policy | grep -qE '^ +idle +not used for 10s to 2m, at present 10s$'
}

@test "policy: what cannot be chosen changes nothing" {
	local before

	before=$(rayctl -j memcompress policy)
	run -2 rayctl memcompress set level best policy time,time
	[[ $output = *'the same link a second time (link "time")'* ]]
	run -2 rayctl memcompress set level best policy none,time
	[[ $output = *'none stands alone'* ]]
	run -2 rayctl memcompress set level best policy demand,none
	[[ $output = *'none stands alone'* ]]
	run -2 rayctl memcompress set threshold 10% hysteresis 11%
	[[ $output = *'hysteresis must not be above threshold'* ]]
	run -2 rayctl memcompress set level best idle 2h
	[[ $output = *'idle must not be above idle-max'* ]]
	run -1 rayctl memcompress set idle 1s
	run -1 rayctl memcompress set threshold 100%
	run -1 rayctl memcompress set policy times
	[ "$(rayctl -j memcompress policy | settings_of)" = "$(settings_of <<<"$before")" ]
}

# settings_of: of what rayctl says of the policy, what has been chosen
settings_of()
{
	/usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["settings"])'
}

@test "policy: time alone makes cold pages leave, and hot ones stay" {
	several_processors
	zc set policy time idle 2s rate any
	"$BATS_TEST_DIRNAME/region.py" hot 2048 256
	acted time 'l["acted"] > 0 and l["evicted"] >= 1792'
	acted demand 'l["asked"] == 0'
	acted threshold 'l["asked"] == 0'
}

@test "policy: regions keep to their limit" {
	several_processors
	zc set policy threshold limit 6M threshold 99% hysteresis 0%
	"$BATS_TEST_DIRNAME/region.py" limited 4096 $((6 << 20))
	acted threshold 'l["acted"] > 0 and l["evicted"] > 2000'
}

@test "policy: links that are disabled do nothing" {
	several_processors
	zc set policy none idle 2s limit 64K
	"$BATS_TEST_DIRNAME/region.py" left 1024 7
	zc add rayz0 size 1M
	run -2 rayctl memcompress flush
	[[ $output = *"the policy has no link demand"* ]]
	acted time 'l["asked"] == l["evicted"] == 0'
	zc set policy demand
	"$BATS_TEST_DIRNAME/region.py" left 1024 7
	acted demand 'l["evicted"] == 0'
}

@test "policy: threads are a number of processors" {
	local threads=/sys/module/rayos_zcomp/parameters/threads

	is $threads 8
	echo 1 >$threads
	is $threads 1
	refused 'Invalid argument' $threads 0
	refused 'Invalid argument' $threads 65
	refused 'Invalid argument' $threads many
	is $threads 1
}

@test "policy: the module goes while it is at work" {
	several_processors
	for _ in 1 2 3; do
		"$BATS_TEST_DIRNAME/region.py" cycle
		rmmod rayos_zcomp
		insert
	done
}
