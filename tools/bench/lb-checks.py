#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What 256 health checks a second cost, of TCP.

Usage: lb-checks.py LANE JSON [count], as root in a guest with the module loaded.

The share of a processor that is not idle, less what it is without checks.  The
servers' side of each connection is in it.  Instructions are counted: in a second
the guest does 10^9 of them, a processor at its least favourable 2.5 * 10^9.
"""
import json
import os
import subprocess
import sys
import time

from guest import sh

PROCESSOR = 2.5e9  # instructions a second
BALANCERS, BACKENDS, SECONDS = 8, 32, 20


def setup():
    sh("ip netns add d && ip netns add s && ip -n d link set lo up")
    sh("ip -n d link add v0 type veth peer name v1 netns s")
    sh("ip -n d addr add 10.0.0.1/16 dev v0 && ip -n d link set v0 up")
    for n in range(BACKENDS):
        sh(f"ip -n s addr add 10.0.1.{n + 1}/16 dev v1")
    sh("ip -n s link set v1 up && ip netns exec s sysctl -qw net.core.somaxconn=65535")


def listen():
    """A server that never accepts: the kernel alone answers."""
    code = "import socket, time; s = socket.create_server(('', 80), backlog=65535);" \
           "print(flush=True); time.sleep(600)"
    server = subprocess.Popen(["ip", "netns", "exec", "s", sys.executable, "-c", code],
                              stdout=subprocess.PIPE)
    server.stdout.read(1)


def add_balancers():
    with open("/tmp/balancers", "w", encoding="ascii") as file:
        for b in range(BALANCERS):
            file.write(f"add b{b} vip 10.9.0.1:{b + 1} health tcp interval 1s\n")
            for n in range(BACKENDS):
                file.write(f"\tbackend 10.0.1.{n + 1}:80\n")
    sh("rayctl -n d lb restore /tmp/balancers")


def busy():
    """Processors that were not idle, over a while."""
    def idle():
        with open("/proc/uptime", encoding="ascii") as f:
            return [float(v) for v in f.read().split()]

    before = idle()
    time.sleep(SECONDS)
    after = idle()
    return os.cpu_count() - (after[1] - before[1]) / (after[0] - before[0])


def passed():
    return sum(b["check"]["passed"] for b in
               json.loads(sh("rayctl -n d -j lb health")) if "check" in b)


def main():
    lane, path = sys.argv[1:3]
    setup()
    listen()
    add_balancers()
    time.sleep(3)
    before = passed()
    with_checks = busy()
    checks = passed() - before
    sh("echo '#' | rayctl -n d lb restore")
    time.sleep(3)
    share = 100 * (with_checks - busy())
    per_check = share / 100 * 1e9 / (checks / SECONDS)
    share /= PROCESSOR / 1e9
    figures = {"bench": "lb-checks", "lane": lane, "checks": checks,
               "per_second": checks / SECONDS,
               "instructions_per_check": round(per_check),
               "percent_of_a_core": round(share, 3)}
    print(f"lb-checks on {lane}: {checks / SECONDS:.0f} checks a second, "
          f"{per_check:.0f} instructions each, take {share:.2f} % "
          f"of a processor (at most 1: {'met' if share <= 1 else 'MISSED'})")
    with open(path, "w", encoding="utf-8") as out:
        json.dump(figures, out, indent=2)
        out.write("\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
