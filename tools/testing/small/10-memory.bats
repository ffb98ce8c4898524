#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A program with 900 MiB of ordinary data where there are 512: it finishes with what
# rayos_zcomp has to offer, and is killed without.

load ../common

bats_require_minimum_version 1.5.0

DATA=900

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
	run -137 hog "$BATS_TEST_DIRNAME/hog.py" $DATA at-once
}

@test "with swap to compressed memory it finishes" {
	rayctl memcompress swap on 1G
	hog "$BATS_TEST_DIRNAME/hog.py" $DATA anonymous
}

@test "with a region it finishes" {
	hog "$BATS_TEST_DIRNAME/hog.py" $DATA region
}

@test "as it is, run with its memory in regions, it finishes" {
	hog rayctl memcompress run -- "$BATS_TEST_DIRNAME/hog.py" $DATA anonymous
}
