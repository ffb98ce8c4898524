# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What all files of tests here need is built once.

setup_suite()
{
	make -s -C "$BATS_TEST_DIRNAME" >&2
}
