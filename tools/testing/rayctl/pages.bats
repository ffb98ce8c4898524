#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What is installed beside the program: manual pages, completion, and the
# tables that were generated from the spec.

load common

RAYCTL=$BATS_TEST_DIRNAME/../../rayctl

teardown()
{
	stop_kernel
}

# candidates WORD...: sorted, on one line
candidates()
{
	rayctl __complete "$@" | sort | tr '\n' ' '
}

@test "completion knows every word" {
	[ "$(candidates l)" = "lb " ]
	[ "$(candidates "")" = "dtxn events help lb memcompress monitor predict profile status version " ]
	[ "$(candidates lb "")" = "add backends del drain health help import metrics policies restore save set status " ]
	[ "$(candidates lb add web vip 10.0.0.1:80 proto "")" = "tcp udp " ]
	[ "$(candidates lb add web vip 10.0.0.1:80 mode "")" = "dsr full-nat nat " ]
	[ "$(candidates lb add web vip 10.0.0.1:80 policy m)" = "maglev " ]
	[ "$(candidates lb set web health "")" = "http:/ none tcp udp " ]
	[ "$(candidates lb set web send "")" = "hex: none " ]
	[ "$(candidates lb set web require-reply "")" = "off on " ]
	[ "$(candidates lb set web passive "")" = "off " ]
	[ "$(candidates lb set web on-down "")" = "keep reset " ]
	[ "$(candidates lb add web backend 10.0.0.1:80 role "")" = "fallback primary " ]
	[ "$(candidates lb set web affinity "")" = "off " ]
	[ "$(candidates lb set web backend 10.0.0.1:80 "")" = "limit offline online role weight " ]
	[ "$(candidates lb add web backend 10.0.0.1:80 state o)" = "offline online " ]
	[ "$(candidates lb del web backend 10.0.0.1:80 "")" = "reset " ]
	[ "$(candidates lb drain web 10.0.0.1:80 "")" = "deadline " ]
	[ "$(candidates lb help s)" = "save set status " ]
	[ "$(candidates help m)" = "memcompress monitor " ]
	[ "$(candidates events "")" = "lb memcompress " ]
	[ "$(candidates --j)" = "--json " ]
	[ "$(candidates -j lb --w)" = "--watch " ]
}

@test "completion knows files" {
	cd "$BATS_TEST_TMPDIR"
	mkdir -p dir/sub
	touch dir/a dir/.hidden one
	[ "$(candidates lb restore o)" = "one " ]
	[ "$(candidates lb save d)" = "dir/ " ]
	[ "$(candidates lb restore dir/)" = "dir/a dir/sub/ " ]
	[ "$(candidates lb restore dir/.)" = "dir/.hidden " ]
	[ "$(candidates lb restore "$PWD/dir/s")" = "$PWD/dir/sub/ " ]
	[ "$(candidates lb import ipvsadm "")" = "apply check dir/ lenient one " ]
	[ "$(candidates lb set web policy custom program o)" = "one " ]
	[ -z "$(candidates lb restore nowhere/)" ]
	[ -z "$(candidates lb save one "")" ]
}

@test "completion leaves out what has been said, and stops where it is lost" {
	[ "$(candidates lb set web policy maglev "")" = "affinity affinity-prefix check-port fall health host interval method on-down passive program require-reply rise send slow-start status timeout when-down " ]
	[ -z "$(candidates lb set web nonsense "")" ]
	[ -z "$(candidates nonsense "")" ]
	[ -z "$(candidates lb nonsense "")" ]
	[ -z "$(candidates monitor "")" ]
	[ -z "$(candidates lb status "")" ]
	[ -z "$(rayctl __complete)" ]
	[ -z "$(candidates -n nonsense lb "")" ]
}

@test "completion asks the kernel for names and addresses" {
	start_kernel --state "$STATE"
	[ "$(candidates lb status "")" = "dns web " ]
	[ "$(candidates lb set w)" = "web " ]
	[ "$(candidates lb drain dns "")" = "[2001:db8::1:53]:53 " ]
	[ "$(candidates lb set web backend 10.0.1.1)" = "10.0.1.1:8080 " ]
	[ -z "$(candidates lb add web backend "")" ]
	[ -z "$(candidates lb drain nonsense "")" ]
}

