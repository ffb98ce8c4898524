#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# make, make install and make uninstall, in a copy of this machine's file system.

setup_file()
{
	export VERSION DIR=$PWD/build/test/install

	VERSION=$(cat VERSION)
	tools/testing/install/sandbox tools/testing/install/install-uninstall "$DIR" \
		>"$BATS_FILE_TMPDIR/log" 2>&1 ||
		{ tail -n 50 "$BATS_FILE_TMPDIR/log"; return 1; }
}

@test "DKMS has built and installed the modules" {
	grep -q "^rayos/$VERSION, .*: installed" "$DIR/dkms"
	for module in "$DIR"/files/lib/modules/*/updates/dkms/rayos_{lb,zcomp,zcomp_lz4,zcomp_zstd}.ko*; do
		[ "$(modinfo -F version "$module")" = "$VERSION" ]
	done
}

@test "DKMS has all that it needs to build them again" {
	[ "$(cat "$DIR/files/usr/src/rayos-$VERSION/VERSION")" = "$VERSION" ]
	[ -f "$DIR/files/usr/src/rayos-$VERSION/modules/rayos_lb/nl_gen.c" ]
	[ -z "$(find "$DIR/files/usr/src" -name '*.o' -o -name '*.ko')" ]
}

@test "the tool, its manual, its completions and the options are installed" {
	for file in /usr/local/sbin/rayctl /etc/modprobe.d/rayos.conf \
		    /usr/local/share/man/man4/rayos_lb.4 \
		    /usr/local/share/man/man4/rayos_zcomp.4 \
		    /usr/local/share/man/man8/rayctl.8 \
		    /usr/local/share/man/man8/rayctl-lb.8 \
		    /usr/local/share/man/man8/rayctl-memcompress.8 \
		    /usr/local/share/bash-completion/completions/rayctl \
		    /usr/local/share/zsh/site-functions/_rayctl; do
		grep -qx "$file" "$DIR/installed"
	done
	grep -qw "$VERSION" "$DIR/version"
}

@test "what is uninstalled leaves nothing behind" {
	diff /dev/null "$DIR/left"
}

@test "a kernel without headers is refused in one line" {
	run make -s modules KDIR=/nonexistent
	[ "$status" -ne 0 ]
	[ "${lines[0]}" = "/nonexistent is not the build tree of a kernel" ]
}

@test "every target is in the help, with a line of its own" {
	run make help
	[ "$status" -eq 0 ]
	for target in deps check kunit demo bench soak lint install uninstall deb docs regen clean; do
		grep -q "^make $target  *[a-z]" <<<"$output"
	done
}
