#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What rayctl memcompress does to the module, and what the module says to programs.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common

bats_require_minimum_version 1.5.0

# said TEXT WORD...: it is refused, and TEXT is a part of what is said
said()
{
	local text=$1

	shift
	run -2 rayctl memcompress "$@"
	[[ $output = *"$text"* ]] && return
	echo "$output"
	return 1
}

# pages_to DEVICE COUNT: so many pages of a program, which become smaller
pages_to()
{
	dd if=/bin/bash of="$1" bs=4k count="$2" oflag=direct status=none
}

@test "a device with everything in one step" {
	zc add rayz0 size 8M level fast limit 4M
	is $S/disksize 8388608
	is $S/level 'none [fast] balanced best '
	[ "$(mm limit)" = 4194304 ]
	json 'd["name"] == "rayz1" and d["new"]' add size 5000 level none
	[ "$(</sys/block/rayz1/disksize)" = 8192 ]
	zc reset rayz0
	is $S/disksize 0
	# the first that has no size, with what new ones are made with
	json 'd["name"] == "rayz0" and "new" not in d' add size 1M
	is $S/level 'none fast [balanced] best '
	[ "$(mm limit)" = 0 ]
	zc add rayz7 size 1M codec lzo-rle
	[ -e /sys/block/rayz7 ]
	zc del rayz7
	[ ! -e /sys/block/rayz7 ]
}

@test "status tells what is there" {
	zc status | grep -q '^no devices'
	zc add rayz0 size 8M
	pages_to $DEV 256
	json 'd["status"]["devices"] == 1 and d["status"]["regions"] == 0' status
	json 'd["status"]["saved"] == d["store"][0]["saved"] > 0' status
	json 'd["status"]["original"] == 256 * 4096' status
	json 'd["status"]["total-memory"] > d["status"]["available-memory"] > 0' status
	json 'd["store"][0]["compressed"] == '"$(mm compr)" status rayz0
	json 'd["store"][0]["pool"] == '"$(mm used)" status rayz0
	json 'd["store"][0]["ratio"] == d["store"][0]["original"] * 10**6 // d["store"][0]["used"]' \
		status rayz0
	json 'd["store"][0]["io"]["writes"] == 256' status rayz0
	zc status rayz0 | grep -q '^rayz0  device of 8.0 MiB, level balanced, codec lzo$'
	zc status | grep -qE '^rayz0 +device +8\.0 MiB +balanced +lzo +- +1\.0 MiB '
	rayctl status | grep -qE '^memcompress +rayos_zcomp +loaded .* saved, ratio .*, 1 device, 0 regions$'
}

@test "what happens to pages is counted, and measured" {
	zc add rayz0 size 8M
	dd if=/dev/zero of=$DEV bs=4k count=10 oflag=direct status=none
	pages_to $DEV 200
	dd if=/dev/urandom of=$DEV bs=4k count=50 seek=300 oflag=direct status=none
	dd if=$DEV of=/dev/null bs=4k count=200 iflag=direct status=none
	json 'd["store"][0]["counters"]["incompressible"] >= 50' stats rayz0
	json 'd["store"][0]["counters"]["compressed"] + d["store"][0]["same"] >= 250' stats
	json 'd["store"][0]["counters"]["decompressed"] >= 10' stats
	json 'd["store"][0]["counters"]["refused"] == 0' stats
	json '{(s["codec"], s["direction"]) for s in d["stats"]} == {("lzo", "compress"), ("lzo", "decompress")}' stats
	json 'all(sum(b["count"] for b in s["time"]["bucket"]) == s["time"]["count"] for s in d["stats"])' stats
	json 'all(0 < s["time"]["p50"] <= s["time"]["p99"] <= s["time"]["longest"] for s in d["stats"])' stats
	# one of 16 calls, and no processor may have had 16 of its own
	json '5 <= d["stats"][0]["time"]["count"] <= 250 // 16 + 1' stats
	zc stats rayz0 | grep -qE '^lzo +compress +[0-9]+ '
}

@test "objects by their size" {
	zc add rayz0 size 8M level best
	json 'd == {}' pages
	zc pages | grep -q '^no pages$'
	dd if=/dev/urandom of=$DEV bs=4k count=50 oflag=direct status=none
	json '{s["bytes"]: s["objects"] for s in d["size"]} == {4096: 50}' pages rayz0
	pages_to $DEV 64
	json 'sum(s["objects"] for s in d["size"]) == '$((64 - $(mm same))) pages
	echo all >$S/idle
	echo type=idle >$S/recompress
	json 'sum(s["objects"] for s in d["size"]) <= 40' pages
	zc pages | grep -qE '^ *4096 +[0-9]+ '
}

