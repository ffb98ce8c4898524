#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Codecs that are modules of their own: lz4 and zstd.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common

bats_require_minimum_version 1.5.0

# holds: what is written to the device is read again, in files and as swap
holds()
{
	files
	mkfs.ext4 -q $DEV
	mkdir -p "$MNT"
	mount $DEV "$MNT"
	cp -r "$FILES" "$MNT/files"
	umount "$MNT"
	mount $DEV "$MNT"
	diff -r "$FILES" "$MNT/files"
	umount "$MNT"
	mkswap -q $DEV
	swapon $DEV
	run -0 "$BATS_TEST_DIRNAME/pages.py" "$(full 16 4)" 2 no
	[ "$output" = 0 ]
	swapoff $DEV
}

# refcount MODULE
refcount()
{
	cat "/sys/module/rayos_zcomp_$1/refcnt"
}

@test "lz4 and zstd hold what is written, and are kept as long as they are in use" {
	local codec before=4294967296

	for codec in lz4 zstd; do
		insert_module rayos_zcomp_$codec
		echo $codec >$S/comp_algorithm
		[[ $(<$S/comp_algorithm) = *"[$codec]"* ]]
		[ "$(refcount $codec)" = 0 ]
		echo 64M >$S/disksize
		[ "$(refcount $codec)" = 1 ]
		run ! rmmod rayos_zcomp_$codec
		run ! rmmod rayos_zcomp
		holds
		blkdiscard -z $DEV
		dd if=/bin/bash of=$DEV bs=64k oflag=direct conv=fsync status=none
		cmp -n 1000000 /bin/bash $DEV
		# zstd is the better of the two
		[ "$(mm compr)" -lt "$before" ]
		before=$(mm compr)
		echo 1 >$S/reset
		[ "$(refcount $codec)" = 0 ]
	done
	rmmod rayos_zcomp_lz4
	is $S/comp_algorithm 'lzo-rle [lzo] zstd '
	rmmod rayos_zcomp_zstd
	is $S/comp_algorithm 'lzo-rle [lzo] '
}

@test "one that was chosen may go before there is a size" {
	insert_module rayos_zcomp_lz4
	echo lz4 >$S/comp_algorithm
	is $S/comp_algorithm 'lzo-rle lzo [lz4] '
	rmmod rayos_zcomp_lz4
	is $S/comp_algorithm 'lzo-rle lzo [lz4] '
	refused 'No such file or directory' $S/disksize 8M
	is $S/disksize 0
	echo lzo >$S/comp_algorithm
	echo 8M >$S/disksize
}

# written: what is written to a device of level best, and what it takes up
written()
{
	echo best >$S/level
	echo 64M >$S/disksize
	dd if="$FILES/all" of=$DEV bs=64k oflag=direct status=none
	echo all >$S/idle
	echo type=idle >$S/recompress
	cmp -n "$(stat -c %s "$FILES/all")" "$FILES/all" $DEV
	mm compr
}

@test "the level best takes zstd for what is idle, even if it comes later" {
	local lzo zstd

	files
	cat /bin/bash "$FILES"/modules/*/*.[ch] >"$FILES/all"
	truncate -s %4096 "$FILES/all"
	lzo=$(written)
	insert_module rayos_zcomp_zstd
	[ "$(refcount zstd)" = 0 ]
	# what has been compressed together is once more
	echo all >$S/idle
	echo type=idle >$S/recompress
	[ "$(refcount zstd)" = 1 ]
	[ "$(mm compr)" -lt "$((lzo * 90 / 100))" ]
	cmp -n "$(stat -c %s "$FILES/all")" "$FILES/all" $DEV
	zstd=$(mm compr)
	echo 1 >$S/reset
	# and the same if it was there from the beginning
	[ "$(written)" = "$zstd" ]
}

@test "recompress understands what zram does" {
	local before

	files
	insert_module rayos_zcomp_zstd
	echo 16M >$S/disksize
	dd if=/bin/bash of=$DEV bs=64k oflag=direct status=none
	before=$(mm compr)
	# nothing is idle, nor so large, nor is anything to be done
	echo type=idle >$S/recompress
	echo type=huge_idle >$S/recompress
	echo threshold=4096 type=idle >$S/recompress
	echo max_pages=0 >$S/recompress
	[ "$(mm compr)" = "$before" ]
	echo type=huge algo=zstd priority=1 threshold=3000 max_pages=4 >$S/recompress
	[ "$(mm compr)" -lt "$before" ]
	before=$(mm compr)
	echo threshold=2500 >$S/recompress
	[ "$(mm compr)" -lt "$before" ]
	before=$(mm compr)
	echo algo=zstd >$S/recompress
	[ "$(mm compr)" -lt "$before" ]
	cmp -n 1000000 /bin/bash $DEV
	# with zstd in use, this is no better
	refused 'Invalid argument' $S/recompress algo=lzo
}

@test "levels of zstd that are none" {
	local level

	for level in 0 20 -1 high; do
		run ! insert_module rayos_zcomp_zstd level=$level
	done
	insert_module rayos_zcomp_zstd level=19
	echo zstd >$S/comp_algorithm
	echo 64M >$S/disksize
	dd if=/bin/bash of=$DEV bs=64k oflag=direct status=none
	cmp -n 1000000 /bin/bash $DEV
}
