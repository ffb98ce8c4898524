# SPDX-License-Identifier: GPL-2.0-only
"""Clients: loads, held connections, datagrams and bulk transfers.

Each counts what became of every attempt and which backend answered it.  A
result is a dictionary of integers; `failed` is the sum of the ways to fail.
"""

import collections
import errno
import hashlib
import itertools
import socket
import threading
import time

from netns import inside
from servers import CHUNK, LINGER_RST, pattern

FAILURES = ("refused", "reset", "timeout", "closed", "unreachable", "bad",
            "moved")

_WHY = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "timeout",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
}


class Failure(Exception):
    """An attempt that failed in one of the ways of FAILURES."""


def endpoint(text):
    """("10.0.0.1", 80) of "10.0.0.1:80" and of "[fd00::1]:80" likewise."""
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


def addresses(text, dst):
    """The sources to take turns with: "10.0.0.2-65" is 64 of them."""
    if not text:
        return [None]
    base, _, last = text.partition("-")
    if not last:
        return [base]
    cut = base.rindex(":" if ":" in dst else ".") + 1
    return [base[:cut] + str(i)
            for i in range(int(base[cut:]), int(last) + 1)]


def why(err):
    if isinstance(err, Failure):
        return err.args[0]
    if isinstance(err, TimeoutError):
        return "timeout"
    return _WHY.get(err.errno, "bad")


# A port of its own for every UDP flow: of those that the kernel draws, two in
# some dozens are the same often enough, and then the second is no new flow.
_udp_ports = itertools.cycle(range(20000, 30000))


def bind(sock, src, sport):
    any_host = "::" if sock.family == socket.AF_INET6 else "0.0.0.0"
    host = src or any_host
    if sport or sock.type == socket.SOCK_STREAM:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if not sport:
            sock.setsockopt(socket.IPPROTO_IP, 24, 1)   # address, no port
        sock.bind((host, sport))
        return
    while True:
        try:
            sock.bind((host, next(_udp_ports)))
            return
        except OSError as err:
            if err.errno != errno.EADDRINUSE:
                raise


def connect_once(dst, src, sport, timeout, kind):
    family = socket.AF_INET6 if ":" in dst[0] else socket.AF_INET
    sock = socket.socket(family, kind)
    try:
        sock.settimeout(timeout)
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if src or sport or kind == socket.SOCK_DGRAM:
            bind(sock, src, sport)
        sock.connect(dst)
    except OSError:
        sock.close()
        raise
    return sock


def connect(dst, src=None, sport=0, timeout=5.0, kind=socket.SOCK_STREAM):
    """A connected socket, made in the namespace of the calling thread.

    A port that is used again is the last connection's until the ACK of its
    FIN has come, which on one busy CPU may be after close() has returned.
    """
    give_up = time.monotonic() + min(timeout, 1.0)
    while True:
        try:
            return connect_once(dst, src, sport, timeout, kind)
        except OSError as err:
            if (not sport or time.monotonic() > give_up or err.errno not in
                    (errno.EADDRINUSE, errno.EADDRNOTAVAIL)):
                raise
            time.sleep(0.001)


def get(sock, path="/", host="test"):
    """One HTTP request on an open connection: (status, body, closed)."""
    sock.sendall(b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n"
                 % (path.encode(), host.encode()))
    return answer(sock)


def drain(sock):
    """Let the server be the first to close, so that it keeps TIME_WAIT."""
    try:
        sock.recv(1)
    except OSError:
        pass


def answer(sock):
    data = sock.recv(CHUNK)
    if not data:
        raise Failure("closed")
    while b"\r\n\r\n" not in data:
        more = sock.recv(CHUNK)
        if not more:
            raise Failure("bad")
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    low = head.lower()
    at = low.find(b"\r\ncontent-length:")
    if not head.startswith(b"HTTP/1.") or at < 0:
        raise Failure("bad")
    left = int(low[at + 17:].split(b"\r\n", 1)[0]) - len(body)
    parts = [body]
    while left > 0:
        more = sock.recv(CHUNK)
        if not more:
            raise Failure("bad")
        parts.append(more)
        left -= len(more)
    status = int(head.split(b" ", 2)[1])
    return status, b"".join(parts), b"\r\nconnection: close" in low


