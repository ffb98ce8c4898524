#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The one process that owns every server and client of the tests.

It reads requests "ID VERB KEY=VALUE..." from one FIFO, leaves "KEY=VALUE..."
or the text of an error in a file and then says "ID ok" or "ID error" on
another FIFO.  So the shell tests start no process for what they do to the
network; and a shell reads a file at once but a FIFO byte by byte.  The verbs
are the functions do_* below; "_" in a name may be written "-".
"""

import collections
import ctypes
import fcntl
import inspect
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time

import clients
import packets
from netns import inside
from prom import Exposition
from servers import Loop

SIOCETHTOOL = 0x8946
OFFLOADS = {"tx": 0x17, "tso": 0x1f, "gso": 0x24, "gro": 0x2c}


def flatten(value, prefix="", out=None):
    """A JSON document as flat keys: [{"a-b": {"c": 1}}] is s1_a_b_c=1."""
    out = {} if out is None else out
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        out[prefix + "nr"] = len(value)
        items = (("s%d" % i, v) for i, v in enumerate(value, 1))
    else:
        out[prefix[:-1]] = value
        return out
    for key, item in items:
        flatten(item, prefix + key.replace("-", "_") + "_", out)
    return out


def find(value, key):
    """Every value of `key` in a JSON document."""
    if isinstance(value, list):
        return {v for item in value for v in find(item, key)}
    if isinstance(value, dict):
        own = {value[key]} if key in value else set()
        return own | find(list(value.values()), key)
    return set()


def word(value):
    """One word without spaces for the shell."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value))
    return re.sub(r"\s", "_", str(value)) or "-"


