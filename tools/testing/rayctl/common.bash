# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For rayctl's tests: a kernel to speak to, and what is expected of its answers.

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
export STATE=$BATS_TEST_DIRNAME/state.yaml
# Debian's own, whose modules come from packages.
PYTHON=${PYTHON:-/usr/bin/python3}
export LC_ALL=C.UTF-8
unset NO_COLOR RAYCTL_FAKE_PORT

# has_module NAME: the fake kernel has this one, and its family
has_module()
{
	export RAYCTL_FAKE_MODULE=$1
	SPEC=$TOP/Documentation/netlink/specs/$1.yaml
}
has_module rayos_lb

# rayctl here is linked to speak to fake_kernel.py, see fake_link.c.
PATH=${RAYCTL_BUILD:-$TOP/build/rayctl/test}:$PATH

# start_kernel [ARG...]: from now on there is a module; ended by stop_kernel.
start_kernel()
{
	local file=$BATS_TEST_TMPDIR/port

	rm -f "$file"
	"$PYTHON" "$BATS_TEST_DIRNAME/fake_kernel.py" --port-file "$file" "$@" "$SPEC" \
		>"$BATS_TEST_TMPDIR/kernel.log" 2>&1 3>&- &
	KERNEL_PID=$!
	for _ in {1..100}; do
		[ -s "$file" ] && break
		kill -0 "$KERNEL_PID" || { cat "$BATS_TEST_TMPDIR/kernel.log"; return 1; }
		sleep 0.1
	done
	RAYCTL_FAKE_PORT=$(<"$file")
	export RAYCTL_FAKE_PORT
}

stop_kernel()
{
	[ "${KERNEL_PID:-}" ] || return 0
	kill "$KERNEL_PID" 2>/dev/null
	wait "$KERNEL_PID" 2>/dev/null || :
	unset KERNEL_PID RAYCTL_FAKE_PORT
}

# Run rayctl; $output is its stdout and $stderr what it says there.
rayctl_run()
{
	local status=$1

	shift
	run --separate-stderr "-$status" rayctl "$@"
	# Whatever else it does, it never trips the sanitizers.
	if [[ "$stderr$output" == *Sanitizer* || "$stderr" == *"runtime error"* ]]; then
		echo "$stderr" >&2
		return 1
	fi
}

done_by()	{ rayctl_run 0 "$@"; [ -z "$stderr" ]; }
misused_by()	{ rayctl_run 1 "$@"; [ -z "$output" ]; }
refused_by()	{ rayctl_run 2 "$@"; [ -z "$output" ]; }

# says LINE: the first line on stderr
says()
{
	[ "${stderr%%$'\n'*}" = "$1" ] && return
	echo "said: $stderr"
	return 1
}

# shows PATTERN...: a line of the output matches each
shows()
{
	local pattern

	for pattern; do
		grep -qE -- "$pattern" <<<"$output" && continue
		printf '%s\nno line matches %s\n' "$output" "$pattern"
		return 1
	done
}

# json EXPRESSION [TEXT]: true of the document d, in python
json()
{
	"$PYTHON" - "$1" "${2-$output}" <<-'END'
	import json, sys
	d = json.loads(sys.argv[2])
	if not eval(sys.argv[1]):
	    sys.exit(f"not true: {sys.argv[1]}\n{json.dumps(d, indent=2)}")
	END
}
