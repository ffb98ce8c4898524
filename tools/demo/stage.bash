# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What every part of the demo uses: how a step is shown, and how what was shown
# is proved.

DEMO_PACE=${DEMO_PACE:-0.4}
DEMO_FAILED=0
DEMO_PROVED=0

if [ -n "${NO_COLOR+x}" ] || { [ ! -t 1 ] && [ -z "${DEMO_COLOR:-}" ]; }; then
	BOLD='' DIM='' GREEN='' RED='' CYAN='' PLAIN=''
else
	BOLD=$'\e[1m' DIM=$'\e[2m' GREEN=$'\e[32m' RED=$'\e[31m'
	CYAN=$'\e[36m' PLAIN=$'\e[0m'
fi

# title TEXT
title()
{
	local rule
	printf -v rule '%*s' 72 ''
	printf '\n%s%s\n  %s\n%s%s\n' "$BOLD" "${rule// /━}" "$1" \
		"${rule// /━}" "$PLAIN"
}

# step TEXT: what comes next
step()
{
	sleep "$DEMO_PACE"
	printf '\n%s▸ %s%s\n' "$BOLD" "$1" "$PLAIN"
}

# show COMMAND...: print it as one would type it, and do it
show()
{
	printf '%s  $ %s%s\n' "$CYAN" "${SHOWN:-$*}" "$PLAIN"
	"$@" 2>&1 | sed 's/^/    /'
	return "${PIPESTATUS[0]}"
}

note()
{
	printf '    %s%s%s\n' "$DIM" "$1" "$PLAIN"
}

# prove TEXT COMMAND...: TEXT is true if the command succeeds
prove()
{
	local text=$1
	shift

	DEMO_PROVED=$((DEMO_PROVED + 1))
	if "$@"; then
		printf '  %s✔%s %s\n' "$GREEN" "$PLAIN" "$text"
	else
		printf '  %s✘ not so: %s%s\n' "$RED" "$text" "$PLAIN"
		DEMO_FAILED=$((DEMO_FAILED + 1))
	fi
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for()
{
	local end=$((SECONDS + $1))
	shift

	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.2
	done
}

# summary NAME: the last line of a part, and its exit status
summary()
{
	echo
	if ((DEMO_FAILED)); then
		printf '%s%s: %d of %d were not so%s\n' "$RED$BOLD" "$1" \
			"$DEMO_FAILED" "$DEMO_PROVED" "$PLAIN"
		return 1
	fi
	printf '%s%s: all %d shown to be so%s\n' "$GREEN$BOLD" "$1" \
		"$DEMO_PROVED" "$PLAIN"
}

# module NAME: the file of a module, as built for the running kernel
module()
{
	local ko

	for ko in "$TREE/build/${RAYOS_LANE:-.}/src/modules/$1/$1.ko" \
		  "$TREE/build/modules/modules/$1/$1.ko" \
		  "$TREE/modules/$1/$1.ko"; do
		[ ! -e "$ko" ] || { echo "$ko"; return; }
	done
	modinfo -n "$1"
}