@test "bash completes, addresses with their colons too" {
	start_kernel --state "$STATE"
	# shellcheck source=tools/rayctl/rayctl.bash
	. "$RAYCTL/rayctl.bash"
	reply()
	{
		COMP_LINE=$1 COMP_POINT=${#1}
		_rayctl
		echo "${COMPREPLY[*]}"
	}
	[ "$(reply 'rayctl lb st')" = "status" ]
	[ "$(reply 'rayctl lb status ')" = "web dns" ]
	[ "$(reply 'rayctl lb drain web 10.0.1.3')" = "10.0.1.3:8080" ]
	[ "$(reply 'rayctl lb drain web 10.0.1.3:')" = "8080" ]
	[ "$(reply 'rayctl lb drain dns [2001:db8::1:5')" = "53]:53" ]
	[ "$(reply 'rayctl lb set web health http:')" = "/" ]
}

@test "manual pages format without a warning" {
	local page

	make -s -C "$RAYCTL" O="$BATS_TEST_TMPDIR/man" man
	for page in rayctl.8 rayctl-lb.8 rayctl-memcompress.8 rayos_lb.4 rayos_zcomp.4; do
		[ -s "$BATS_TEST_TMPDIR/man/$page" ]
		run -0 bash -c "LC_ALL=C.UTF-8 MANROFFSEQ= MANWIDTH=80 man --warnings -E UTF-8 -l \
			-Tutf8 '$BATS_TEST_TMPDIR/man/$page' 2>&1 >/dev/null"
		[ -z "$output" ]
	done
}

@test "the manual names every command, key and option" {
	local word text=$TOP/Documentation/admin-guide

	for word in status backends policies health metrics add set del drain vip proto policy \
		program custom module affinity slow-start when-down health interval timeout rise fall host status check-port \
		weight limit state deadline reset mode source nat full-nat dsr \
		method send hex require-reply passive on-down role fallback; do
		grep -qE "(^|[^a-z-])$word([^a-z-]|\$)" "$text/rayctl-lb.rst" ||
			{ echo "rayctl-lb.rst lacks $word"; return 1; }
	done
	for word in status pages stats policy add set del reset compact flush swap size level codec \
		limit priority none fast balanced best lzo-rle lzo lz4 zstd; do
		grep -qE "(^|[^a-z-])$word([^a-z-]|\$)" "$text/rayctl-memcompress.rst" ||
			{ echo "rayctl-memcompress.rst lacks $word"; return 1; }
	done
	for word in --json --pretty --netns --watch --color --quiet --version --help NO_COLOR \
		events version help memcompress predict dtxn monitor profile; do
		grep -qe "$word" "$text/rayctl.rst" ||
			{ echo "rayctl.rst lacks $word"; return 1; }
	done
}

# commands FILE: what a manual says to type, without what other programs get of it
commands()
{
	grep -oE '(^ +|=|\| )rayctl [^|>#]*' "$1" | sed -e 's/^[ =|]*//' -e 's/ -w\>//' \
		-e "s,/etc/rayos/,$BATS_TEST_TMPDIR/,g"
}

@test "the commands of the manuals are commands" {
	local page words found=0

	start_kernel
	cd "$BATS_TEST_TMPDIR"
	echo '-A -t 10.0.0.1:80 -s rr' >ipvs.rules
	echo 'add web vip 10.0.0.1:80' | tee lb.conf >new.conf
	for page in rayctl rayctl-lb rayos_lb rayctl-memcompress; do
		while read -r _ words; do
			# shellcheck disable=SC2086 # they are words
			run rayctl $words <ipvs.rules
			# the kernel may know nothing of it, but the words are right
			if [ "$status" = 1 ]; then
				printf 'rayctl %s\n%s\n' "$words" "$output"
				return 1
			fi
			found=$((found + 1))
		done < <(commands "$TOP/Documentation/admin-guide/$page.rst")
	done
	[ "$found" -ge 40 ]
}

@test "install puts everything below DESTDIR, uninstall takes it away" {
	local dest=$BATS_TEST_TMPDIR/dest

	make -s -C "$RAYCTL" O="$BATS_TEST_TMPDIR/obj" DESTDIR="$dest" PREFIX=/usr install
	"$dest/usr/sbin/rayctl" -V
	[ -f "$dest/usr/share/man/man8/rayctl.8" ]
	[ -f "$dest/usr/share/man/man8/rayctl-lb.8" ]
	[ -f "$dest/usr/share/bash-completion/completions/rayctl" ]
	[ -f "$dest/usr/share/zsh/site-functions/_rayctl" ]
	make -s -C "$RAYCTL" O="$BATS_TEST_TMPDIR/obj" DESTDIR="$dest" PREFIX=/usr uninstall
	[ -z "$(find "$dest" -type f)" ]
}

@test "generated tables are what the spec says, and agree with the uapi header" {
	"$PYTHON" "$RAYCTL/gen_spec.py" "$SPEC" -o "$BATS_TEST_TMPDIR/spec_rayos_lb.c"
	cmp "$BATS_TEST_TMPDIR/spec_rayos_lb.c" "$RAYCTL/spec_rayos_lb.c"
	cmp "$BATS_TEST_TMPDIR/spec_rayos_lb.h" "$RAYCTL/spec_rayos_lb.h"
	"$PYTHON" "$RAYCTL/gen_spec.py" "$SPEC" --assert >"$BATS_TEST_TMPDIR/assert.c"
	[ "$(grep -c _Static_assert "$BATS_TEST_TMPDIR/assert.c")" -gt 100 ]
	cc -I"$TOP/include/uapi" -fsyntax-only "$BATS_TEST_TMPDIR/assert.c"
	# The check can fail: one number off is an error.
	sed -i '0,/ == 1,/s// == 2,/' "$BATS_TEST_TMPDIR/assert.c"
	run ! cc -I"$TOP/include/uapi" -fsyntax-only "$BATS_TEST_TMPDIR/assert.c"
}

@test "the generator refuses what it cannot say" {
	sed 's/type: flag/type: bitfield32/' "$SPEC" >"$BATS_TEST_TMPDIR/bad.yaml"
	run -1 "$PYTHON" "$RAYCTL/gen_spec.py" "$BATS_TEST_TMPDIR/bad.yaml" -o "$BATS_TEST_TMPDIR/x.c"
	[[ "$output" == *"type bitfield32 is not known to rayctl"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/x.c" ]
}