class Agent:
    def __init__(self):
        self.loop = Loop()
        self.jobs = {}
        self.saved = {}

    # Servers

    def do_serve(self, name, ns, port=8080):
        """Start a backend."""
        self.loop.add(name, ns, port)

    def do_knob(self, name, **knobs):
        """Make one misbehave: health, delay, mode and last."""
        server = self.loop.servers[name]
        for key, value in knobs.items():
            old = getattr(server, key)
            setattr(server, key, type(old)(value))

    def do_kill(self, name):
        """It stops to listen and resets what is open."""
        self.loop.down(self.loop.servers[name])

    def do_deaf(self, name):
        """It stops to listen; what is open lives on."""
        self.loop.down(self.loop.servers[name], False)

    def do_revive(self, name):
        self.loop.up(self.loop.servers[name])

    def do_remove(self, name):
        self.loop.remove(name)

    def do_served(self, name):
        server = self.loop.servers[name]
        return {"conns": server.conns, "requests": server.requests,
                "checks": server.checks, "datagrams": server.datagrams,
                "open": len(server.open), "host": server.host,
                "method": server.method, "payload": server.payload}

    def do_reset(self):
        """Every backend listens and behaves, every job is forgotten."""
        for server in self.loop.servers.values():
            self.loop.up(server)
            server.health, server.delay, server.last = 200, 0, 0
            server.mode = "answer"
            server.conns = server.requests = server.checks = 0
            server.datagrams = 0
        for job in self.jobs.values():
            if isinstance(job, clients.Held):
                job.drop(1)
            else:
                job.stop()
        self.jobs.clear()

    def do_up(self, ns, port=80, seconds=20.0):
        """Wait until somebody else's server listens in a namespace."""
        end = time.monotonic() + seconds
        while True:
            try:
                with inside(ns):
                    clients.connect(("127.0.0.1", port)).close()
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    # Clients

    def do_load(self, remember="", **args):
        """Make a load, and remember under a name which client went where."""
        load = self.start_load(args)
        result = load.end()
        if remember:
            self.saved[remember] = load.tally.clients
        return result

    def do_compare(self, old, new):
        """Clients that went elsewhere the second time, by their first."""
        old, new = self.saved[old], self.saved[new]
        moved = [b for c in old for b in old[c] if old[c] != new[c]]
        out = {"clients": len(old), "moved": len(moved)}
        out.update(collections.Counter(moved))
        return out

    def do_start(self, job, **args):
        """A load in the background; returns after its first answer."""
        load = self.jobs[job] = self.start_load(args)
        load.first.wait(30)

    def do_wait(self, job):
        return self.jobs.pop(job).end()

    def do_stop(self, job):
        return self.jobs.pop(job).stop()

    def do_progress(self, job):
        return self.jobs[job].tally.result()

    @staticmethod
    def start_load(args):
        load = clients.Load(**convert(clients.Load.__init__, args))
        load.start()
        return load

    def do_hold(self, job, **args):
        """Open connections, ask each once and keep them open."""
        self.jobs[job] = clients.Held(**convert(clients.Held.__init__, args))
        return self.jobs[job].ask()

    def do_ask(self, job):
        return self.jobs[job].ask()

    def do_drop(self, job, rst=0):
        return self.jobs.pop(job).drop(rst)

    do_bulk = staticmethod(clients.bulk)
    do_echo = staticmethod(clients.echo)

    # Packets

    do_udp_sums = staticmethod(packets.udp_sums)
    do_fragments = staticmethod(packets.fragments)
    do_options = staticmethod(packets.options)
    do_ttl = staticmethod(packets.ttl)
    do_ping = staticmethod(packets.ping)
    do_syns = staticmethod(packets.syns)

    def do_icmp(self, job, **args):
        return packets.icmp(self.jobs[job], **convert(packets.icmp, args))

    # The machine

    def do_snmp(self, ns, name):
        """One counter of a namespace, such as Tcp.RetransSegs."""
        group, field = name.split(".")
        with inside(ns), open("/proc/thread-self/net/snmp") as f:
            rows = [l.split() for l in f if l.startswith(group + ":")]
        return {"value": int(rows[1][rows[0].index(field)])}

    def do_sysctl(self, ns, name, value=""):
        """Read or write one, with "_" for blanks in the value."""
        with inside(ns):
            path = "/proc/sys/" + name.replace(".", "/")
            if value:
                with open(path, "w") as f:
                    f.write(value.replace("_", " "))
            with open(path) as f:
                return {"value": f.read().strip()}

    def do_grep(self, file, pattern, ns=""):
        """Lines of a file that match, with "_" for blanks in the pattern."""
        with inside(ns), open(file) as f:
            found = re.findall(pattern.replace("_", " "), f.read(), re.M)
        return {"lines": len(found)}

    def do_device(self, ns, dev):
        """Is there a device of that name?"""
        with inside(ns), open("/proc/thread-self/net/dev") as f:
            return {"there": int(any(l.split(":")[0].strip() == dev
                                     for l in f))}

    def do_view(self, file, ns=""):
        """Lines such as "flows refused: 3 ..." of a view as flows_refused=3."""
        with inside(ns), open(file) as f:
            rows = [l.split(":", 1) for l in f if ":" in l]
        return {re.sub(r"\W", "_", k): v.split()[0] for k, v in rows}

    def do_offload(self, ns, dev, **switches):
        """Switch tx, tso, gso or gro of a device on or off."""
        with inside(ns), socket.socket() as sock:
            for name, value in switches.items():
                # struct ethtool_value behind a struct ifreq
                arg = ctypes.create_string_buffer(
                    struct.pack("II", OFFLOADS[name], int(value)))
                fcntl.ioctl(sock, SIOCETHTOOL,
                            struct.pack("16sP16x", dev.encode(),
                                        ctypes.addressof(arg)))

    # What others say

    @staticmethod
    def ask_rayctl(args, ns):
        """What `rayctl --json` says; commas part its words."""
        argv = ["rayctl", "-j"] + (["-n", ns] if ns else []) + args.split(",")
        done = subprocess.run(argv, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def do_rayctl(self, args, ns=""):
        """The same as flat keys."""
        return flatten(self.ask_rayctl(args, ns))

    def do_clean(self, ns):
        """Delete every balancer of a namespace and end all jobs."""
        self.do_reset()
        status = self.ask_rayctl("lb,status", ns)
        for name in sorted(find(status, "name")):
            self.ask_rayctl("lb,del,%s,reset" % name, ns)

    def do_json(self, file):
        with open(file) as f:
            return flatten(json.load(f))

    def do_save(self, key, args, ns=""):
        """Remember what rayctl says, but for times; see do_same()."""
        self.saved[key] = self.timeless(args, ns)

    def do_same(self, key, args, ns=""):
        """Does it say the same now?"""
        now = self.timeless(args, ns)
        differ = [k for k in {**now, **self.saved[key]}
                  if now.get(k) != self.saved[key].get(k)]
        return {"same": int(not differ), "differ": ",".join(differ) or "-"}

    def timeless(self, args, ns):
        times = ("since", "age", "latency", "deadline")
        return {k: v for k, v in self.do_rayctl(args, ns).items()
                if k.rsplit("_", 1)[-1] not in times}

    def do_prom(self, file, ns="", metric="", **labels):
        """Check an exposition; the value of one metric of it."""
        with inside(ns), open(file) as f:
            parsed = Exposition(f.read())
        out = {"families": len(parsed.types), "samples": len(parsed.samples)}
        if metric:
            out["value"] = parsed.value(metric, **labels)
        return out

    def do_sleep(self, seconds=0.1):
        time.sleep(seconds)

    def call(self, verb, args):
        func = getattr(self, "do_" + verb.replace("-", "_"))
        return func(**convert(func, args)) or {}


def convert(func, args):
    """The arguments, as numbers where the function's defaults are numbers."""
    params = inspect.signature(func).parameters
    out = {}
    for key, value in args.items():
        default = params[key].default if key in params else ""
        kind = type(default) if isinstance(default, (int, float)) else str
        out[key] = kind(value)
    return out


def main(directory):
    agent = Agent()
    # both ends of both, so that neither ever reads as closed
    requests = open(os.open(directory + "/requests", os.O_RDWR), "r",
                    buffering=1)
    replies = os.open(directory + "/replies", os.O_RDWR)
    for line in requests:
        serial, verb, *words = line.split()
        if verb == "quit":
            break
        try:
            result = agent.call(verb, dict(w.split("=", 1) for w in words))
            how = "ok"
            text = " ".join("%s=%s" % (k, word(v)) for k, v in result.items())
        except Exception as err:
            how = "error"
            text = "%s: %s" % (type(err).__name__, " ".join(str(err).split()))
        with open(directory + "/result", "w") as f:
            f.write(text + "\n")
        os.write(replies, ("%s %s\n" % (serial, how)).encode())


if __name__ == "__main__":
    main(sys.argv[1])