@test "what cannot be is refused with a reason, and nothing has changed" {
	zc add rayz0 size 8M
	said 'the device has a size already, reset it first (name "rayz0")' add rayz0 size 1M
	said 'no zeroes before the number' add rayz01 size 1M
	said 'names of devices are rayz and a number' add rayzx size 1M
	said 'no device that has a size and no region named "rayz5"' status rayz5
	said 'no device named "rayz5"' del rayz5
	said 'no device named "rayz5"' set rayz5 limit 1M
	said 'no device named "rayz5"' reset rayz5
	mkswap -q $DEV
	swapon $DEV
	said 'the device is in use' del rayz0
	said 'the device is in use' reset rayz0
	swapoff $DEV
	is $S/disksize 8388608
	run -1 rayctl memcompress add rayz1 size 2T
	run -1 rayctl memcompress add rayz1 size 0
	[ ! -e /sys/block/rayz1 ]
}

@test "only who may changes something" {
	local user=(setpriv --reuid 65534 --regid 65534 --clear-groups)

	zc add rayz0 size 8M
	for words in 'add size 1M' 'set level fast' 'set rayz0 limit 1M' 'del rayz0' \
		'reset rayz0' compact pages; do
		run -2 "${user[@]}" "$(command -v rayctl)" memcompress $words
		[[ $output = *"this needs the capability CAP_SYS_ADMIN"* ]]
	done
	"${user[@]}" "$(command -v rayctl)" memcompress status
	is $S/disksize 8388608
}

@test "other network namespaces have the rest of the suite" {
	run -2 unshare --net rayctl memcompress status
	[[ $output = *"not there for this network namespace"* ]]
	run -2 unshare --net rayctl events memcompress
	[[ $output = *"not there for this network namespace"* ]]
	run -0 unshare --net rayctl status
	grep -q '^memcompress .*loaded.*not there for this network namespace' <<<"$output"
	grep -q '^lb .*loaded.* 0 balancers' <<<"$output"
	run -124 unshare --net timeout 2 rayctl events
	[ -z "$output" ]
}

# made_with LEVEL CODEC: so new devices are
made_with()
{
	json 'd["settings"]["level"] == "'"$1"'" and d["settings"]["codec"] == "'"$2"'"' policy
}

@test "what new devices are made with" {
	made_with balanced lzo
	zc set level fast
	made_with fast lzo-rle
	zc set codec lzo
	made_with fast lzo
	zc add rayz1 size 1M
	[[ "$(</sys/block/rayz1/comp_algorithm)" = *'[lzo]'* ]]
	[[ "$(</sys/block/rayz1/level)" = *'[fast]'* ]]
	zc policy | grep -qE '^ +codec +lzo$'
}

@test "compaction and limits" {
	zc add rayz0 size 16M
	pages_to $DEV 256
	dd if=/dev/urandom of=$DEV bs=1M count=8 oflag=direct status=none
	blkdiscard $DEV
	json '"freed" in d' compact rayz0
	zc compact
	[ "$(mm used)" = 0 ]
	zc set rayz0 limit 64K
	[ "$(mm limit)" = 65536 ]
	if dd if=/dev/urandom of=$DEV bs=64k count=8 oflag=direct status=none; then
		return 1
	fi
	json 'd["store"][0]["counters"]["refused"] > 0' stats
	zc set rayz0 limit none
	[ "$(mm limit)" = 0 ]
}

@test "regions leave memory when they are told to, and come back" {
	local out=$BATS_TEST_TMPDIR/region

	mkfifo "$out" "$out.go"
	/usr/bin/python3 - "$out" "$out.go" 3>&- <<-'END' &
	import mmap, os, sys
	fd = os.open("/dev/rayos_zcomp", os.O_RDWR)
	memory = mmap.mmap(fd, 4 << 20)
	for at in range(0, len(memory), 4096):
	    memory[at:at + 4000] = b"%8d" % at * 500
	open(sys.argv[1], "w").write("there\n")
	open(sys.argv[2]).read()
	ok = all(memory[at:at + 4000] == b"%8d" % at * 500
	         for at in range(0, len(memory), 4096))
	sys.exit(not ok)
	END
	read -r _ <"$out"
	json 'd["status"]["regions"] == 1' status
	json 'd["store"][0]["kind"] == "region" and d["store"][0]["resident"] == 1024' status
	json 'd["store"][0]["pid"] == '$!' and d["store"][0]["program"] == "python3"' status
	json 'sum(a["mapped"] for a in d["age"]) == 1024 and "size" not in d' pages
	json 'd["counters"]["evicted"] == 1024' flush
	json 'd["store"][0]["resident"] == 0 and d["store"][0]["saved"] > 3 << 20' status
	json 'sum(a["kept"] for a in d["age"]) == sum(s["objects"] for s in d["size"]) == 1024' pages
	json 'd["counters"]["evicted"] == 0' flush region0
	zc pages | grep -qE '^under 2s|^2\.0s and more|^4\.0s and more'
	echo go >"$out.go"
	wait $!
}

