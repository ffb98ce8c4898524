#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The Debian packages: what is in them, and their whole life from installation
# to purge.  They are installed in a copy of this machine's file system, where
# DKMS builds the modules; the stock kernel then loads what came out.

setup_file()
{
	bats_require_minimum_version 1.5.0
	export VERSION RELEASE DIR=$PWD/build/test/deb

	VERSION=$(cat VERSION)
	make deb >"$BATS_FILE_TMPDIR/deb.log" 2>&1 ||
		{ tail -n 30 "$BATS_FILE_TMPDIR/deb.log"; return 1; }
	tools/testing/install/sandbox tools/testing/deb/install-purge "$DIR" \
		"$PWD/build/deb/rayos-dkms_${VERSION}_all.deb" \
		"$PWD/build/deb/rayctl_${VERSION}_"*.deb >"$BATS_FILE_TMPDIR/install.log" 2>&1 ||
		{ tail -n 50 "$BATS_FILE_TMPDIR/install.log"; return 1; }
	RELEASE=$(dpkg-query -W -f '${Depends}' linux-headers-amd64 |
		  sed 's/.*linux-headers-\([^ ,]*\).*/\1/')
}

contents()
{
	dpkg-deb --contents build/deb/"$1"_*.deb | awk '{ print $6 }'
}

@test "lintian finds nothing" {
	run -0 lintian --allow-root --fail-on error,warning build/deb/*.changes
}

@test "rayos-dkms has the source of the modules and nothing built" {
	contents rayos-dkms >"$BATS_TEST_TMPDIR/list"
	for file in Kbuild VERSION dkms.conf include/uapi/linux/rayos_lb.h \
		    modules/rayos_lb/main.c modules/rayos_lb/nl_gen.c \
		    modules/rayos_zcomp/main.c modules/rayos_zcomp_lz4/main.c \
		    modules/rayos_zcomp_zstd/main.c; do
		grep -qx "./usr/src/rayos-$VERSION/$file" "$BATS_TEST_TMPDIR/list"
	done
	run ! grep -E '\.(o|ko|cmd|mod)$' "$BATS_TEST_TMPDIR/list"
}

@test "rayctl has the tool, its manual and its completions" {
	contents rayctl >"$BATS_TEST_TMPDIR/list"
	for file in sbin/rayctl share/man/man4/rayos_lb.4.gz share/man/man4/rayos_zcomp.4.gz \
		    share/man/man8/rayctl.8.gz \
		    share/man/man8/rayctl-lb.8.gz \
		    share/man/man8/rayctl-memcompress.8.gz \
		    share/bash-completion/completions/rayctl \
		    share/zsh/vendor-completions/_rayctl; do
		grep -qx "./usr/$file" "$BATS_TEST_TMPDIR/list"
	done
}

@test "all parts tell the same version" {
	[ "$("$DIR/files/usr/sbin/rayctl" --version | grep -o '[0-9][0-9.]*' | head -n 1)" = "$VERSION" ]
	grep -qx "PACKAGE_VERSION=\"$VERSION\"" "$DIR/files/usr/src/rayos-$VERSION/dkms.conf"
	for module in "$DIR"/files/lib/modules/*/updates/dkms/rayos_{lb,zcomp,zcomp_lz4,zcomp_zstd}.ko*; do
		[ "$(modinfo -F version "$module")" = "$VERSION" ]
	done
}

@test "installing builds the modules for every kernel with headers" {
	for build in /lib/modules/*/build; do
		release=$(basename "$(dirname "$build")")
		grep -q "^rayos/$VERSION, $release, .*: installed" "$DIR/dkms"
		ls "$DIR/files/lib/modules/$release/updates/dkms"/rayos_{lb,zcomp,zcomp_lz4,zcomp_zstd}.ko*
	done
}

@test "every option of the example is an option of the module" {
	module=$DIR/files/lib/modules/$RELEASE/updates/dkms/rayos_lb.ko
	read -ra options < <(sed -n 's/^#options rayos_lb //p' \
		"$DIR/files/etc/modprobe.d/rayos.conf" | paste -sd ' ')
	[ ${#options[@]} -ge 5 ]
	for option in "${options[@]}"; do
		modinfo -F parm "$module" | grep -q "^${option%%=*}:.*default ${option#*=})"
	done
}

@test "the stock kernel loads the module and rayctl speaks to it" {
	run -0 tools/vm/run --lane stock-6.1 --no-load -- tools/testing/deb/guest "$DIR/files"
	[[ $output == *"$VERSION"* ]]
}

@test "a purge leaves nothing behind" {
	diff /dev/null "$DIR/left"
}
