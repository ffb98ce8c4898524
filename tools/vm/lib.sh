# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# What the tools of this directory share.

TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${RAYOS_CACHE:-$TREE/build/cache}
VM=$TREE/tools/vm
LANES="stock-6.1 stock-6.12 uml-debug uml-new"

die()
{
	echo "${0##*/}: $*" >&2
	exit 2
}

note()
{
	echo "${0##*/}: $*" >&2
}

check_lane()
{
	case " $LANES " in
	*" $1 "*) ;;
	*) die "no lane named \"$1\" (one of: $LANES)" ;;
	esac
}
