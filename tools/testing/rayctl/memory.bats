#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# memcompress: what can be told from its words alone, and conversations with a kernel
# that fake_kernel.py plays.

load common

MEMORY=$BATS_TEST_DIRNAME/memory.yaml

setup()
{
	has_module rayos_zcomp
}

teardown()
{
	stop_kernel
}

# wrong MESSAGE WORD...
wrong()
{
	local message=$1

	shift
	misused_by memcompress "$@" || return
	says "rayctl: memcompress $message" || return
	grep -q '^usage: rayctl memcompress' <<<"${stderr:?}"
}

@test "words that are wrong" {
	wrong 'add: missing "size"' add
	wrong 'add: missing "size"' add rayz0
	wrong 'add: "size" needs a value' add rayz0 size
	wrong 'add: unknown key "web"' add web size 1G
	wrong 'add: size "1x" is not a size such as 64K, 16M or 1G' add size 1x
	wrong 'add: size "0" is out of range, 1 to 1T' add size 0
	wrong 'add: size "2T" is out of range, 1 to 1T' add size 2T
	wrong 'add: limit "0" is out of range, 1 to 8589934588K, or none' add size 1G limit 0
	wrong 'add: level "better" is none of none, fast, balanced, best' add size 1G level better
	wrong 'add: codec "lz" is not unique among lzo-rle, lzo, lz4, zstd' add size 1G codec lz
	wrong 'add: name "rayz012345678901" is too long, 15 bytes at most' \
		add rayz012345678901 size 1G
	wrong 'set: nothing to set' set
	wrong 'set: missing "limit"' set rayz0
	wrong 'set: unknown key "size"' set rayz0 size 1G
	wrong 'set: unknown key "size"' set size 1G
	wrong 'set: policy "now" is none of none, demand, threshold, time' set policy time,now
	wrong 'set: policy "t" is not unique among none, demand, threshold, time' set policy t
	wrong 'set: policy "" is none of none, demand, threshold, time' set policy time,
	wrong 'set: threshold "70" is not a percentage such as 70%' set threshold 70
	wrong 'set: threshold "100%" is out of range, 1% to 99%' set threshold 100%
	wrong 'set: idle "1s" is out of range, 2s to 24h' set idle 1s
	wrong 'set: rate "0%" is out of range, 0.0001% to 100%, or any' set rate 0%
	wrong 'set: promote "1s" is out of range, 2s to 24h, or never' set promote 1s
	wrong 'del: missing NAME' del
	wrong 'del: unexpected "b"' del a b
	wrong 'reset: missing NAME' reset
	wrong 'compact: unexpected "b"' compact a b
	wrong 'flush: unexpected "b"' flush a b
	wrong 'status: unexpected "b"' status a b
	wrong 'pages: name is empty' pages ''
	wrong 'policy: unexpected "a"' policy a
	wrong 'swap: on or off?' swap
	wrong 'swap: "up" is none of on, off' swap up
	wrong 'swap: missing SIZE' swap on
	wrong 'swap: size "4K" is too small for swap, 64K at least' swap on 4K
	wrong 'swap: unknown key "limit"' swap on 1G limit
	wrong 'swap: "priority" needs a value' swap on 1G priority
	wrong 'swap: priority "40000" is out of range, 0 to 32767' swap on 1G priority 40000
	wrong 'swap: priority "x" is not a number' swap on 1G priority x
	wrong 'swap: unexpected "y"' swap on 1G priority 5 y
	wrong 'swap: unexpected "b"' swap off a b
}

@test "words that are right go to the kernel" {
	refused_by compress add rayz0 size 1.5G lev best cod zstd lim none
	says "rayctl: memcompress: module rayos_zcomp is not loaded (modprobe rayos_zcomp)"
	refused_by memcompress set rayz0 lim 512M
	refused_by memcompress set level fast codec lzo
	refused_by memcompress set level balanced codec lzo-rle policy threshold,time,demand \
		threshold 70% idle 30s
	refused_by memcompress set hyst 5% limit none idle-m 1h rate any prom never pol none
	refused_by memcompress
	refused_by events memcompress
	refused_by memcompress swap on 1G prio 5
	done_by memcompress help
	shows '^ +rayctl memcompress set \[level none\|fast\|balanced\|best\]'
	done_by memcompress help add
}

