#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The whole configuration at once: what stays does not notice, what goes
# finishes, and nothing is done by halves.

# shellcheck disable=SC2086 # the names in common.bash are one word each
load common

setup()
{
	oldest_and_newest
	agent reset
}

# words FILE: what a file says, without its comment
words()
{
	grep -v '^#' "$1"
}

# saved FILE: the configuration is what the file says
saved()
{
	lb save >"$BATS_TEST_TMPDIR/saved"
	diff -u <(words "$1") <(words "$BATS_TEST_TMPDIR/saved")
}

# files A and B: the backends of one have none of the other
two_files()
{
	A=$BATS_TEST_TMPDIR/a B=$BATS_TEST_TMPDIR/b
	printf '# A\n\nadd web vip %s policy maglev\n\tbackend %s weight 2\n\tbackend %s\n' \
		$VIP $B1 $B2 >"$A"
	printf '# B\n\nadd web vip %s affinity 1s\n\tbackend %s weight 3\n' $VIP $B3 >"$B"
}

@test "save and restore: everything, and again" {
	local f=$BATS_TEST_TMPDIR/file

	web policy least-connections affinity 5m slow-start 30s when-down drop health http:/health interval 1s \
		timeout 500ms rise 1 fall 2 host www status 200-299 check-port 8080 \
		method HEAD passive 3 on-down reset
	lb set web backend $B1 weight 7 limit 100 role fallback
	lb set web backend $B2 offline
	lb drain web $B3 deadline 1h
	lb add six vip $VIP6 proto udp policy maglev health udp send hex:00ff \
		require-reply on
	lb add six backend $SIX1 weight 0
	lb save "$f"
	cat "$f"
	# onto itself, from a file and from a pipe, nothing changes
	same_as "$f"
	agent save key=before ns=$D args=lb,status
	lb restore "$f"
	lb restore <"$f"
	saved "$f"
	agent same key=before ns=$D args=lb,status
	# onto nothing it is all there again
	lb restore <<<'#'
	agent rayctl ns=$D args=lb,status
	got 'nr == 0'
	lb restore "$f"
	saved "$f"
}

@test "restore: what stays keeps flows, counters, clients and health" {
	local f=$BATS_TEST_TMPDIR/file

	web affinity 5m health http:/health interval 1s
	until_so 20 's1_check_passed && s2_check_passed && s3_check_passed'
	agent hold job=held ns=$C dst=$VIP n=9
	look
	local held=${R[s1_active]} since=${R[s1_since]} id=${R[s1_id]} gone=${R[s3_active]}
	lb save "$f"
	sed -i -e '/10\.0\.1\.13/d' -e 's/vip [^ ]*/& policy maglev/' -e 's/\.12:8080/& weight 5/' "$f"
	lb restore "$f"
	look
	got "nr == 2 && s1_active == $held && s1_id == $id && s1_since > $since"
	got 's1_stats_connections >= s1_active && s1_affinities + s2_affinities > 0'
	got 's2_weight == 5 && s1_check_passed > 0'
	is s1_state healthy
	# what went finishes
	agent ask job=held
	got "ok == 9 && failed == 0 && b3 == $gone"
	agent drop job=held
	saved "$f"
}

@test "restore under load: all backends change again and again, no request fails" {
	local n i=0

	two_files
	n=$(full 3000 500)
	lb restore "$A"
	agent start job=load ns=$C dst=$VIP conc=3 keep=10 timeout=30
	until
		lb restore "$B"
		lb restore "$A"
		i=$((i + 2))
		agent progress job=load
		got "ok + failed >= $n && $i >= 20" >/dev/null
	do :; done
	agent stop job=load
	echo "# $i restores during ${R[ok]} requests" >&3
	got "ok >= $n && failed == 0 && moved == 0"
	got 'b1 > 0 && b2 > 0 && b3 > 0'
}

@test "restore under load: the balancer of an address changes, no request fails" {
	local i

	two_files
	sed -i 's/add web/add other/' "$B"
	lb restore "$A"
	agent start job=load ns=$C dst=$VIP conc=3 keep=1 timeout=30
	for i in {1..10}; do
		lb restore "$B"
		lb restore "$A"
	done
	agent stop job=load
	got 'ok > 20 && failed == 0 && refused == 0'
	# another address of the same name is another balancer
	printf 'add web vip 10.0.0.100:81\nbackend %s\nadd old vip %s\nbackend %s\n' \
		$B1 $VIP $B2 | lb restore
	agent load ns=$C dst=$VIP n=5
	got 'ok == 5 && b2 == 5'
	agent load ns=$C dst=10.0.0.100:81 n=5
	got 'ok == 5 && b1 == 5'
}