class Tally:
    """What became of the attempts of several threads."""

    def __init__(self):
        self.count = collections.Counter({k: 0 for k in FAILURES})
        self.count["ok"] = self.count["conns"] = 0
        self.slowest = self.slowest_connect = 0
        self.backends = collections.Counter()
        self.clients = collections.defaultdict(set)
        self.order = []

    def failure(self, err):
        self.count[why(err)] += 1

    def connected(self, began):
        self.count["conns"] += 1
        self.slowest_connect = max(self.slowest_connect,
                                   time.monotonic() - began)

    def chosen(self, backend, client):
        """A new flow has been given to `backend`."""
        self.backends[backend] += 1
        self.clients[client].add(backend)
        self.order.append(backend)

    def result(self):
        out = dict(self.count)
        out["failed"] = sum(self.count[k] for k in FAILURES)
        out["slowest_ms"] = int(self.slowest * 1000)
        out["connect_ms"] = int(self.slowest_connect * 1000)
        # of clients that came more than once: given to one backend always?
        out["unstable"] = sum(len(b) > 1 for b in self.clients.values())
        out["order"] = ",".join(self.order[:24]) or "-"
        out.update(self.backends)
        return out


class Load(threading.Thread):
    """Requests in a row, over connections of `keep` requests each.

    Ends after `n` requests or, without one, when it is told to.  The requests
    of a connection which the server closes in good order, having said so,
    go on over a new one.
    """

    def __init__(self, ns, dst, n=0, conc=1, keep=1, path="/", src="",
                 sport=0, timeout=10.0, gap=0.0, rst=0, proto="tcp"):
        super().__init__(daemon=True)
        self.ns, self.dst, self.n, self.conc = ns, endpoint(dst), n, conc
        self.keep, self.path, self.timeout = keep, path, timeout
        self.sport, self.gap, self.rst = sport, gap, rst
        self.flow = self.tcp_flow if proto == "tcp" else self.udp_flow
        self.sources = itertools.cycle(addresses(src, self.dst[0]))
        self.left = itertools.count(1)
        self.tally = Tally()
        self.ending = threading.Event()
        self.first = threading.Event()
        self.error = None

    def run(self):
        workers = [threading.Thread(target=self.work, daemon=True)
                   for _ in range(self.conc)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.first.set()

    def more(self):
        if self.ending.is_set() or (self.n and next(self.left) > self.n):
            return False
        if self.gap:
            self.ending.wait(self.gap)
        return True

    def work(self):
        try:
            with inside(self.ns):
                go = self.more()
                while go:
                    go = self.flow(next(self.sources))
        except Exception as err:
            self.error = err
            self.ending.set()

    def tcp_flow(self, src):
        """One connection; its first request has been allowed already."""
        tally, mine, go = self.tally, None, True
        try:
            began = time.monotonic()
            sock = connect(self.dst, src, self.sport, self.timeout)
            tally.connected(began)
        except OSError as err:
            tally.failure(err)
            return self.more()
        with sock:
            for turn in range(self.keep):
                if turn and not self.more():
                    go = False
                    break
                began = time.monotonic()
                try:
                    status, body, closed = get(sock, self.path)
                    if status != 200:
                        raise Failure("bad")
                except (OSError, Failure) as err:
                    tally.failure(err)
                    break
                mine = self.answered(mine, body, src, began)
                if closed:
                    drain(sock)
                    break
            if self.rst:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                LINGER_RST)
        return go and self.more()

    def udp_flow(self, src):
        """One port; its first datagram has been allowed already."""
        tally, mine, go = self.tally, None, True
        with connect(self.dst, src, self.sport, self.timeout,
                     socket.SOCK_DGRAM) as sock:
            tally.count["conns"] += 1
            for turn in range(self.keep):
                if turn and not self.more():
                    go = False
                    break
                began = time.monotonic()
                try:
                    data = b"%d" % turn
                    sock.send(data)
                    name, echo = sock.recv(CHUNK).split(b"\n", 1)
                    if echo != data:
                        raise Failure("bad")
                except (OSError, Failure) as err:
                    tally.failure(err)
                    continue
                mine = self.answered(mine, name, src, began)
        return go and self.more()

    def answered(self, mine, body, src, began):
        tally = self.tally
        name = body.split(b"\n", 1)[0].decode("latin-1")
        if mine is None:
            tally.chosen(name, src)
        elif name != mine:
            tally.count["moved"] += 1
        tally.count["ok"] += 1
        tally.slowest = max(tally.slowest, time.monotonic() - began)
        self.first.set()
        return mine or name

    def end(self):
        """Wait for the end and return the result."""
        self.join()
        if self.error:
            raise self.error
        return self.tally.result()

    def stop(self):
        self.ending.set()
        return self.end()


