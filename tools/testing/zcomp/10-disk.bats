#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Block devices: what is written there is read again, and takes less memory.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common

bats_require_minimum_version 1.5.0

@test "a device begins without a size" {
	is $S/initstate 0
	is $S/disksize 0
	is $S/comp_algorithm 'lzo-rle [lzo] '
	is $S/level 'none fast [balanced] best '
	[ "$(mm orig)" = 0 ]
	echo 8M >$S/disksize
	is $S/initstate 1
	is $S/disksize 8388608
	[ "$(blockdev --getsize64 $DEV)" = 8388608 ]
	[ "$(blockdev --getss $DEV)" = 4096 ]
}

@test "sizes that are none" {
	refused 'Invalid argument' $S/disksize 0
	refused 'Invalid argument' $S/disksize 2T
	refused 'Invalid argument' $S/disksize 8Mx
	refused 'Invalid argument' $S/disksize ''
	refused 'Invalid argument' $S/disksize -1
	is $S/disksize 0
	echo 5000 >$S/disksize
	is $S/disksize 8192
	refused 'Device or resource busy' $S/disksize 8M
	refused 'Device or resource busy' $S/comp_algorithm lzo
	refused 'Device or resource busy' $S/level fast
	is $S/disksize 8192
}

@test "words that are none" {
	refused 'Invalid argument' $S/comp_algorithm gzip
	refused 'Invalid argument' $S/level better
	refused 'Invalid argument' $S/mem_limit many
	refused 'Invalid argument' $S/mem_limit ''
	refused 'Invalid argument' $S/mem_limit 18446744073709551615
	refused 'Invalid argument' $S/mem_used_max 1
	refused 'Invalid argument' $S/reset 0
	refused 'Invalid argument' $S/reset maybe
	refused 'Invalid argument' $S/compact 1
	refused 'Invalid argument' $S/idle all
	refused 'Invalid argument' $S/recompress type=idle
	# there is one only if its module is
	refused 'No such file or directory' $S/comp_algorithm zstd
	refused 'No such file or directory' $S/comp_algorithm lz4
	is $S/comp_algorithm 'lzo-rle [lzo] '
	echo lzo >$S/comp_algorithm
	echo 8M >$S/disksize
	refused 'Invalid argument' $S/idle some
	refused 'Invalid argument' $S/recompress type=all
	refused 'Invalid argument' $S/recompress type
	refused 'Invalid argument' $S/recompress type=
	refused 'Invalid argument' $S/recompress threshold=4097
	refused 'Invalid argument' $S/recompress threshold=some
	refused 'Invalid argument' $S/recompress algo=gzip
	refused 'Invalid argument' $S/recompress algo=lzo-rle
	refused 'No such file or directory' $S/recompress algo=zstd
	refused 'Invalid argument' $S/recompress priority=2
	refused 'Invalid argument' $S/recompress 'type=idle speed=1'
	refused 'No such device' $CONTROL/hot_remove 7
	refused 'Invalid argument' $CONTROL/hot_remove x
	refused 'Invalid argument' $CONTROL/hot_remove -1
}

@test "files on a filesystem" {
	files
	echo 64M >$S/disksize
	mkfs.ext4 -q $DEV
	mkdir "$MNT"
	mount $DEV "$MNT"
	cp -r "$FILES" "$MNT/files"
	umount "$MNT"
	mount $DEV "$MNT"
	diff -r "$FILES" "$MNT/files"
	umount "$MNT"
	fsck.ext4 -fn $DEV
	[ "$(mm compr)" -lt "$(($(mm orig) * 3 / 4))" ]
	[ "$(mm used)" -ge "$(mm compr)" ]
	[ "$(mm same)" -ge 480 ]
}

@test "memory that is not aligned to pages" {
	echo 1M >$S/disksize
	[ "$("$BATS_TEST_DIRNAME/direct.py" $DEV)" = 0 ]
}

@test "verified by fio: random writes of many sizes, and trims" {
	local rw size

	size=$(full 32m 8m)
	echo 64M >$S/disksize
	for rw in randwrite randrw randtrimwrite; do
		fio --name=v --filename=$DEV --direct=1 --ioengine=psync \
			--numjobs=2 --size="$size" --offset_increment="$size" \
			--rw=$rw --bsrange=4k-64k --blockalign=4k \
			--refill_buffers --buffer_compress_percentage=60 \
			--verify=crc32c --verify_fatal=1 --do_verify=1 \
			--minimal >"$BATS_TEST_TMPDIR/fio" || {
			cat "$BATS_TEST_TMPDIR/fio"
			return 1
		}
	done
}

@test "pages of one word cost nothing, noise no more than it is" {
	echo 8M >$S/disksize
	dd if=/dev/zero of=$DEV bs=1M count=4 oflag=direct status=none
	[ "$(mm same)" = 1024 ]
	[ "$(mm used)" = 0 ]
	dd if=/dev/urandom of=$DEV bs=1M count=4 oflag=direct status=none
	[ "$(mm same)" = 0 ]
	[ "$(mm raw)" = 1024 ]
	[ "$(mm compr)" = 4194304 ]
	[ "$(mm used)" = 4194304 ]
}

