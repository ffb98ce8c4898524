#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The balancer beside IPVS: two like setups of client, director and backend,
used in turn.

Usage: lb-load.py LANE JSON [count], as root in a guest with the module loaded.

Where instructions are counted, a second is 10^9 of them: no other load of the
machine is in the figures, and few rounds tell.
"""
import json
import os
import re
import sys
import tempfile
import time

import report
from guest import sh

COUNTED = sys.argv[3:] == ["count"]
ROUNDS = 3 if COUNTED else 21
SECONDS = 1
VIP, VIP6 = "10.0.0.100", "fd00:9::100"
BACKENDS = 3


class Setup:
    """Namespaces of one director, with its client and its backends."""

    def __init__(self, name, configure):
        self.client = f"{name}-c"
        self.director = f"{name}-d"
        for ns in [self.client, self.director]:
            sh(f"ip netns add {ns}; ip -n {ns} link set lo up")
        self.link(self.client, 0)
        sh(f"ip -n {self.director} addr add {VIP}/32 dev lo")
        sh(f"ip -n {self.director} addr add {VIP6}/128 dev lo")
        for n in range(1, BACKENDS + 1):
            sh(f"ip netns add {name}-b{n}; ip -n {name}-b{n} link set lo up")
            self.link(f"{name}-b{n}", n)
            self.serve(f"{name}-b{n}")
        configure(self.director)

    def link(self, ns, n):
        sh(f"ip link add d{n} netns {self.director} type veth peer name e0 "
           f"netns {ns}")
        for where, dev, last in (self.director, f"d{n}", 1), (ns, "e0", 2):
            sh(f"ip -n {where} addr add 10.0.{n}.{last}/24 dev {dev}")
            sh(f"ip -n {where} addr add fd00:{n}::{last}/64 dev {dev} nodad")
            sh(f"ip -n {where} link set {dev} up")
        sh(f"ip -n {ns} route add default via 10.0.{n}.1")
        sh(f"ip -n {ns} route add default via fd00:{n}::1")

    @staticmethod
    def serve(ns):
        where = tempfile.mkdtemp()
        with open(f"{where}/nginx.conf", "w", encoding="utf-8") as conf:
            conf.write(f"pid {where}/pid; error_log /dev/null; worker_processes 1;"
                       "events { worker_connections 4096; } http { access_log off;"
                       "keepalive_requests 1000000; server {"
                       "listen 80 backlog=4096; listen [::]:80 backlog=4096;"
                       'location / { return 200 "ok\\n"; } } }\n')
        sh(f"ip netns exec {ns} nginx -c {where}/nginx.conf")
        sh(f"ip netns exec {ns} iperf3 -s -D")

    def run(self, command, check=True):
        return sh(f"ip netns exec {self.client} {command}", check)


# iperf3 uses several connections for one run, so it has one backend only
SERVICES = (("web", "tcp", 80, BACKENDS), ("bulk", "tcp", 5201, 1),
            ("datagrams", "udp", 5201, 1))


def services():
    """Each with its virtual and its real addresses, of IPv4 and IPv6."""
    for name, proto, port, backends in SERVICES:
        yield name, proto, f"{VIP}:{port}", \
            [f"10.0.{n}.2:{port}" for n in range(1, backends + 1)]
        yield f"{name}6", proto, f"[{VIP6}]:{port}", \
            [f"[fd00:{n}::2]:{port}" for n in range(1, backends + 1)]


def ours(ns):
    for name, proto, vip, backends in services():
        sh(f"rayctl -n {ns} lb add {name} vip {vip} proto {proto} "
           "policy least-connections")
        for backend in backends:
            sh(f"rayctl -n {ns} lb add {name} backend {backend}")


def ipvs(ns):
    sh("modprobe ip_vs conn_tab_bits=20; modprobe ip_vs_wlc", check=False)
    sh(f"ip netns exec {ns} sysctl -qw net.ipv4.ip_forward=1 "
       "net.ipv6.conf.all.forwarding=1")
    for _, proto, vip, backends in services():
        sh(f"ip netns exec {ns} ipvsadm -A -{proto[0]} {vip} -s wlc")
        for backend in backends:
            sh(f"ip netns exec {ns} ipvsadm -a -{proto[0]} {vip} -r {backend} -m")


def found(pattern, text):
    return re.search(pattern, text).groups()


def milliseconds(number, unit):
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def keep_alive(setup, vip=VIP):
    """Requests a second, and the time that one in a hundred exceeds."""
    out = setup.run(f"wrk -t1 -c32 -d{SECONDS}s --latency http://{vip}/")
    return float(found(r"Requests/sec:\s*([\d.]+)", out)[0]), \
        milliseconds(*found(r"99%\s*([\d.]+)(\w+)", out))


def short(setup):
    """The same of connections of one request, and how long a connect took at most.

    A client whose connect stalls for five seconds gives up and begins again.
    """
    out = ""
    while "99%" not in out:
        out = setup.run(f"ab -q -r -s 5 -c 16 -t {SECONDS} -n 1000000 http://{VIP}/",
                        check=False)
        if "99%" not in out:
            print(f"# {setup.director}: ab gave up", file=sys.stderr, flush=True)
    # in whole milliseconds
    p99, connect = (max(1, int(found(pattern, out)[0]))
                    for pattern in (r"99%\s*(\d+)", r"Connect:.* (\d+)\n"))
    return float(found(r"Requests per second:\s*([\d.]+)", out)[0]), p99, connect


def bulk(setup):
    out = setup.run(f"iperf3 -J -t {SECONDS} -c {VIP}")
    return (json.loads(out)["end"]["sum_received"]["bits_per_second"] / 1e9,)


def datagrams(setup):
    out = setup.run(f"iperf3 -J -u -b 0 -l 64 -t {SECONDS} -c {VIP}")
    sums = json.loads(out)["end"]["sum"]
    return ((sums["packets"] - sums["lost_packets"]) / sums["seconds"],)


def keep_alive6(setup):
    return keep_alive(setup, f"[{VIP6}]")


# What a load yields: a name, its unit, which way is better, and the least ratio
RATE = ("requests/s", "higher", 1.0)
P99 = ("ms at p99", "lower", 1.0)
LOADS = (
    ("keep-alive HTTP", keep_alive, (RATE, P99)),
    ("keep-alive HTTP, IPv6", keep_alive6, (RATE, P99)),
    ("HTTP, a connection each", short, (RATE, P99, ("ms to connect at most", "lower",
                                                    None))),
    ("bulk TCP", bulk, (("Gbit/s", "higher", 1.0),)),
    ("64-byte UDP", datagrams, (("packets/s", "higher", 1.0),)),
)


def interleaved(*measures):
    """For each of two measures its rounds, in turn, figure by figure."""
    got = [], []
    for r in range(ROUNDS):
        for which in (0, 1) if r % 2 == 0 else (1, 0):
            got[which].append(measures[which]())
    return list(zip(zip(*got[0]), zip(*got[1])))


def main():
    lane, path = sys.argv[1:3]
    setups = Setup("ours", ours), Setup("ipvs", ipvs)
    time.sleep(1)
    rows = []
    for name, load, figures in LOADS:
        got = interleaved(*[lambda s=s: load(s) for s in setups])
        rows += [report.row(name, unit, better, *pair, "IPVS NAT", goal)
                 for (unit, better, goal), pair in zip(figures, got)]
    got = interleaved(lambda: keep_alive6(setups[0]), lambda: keep_alive(setups[0]))
    rows += [report.row("IPv6 beside IPv4", unit, better, *pair, "ours of IPv4", 0.9)
             for (unit, better, _), pair in zip((RATE, P99), got)]
    report.show("lb-load", lane, rows, path)
    sys.stdout.flush()
    os._exit(0)  # nginx and iperf3 go with the guest


if __name__ == "__main__":
    main()
