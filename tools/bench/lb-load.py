#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The balancer beside IPVS: two like setups of client, director and backend,
used in turn.

Usage: lb-load.py LANE JSON, as root in a guest with the module loaded.
"""
import json
import os
import re
import sys
import tempfile
import time

import report
from guest import sh

ROUNDS = 5
SECONDS = 3
VIP = "10.0.0.100"
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
        for n in range(1, BACKENDS + 1):
            sh(f"ip netns add {name}-b{n}; ip -n {name}-b{n} link set lo up")
            self.link(f"{name}-b{n}", n)
            self.serve(f"{name}-b{n}")
        configure(self.director)

    def link(self, ns, n):
        sh(f"ip link add d{n} netns {self.director} type veth peer name e0 "
           f"netns {ns}")
        sh(f"ip -n {self.director} addr add 10.0.{n}.1/24 dev d{n}")
        sh(f"ip -n {self.director} link set d{n} up")
        sh(f"ip -n {ns} addr add 10.0.{n}.2/24 dev e0")
        sh(f"ip -n {ns} link set e0 up")
        sh(f"ip -n {ns} route add default via 10.0.{n}.1")

    @staticmethod
    def serve(ns):
        where = tempfile.mkdtemp()
        with open(f"{where}/nginx.conf", "w", encoding="utf-8") as conf:
            conf.write(f"pid {where}/pid; error_log /dev/null; worker_processes 1;"
                       "events { worker_connections 4096; } http { access_log off;"
                       "keepalive_requests 1000000; server { listen 80 backlog=4096;"
                       'location / { return 200 "ok\\n"; } } }\n')
        sh(f"ip netns exec {ns} nginx -c {where}/nginx.conf")
        sh(f"ip netns exec {ns} iperf3 -s -D")

    def run(self, command):
        return sh(f"ip netns exec {self.client} {command}")


# iperf3 uses several connections for one run, so it has one backend only
SERVICES = (("web", "tcp", 80, BACKENDS), ("bulk", "tcp", 5201, 1),
            ("datagrams", "udp", 5201, 1))


def ours(ns):
    for vip, proto, port, backends in SERVICES:
        sh(f"rayctl -n {ns} lb add {vip} vip {VIP}:{port} proto {proto} "
           "policy least-connections")
        for n in range(1, backends + 1):
            sh(f"rayctl -n {ns} lb add {vip} backend 10.0.{n}.2:{port}")


def ipvs(ns):
    sh("modprobe ip_vs conn_tab_bits=20; modprobe ip_vs_wlc", check=False)
    sh(f"ip netns exec {ns} sysctl -qw net.ipv4.ip_forward=1")
    for _, proto, port, backends in SERVICES:
        flag = f"-{proto[0]}"
        sh(f"ip netns exec {ns} ipvsadm -A {flag} {VIP}:{port} -s wlc")
        for n in range(1, backends + 1):
            sh(f"ip netns exec {ns} ipvsadm -a {flag} {VIP}:{port} "
               f"-r 10.0.{n}.2:{port} -m")


def keep_alive(setup):
    out = setup.run(f"wrk -t1 -c32 -d{SECONDS}s http://{VIP}/")
    return float(re.search(r"Requests/sec:\s*([\d.]+)", out).group(1))


def short(setup):
    out = setup.run(f"ab -q -r -c 16 -t {SECONDS} -n 1000000 http://{VIP}/")
    return float(re.search(r"Requests per second:\s*([\d.]+)", out).group(1))


def bulk(setup):
    out = setup.run(f"iperf3 -J -t {SECONDS} -c {VIP}")
    return json.loads(out)["end"]["sum_received"]["bits_per_second"] / 1e9


def datagrams(setup):
    out = setup.run(f"iperf3 -J -u -b 0 -l 64 -t {SECONDS} -c {VIP}")
    sums = json.loads(out)["end"]["sum"]
    return (sums["packets"] - sums["lost_packets"]) / sums["seconds"]


LOADS = (
    ("keep-alive HTTP", "requests/s", keep_alive, 1.0),
    ("HTTP, a connection each", "requests/s", short, 1.0),
    ("bulk TCP", "Gbit/s", bulk, 1.0),
    ("64-byte UDP", "packets/s", datagrams, 1.0),
)


def main():
    lane, path = sys.argv[1:]
    setups = Setup("ours", ours), Setup("ipvs", ipvs)
    time.sleep(1)
    rows = []
    for name, unit, load, goal in LOADS:
        got = [], []
        for r in range(ROUNDS):
            for which in (0, 1) if r % 2 == 0 else (1, 0):
                got[which].append(load(setups[which]))
        rows.append(report.row(name, unit, "higher", *got, "IPVS NAT", goal))
    report.show("lb-load", lane, rows, path)
    sys.stdout.flush()
    os._exit(0)  # nginx and iperf3 go with the guest


if __name__ == "__main__":
    main()