@test "JSON is the kernel's answers, whole" {
	start_kernel --state "$MEMORY"
	done_by -j memcompress status
	"$PYTHON" - "$MEMORY" "$output" <<-'END'
	import json, sys, yaml
	state, got = yaml.safe_load(open(sys.argv[1])), json.loads(sys.argv[2])
	assert got == {"status": state["status"], "store": state["stores"]}, got
	END
	done_by -j memcompress status region3
	json '[s["name"] for s in d["store"]] == ["region3"]'
	done_by -j memcompress pages
	json 'd["age"][3]["chunked"] == 40960 and len(d["size"]) == 3'
	done_by -j memcompress stats rayz0
	json 'd["stats"][0]["time"]["bucket"][1]["count"] == 375 and len(d["store"]) == 1'
	done_by -j memcompress policy
	"$PYTHON" - "$MEMORY" "$output" <<-'END'
	import json, sys, yaml
	state, got = yaml.safe_load(open(sys.argv[1])), json.loads(sys.argv[2])
	assert got == {"settings": state["settings"], "policy": state["policy"]}, got
	END
	done_by -j memcompress compact
	json 'd == {"freed": 65536}'
	done_by -j memcompress flush region3
	json 'd["counters"]["evicted"] == 4200'
	refused_by memcompress flush region4
	done_by -j status
	json '[o["status"]["saved"] for o in d if o["object"] == "memcompress"] == [597688320]'
}

@test "tables for people" {
	start_kernel --state "$MEMORY"
	done_by memcompress
	shows '^570 MiB saved, ratio 3\.5x: 800 MiB in 230 MiB$' \
		'^  memory +3\.0 GiB available of 8\.0 GiB$' \
		'^NAME +KIND +SIZE +LEVEL +CODEC +LIMIT +DATA +USED +RATIO +SAVED +PROGRAM$' \
		'^rayz0 +device +1\.0 GiB +balanced +lzo +512 MiB +600 MiB +180 MiB +3\.3x +420 MiB +-$' \
		'^region3 +region +256 MiB +best +lzo +- +200 MiB +50\.0 MiB +4\.0x +150 MiB +python3$'
	done_by memcompress status rayz0
	shows '^rayz0  device of 1\.0 GiB, level balanced, codec lzo$' \
		'^  saved +420 MiB, ratio 3\.3x: 600 MiB in 180 MiB$' \
		'^  compressed +to 172 MiB in a pool of 176 MiB, at most 180 MiB, limit 512 MiB$' \
		'^  pages +1200 of one word over and over, 34 kept as they are, 0 in chunks$' \
		'^  pages I/O +91\.0k read, 250k written, 100k given up by swap$' \
		'^  failed +0 reads, 2 writes$'
	done_by memcompress status region3
	shows '^  pages .*41\.0k in chunks, 4200 in memory$' \
		'^  made by +python3, process 4711, at most 256 pages compressed$'
	done_by memcompress stats
	shows '^lzo +compress +19\.4k +6\.1 us +9\.2 us +18\.4 us +51\.0 us$' \
		'^rayz0 +250k +91\.0k +34 +0 +2$' \
		'^region3 +51\.2k +700 +1000 +300 +52\.0k +46\.0k +900 +4 +12$'
	done_by memcompress pages
	shows '^NOT USED FOR +MAPPED +UNMAPPED +STUCK +COMPRESSED +CHUNKED +PAGES +SHARE$' \
		'^under 2s +4000 +0 +0 +100 +0 +4100 +8\.9%$' \
		'^8\.0s and more +200 +70 +30 +900 +0 +1200 +2\.6%$' \
		'^8m 32s and more +0 +0 +0 +0 +41\.0k +41\.0k +88\.5%$' \
		'^ +1024 +600 +60\.0%$'
	done_by memcompress policy
	shows '^  level +best$' '^  codec +lzo$' '^  order +threshold, time$' '^  threads +8$' \
		'^  threshold +70% of memory in use, until there is 5% more: too little at present$' \
		'^  limit +none$' '^  idle +not used for 30s to 1h, at present 1m$' \
		'^  come back +at most 0\.2% a minute: 17 too many$' '^  promote +not used for 10m$' \
		'^  demand +disabled +0 +0 +0 +0$' '^  time +43\.2k +900 +42\.3k +42\.9k$'
	done_by status
	shows '^memcompress +rayos_zcomp +loaded +0\.1\.0 +570 MiB saved, ratio 3\.5x, 1 device, 1 region$' \
		'^lb +rayos_lb +not loaded'
}

