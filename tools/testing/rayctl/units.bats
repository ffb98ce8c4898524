#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The parts of rayctl one by one, in C; each program here runs many tests.

load common

# passes PROGRAM: it says of each of its tests that it is good
passes()
{
	run -0 --separate-stderr "$1"
	echo "${stderr:-}"
	grep '^not ok' -A 2 <<<"$output" && return 1
	[ "$(grep -c '^ok' <<<"$output")" = "$(sed -n 's/^1\.\.//p' <<<"$output")" ]
}

@test "words become values" {
	passes parse_test
}

@test "values become tables" {
	passes output_test
}

@test "messages become values, and values messages" {
	passes codec_test
}

@test "random messages and random words do no harm" {
	passes fuzz_test
}
