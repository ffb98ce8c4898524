#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Each allocation that a netlink command makes fails once.

Usage: faults.py YNL SPEC, in a network namespace without balancers of a kernel
with CONFIG_FAILSLAB; YNL is tools/net/ynl of a kernel tree.  A command that is
refused must have changed nothing.  Prints what was seen as JSON.
"""

import collections
import json
import os
import pathlib
import sys

sys.path.insert(0, sys.argv[1])
from pyynl.lib import NlError, YnlFamily  # noqa: E402

DEBUGFS = pathlib.Path("/sys/kernel/debug/failslab")
LIMIT = 500
VIP = {"ipv4": "10.0.0.100", "port": 80}
SERVER = {"balancer": "web", "ipv4": "10.0.1.11", "port": 8080}
# what time and traffic change
VOLATILE = {"stats", "since", "check", "active", "affinities", "state",
            "healthy", "deadline"}


class Faulty:
    """A socket whose send() fails at its nth allocation; `hit` if it had one."""

    def __init__(self, sock):
        self.sock = sock
        self.knob = os.open("/proc/thread-self/fail-nth", os.O_RDWR)
        self.nth = 0
        self.hit = False

    def send(self, *args):
        if not self.nth:
            return self.sock.send(*args)
        os.pwrite(self.knob, b"%d" % self.nth, 0)
        try:
            return self.sock.send(*args)
        finally:
            self.hit = int(os.pread(self.knob, 16, 0)) == 0
            os.pwrite(self.knob, b"0", 0)

    def __getattr__(self, name):
        return getattr(self.sock, name)


class Run:
    def __init__(self, ynl):
        self.ynl = ynl
        self.count = collections.Counter(injected=0, refused=0, lost=0,
                                         changed=0, survived=0)
        self.settle()

    def settle(self):
        """A new socket: the old one may hold what came too late."""
        if isinstance(self.ynl.sock, Faulty):
            spec = self.ynl.yaml_path
            self.ynl.close()
            self.ynl = connect(spec)
        self.ynl.sock = Faulty(self.ynl.sock)

    def state(self):
        return [[{k: v for k, v in one.items() if k not in VOLATILE}
                 for one in self.ynl.dump(op, {})]
                for op in ("balancer-get", "backend-get")]

    def once(self, method, vals, nth, dump):
        """True if the command was carried out, False if it was refused."""
        before = self.state()
        self.ynl.sock.nth = nth
        try:
            (self.ynl.dump if dump else self.ynl.do)(method, vals)
            return True
        except NlError:
            self.ynl.sock.nth = 0
            self.count["refused"] += 1
            self.count["changed"] += self.state() != before
            return False
        except OSError:
            # the socket's own allocations: what became of it is not known
            self.count["lost"] += 1
            hit = self.ynl.sock.hit
            self.settle()
            self.ynl.sock.hit = hit
            return self.state() != before
        finally:
            self.ynl.sock.nth = 0

    def every(self, method, vals, undo=None, dump=False):
        """With the nth allocation failing, until there is no nth any more."""
        for nth in range(1, LIMIT):
            done = self.once(method, vals, nth, dump)
            hit = self.ynl.sock.hit
            self.count["injected"] += bool(hit)
            if not hit:
                return
            self.count["survived"] += done
            if done and undo:
                self.ynl.do(*undo)
        sys.exit(f"{method}: more than {LIMIT} allocations")


def connect(spec):
    ynl = YnlFamily(spec, schema="")
    ynl.yaml_path = spec
    return ynl


def configurations(run):
    """From nothing to a configuration, to another, and to nothing."""
    def config(last, **settings):
        return {"balancer": [{"name": "web", **VIP, **settings},
                             {"name": last, **VIP, "port": 81}],
                "backend": [{**SERVER, "weight": 3},
                            {**SERVER, "balancer": last}]}

    nothing, method = {}, "config-set"
    one = config("one", policy="maglev", affinity=10**10)
    two = config("two", policy="weighted-round-robin",
                 health={"probe": "tcp", "interval": 5000000000})
    two["backend"].append({**SERVER, "port": 8081})
    run.every(method, one, (method, nothing))
    run.every(method, two, (method, one))
    run.every(method, {**one, "check": True})
    run.every(method, nothing, (method, two))


def main():
    for knob, value in (("ignore-gfp-wait", "N"), ("verbose", "0"),
                        ("times", "-1")):
        (DEBUGFS / knob).write_text(value, encoding="ascii")
    run = Run(connect(sys.argv[2]))
    name = {"name": "web"}
    health = {"probe": "tcp", "interval": 5000000000}
    run.every("balancer-new", {**name, **VIP}, ("balancer-del", name))
    run.every("backend-new", {**SERVER, "weight": 3}, ("backend-del", SERVER))
    second = {**SERVER, "port": 8081}
    run.every("backend-new", second, ("backend-del", second))
    for policy in ("maglev", "weighted-round-robin", "random"):
        run.every("balancer-set", {**name, "policy": policy,
                                   "affinity": 10**10, "health": health})
    run.every("backend-set", {**SERVER, "weight": 7, "admin": "drain",
                              "deadline": 10**9})
    for op, vals in (("balancer-get", name), ("backend-get", SERVER),
                     ("status-get", {})):
        run.every(op, vals)
    for op in ("balancer-get", "backend-get", "policy-get"):
        run.every(op, {}, dump=True)
    run.every("backend-del", {**SERVER, "reset": True},
              ("backend-new", SERVER))
    run.every("balancer-del", name, ("balancer-new", {**name, **VIP}))
    configurations(run)
    print(json.dumps(run.count))


if __name__ == "__main__":
    main()