class Held:
    """Connections that stay open until they are let go."""

    def __init__(self, ns, dst, n=1, src="", sport=0, timeout=10.0,
                 proto="tcp"):
        self.dst, self.proto = endpoint(dst), proto
        self.tally = Tally()
        self.socks = []             # [socket, backend]
        kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
        sources = itertools.cycle(addresses(src, self.dst[0]))
        with inside(ns):
            for _ in range(n):
                try:
                    began = time.monotonic()
                    sock = connect(self.dst, next(sources), sport, timeout, kind)
                    self.tally.connected(began)
                    self.socks.append([sock, None])
                except OSError as err:
                    self.tally.failure(err)

    def ask(self):
        """One request on each, and what came of it since the last time."""
        tally, alive = self.tally, []
        for entry in self.socks:
            sock, mine = entry
            try:
                if self.proto == "tcp":
                    body = get(sock)[1]
                else:
                    sock.send(b"held")
                    body = sock.recv(CHUNK)
            except (OSError, Failure) as err:
                tally.failure(err)
                if self.proto == "tcp":
                    sock.close()
                    continue
            else:
                name = body.split(b"\n", 1)[0].decode("latin-1")
                tally.backends[name] += 1
                tally.count["ok"] += 1
                if mine not in (None, name):
                    tally.count["moved"] += 1
                entry[1] = name
            alive.append(entry)
        self.socks = alive
        self.tally = Tally()
        return dict(tally.result(), open=len(alive))

    def drop(self, rst=0):
        for sock, _ in self.socks:
            if rst:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                LINGER_RST)
            sock.close()
        nr = len(self.socks)
        self.socks = []
        return {"open": nr}


def bulk(ns, dst, up=0, down=0, src="", timeout=60.0):
    """Send and fetch that many bytes over one connection and compare sums."""
    out = {"up_same": 0, "down_same": 0, "failed": 0}
    began = time.monotonic()
    try:
        with inside(ns):
            sock = connect(endpoint(dst), src or None, 0, timeout)
        with sock:
            if up:
                data = pattern(up)
                sock.sendall(b"PUT / HTTP/1.1\r\nHost: t\r\n"
                             b"Content-Length: %d\r\n\r\n" % up)
                sock.sendall(data)
                ours = hashlib.md5(data).hexdigest().encode()
                out["up_same"] = int(answer(sock)[1] == ours)
            if down:
                body = get(sock, "/bytes/%d" % down)[1]
                out["down_same"] = int(body == pattern(down))
            family = sock.family == socket.AF_INET6
            level, opt = ((socket.IPPROTO_IPV6, 24) if family
                          else (socket.IPPROTO_IP, 14))
            out["mtu"] = sock.getsockopt(level, opt)
    except (OSError, Failure) as err:
        out["failed"] = 1
        out[why(err)] = 1
    out["ms"] = int((time.monotonic() - began) * 1000)
    return out


def echo(ns, dst, size=64, n=1, nocheck=0, src="", timeout=3.0):
    """Datagrams of `size` bytes, each from a port of its own."""
    out = collections.Counter(ok=0, failed=0, bad=0)
    data = bytes(pattern(size))
    for _ in range(n):
        try:
            with inside(ns):
                sock = connect(endpoint(dst), src or None, 0, timeout,
                               socket.SOCK_DGRAM)
            with sock:
                if nocheck:
                    sock.setsockopt(socket.SOL_SOCKET, 11, 1)
                if sock.family == socket.AF_INET:
                    sock.setsockopt(socket.IPPROTO_IP, 10, 0)   # no DF
                sock.send(data)
                name, same = sock.recv(CHUNK).split(b"\n", 1)
                out["ok" if same == data else "bad"] += 1
                out[name.decode("latin-1")] += 1
        except (OSError, ValueError) as err:
            out["failed"] += 1
            if isinstance(err, OSError):
                out[why(err)] += 1
    return dict(out)

