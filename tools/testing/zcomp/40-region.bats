#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Regions: memory that programs map, and which comes back whenever it is used.

load common

bats_require_minimum_version 1.5.0

REGION=$BATS_TEST_DIRNAME/region.py

region()
{
	"$REGION" "$@"
}

# begin TEST [ARGUMENT...]: in the background, its process is $!
begin()
{
	"$REGION" "$@" 3>&- &
}

await()
{
	local i

	for ((i = 0; i < 300; i++)); do
		[ ! -e "$1" ] || return 0
		sleep 0.1
	done
	echo "$1 has not come"
	return 1
}

@test "region: what leaves comes back" {
	region cycle
}

@test "region: pages that follow each other come back together" {
	several_processors
	"$BATS_TEST_DIRNAME/region.py" ahead 2048
}

@test "region: noise stays until it changes" {
	region noise
}

@test "region: pages of one word" {
	region words
}

@test "region: many operations in any order" {
	region random 3000 1
	region random 3000 2
}

@test "region: very many operations" {
	whole_pass
	for seed in 3 4 5 6 7; do
		region random 20000 $seed
	done
}

@test "region: read, write and seek" {
	region file
}

@test "region: what is none is refused" {
	region refused
}

@test "region: without a size it has that of the parameter" {
	region default 1024 256
	rmmod rayos_zcomp
	insert region_pages=64 region_kept=0
	region default 64 64
	echo 32 >/sys/module/rayos_zcomp/parameters/region_pages
	echo 5 >/sys/module/rayos_zcomp/parameters/region_kept
	region default 32 5
	echo 0 >/sys/module/rayos_zcomp/parameters/region_pages
	run ! region default 0 0
	region first
}

@test "region: what the kernel uses stays" {
	region pinned
}

@test "region: several programs" {
	region fork
}

@test "region: its mappings change" {
	region resize
}

@test "region: used and compressed at once" {
	several_processors
	region race 5
}

# make_group: its directory is GROUP, and a command after IN_GROUP runs in it
make_group()
{
	local root=$BATS_TEST_TMPDIR/cgroup

	mkdir "$root"
	mount -t cgroup2 none "$root" || skip "no cgroups"
	GROUP=$root/zcomp
	if ! echo +memory >"$root/cgroup.subtree_control"; then
		umount "$root"
		skip "no memory cgroups"
	fi
	mkdir -p "$GROUP"
	# shellcheck disable=SC2016 # of the shell that is begun
	IN_GROUP=(sh -c 'echo $$ >"$1"; shift; exec "$@"' - "$GROUP/cgroup.procs")
}

teardown()
{
	if [ -d "${GROUP:-}" ]; then
		rmdir "$GROUP"
		umount "$BATS_TEST_TMPDIR/cgroup"
	fi
	clean_up
}

@test "region: pages are charged to who uses them" {
	local before after

	make_group
	before=$(<"$GROUP/memory.current")
	"${IN_GROUP[@]}" "$REGION" busy "$BATS_TEST_TMPDIR/ready" 3>&- &
	await "$BATS_TEST_TMPDIR/ready"
	kill -STOP $!
	after=$(sed -n 's/^kernel //p' "$GROUP/memory.stat")
	kill -KILL $!
	wait $! || true
	echo "before $before, kernel memory $after"
	# some of its megabyte may just be compressed
	[ "$after" -gt 100000 ]
}

@test "region: a control group has more data in it than memory" {
	several_processors
	make_group
	echo 48M >"$GROUP/memory.max"
	# nothing but its own need makes its pages leave
	zc set policy demand
	"${IN_GROUP[@]}" "$REGION" large 64
	[ "$(sed -n 's/^oom_kill //p' "$GROUP/memory.events")" = 0 ]
}

@test "region: memtester, while it is compressed" {
	several_processors
	# whoever is first gives it its size, memtester or who compresses
	echo 1536 >/sys/module/rayos_zcomp/parameters/region_pages
	echo 0 >/sys/module/rayos_zcomp/parameters/region_kept
	region memtester 6M "$BATS_TEST_TMPDIR/tested"
	grep -q Done "$BATS_TEST_TMPDIR/tested"
	run ! grep FAILURE "$BATS_TEST_TMPDIR/tested"
}

@test "region: the module stays while one is used" {
	begin busy "$BATS_TEST_TMPDIR/ready"
	await "$BATS_TEST_TMPDIR/ready"
	run ! rmmod rayos_zcomp
	kill -KILL $!
	wait $! || true
	rmmod rayos_zcomp
}

@test "region: killed at work, again and again" {
	local i pids

	for i in 1 2 3 4 5; do
		begin busy "$BATS_TEST_TMPDIR/ready$i"
		pids=$!
		begin busy "$BATS_TEST_TMPDIR/other$i"
		await "$BATS_TEST_TMPDIR/ready$i"
		kill -KILL $pids $!
		wait $pids $! || true
		rmmod rayos_zcomp
		insert
	done
}