@test "a picture on a terminal" {
	start_kernel --state "$MEMORY"
	run -0 script -qec 'rayctl --color=never memcompress pages' /dev/null
	shows '88\.5% +█{20}' '60\.0% +█{14}'
}

@test "changes, and what is refused" {
	start_kernel --state "$MEMORY"
	done_by -j memcompress add size 1G
	json 'd == {"name": "rayz2", "new": True}'
	refused_by memcompress add rayz0 size 1G
	says 'rayctl: memcompress: the device has a size already, reset it first (name "rayz0")'
	refused_by memcompress add rayz9 size 1G
	says 'rayctl: memcompress: not permitted, this needs the capability CAP_SYS_ADMIN'
	done_by memcompress set rayz0 limit 1G
	done_by -j memcompress status rayz0
	json 'd["store"][0]["limit"] == 1 << 30'
	done_by memcompress set codec zstd policy time,demand rate 1.5%
	done_by -j memcompress policy
	json 'd["settings"]["link"] == ["time", "demand"] and d["settings"]["rate"] == 15000'
	json 'd["settings"]["codec"] == "zstd" and d["settings"]["idle"] == 30 * 10**9'
	done_by memcompress reset rayz2
	done_by memcompress del rayz0
	refused_by memcompress del rayz0
	says 'rayctl: memcompress: no device named "rayz0"'
	refused_by memcompress status rayz0
	says 'rayctl: memcompress: no device that has a size and no region named "rayz0"'
}

@test "swap that cannot be is undone" {
	start_kernel --state "$MEMORY"
	refused_by memcompress swap on 1M
	says 'rayctl: memcompress: cannot make swap on /dev/rayz2: No such file or directory'
	done_by -j memcompress status
	json '[s["name"] for s in d["store"]] == ["rayz0", "region3"]'
	refused_by memcompress swap off
	says 'rayctl: memcompress: no compressed memory is in use for swap'
	refused_by memcompress swap off rayz0
	says 'rayctl: memcompress: rayz0 is not in use for swap'
}

@test "completion" {
	local words

	words=$(rayctl __complete memcompress "" | sort | tr '\n' ' ')
	[ "$words" = "add compact del flush help pages policy reset run set stats status swap " ]
	[ "$(rayctl __complete compress add rayz0 size 1G level b | tr '\n' ' ')" = "balanced best " ]
	[ "$(rayctl __complete compress set rayz0 "" | tr '\n' ' ')" = "limit " ]
	[ "$(rayctl __complete compress swap "" | tr '\n' ' ')" = "on off " ]
	[ "$(rayctl __complete compress swap on 1G "" | tr '\n' ' ')" = "priority " ]
	start_kernel --state "$MEMORY"
	[ "$(rayctl __complete compress del "" | tr '\n' ' ')" = "rayz0 region3 " ]
	[ "$(rayctl __complete compress set r)" = $'rate\nrayz0\nregion3' ]
}
