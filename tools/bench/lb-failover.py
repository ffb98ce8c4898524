#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""How soon a web server that dies or hangs is known to be unhealthy.

Usage: lb-failover.py LANE JSON, as root in a guest with the module loaded.

The promise is fall x interval + timeout.  Measured is from the signal to the
state that rayctl shows, at a random moment between two checks.
"""
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from guest import sh

ROUNDS = 20
INTERVAL, TIMEOUT, FALL = 1.0, 0.5, 2
PROMISE = FALL * INTERVAL + TIMEOUT


def setup():
    sh("ip netns add d && ip netns add s && ip -n d link set lo up")
    sh("ip -n d link add v0 type veth peer name v1 netns s")
    sh("ip -n d addr add 10.0.0.1/24 dev v0 && ip -n d link set v0 up")
    sh("ip -n s addr add 10.0.0.2/24 dev v1 && ip -n s link set v1 up")
    sh("rayctl -n d lb add web vip 10.9.0.1:80 health http:/ "
       f"interval {INTERVAL:g}s timeout {TIMEOUT * 1000:g}ms fall {FALL} rise 1")
    sh("rayctl -n d lb add web backend 10.0.0.2:80")


def serve(where):
    with open(f"{where}/conf", "w", encoding="utf-8") as conf:
        conf.write("daemon off; master_process off; error_log /dev/null;"
                   f"pid {where}/pid; events {{}} http {{ access_log off;"
                   'server { listen 80; return 200 "ok"; } }\n')
    return subprocess.Popen(["ip", "netns", "exec", "s", "nginx", "-c",
                             f"{where}/conf"], stderr=subprocess.DEVNULL)


def until(state):
    while json.loads(sh("rayctl -n d -j lb backends web"))[0]["state"] != state:
        time.sleep(0.005)


def main():
    lane, path = sys.argv[1:]
    where = tempfile.mkdtemp()
    setup()
    taken = {"killed": [], "stopped": []}
    server = serve(where)
    for n in range(ROUNDS):
        until("healthy")
        time.sleep(random.uniform(2, 3) * INTERVAL)
        how = list(taken)[n % 2]
        began = time.monotonic()
        server.send_signal(signal.SIGKILL if how == "killed" else signal.SIGSTOP)
        until("unhealthy")
        taken[how].append(time.monotonic() - began)
        server.kill()
        server.wait()
        server = serve(where)
    worst = max(max(times) for times in taken.values())
    print(f"lb-failover on {lane}: {ROUNDS} servers were found out, the slowest after "
          f"{worst:.2f} s (at most {PROMISE:g}: {'met' if worst <= PROMISE else 'MISSED'})")
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"bench": "lb-failover", "lane": lane, "promise": PROMISE,
                   "seconds": taken}, out, indent=2)
        out.write("\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
