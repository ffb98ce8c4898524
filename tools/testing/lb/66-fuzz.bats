#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Packets and commands that nobody in their right mind would send.  What is proved
# is that all works afterwards; that the kernel has not complained meanwhile is for
# tools/vm/run to see, best where it has every checker.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common

setup()
{
	oldest_and_newest
	agent reset
}

# hardware_address NAMESPACE DEVICE
hardware_address()
{
	ip -n "$1" -o link show dev "$2" | sed 's/.*link.ether \([^ ]*\).*/\1/'
}

# everything_up [WORD...]: TCP and datagrams, IPv4 and IPv6
everything_up()
{
	web "$@"
	lb add dns vip "$VIP" proto udp "$@" && backends dns "$B1" "$B2" "$B3"
	lb add six vip "$VIP6" "$@" && backends six "$SIX1" "$SIX2" "$SIX3"
	lb add dns6 vip "$VIP6" proto udp "$@" && backends dns6 "$SIX1" "$SIX2"
}

everything_works()
{
	agent load ns=$C dst="$VIP" n=30 src=10.0.0.9
	got 'ok == 30 && failed == 0' || return
	agent load ns=$C dst="$VIP" n=30 proto=udp src=10.0.0.9
	got 'ok == 30 && failed == 0' || return
	agent load ns=$C dst="$VIP6" n=30 src=fd00::9
	got 'ok == 30 && failed == 0' || return
}

# fuzz N: damaged packets of clients, and in the name of the first backend; what that
# sends to the virtual address would have two echo servers talk to each other for ever
fuzz()
{
	"$BATS_TEST_DIRNAME/fuzz_packets.py" $C eth0 "$(hardware_address $D lb-c)" \
		"$1" 1 10.0.0.2 10.0.0.100 10.0.0.3 10.0.0.100 10.0.0.100 10.0.0.2 \
		fd00::2 fd00::100 fd00::3 fd00::100
	"$BATS_TEST_DIRNAME/fuzz_packets.py" lb-1 eth0 "$(hardware_address $D lb-1)" \
		"$1" 2 10.0.1.11 10.0.0.2 10.0.1.11 10.0.1.1 fd00:1::11 fd00::2
}

@test "packets at random" {
	everything_up
	fuzz "$(full 10000 2000)"
	everything_works
}

@test "packets at random, with all that looks at them" {
	everything_up policy maglev affinity 60s passive 1000
	fuzz "$(full 10000 2000)"
	everything_works
}

@test "packets at random, full NAT" {
	everything_up mode full-nat
	fuzz "$(full 10000 2000)"
	everything_works
}

@test "commands at random" {
	everything_up
	agent start job=load ns=$C dst=$VIP gap=0.02 timeout=1
	"$BATS_TEST_DIRNAME/fuzz_netlink.py" $D "$(full 10000 2000)"
	agent stop job=load
	lb restore <<<'#'
	everything_up
	everything_works
}
