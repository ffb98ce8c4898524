#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What tools/vm/run promises to whoever reads its output and its status.

setup_file()
{
	local lane

	cd "$BATS_TEST_DIRNAME/../../.."
	for lane in uml-debug stock-6.1; do
		tools/vm/build "$lane" tools/testing/vm/misbehave
	done
}

setup()
{
	cd "$BATS_TEST_DIRNAME/../../.."
}

vm()
{
	tools/vm/run --no-load "$@" </dev/null
}

# misbehave LANE [HOW]: load the module that breaks a rule, and unload it
misbehave()
{
	local ko=build/$1/src/tools/testing/vm/misbehave/misbehave.ko

	run vm --lane "$1" -- sh -c "insmod $ko ${2:+how=$2} && rmmod misbehave"
}

complains()
{
	misbehave "$1" "$2"
	echo "$output"
	[ "$status" -eq 99 ]
	[[ $output == *"$3"* ]]
}

@test "the status of the command is passed through" {
	run vm --lane uml-debug -- sh -c 'exit 7'
	[ "$status" -eq 7 ]
	run vm --lane stock-6.1 -- sh -c 'exit 7'
	[ "$status" -eq 7 ]
}

@test "arguments arrive as they were given" {
	run vm --lane uml-debug -- printf '<%s>' 'a b' "c'd" 'e"f$g\h' '' '*'
	[ "$status" -eq 0 ]
	[ "$output" = "<a b><c'd><e\"f\$g\\h><><*>" ]
}

@test "output and error stay apart, and the kernel out of both" {
	vm --lane uml-debug -- sh -c 'echo out; echo err >&2; echo log >/dev/kmsg' \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = out ]
	[ "$(cat "$BATS_TEST_TMPDIR/err")" = err ]
}

@test "no byte of a long output is lost" {
	local lane

	for lane in uml-debug stock-6.1; do
		vm --lane "$lane" -- seq 50000 | cmp - <(seq 50000)
	done
}

@test "variables of the suite, and named ones, are passed on" {
	export RAYOS_WORD='a  b' OTHER=c UNNAMED=d
	run vm --lane uml-debug --env OTHER -- \
		sh -c 'echo "$RAYOS_WORD,$OTHER,$UNNAMED"'
	[ "$output" = "a  b,c," ]
}

@test "the host's files are safe, build/ is written through" {
	local word=$BATS_TEST_TMPDIR/word out=build/vm/bats-$$

	echo host >"$word"
	vm --lane uml-debug -- sh -c "echo guest >$word; echo through >$out"
	[ "$(cat "$word")" = host ]
	[ "$(cat "$out")" = through ]
	rm "$out"
	vm --lane stock-6.1 -- sh -c "echo guest >$word; echo through >$out"
	[ "$(cat "$word")" = host ]
	[ "$(cat "$out")" = through ]
	rm "$out"
}

@test "a guest that hangs is ended at the timeout" {
	run vm --lane uml-debug --timeout 5 -- sleep 1000
	[ "$status" -eq 124 ]
	run vm --lane stock-6.1 --timeout 20 -- sleep 1000
	[ "$status" -eq 124 ]
}

@test "a disk is there" {
	local disk=$BATS_TEST_TMPDIR/disk

	truncate -s 8M "$disk"
	vm --lane uml-debug --disk "$disk" -- sh -c 'echo one >/dev/ubda'
	[ "$(head -n 1 "$disk")" = one ]
	vm --lane stock-6.1 --disk "$disk" -- sh -c 'echo two >/dev/vda'
	[ "$(head -n 1 "$disk")" = two ]
}

@test "what the command leaves running does not hold up the end" {
	run vm --lane uml-debug --timeout 60 -- sh -c 'sleep 1000 & exit 3'
	[ "$status" -eq 3 ]
}

@test "guests run side by side" {
	local i pids=()

	for i in 1 2 3; do
		vm --lane uml-debug -- sh -c "exit $i" &
		pids+=($!)
	done
	# not by `run`, whose subshell has no children to wait for
	for i in 1 2 3; do
		status=0
		wait "${pids[i - 1]}" || status=$?
		[ "$status" -eq "$i" ]
	done
}

@test "a lane that is none is refused" {
	run vm --lane none -- true
	[ "$status" -eq 2 ]
	[[ $output == *'no lane named "none"'* ]]
}

@test "a module that behaves passes" {
	misbehave uml-debug
	[ "$status" -eq 0 ]
	misbehave stock-6.1
	[ "$status" -eq 0 ]
}

@test "a module left loaded is unloaded" {
	run vm --lane uml-debug -- \
		insmod build/uml-debug/src/tools/testing/vm/misbehave/misbehave.ko
	[ "$status" -eq 0 ]
}

@test "a warning is seen" {
	complains uml-debug warn 'WARNING: CPU'
	complains stock-6.1 warn 'WARNING: CPU'
}

@test "an oops is seen" {
	complains uml-debug oops 'misbehave'
	complains stock-6.1 oops 'Oops'
}

@test "a use after free is seen" {
	complains uml-debug uaf 'KASAN: use-after-free'
}

@test "a lock inversion is seen" {
	complains uml-debug lockorder 'possible circular locking dependency'
}

@test "sleeping in atomic context is seen" {
	complains uml-debug sleep 'BUG: sleeping function called'
}

@test "a leak is seen" {
	complains uml-debug leak 'unreferenced object'
}

@test "a task that hangs is seen" {
	run vm --lane uml-debug --timeout 90 -- sh -c \
		'insmod build/uml-debug/src/tools/testing/vm/misbehave/misbehave.ko how=hang'
	[[ $output == *'blocked for more than'* ]]
}
