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
