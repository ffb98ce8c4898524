# SPDX-License-Identifier: GPL-2.0-only
"""Packets made by hand, and a look at what became of them on the way.

What a socket cannot send (a checksum left out, an ICMP error that quotes only
eight bytes, fragments out of order) is built here and sent raw; what a socket
does not tell (TTL, checksums, the header quoted in an error) is read from a
packet socket at the far end.
"""

import ipaddress
import socket
import struct
import threading
import time

from clients import connect, endpoint
from netns import inside
from servers import CHUNK, pattern

ETH_P_ALL = 3
PACKET_HOST = 0
TCP, UDP, ICMP, ICMP6, FRAGMENT = 6, 17, 1, 58, 44
HOPOPTS, DSTOPTS = 0, 60


def fold(data):
    """The ones' complement sum of `data`, not yet complemented."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def csum(data):
    return ~fold(data) & 0xffff


def packed(text):
    return ipaddress.ip_address(text).packed


def pseudo(src, dst, proto, length):
    if len(src) == 4:
        return src + dst + struct.pack("!BBH", 0, proto, length)
    return src + dst + struct.pack("!IHBB", length, 0, 0, proto)


def ip_header(src, dst, proto, length, ident=0, frag=0, ttl=64):
    """Header of a packet with `length` bytes behind it."""
    if len(src) == 16:
        return struct.pack("!IHBB", 6 << 28, length, proto, ttl) + src + dst
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, ident, frag, ttl,
                       proto, 0) + src + dst
    return head[:10] + struct.pack("!H", csum(head)) + head[12:]


def udp(src, dst, sport, dport, data, check=None):
    head = struct.pack("!HHHH", sport, dport, 8 + len(data), 0)
    if check is None:
        check = csum(pseudo(src, dst, UDP, 8 + len(data)) + head + data)
        check = check or 0xffff
    return head[:6] + struct.pack("!H", check) + data


def syn(src, dst, sport, dport, damaged):
    head = struct.pack("!HHIIBBHHH", sport, dport, 0x5eed, 0, 5 << 4, 2, 8192,
                       0, 0)
    check = csum(pseudo(src, dst, TCP, len(head)) + head) ^ damaged
    return head[:16] + struct.pack("!HH", check, 0)


class Packet:
    """The network layer of a packet that was seen."""

    def __init__(self, raw):
        self.v6 = raw[0] >> 4 == 6
        self.frag = None
        if self.v6:
            length, self.proto, self.ttl = struct.unpack_from("!HBB", raw, 4)
            self.src, self.dst = raw[8:24], raw[24:40]
            self.data = raw[40:40 + length]
            self.sound = True
            if self.proto == FRAGMENT:
                self.proto, _, self.frag = struct.unpack_from(
                    "!BBH", self.data)
                self.data = self.data[8:]
        else:
            ihl = (raw[0] & 15) * 4
            length, = struct.unpack_from("!H", raw, 2)
            self.frag = struct.unpack_from("!H", raw, 6)[0] & 0x3fff or None
            self.ttl, self.proto = raw[8], raw[9]
            self.src, self.dst = raw[12:16], raw[16:20]
            self.data = raw[ihl:max(length, ihl)]
            self.sound = fold(raw[:ihl]) == 0xffff

    def ports(self):
        return struct.unpack_from("!HH", self.data)

    def intact(self):
        """The checksum of the transport layer is right."""
        head = b""
        if self.proto != ICMP:
            head = pseudo(self.src, self.dst, self.proto, len(self.data))
        return self.sound and fold(head + self.data) == 0xffff


class Sniffer:
    """What a device receives while the body of a `with` runs."""

    def __init__(self, ns, dev="eth0"):
        with inside(ns):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                      socket.htons(ETH_P_ALL))
            self.sock.bind((dev, ETH_P_ALL))
        self.sock.settimeout(0.05)
        self.seen = []
        self.over = False
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.over:
            try:
                raw, addr = self.sock.recvfrom(1 << 17)
            except TimeoutError:
                continue
            if addr[2] == PACKET_HOST and addr[1] in (0x0800, 0x86dd):
                self.seen.append(Packet(raw))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()
        self.sock.close()

    def first(self, want, seconds=3.0):
        """The first packet that `want` is true of, None after a while."""
        deadline = time.monotonic() + seconds
        at = 0
        while True:
            while at < len(self.seen):
                if want(self.seen[at]):
                    return self.seen[at]
                at += 1
            if time.monotonic() > deadline:
                return None
            time.sleep(0.01)


def raw_socket(family):
    """A socket for packets with their own header."""
    return socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)


def family_of(addr):
    return socket.AF_INET6 if len(addr) == 16 else socket.AF_INET


def send_raw(ns, dst, *packets):
    with inside(ns), raw_socket(family_of(packed(dst))) as sock:
        for raw in packets:
            sock.sendto(raw, (dst, 0))


def syns(ns, src, dst, n=1, damaged=0, sport=30000, gap=0.7):
    """SYNs from `n` ports, each sent again after `gap` seconds."""
    vip, port = endpoint(dst)
    s, v = packed(src), packed(vip)
    batch = []
    for i in range(n):
        data = syn(s, v, sport + i, port, damaged)
        batch.append(ip_header(s, v, TCP, len(data)) + data)
    send_raw(ns, vip, *batch)
    time.sleep(gap)
    send_raw(ns, vip, *batch)


def udp_sums(ns, src, dst, backend_ns, backend):
    """How UDP checksums come through the translation of an address.

    zero   a datagram sent without one arrives without one (IPv4 only)
    right  one sent with one arrives with the right one
    ffff   where the right one is zero, 0xffff is what arrives
    """
    (vip, port), (server, sport) = endpoint(dst), endpoint(backend)
    s, v, b = packed(src), packed(vip), packed(server)
    out = {"zero": -1, "right": -1, "ffff": -1}

    def probe(number, make):
        data = make(number)
        length = len(data)
        raw = ip_header(s, v, UDP, length) + data
        with Sniffer(backend_ns) as sniffer:
            send_raw(ns, vip, raw)
            return sniffer.first(lambda p: p.proto == UDP
                                 and p.ports() == (number, sport))

    if len(s) == 4:
        got = probe(20001, lambda n: udp(s, v, n, port, b"nothing", 0))
        out["zero"] = int(bool(got) and got.data[6:8] == b"\0\0")
    got = probe(20002, lambda n: udp(s, v, n, port, b"something"))
    out["right"] = int(bool(got) and got.data[6:8] != b"\0\0" and got.intact())

    def vanishing(number):
        # a word which brings the sum, as the backend sees it, to all ones
        plain = udp(s, b, number, sport, b"\0\0", 0)
        word = csum(pseudo(s, b, UDP, len(plain)) + plain)
        return udp(s, v, number, port, struct.pack("!H", word))

    got = probe(20003, vanishing)
    out["ffff"] = int(bool(got) and got.data[6:8] == b"\xff\xff")
    return out


def ttl(ns, dst, backend_ns, hops=64):
    """The TTL with which a datagram sent with `hops` arrives, -1 if none does.

    expired   the sender was told that its TTL ran out
    """
    host, port = endpoint(dst)
    v6 = ":" in host
    with Sniffer(backend_ns) as far, Sniffer(ns) as near:
        with inside(ns):
            sock = connect((host, port), kind=socket.SOCK_DGRAM)
        with sock:
            if v6:
                sock.setsockopt(socket.IPPROTO_IPV6,
                                socket.IPV6_UNICAST_HOPS, hops)
            else:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)
            mine = sock.getsockname()[1]
            sock.send(b"hops")
            got = far.first(lambda p: p.proto == UDP
                            and p.ports()[0] == mine,
                            3.0 if hops > 1 else 1.0)
            told = hops == 1 and near.first(
                lambda p: p.data[:1] == (b"\x03" if v6 else b"\x0b")
                and p.proto == (ICMP6 if v6 else ICMP))
    return {"ttl": got.ttl if got else -1, "expired": int(bool(told))}


def fragments(ns, src, dst, size=4000, reverse=1, mtu=1440):
    """A datagram in fragments of our own making, the last first if `reverse`.

    echoed   it came back whole, so it had arrived whole
    """
    vip, port = endpoint(dst)
    s, v = packed(src), packed(vip)
    data = bytes(pattern(size))
    with inside(ns):
        sock = connect((vip, port), src, timeout=3.0, kind=socket.SOCK_DGRAM)
    with sock:
        whole = udp(s, v, sock.getsockname()[1], port, data)
        packets = []
        for at in range(0, len(whole), mtu):
            piece = whole[at:at + mtu]
            more = at + mtu < len(whole)
            if len(s) == 16:
                piece = struct.pack("!BBHI", UDP, 0, at | more,
                                    0x5eed) + piece
                head = ip_header(s, v, FRAGMENT, len(piece))
            else:
                head = ip_header(s, v, UDP, len(piece), 0x5eed,
                                 at >> 3 | more << 13)
            packets.append(head + piece)
        send_raw(ns, vip, *(packets[::-1] if reverse else packets))
        try:
            echoed = sock.recv(CHUNK).split(b"\n", 1)[1] == data
        except OSError:
            echoed = False
    return {"fragments": len(packets), "echoed": int(echoed)}


def options(ns, src, dst):
    """An IPv6 datagram behind hop-by-hop and destination options."""
    vip, port = endpoint(dst)
    s, v = packed(src), packed(vip)
    with inside(ns):
        sock = connect((vip, port), src, timeout=3.0, kind=socket.SOCK_DGRAM)
    with sock:
        data = udp(s, v, sock.getsockname()[1], port, b"options")
        padding = struct.pack("!BB4x", 1, 4)
        data = (struct.pack("!BB", DSTOPTS, 0) + padding
                + struct.pack("!BB", UDP, 0) + padding + data)
        send_raw(ns, vip, ip_header(s, v, HOPOPTS, len(data)) + data)
        try:
            echoed = sock.recv(CHUNK).split(b"\n", 1)[1] == b"options"
        except OSError:
            echoed = False
    return {"echoed": int(echoed)}


def icmp_error(v6, what, mtu):
    """(type, code, rest of header) of an error"""
    if v6:
        return (2, 0, mtu) if what == "toobig" else (1, 4, 0)
    return (3, 4, mtu) if what == "toobig" else (3, 3, 0)


def send_error(ns, src, dst, quote, what, mtu):
    """An ICMP error from `src` to `dst` which quotes the bytes `quote`."""
    s, d = packed(src), packed(dst)
    v6 = len(s) == 16
    kind, code, rest = icmp_error(v6, what, mtu)
    body = struct.pack("!BBHI", kind, code, 0, rest) + quote
    head = pseudo(s, d, ICMP6, len(body)) if v6 else b""
    body = body[:2] + struct.pack("!H", csum(head + body)) + body[4:]
    proto = ICMP6 if v6 else ICMP
    send_raw(ns, dst, ip_header(s, d, proto, len(body)) + body)
    return kind, code


def source_of(held, backend_ns, source, sport):
    """The port that a backend sees a held flow of full NAT come from."""
    with Sniffer(backend_ns) as sniffer:
        held.ask()
        got = sniffer.first(lambda p: p.proto == TCP and p.src == source
                            and p.ports()[1] == sport)
    return got.ports()[0]


def icmp(held, ns, backend_ns, backend, side="backend", what="toobig",
         mtu=1300, proto=TCP, source="", direct=0):
    """An ICMP error about a held flow, quoting eight bytes of transport.

    side=backend: the backend complains to the client, which must be told about
    the flow that it knows, to the VIP, by the VIP; side=client: the other way
    round.  With full NAT the backend knows of `source` only; with `direct`
    return it gets the error as it is.

    arrived   an error arrived
    outer     its own addresses are those the receiver deals with
    inner     the header which it quotes is the one the receiver sent
    intact    both checksums are right
    """
    sock = held.socks[0][0]
    (client, cport), (vip, vport) = (sock.getsockname()[:2],
                                     sock.getpeername()[:2])
    server, sport = endpoint(backend)
    c, v, b = packed(client), packed(vip), packed(server)
    seen, seen_port = c, cport
    if source:
        seen = packed(source)
        seen_port = source_of(held, backend_ns, seen, sport)
    if direct:
        b, sport = v, vport
    quoted = struct.pack("!HHI", seen_port, sport, 0x01020304)
    if side == "backend":
        # the segment which the client sent, as the backend got it
        quote = ip_header(seen, b, proto, 1380) + quoted
        sender, target, watch, origin = (server, source or client, ns,
                                         backend_ns)
        outer, inner, ports = (v, c), (c, v), (cport, vport)
    else:
        # the segment which the backend sent, as the client got it
        quoted = struct.pack("!HHI", vport, cport, 0x01020304)
        quote = ip_header(v, c, proto, 1380) + quoted
        sender, target, watch, origin = client, vip, backend_ns, ns
        outer, inner, ports = (seen, b), (b, seen), (sport, seen_port)
    with Sniffer(watch) as sniffer:
        kind, code = send_error(origin, sender, target, quote, what, mtu)
        got = sniffer.first(lambda p: p.proto in (ICMP, ICMP6)
                            and p.data[:2] == bytes((kind, code)))
    if not got:
        return {"arrived": 0, "outer": 0, "inner": 0, "intact": 0}
    bare = got.data[8:]
    head = 40 if got.v6 else 20
    told = Packet(bare[:head] + bare[head:].ljust(1400, b"\0"))
    return {"arrived": 1,
            "outer": int((got.src, got.dst) == outer),
            "inner": int((told.src, told.dst) == inner
                         and told.ports() == ports),
            "intact": int(got.intact() and told.sound)}


def ping(ns, dst, n=3, timeout=2.0):
    """Echo requests: how many of them were answered."""
    v6 = ":" in dst
    kind, reply = (128, 129) if v6 else (8, 0)
    ok = 0
    with inside(ns):
        sock = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET,
                             socket.SOCK_RAW, ICMP6 if v6 else ICMP)
    with sock:
        sock.settimeout(timeout)
        for turn in range(n):
            body = struct.pack("!BBHHH", kind, 0, 0, 77, turn)
            if not v6:
                body = body[:2] + struct.pack("!H", csum(body)) + body[4:]
            sock.sendto(body, (dst, 0))
            try:
                while True:
                    raw = sock.recv(2048)
                    data = raw if v6 else raw[(raw[0] & 15) * 4:]
                    if (data[0] == reply
                            and data[4:8] == struct.pack("!HH", 77, turn)):
                        ok += 1
                        break
            except TimeoutError:
                pass
    return {"ok": ok, "failed": n - ok}
