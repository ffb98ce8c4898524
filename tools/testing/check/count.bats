#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Whoever counts the tests must not be fooled: by subtests, by tests that never
# ran, by programs that died.

# counts STATUS WANTED...: standard input is a log of a program which ended
# with STATUS; the last of WANTED is the total, the others are the failures.
counts()
{
	local status=$1

	shift
	diff <(printf '%s\n' "$@") \
		<(awk -v status="$status" -f "$BATS_TEST_DIRNAME/tap.awk")
}

@test "passed, failed and skipped tests are told apart" {
	counts 1 "fail 3 b" "total 1 1 1" <<-END
	1..3
	ok 1 - a
	not ok 2 - b
	ok 3 - c # SKIP no such machine
	END
}

@test "a plan may come last" {
	counts 0 "total 2 0 0" <<-END
	ok 1 - a
	ok 2 - b
	1..2
	END
}

@test "what stands between tests is no test" {
	counts 0 "total 1 0 0" <<-END
	booting
	1..1
	ok computer
	# ok 2 - said a test
	not ok at all
	ok 1 - a
	okay 3
	END
}

@test "documents follow one another" {
	counts 1 "fail 6 c" "total 3 1 0" <<-END
	TAP version 13
	1..2
	ok 1 - a
	ok 2 - b
	1..1
	not ok 1 - c
	KTAP version 1
	1..1
	ok 1 - d
	END
}

@test "subtests are counted in place of their parents" {
	counts 1 "fail 9 y" "total 2 1 1" <<-END
	KTAP version 1
	1..1
	    KTAP version 1
	    # Subtest: suite
	    1..3
	    ok 1 first
	        # Subtest: with_parameters
	        ok 1 x
	        not ok 2 y
	    # with_parameters: pass:1 fail:1 skip:0 total:2
	    not ok 2 with_parameters
	    ok 3 last # SKIP not on this processor
	# suite: pass:1 fail:1 skip:1 total:3
	not ok 1 suite
	END
}

@test "a parent that fails by itself is a failure" {
	counts 1 "fail 6 suite" "total 1 1 0" <<-END
	KTAP version 1
	1..1
	    # Subtest: suite
	    1..1
	    ok 1 case
	not ok 1 suite
	END
}

@test "a parent is not blamed for the failures of its elder sister" {
	counts 1 "fail 4 a" "fail 9 second" "total 1 2 0" <<-END
	KTAP version 1
	1..2
	    1..1
	    not ok 1 a
	not ok 1 first
	    # Subtest: second
	    1..1
	    ok 1 b
	not ok 2 second
	END
}

@test "tests that never ran are a failure" {
	counts 0 "fail 2 3 tests were planned and 1 ran" "total 1 1 0" <<-END
	1..3
	ok 1 - a
	END
}

@test "subtests that never ran are a failure" {
	counts 0 "fail 4 2 tests were planned and 1 ran" "total 1 1 0" <<-END
	1..1
	    1..2
	    ok 1 - a
	ok 1 - suite
	END
}

@test "tests beyond the plan are a failure" {
	counts 0 "fail 3 1 tests were planned and 2 ran" "total 2 1 0" <<-END
	1..1
	ok 1 - a
	ok 2 - b
	END
}

@test "tests without a plan are a failure" {
	counts 0 "fail 1 the tests ended without a plan" "total 1 1 0" <<-END
	ok 1 - a
	END
}

@test "a document without a plan is not saved by the next" {
	counts 0 "fail 2 the tests ended without a plan" "total 2 1 0" <<-END
	ok 1 - a
	TAP version 13
	1..1
	ok 1 - b
	END
}

@test "giving up is a failure" {
	counts 0 "fail 3 Bail out! no disk" "total 2 1 0" <<-END
	1..2
	ok 1 - a
	Bail out! no disk
	ok 2 - b
	END
}

@test "a program that dies is a failure" {
	counts 99 "fail 2 ended with status 99" "total 1 1 0" <<-END
	1..1
	ok 1 - a
	END
}

@test "a program that runs nothing is a failure" {
	counts 0 "fail 0 ran no test" "total 0 1 0" </dev/null
}

@test "a plan of none with a reason is a skip" {
	counts 0 "total 0 0 1" <<<"1..0 # SKIP no network"
}

@test "carriage returns of a console do no harm" {
	printf '1..2\r\nok 1 - a\r\nnot ok 2 - b\r\n' |
		counts 1 "fail 3 b" "total 1 1 0"
}
