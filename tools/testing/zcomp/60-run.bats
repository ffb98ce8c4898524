#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Programs that know nothing of regions have their memory there.

load common

bats_require_minimum_version 1.5.0

# memory TEST [ARGUMENT]: the program, with its memory in a region
memory()
{
	rayctl memcompress run -- /usr/bin/python3 \
		"$BATS_TEST_DIRNAME/memory.py" "$@"
}

@test "run: large pieces of memory are in a region" {
	memory large
}

@test "run: pieces that grow and shrink" {
	memory grow
}

@test "run: mappings" {
	memory mappings
	memory unmap
}

@test "run: a child's memory is its own" {
	memory fork
}

@test "run: several threads" {
	memory threads
}

@test "run: words, and what cannot be run" {
	run -1 rayctl memcompress run
	[[ $output = *"no command to run"* ]]
	run -1 rayctl memcompress run min
	[[ $output = *"min needs a size"* ]]
	run -1 rayctl memcompress run min much -- true
	[[ $output = *'min "much" is no size'* ]]
	run -2 rayctl memcompress run -- /nowhere
	[[ $output = *'cannot run "/nowhere": No such file or directory'* ]]
	run -3 rayctl memcompress run min 1M -- sh -c 'exit 3'
	run -0 rayctl memcompress run -- echo -n said
	[ "$output" = said ]
	rmmod rayos_zcomp
	run -2 rayctl memcompress run -- true
	[[ $output = *"module rayos_zcomp is not loaded"* ]]
	insert
}

@test "run: what is small stays where it is" {
	run -1 rayctl memcompress run min 8M -- /usr/bin/python3 \
		"$BATS_TEST_DIRNAME/memory.py" large
	[[ $output = *"only 0 KiB are in a region"* ]]
}

@test "run: memory is compressed while it is used" {
	local i

	several_processors
	rayctl memcompress run -- /usr/bin/python3 \
		"$BATS_TEST_DIRNAME/memory.py" grow 3>&- &
	for ((i = 0; i < 100; i++)); do
		kill -0 $! 2>/dev/null || break
		rayctl -q memcompress flush
	done
	wait $!
	[ "$i" -gt 2 ]
}
