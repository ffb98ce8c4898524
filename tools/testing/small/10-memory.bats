#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A program with 900 MiB of ordinary data where there are 512: it finishes with what
# rayos_zcomp has to offer, and is killed without.

load ../common

bats_require_minimum_version 1.5.0

DATA=900
HOG=$BATS_TEST_DIRNAME/../zcomp/hog.py

setup()
{
	[ "$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)" -lt 524288 ]
	[ -e /sys/module/rayos_zcomp ] || insert_module rayos_zcomp
}

teardown()
{
	rayctl -q memcompress swap off || :
}

# hog ARGUMENT...: the program, which the kernel kills before any other
hog()
{
	bash -c 'echo 1000 >/proc/self/oom_score_adj; exec "$@"' - "$@"
}

@test "without, it is killed" {
	# else it takes minutes, in which its program is read again and again
	run -137 hog "$HOG" $DATA at-once
}

@test "with swap to compressed memory it finishes" {
	rayctl memcompress swap on 1G
	hog "$HOG" $DATA anonymous
}

@test "with a region it finishes" {
	hog "$HOG" $DATA region
}

@test "as it is, run with its memory in regions, it finishes" {
	hog rayctl memcompress run -- "$HOG" $DATA anonymous
}
