#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What the balancer does with one packet, beside IPVS: instructions of the guest
where it counts them, else nanoseconds.

Usage: lb-packets.py LANE JSON [count], as root in a guest with tools/bench/inject
built.  The module is loaded anew, with room for many flows.

Subtracted is what any packet costs: to be received, to be handed to somebody, and
to be freed.
"""
import re
import statistics
import sys

import report
from guest import sh

CLIENT, VIP, SERVER = "10.1.0.2", "10.9.9.9", "10.2.0.2"
CLIENT6, VIP6, SERVER6 = "fd01::2", "fd09::9", "fd02::2"

# Ours and IPVS's nearest, which has none that chooses by chance
POLICIES = (("round-robin", "rr"), ("weighted-round-robin", "wrr"),
            ("least-connections", "wlc"), ("ip-hash", "sh"), ("maglev", "mh"),
            ("random", "wlc"))
BACKENDS = 32  # of a balancer of each policy, which has the ports from here on
FIRST_PORT = 1081


class Director:
    """A namespace with a client and a server beyond two devices, which neither
    resolve addresses nor have anybody behind them."""

    def __init__(self, name, lane, configure):
        self.enter = f"ip netns exec {name}"
        self.module = f"build/{lane}/src/tools/bench/inject/inject.ko"
        self.fresh = 100
        sh(f"ip netns add {name} && ip -n {name} link set lo up")
        for n in (1, 2):
            sh(f"ip -n {name} link add g{n} type dummy")
            sh(f"ip -n {name} link set g{n} up")
            sh(f"ip -n {name} addr add 10.{n}.0.1/16 dev g{n}")
            sh(f"ip -n {name} addr add fd0{n}::1/64 dev g{n} nodad")
        sh(f"{self.enter} sysctl -qw net.ipv4.conf.all.rp_filter=0 "
           "net.ipv4.conf.g1.rp_filter=0 net.ipv4.conf.g2.rp_filter=0 "
           "net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
        sh(f"ip -n {name} addr add {VIP}/32 dev lo")
        sh(f"ip -n {name} addr add {VIP6}/128 dev lo")
        configure(name)

    def run(self, kind, reply=False, v6=False, flows=1000, packets=6400,
            client4=CLIENT, cpus=1, port=80, payload=18):
        """The cost of one packet."""
        client, vip, server = (CLIENT6, VIP6, SERVER6) if v6 else \
            (client4, VIP, SERVER)
        ends = f"dev=g2 src={server} dst={client} sport=8080 dport=1024 many=dst" \
            if reply else \
            f"dev=g1 src={client} dst={vip} sport=1024 dport={port} many=src"
        sh("dmesg --clear")
        sh(f"{self.enter} insmod {self.module} kind={kind} flows={flows} "
           f"packets={packets} cpus={cpus} payload={payload} {ends}",
           check=False)
        line = re.search(r"inject: (\d+) packets in (\d+) ns", sh("dmesg"))
        if not line:
            sys.exit(f"the injector said nothing: {sh('dmesg')}")
        return int(line[2]) / int(line[1])

    def cost(self, *args, **how):
        base = min(self.run("none", packets=min(200000, how.get("packets", 6400)),
                            payload=how.get("payload", 18)) for _ in range(3))
        return self.run(*args, **how) - base

    def cost_of_new(self, flows, port=80):
        """The first SYN of flows that nobody has seen."""
        self.fresh += 1
        return self.cost("syn", client4=f"10.1.{self.fresh}.2", flows=flows,
                         packets=flows, port=port)

    def establish(self, flows, v6=False):
        for kind in ("syn", "synack", "ack"):
            self.run(kind, reply=kind == "synack", flows=flows, packets=flows,
                     v6=v6)


def ours(ns):
    for vip, server in ((VIP, SERVER), (f"[{VIP6}]", f"[{SERVER6}]")):
        for proto in "tcp", "udp":
            name = f"{proto}{len(vip)}"
            sh(f"rayctl -n {ns} lb add {name} vip {vip}:80 proto {proto}")
            sh(f"rayctl -n {ns} lb add {name} backend {server}:8080")
    with open("/tmp/policies", "w", encoding="ascii") as file:
        for port, (policy, _) in enumerate(POLICIES, FIRST_PORT):
            file.write(f"add {policy} vip {VIP}:{port} policy {policy}\n")
            for n in range(BACKENDS):
                file.write(f"\tbackend 10.2.0.{n + 2}:{port}\n")
    sh(f"rayctl -n {ns} lb save >/tmp/first")
    sh(f"cat /tmp/first /tmp/policies | rayctl -n {ns} lb restore")


def ipvs(ns):
    sh("modprobe ip_vs conn_tab_bits=20 && modprobe ip_vs_wlc")
    rules = ""
    for vip, server in ((VIP, SERVER), (f"[{VIP6}]", f"[{SERVER6}]")):
        for flag in "-t", "-u":
            rules += f"-A {flag} {vip}:80 -s wlc\n" \
                     f"-a {flag} {vip}:80 -r {server}:8080 -m\n"
    for port, (_, scheduler) in enumerate(POLICIES, FIRST_PORT):
        rules += f"-A -t {VIP}:{port} -s {scheduler}\n"
        for n in range(BACKENDS):
            rules += f"-a -t {VIP}:{port} -r 10.2.0.{n + 2}:{port} -m\n"
    with open("/tmp/ipvs", "w", encoding="ascii") as file:
        file.write(rules)
    sh(f"ip netns exec {ns} ipvsadm -R </tmp/ipvs")


def fast(on):
    with open("/sys/module/rayos_lb/parameters/fast_path", "w",
              encoding="ascii") as out:
        out.write("Y" if on else "N")


def interleaved(mine, peer, rounds, measure, name):
    """Lists of what `measure` says of both, in turn."""
    got = [], []
    for r in range(rounds):
        for which in (0, 1) if r % 2 == 0 else (1, 0):
            got[which].append(measure((mine, peer)[which]))
    print(f"# {name}", file=sys.stderr, flush=True)
    return got


def compare(name, unit, got, ratio=None, most=None):
    """A row; the bar is a ratio, or the most that ours may be."""
    row = report.row(name, unit, "lower", *got, "IPVS NAT", ratio)
    if most is not None:
        row["goal"], row["met"] = most, row["ours"] <= most
    return row


def established(mine, peer, rounds, packets):
    def way(reply, v6=False):
        return lambda d: d.cost("ack", reply=reply, v6=v6, packets=packets)

    def both(v6=False):
        return lambda d: way(False, v6)(d) + way(True, v6)(d)

    return {"in": interleaved(mine, peer, rounds, way(False), "in"),
            "out": interleaved(mine, peer, rounds, way(True), "out"),
            "round trip": interleaved(mine, peer, rounds, both(), "round trip"),
            "round trip, IPv6": interleaved(mine, peer, rounds, both(True), "IPv6")}


def every_policy(mine, peer, unit, rounds, flows):
    return [compare(f"new flow, {policy} of {BACKENDS}", unit, interleaved(
        mine, peer, rounds, lambda d, p=port: d.cost_of_new(flows, port=p), policy),
        ratio=1) for port, (policy, _) in enumerate(POLICIES, FIRST_PORT)]


def every_kind(mine, peer, unit, rounds, packets):
    """Round trips of what is not a bare ACK of TCP."""
    rows = []
    for name, kind, v6, payload in (
            ("TCP with 1,400 bytes", "ack", False, 1400),
            ("TCP with 1,400 bytes, IPv6", "ack", True, 1400),
            ("UDP with 18 bytes", "udp", False, 18),
            ("UDP with 1,400 bytes", "udp", False, 1400),
            ("UDP with 18 bytes, IPv6", "udp", True, 18)):
        how = {"v6": v6, "payload": payload, "packets": packets}

        def both(d, kind=kind, how=how):
            return d.cost(kind, **how) + d.cost(kind, reply=True, **how)

        for d in (mine, peer):
            both(d)
        rows.append(compare(f"round trip, {name}", unit, interleaved(
            mine, peer, rounds, both, name), ratio=1))
    return rows


def counted(mine, peer):
    unit, rounds, rows = "instructions", 3, []
    for d in (mine, peer):
        d.establish(1000)
        d.establish(1000, v6=True)
    for name, on, most in (("fast path", True, 1350), ("PRE_ROUTING", False, 1700)):
        fast(on)
        got = established(mine, peer, rounds, 6400)
        few = statistics.median(got["in"][0])
        rows += [compare(f"{name}, in", unit, got["in"], most=most),
                 compare(f"{name}, out", unit, got["out"], most=most),
                 compare(f"{name}, round trip", unit, got["round trip"],
                         ratio=3 if on else None),
                 compare(f"{name}, round trip, IPv6", unit, got["round trip, IPv6"])]
        if on:
            fast_in = few
    fast(True)
    rows.append(compare("new flow", unit, interleaved(
        mine, peer, rounds, lambda d: d.cost_of_new(6400), "new"), most=2800))
    rows += every_policy(mine, peer, unit, rounds, 6400)
    rows += every_kind(mine, peer, unit, rounds, 6400)
    mine.establish(100000)
    many = [mine.cost("ack", flows=100000, packets=25600) for _ in range(rounds)]
    rows.append(report.row("in, 100,000 flows, beside 1,000", unit, "lower", many,
                           [fast_in] * rounds, "1,000 flows", 0.98))
    return rows


def timed(mine, peer):
    unit, rounds, rows = "ns", 9, []
    for flows, bar in ((1000, 2.5), (1000000, 1.8)):
        for d in (mine, peer):
            d.establish(flows)
            d.establish(1000, v6=True)

        def both(d, flows=flows):
            how = {"flows": flows, "packets": max(200000, flows)}
            return d.cost("ack", **how) + d.cost("ack", reply=True, **how)

        rows.append(compare(f"round trip, {flows:,} flows", unit, interleaved(
            mine, peer, rounds, both, f"{flows} flows"), ratio=bar))
    rows.append(compare("new flow", unit, interleaved(
        mine, peer, rounds, lambda d: d.cost_of_new(20000), "new"), ratio=1))
    rows += every_policy(mine, peer, unit, rounds, 20000)
    rows += every_kind(mine, peer, unit, rounds, 200000)

    def scaling(d):
        one = d.run("ack", packets=400000)
        return one / d.run("ack", packets=400000, cpus=2)

    rows.append(report.row("packets per second, 2 CPUs to 1", "times", "higher",
                           *interleaved(mine, peer, rounds, scaling, "2 CPUs"),
                           "IPVS NAT"))
    rows[-1]["goal"], rows[-1]["met"] = 1.8, rows[-1]["ours"] >= 1.8
    return rows


def main():
    lane, path = sys.argv[1:3]
    count = sys.argv[3:] == ["count"]
    module = f"build/{lane}/src/modules/rayos_lb/rayos_lb.ko"
    sh("rmmod rayos_lb", check=False)
    sh(f"insmod {module} max_flows=4194304 flow_bits=20 "
       "max_balancers=16")
    directors = Director("ours", lane, ours), Director("peer", lane, ipvs)
    rows = (counted if count else timed)(*directors)
    report.show("lb-packets", lane, rows, path)


if __name__ == "__main__":
    main()