@test "restore: an error in the middle changes nothing" {
	local f=$BATS_TEST_TMPDIR/bad

	two_files
	lb restore "$A"
	agent hold job=held ns=$C dst=$VIP n=4
	printf 'add new vip 10.0.0.100:82\nbackend %s\nadd web vip %s\nbackend %s\nbackend %s\n' \
		$B1 $VIP $B2 $B2 >"$f"
	refused 2 "$f:5: the balancer has a backend of this address and port already ($B2)" \
		lb restore "$f"
	refused 2 "$f:5: " lb restore "$f" check
	printf 'add new vip 10.0.0.100:82\nadd web vip 10.0.0.100:82\n' >"$f"
	refused 2 "$f:2: a balancer has this address, port and protocol already" lb restore "$f"
	printf 'add new vip 224.0.0.1:82\n' >"$f"
	refused 2 "$f:1: not an address that a host can have" lb restore "$f"
	printf 'add new vip %s\nbackend %s\n' $VIP $SIX1 >"$f"
	refused 2 "$f:2: backend and balancer are of different address families" lb restore "$f"
	for i in {1..9}; do echo "add lb$i vip 10.0.0.100:9$i"; done >"$f"
	refused 2 "$f:9: more balancers than the module's parameter max_balancers allows" lb restore "$f"
	{ cat "$A"; for i in {1..31}; do echo "backend 10.0.1.11:$i"; done; } >"$f"
	refused 2 "$f:36: more backends than the module's parameter max_backends allows" lb restore "$f"
	printf 'add new vip 10.0.0.100:82 affinity 2s\nadd web vip %s nonsense\n' $VIP >"$f"
	refused 1 "$f:2: unknown key \"nonsense\"" lb restore "$f"
	saved "$A"
	agent ask job=held
	got 'ok == 4 && failed == 0'
	agent drop job=held
}

@test "restore: one races another, and one of them wins" {
	local i pids=()

	two_files
	for i in {1..8}; do
		lb restore "$A" 3>&- &
		pids+=($!)
		lb restore "$B" 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	saved "$A" || saved "$B"
}

@test "restore: only with permission, and to save is free" {
	local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups
		--inh-caps -all --bounding-set -all --)

	two_files
	lb restore "$A"
	run_in_director() { ip netns exec $D "${nobody[@]}" rayctl lb "$@"; }
	refused 2 CAP_NET_ADMIN run_in_director restore <"$B"
	refused 2 CAP_NET_ADMIN run_in_director restore check <"$B"
	run_in_director save >"$BATS_TEST_TMPDIR/free"
	diff -u <(words "$A") <(words "$BATS_TEST_TMPDIR/free")
}

@test "events: a restore tells of what it changes" {
	two_files
	lb restore "$A"
	ip netns exec $D rayctl -j events >"$BATS_TEST_TMPDIR/events" 3>&- &
	until_heard "$BATS_TEST_TMPDIR/events" lb set web when-down reset
	lb restore "$A"
	lb restore "$B"
	agent sleep seconds=1
	kill %1
	cat "$BATS_TEST_TMPDIR/events"
	[ "$(grep -c backend-del-ntf "$BATS_TEST_TMPDIR/events")" = 2 ]
	[ "$(grep -c backend-ntf "$BATS_TEST_TMPDIR/events")" = 1 ]
}

@test "import: what a real ipvsadm saves" {
	local f=$BATS_TEST_TMPDIR/ipvs

	modprobe -a ip_vs ip_vs_rr ip_vs_wlc ip_vs_wrr ip_vs_sh 2>/dev/null || :
	[ -e /proc/net/ip_vs ] || skip "this kernel has no IPVS"
	ip netns exec $D ipvsadm -R <<-END
		-A -t $VIP -s wlc -p 60
		-a -t $VIP -r $B1 -m -w 2
		-a -t $VIP -r $B2 -m -w 1
		-A -t $VIP6 -s rr
		-a -t $VIP6 -r $SIX3 -m
		-A -u 10.0.0.100:53 -s wrr
		-A -f 7 -s sh
	END
	ip netns exec $D ipvsadm -Sn >"$f"
	ip netns exec $D ipvsadm -C
	cat "$f"
	refused 1 '"-f": services by firewall mark are not known here' lb import ipvsadm "$f"
	lb import ipvsadm "$f" lenient apply 2>"$BATS_TEST_TMPDIR/err"
	lb save | tee "$BATS_TEST_TMPDIR/ours"
	diff -u - <(words "$BATS_TEST_TMPDIR/ours" | sed -e 's/^\t//' -e '/^$/d') <<-END
	add tcp-80 vip $VIP policy least-connections affinity 1m
	backend $B1 weight 2
	backend $B2
	add tcp-80-2 vip $VIP6
	backend $SIX3
	add udp-53 vip 10.0.0.100:53 proto udp policy weighted-round-robin
	END
	agent load ns=$C dst=$VIP n=6
	got 'ok == 6 && b3 == 0'
	agent load ns=$C dst=$VIP6 n=2
	got 'ok == 2 && b3 == 2'
}

@test "configurations at random, most of them wrong, while packets pass" {
	web
	agent start job=load ns=$C dst=$VIP conc=2 keep=5 timeout=2
	"$BATS_TEST_DIRNAME/fuzz_config.py" $D "$(full 5000 500)"
	agent stop job=load
	lb restore <<<'#'
	agent rayctl ns=$D args=lb,status
	got 'nr == 0'
}
