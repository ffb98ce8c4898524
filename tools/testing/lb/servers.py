# SPDX-License-Identifier: GPL-2.0-only
"""Backends: small HTTP and UDP servers which tell who they are.

All of them run in one thread.  Answers to "GET /" and to datagrams begin with
the name of the server, so that a client knows which backend it was given.

    GET /           the name
    GET /bytes/N    N bytes, the same for every N and every server
    GET /health     the name, with the status set by `health`
    PUT /           the MD5 sum of the body
"""

import hashlib
import heapq
import itertools
import os
import random
import select
import socket
import struct
import threading
import time

from netns import inside

LINGER_RST = struct.pack("ii", 1, 0)
CHUNK = 1 << 16

_pattern = random.Random(20240229).randbytes(1 << 20)


def pattern(nr):
    """`nr` bytes in which a lost, doubled or moved piece changes the sum."""
    out = bytearray()
    turn = 0
    while len(out) < nr:
        out += turn.to_bytes(8, "big") + _pattern
        turn += 1
    return memoryview(out)[:nr]


class Server:
    """One backend and the knobs that make it misbehave."""

    def __init__(self, name, ns, port):
        self.name, self.ns, self.port = name, ns, port
        self.hello = (name + "\n").encode()
        self.health = 200           # status of /health
        self.delay = 0              # ms before each answer
        self.mode = "answer"        # or mute, close, reset, garbage
        self.last = 0               # answers before the server closes, 0: any
        self.host = "-"             # Host header of the last health check
        self.method = "-"           # and its method
        self.payload = "-"          # the last datagram, in hexadecimal digits
        self.conns = self.requests = self.checks = self.datagrams = 0
        self.sockets = []
        self.open = set()


class Conn:
    def __init__(self, loop, server, sock):
        self.loop, self.server, self.sock = loop, server, sock
        self.inbuf = b""
        self.out = []
        self.body = None            # (MD5, bytes still to come) of a PUT
        self.answers = 0
        self.closing = False

    def readable(self):
        try:
            data = self.sock.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.loop.close(self)
            return
        if self.body:
            data = self.take_body(data)
        self.inbuf += data
        while not self.body and b"\r\n\r\n" in self.inbuf and not self.closing:
            head, self.inbuf = self.inbuf.split(b"\r\n\r\n", 1)
            self.request(head)
            if self.body and self.inbuf:
                self.inbuf = self.take_body(self.inbuf)

    def take_body(self, data):
        md5, left = self.body
        md5.update(data[:left])
        rest = data[left:]
        left -= min(left, len(data))
        self.body = (md5, left)
        if not left:
            self.body = None
            self.answer(200, md5.hexdigest().encode())
        return rest

    def request(self, head):
        server = self.server
        lines = head.decode("latin-1").split("\r\n")
        method, path = lines[0].split(" ")[:2]
        fields = dict(f.split(": ", 1) for f in lines[1:] if ": " in f)
        if path == "/health":
            server.checks += 1
            server.method = method
            server.host = fields.get("Host", "-")
        else:
            server.requests += 1
        if server.mode == "mute":
            return
        if server.mode in ("close", "reset"):
            self.loop.close(self, server.mode == "reset")
            return
        if server.mode == "garbage":
            self.send([b"220 this is not a web server\r\n"])
            return
        if method == "PUT":
            left = int(fields.get("Content-Length", 0))
            self.body = (hashlib.md5(), left) if left else None
            return
        if path.startswith("/bytes/"):
            self.answer(200, pattern(int(path[7:])))
        else:
            self.answer(server.health if path == "/health" else 200,
                        server.hello)

    def answer(self, status, body):
        self.answers += 1
        last = self.server.last and self.answers >= self.server.last
        head = b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n%s\r\n" % (
            status, len(body), b"Connection: close\r\n" if last else b"")
        self.closing = bool(last)
        chunks = [head + bytes(body)] if len(body) < CHUNK else [head, body]
        if self.server.delay:
            self.loop.later(self.server.delay / 1000,
                            lambda: self.send(chunks))
        else:
            self.send(chunks)

    def send(self, chunks):
        idle = not self.out
        self.out += chunks
        if idle:
            self.writable()

    def writable(self):
        try:
            while self.out:
                done = self.sock.send(self.out[0])
                if done == len(self.out[0]):
                    self.out.pop(0)
                else:
                    self.out[0] = memoryview(self.out[0])[done:]
        except BlockingIOError:
            self.loop.watch(self, select.EPOLLIN | select.EPOLLOUT)
            return
        except OSError:
            self.loop.close(self)
            return
        if self.closing:
            self.loop.close(self)
        else:
            self.loop.watch(self, select.EPOLLIN)


