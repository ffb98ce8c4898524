# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the end-to-end tests of all modules use.

# full N SHORT: how much of something, which a short pass has less of
full()
{
	if [ -n "${RAYOS_SHORT:-}" ]; then echo "$2"; else echo "$1"; fi
}

# insert_module NAME [PARAMETER...]: that of the tree, or the one installed
insert_module()
{
	local name=$1
	local ko=$BATS_TEST_DIRNAME/../../../build/${RAYOS_LANE:-none}/src
	ko+=/modules/$name/$name.ko
	shift

	if [ -e "$ko" ]; then
		insmod "$ko" "$@"
	else
		modprobe "$name" "$@"
	fi
}

# whole_pass: for what takes long and is decided by code that no kernel differs in
whole_pass()
{
	[ -z "${RAYOS_SHORT:-}" ] || skip "takes long, and is for the whole pass"
}