# until_in FILE TEXT: it comes within half a minute
until_in()
{
	local i

	for ((i = 0; i < 300; i++)); do
		! grep -qF "$2" "$1" || return 0
		sleep 0.1
	done
	cat "$1"
	return 1
}

@test "events" {
	local log=$BATS_TEST_TMPDIR/events follower i

	rayctl -j events memcompress >"$log" 2>&1 3>&- &
	follower=$!
	for ((i = 0; i < 300; i++)); do
		zc set level balanced
		! grep -q settings-ntf "$log" || break
		sleep 0.1
	done
	zc add rayz0 size 1M limit 64K
	dd if=/dev/urandom of=$DEV bs=64k oflag=direct status=none || :
	zc reset rayz0
	echo 1M >$S/disksize
	zc del rayz0
	until_in "$log" device-del-ntf
	kill $follower
	/usr/bin/python3 - "$log" <<-'END'
	import json, sys
	events = [json.loads(line) for line in open(sys.argv[1])]
	events = [e for e in events if e["name"] != "settings-ntf"]
	names = [e["name"] for e in events]
	assert names == ["device-ntf", "refused-ntf", "device-reset-ntf", "device-ntf",
	                 "device-del-ntf"], names
	assert all(e["msg"]["name"] == "rayz0" for e in events)
	assert events[0]["msg"]["limit"] == events[1]["msg"]["limit"] == 65536
	assert events[3]["msg"]["size"] == 1 << 20 and events[3]["msg"]["limit"] == 0
	END
}

@test "swap in one step" {
	zc swap on 64M
	grep -q '^/dev/rayz0 .*65532.*100$' /proc/swaps
	run -0 "$BATS_TEST_DIRNAME/pages.py" 8 2 no
	[ "$output" = 0 ]
	json 'd["store"][0]["io"]["writes"] > 1000' status rayz0
	json 'd["name"] == "rayz1"' swap on 1M priority 7
	grep -q '^/dev/rayz1 .*7$' /proc/swaps
	blkid -p $DEV | grep -q 'TYPE="swap"'
	zc swap off rayz1
	[ ! -e /sys/block/rayz1 ]
	json 'd == ["rayz0"]' swap off
	[ ! -e $S ]
	[ "$(grep -c rayz /proc/swaps)" = 0 ]
	said 'no compressed memory is in use for swap' swap off
}

@test "swap that cannot be leaves nothing behind" {
	[ -e /sys/block/rayz0 ]
	# it is there, and may be opened, but not be made swap
	run -2 setpriv --inh-caps=-all --ambient-caps=-all --bounding-set=-all,+sys_admin \
		--reuid 65534 --regid 65534 --clear-groups "$(command -v rayctl)" \
		memcompress swap on 1M
	is $S/disksize 0
	zc add rayz0 size 1M
	said 'rayz0 is not in use for swap' swap off rayz0
	is $S/disksize 1048576
}

@test "views for scrapers" {
	zc add rayz0 size 8M
	pages_to $DEV 200
	PYTHONPATH=$BATS_TEST_DIRNAME/../lb /usr/bin/python3 - <<-'END'
	import prom
	text = open("/sys/kernel/debug/rayos/zcomp/metrics").read()
	e = prom.Exposition(text)
	assert 'rayos_zcomp_size_bytes{store="rayz0"} 8388608' in text
	assert 'rayos_zcomp_compress_seconds_count{codec="lzo"}' in text
	END
	grep -q '^rayz0 size 8388608 original ' /sys/kernel/debug/rayos/zcomp/stores
	[ "$(stat -c %a /sys/kernel/debug/rayos/zcomp/metrics)" = 400 ]
}

@test "commands at random" {
	zc add rayz0 size 8M
	pages_to $DEV 100
	"$BATS_TEST_DIRNAME/../lb/fuzz_netlink.py" "" "$(full 10000 1500)" 1 rayos-zcomp
	rmmod rayos_zcomp
	insert
	zc add rayz0 size 8M
	pages_to $DEV 100
	json 'd["store"][0]["original"] > 0' status rayz0
}

@test "both clients see the same" {
	local spec=$BATS_TEST_DIRNAME/../../../Documentation/netlink/specs/rayos_zcomp.yaml
	local ynl=${YNL:-$("$BATS_TEST_DIRNAME/../../vm/kernel" path ynl)}

	zc add rayz0 size 8M limit 4M
	/usr/bin/python3 "$ynl/pyynl/cli.py" --no-schema --spec "$spec" --output-json \
		--do store-get --json '{"name": "rayz0"}' >"$BATS_TEST_TMPDIR/ynl"
	rayctl -j memcompress status rayz0 >"$BATS_TEST_TMPDIR/rayctl"
	/usr/bin/python3 - "$BATS_TEST_TMPDIR" <<-'END'
	import json, sys
	ynl = json.load(open(sys.argv[1] + "/ynl"))
	ours = json.load(open(sys.argv[1] + "/rayctl"))["store"][0]
	assert ynl == ours, (ynl, ours)
	END
}