class Loop(threading.Thread):
    """The thread in which every server lives."""

    def __init__(self):
        super().__init__(daemon=True)
        self.servers = {}
        self.poll = select.epoll()
        self.handlers = {}
        self.conns = {}
        self.masks = {}
        self.timers = []
        self.serial = itertools.count()
        self.calls = []
        self.wake, self.woken = os.pipe()
        self.poll.register(self.wake, select.EPOLLIN)
        self.handlers[self.wake] = lambda: os.read(self.wake, 64)
        self.start()

    def call(self, func, *args):
        """Run a function in the loop's thread and return what it does."""
        done = threading.Event()
        box = []

        def run():
            try:
                box.append((func(*args), None))
            except Exception as err:    # it is the caller's to handle
                box.append((None, err))
            done.set()

        self.calls.append(run)
        os.write(self.woken, b"x")
        done.wait()
        value, err = box[0]
        if err:
            raise err
        return value

    def later(self, seconds, func):
        heapq.heappush(self.timers,
                       (time.monotonic() + seconds, next(self.serial), func))

    def run(self):
        while True:
            wait = -1
            if self.timers:
                wait = max(0, self.timers[0][0] - time.monotonic())
            for fd, mask in self.poll.poll(wait):
                conn = self.conns.get(fd)
                if conn:
                    if mask & select.EPOLLOUT:
                        conn.writable()
                    if mask & ~select.EPOLLOUT and fd in self.conns:
                        conn.readable()
                elif fd in self.handlers:
                    self.handlers[fd]()
            while self.timers and self.timers[0][0] <= time.monotonic():
                heapq.heappop(self.timers)[2]()
            while self.calls:
                self.calls.pop(0)()

    def watch(self, conn, mask):
        fd = conn.sock.fileno()
        if fd >= 0 and self.masks.get(fd) != mask:
            self.poll.modify(fd, mask)
            self.masks[fd] = mask

    def close(self, conn, reset=False):
        fd = conn.sock.fileno()
        if fd < 0:
            return
        if reset:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 LINGER_RST)
        self.poll.unregister(fd)
        del self.conns[fd], self.masks[fd]
        conn.server.open.discard(conn)
        conn.sock.close()

    def _accept(self, server, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server.conns += 1
            conn = Conn(self, server, sock)
            server.open.add(conn)
            fd = sock.fileno()
            self.conns[fd] = conn
            self.masks[fd] = select.EPOLLIN
            self.poll.register(fd, select.EPOLLIN)

    def _datagram(self, server, sock):
        while True:
            try:
                data, info, _, peer = sock.recvmsg(CHUNK,
                                                   socket.CMSG_SPACE(20))
                server.datagrams += 1
                server.payload = data.hex() or "-"
                if server.mode != "mute":
                    # from the address that was asked, by whichever link
                    source = [(level, kind, value[:16] + bytes(4))
                              for level, kind, value in info]
                    sock.sendmsg([server.hello + data], source, 0, peer)
            except BlockingIOError:
                return
            except OSError:         # an ICMP error about an answer
                continue

    def _open_socket(self, server, kind):
        with inside(server.ns):
            sock = socket.socket(socket.AF_INET6, kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if kind == socket.SOCK_DGRAM:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        sock.setblocking(False)
        sock.bind(("::", server.port))
        if kind == socket.SOCK_STREAM:
            sock.listen(512)
            handler = lambda: self._accept(server, sock)
        else:
            handler = lambda: self._datagram(server, sock)
        self.handlers[sock.fileno()] = handler
        self.poll.register(sock.fileno(), select.EPOLLIN)
        server.sockets.append(sock)

    def _up(self, server):
        if not server.sockets:
            self._open_socket(server, socket.SOCK_STREAM)
            self._open_socket(server, socket.SOCK_DGRAM)

    def _down(self, server, cut):
        for sock in server.sockets:
            self.poll.unregister(sock.fileno())
            del self.handlers[sock.fileno()]
            sock.close()
        server.sockets.clear()
        if cut:
            for conn in list(server.open):
                self.close(conn, True)

    def add(self, name, ns, port):
        server = Server(name, ns, port)
        self.call(self._up, server)
        self.servers[name] = server

    def up(self, server):
        self.call(self._up, server)

    def down(self, server, cut=True):
        """Stop to listen; `cut` resets what is open besides."""
        self.call(self._down, server, cut)

    def remove(self, name):
        self.down(self.servers.pop(name))
