# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For scripts that report in TAP what they try.

tried=0 failures=0

# try WHAT COMMAND...: one test; what the command prints explains a failure.
try()
{
	local what=$1 said

	shift
	tried=$((tried + 1))
	if said=$("$@" 2>&1); then
		echo "ok $tried - $what"
	else
		failures=$((failures + 1))
		echo "not ok $tried - $what"
		printf '# %s\n' "${said//$'\n'/$'\n# '}"
	fi
}

skip()
{
	tried=$((tried + 1))
	echo "ok $tried - $1 # SKIP $2"
}

# The plan comes last, so that a script which dies on its way has none.
finish()
{
	echo "1..$tried"
	[ "$failures" = 0 ]
}
