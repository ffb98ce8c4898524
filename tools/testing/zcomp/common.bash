# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What every test file loads.  A test begins with the module loaded anew and one
# device without a size.

: "${BATS_TEST_DIRNAME:=.}"
# shellcheck source=../common.bash
. "$BATS_TEST_DIRNAME/../common.bash"

# shellcheck disable=SC2034 # the tests use them
{
	S=/sys/block/rayz0
	DEV=/dev/rayz0
	CONTROL=/sys/class/rayz-control
	MNT=$BATS_TEST_TMPDIR/mnt
}

# insert [PARAMETER...]: the module of the tree, or the one installed
# shellcheck disable=SC2119,SC2120 # not all tests have parameters
insert()
{
	insert_module rayos_zcomp "$@"
}

# shellcheck disable=SC2119
setup()
{
	clean_up
	insert
}

teardown()
{
	clean_up
}

clean_up()
{
	local dev module

	while read -r dev _; do swapoff "$dev"; done < <(grep rayz /proc/swaps)
	while read -r dev _; do umount "$dev"; done < <(grep rayz /proc/mounts)
	# what is stored keeps its codec, so those with codecs go when nothing is
	for dev in /sys/block/rayz*/reset; do
		[ ! -e "$dev" ] || echo 1 >"$dev"
	done
	for module in rayos_zcomp_lz4 rayos_zcomp_zstd rayos_zcomp; do
		[ ! -e "/sys/module/$module" ] || rmmod "$module"
	done
}

# several_processors: others may use what one unmaps, or there is one only
several_processors()
{
	if [ "${RAYOS_LANE:-}" = uml-new ] && [ "$(nproc)" -gt 1 ]; then
		skip "User Mode Linux tells no other processor of what is unmapped"
	fi
}

# refused ERROR FILE VALUE: to write it fails, and why
refused()
{
	local said

	if said=$( (echo "$3" >"$2") 2>&1); then
		echo "$2 takes \"$3\""
		return 1
	fi
	[[ $said = *"$1"* ]] && return
	echo "$said"
	return 1
}

# is FILE VALUE: what is in it
is()
{
	local there

	there=$(<"$1")
	[ "$there" = "$2" ] && return
	echo "$1 is \"$there\", not \"$2\""
	return 1
}

# mm NAME [DEVICE]: one of the numbers in mm_stat
# shellcheck disable=SC2034 # used by their names
mm()
{
	local orig compr used limit peak same moved raw raws

	read -r orig compr used limit peak same moved raw raws \
		<"/sys/block/${2:-rayz0}/mm_stat"
	echo "${!1}"
}

# zc WORD...: compressed memory
zc()
{
	rayctl memcompress "$@"
}

# json EXPRESSION WORD...: true in python of d, which is what rayctl -j says
json()
{
	local expression=$1

	shift
	rayctl -j memcompress "$@" >"$BATS_TEST_TMPDIR/json" || return
	/usr/bin/python3 - "$expression" "$BATS_TEST_TMPDIR/json" <<-'END'
	import json, sys
	d = json.load(open(sys.argv[2]))
	if not eval(sys.argv[1]):
	    sys.exit(f"not true: {sys.argv[1]}\n{json.dumps(d, indent=1)}")
	END
}

# files: makes a directory of ordinary files, once
files()
{
	FILES=$BATS_FILE_TMPDIR/files
	[ ! -e "$FILES" ] || return 0
	mkdir "$FILES"
	cp -r "$BATS_TEST_DIRNAME"/../../../modules "$FILES"
	head -c 1000000 /dev/urandom >"$FILES/noise"
	head -c 2000000 /dev/zero >"$FILES/zeroes"
	cp /bin/bash "$FILES"
}