@test "discard gives memory back" {
	echo 8M >$S/disksize
	dd if=/dev/urandom of=$DEV bs=1M count=8 oflag=direct status=none
	[ "$(mm orig)" = 8388608 ]
	blkdiscard -o 0 -l 4M $DEV
	[ "$(mm orig)" = 4194304 ]
	cmp -n 4194304 $DEV /dev/zero
	blkdiscard -z $DEV
	[ "$(mm orig)" = 0 ]
	echo 1 >$S/compact
	[ "$(mm used)" = 0 ]
}

@test "zeroes over more than 4 GiB" {
	echo 6G >$S/disksize
	dd if=/bin/bash of=$DEV bs=64k count=1 seek=81920 oflag=direct status=none
	dd if=/bin/bash of=$DEV bs=64k count=1 oflag=direct status=none
	[ "$(mm orig)" -gt 0 ]
	fallocate -z -l 6G $DEV
	[ "$(mm orig)" = 0 ]
}

@test "swap: pages come back as they went, huge ones too" {
	local huge

	echo 64M >$S/disksize
	mkswap -q $DEV
	swapon $DEV
	for huge in no yes; do
		run -0 "$BATS_TEST_DIRNAME/pages.py" "$(full 24 8)" \
			"$(full 4 2)" $huge
		[ "$output" = 0 ]
	done
	swapoff $DEV
	read -r _ _ _ freed <$S/io_stat
	[ "$freed" -gt 1000 ]
	is $S/debug_stat $'version: 1\n       0        0'
}

@test "what one processor leaves another one takes" {
	[ "$(nproc)" -gt 1 ] || skip "there is but one"
	echo 32M >$S/disksize
	"$BATS_TEST_DIRNAME/churn.py" $DEV "$(full 3 2)"
	[ "$(mm used)" -lt "$(($(mm compr) * 114 / 100))" ]
}

@test "what is idle is compressed better" {
	local before

	files
	echo best >$S/level
	echo 64M >$S/disksize
	mkfs.ext4 -q $DEV
	mkdir "$MNT"
	mount $DEV "$MNT"
	cp -r "$FILES" "$MNT/files"
	sync
	before=$(mm compr)
	# nothing is idle yet
	echo type=idle >$S/recompress
	[ "$(mm compr)" = "$before" ]
	echo 1000 >$S/idle
	echo type=idle >$S/recompress
	[ "$(mm compr)" = "$before" ]
	echo all >$S/idle
	echo type=idle >$S/recompress
	[ "$(mm compr)" -lt "$((before * 97 / 100))" ]
	umount "$MNT"
	mount $DEV "$MNT"
	diff -r "$FILES" "$MNT/files"
}

@test "a limit of memory holds" {
	echo 16M >$S/disksize
	echo 4M >$S/mem_limit
	if dd if=/dev/urandom of=$DEV bs=64k oflag=direct status=none; then
		return 1
	fi
	[ "$(mm used)" = 4194304 ]
	[ "$(mm limit)" = 4194304 ]
	read -r _ failed _ <$S/io_stat
	[ "$failed" -gt 0 ]
	# what cannot be written anew is what it was
	blkdiscard $DEV
	dd if=/dev/zero of=$DEV bs=1M count=16 oflag=direct status=none
	echo 0 >$S/mem_limit
	dd if=/dev/urandom of=$DEV bs=1M count=16 oflag=direct status=none
	[ "$(mm used)" = 16777216 ]
	echo 0 >$S/mem_used_max
	[ "$(mm peak)" = "$(mm used)" ]
}

@test "what is in use stays" {
	echo 16M >$S/disksize
	mkswap -q $DEV
	swapon $DEV
	refused 'Device or resource busy' $S/reset 1
	refused 'Device or resource busy' $CONTROL/hot_remove 0
	if rmmod rayos_zcomp 2>/dev/null; then return 1; fi
	swapoff $DEV
	echo 1 >$S/reset
	is $S/disksize 0
	echo 8M >$S/disksize
	cmp -n 8388608 $DEV /dev/zero
}

@test "devices are added and removed" {
	local i id

	for i in 1 2 3; do
		id=$(cat $CONTROL/hot_add)
		[ "$id" = $i ]
		echo 4M >/sys/block/rayz"$id"/disksize
		dd if=/dev/urandom of=/dev/rayz"$id" bs=1M count=4 oflag=direct status=none
	done
	echo 2 >$CONTROL/hot_remove
	[ ! -e /sys/block/rayz2 ]
	[ "$(cat $CONTROL/hot_add)" = 2 ]
	for i in 0 1 2 3; do echo $i >$CONTROL/hot_remove; done
	[ -z "$(find /sys/block -name 'rayz*')" ]
}

@test "loading, work and unloading, again and again" {
	local i

	for ((i = 0; i < $(full 20 3); i++)); do
		rmmod rayos_zcomp
		insert num_devices=3
		echo 8M >/sys/block/rayz2/disksize
		dd if=/dev/urandom of=/dev/rayz2 bs=1M count=4 status=none
		dd if=/bin/bash of=/dev/rayz2 bs=64k conv=fsync status=none
	done
	rmmod rayos_zcomp
	if insert num_devices=5000; then return 1; fi
	[ ! -e $CONTROL ]
	insert num_devices=0
	[ ! -e $S ]
}
