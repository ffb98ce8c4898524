# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash

setup_suite()
{
	# shellcheck source=topology.bash
	. "$BATS_TEST_DIRNAME/topology.bash"
	export AGENT=$BATS_SUITE_TMPDIR/agent

	topo_down lb-
	topo_up lb- 3 || return
	mkdir -p "$AGENT"
	mkfifo "$AGENT/requests" "$AGENT/replies"
	"$BATS_TEST_DIRNAME/agent.py" "$AGENT" >"$AGENT/log" 2>&1 3>&- 4>&- &
	echo $! >"$AGENT/pid"
	disown

	# shellcheck source=common.bash
	. "$BATS_TEST_DIRNAME/common.bash"
	for i in 1 2 3; do
		agent serve name=b$i ns=lb-$i || return
	done
}

teardown_suite()
{
	# shellcheck source=common.bash
	. "$BATS_TEST_DIRNAME/common.bash"
	echo "0 quit" >"$AGENT/requests"
	topo_down lb-
}
