#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Send packets, most of them damaged, from a client or in a backend's name.

    fuzz_packets.py NAMESPACE DEVICE MAC COUNT SEED SRC DST [SRC DST...]

Each is one of TCP, UDP or ICMP between a pair of addresses, whole or a fragment,
with options or extension headers or none, of which some bytes are changed, or the
end is cut off, or the length is another.  Checksums are made right afterwards more
often than not, so that what is damaged gets further than the first check.
"""

import random
import socket
import struct
import sys

import packets
from netns import inside

PORTS = (80, 80, 80, 8080, 53, 0, 65535)


def port(rnd):
    return rnd.choice(PORTS) if rnd.randrange(3) else rnd.randrange(1024, 1040)


def tcp(rnd, src, dst):
    options = rnd.randbytes(4 * rnd.randrange(11)) if not rnd.randrange(4) else b""
    offset = 5 + len(options) // 4 if rnd.randrange(8) else rnd.randrange(16)
    head = struct.pack("!HHIIBBHHH", port(rnd), port(rnd), rnd.getrandbits(32),
                       rnd.getrandbits(32), offset << 4 | rnd.randrange(2),
                       rnd.choice((2, 16, 18, 17, 4, 20, 24, 0, rnd.randrange(256))),
                       rnd.getrandbits(16), 0, 0) + options
    data = head + rnd.randbytes(rnd.randrange(60))
    if rnd.randrange(4):
        check = packets.csum(packets.pseudo(src, dst, packets.TCP, len(data)) + data)
        data = data[:16] + struct.pack("!H", check) + data[18:]
    return packets.TCP, data


def udp(rnd, src, dst):
    data = packets.udp(src, dst, port(rnd), port(rnd), rnd.randbytes(rnd.randrange(60)))
    if not rnd.randrange(8):
        data = data[:4] + struct.pack("!H", rnd.getrandbits(16)) + data[6:]
    return packets.UDP, data


def icmp(rnd, src, dst):
    """An error, about a packet that went the other way."""
    v6 = len(src) == 16
    proto, inner = rnd.choice((tcp, udp))(rnd, dst, src)
    quote = packets.ip_header(dst, src, proto, len(inner)) + inner
    if not rnd.randrange(3):
        quote = spoil(rnd, quote)
    kind = rnd.choice((1, 2, 3, 4) if v6 else (3, 3, 11, 12, 4, 5))
    data = struct.pack("!BBHI", kind, rnd.randrange(16), 0, rnd.getrandbits(16)) + \
        quote[:rnd.choice((20, 28, 48, 200))]
    head = packets.pseudo(src, dst, packets.ICMP6, len(data)) if v6 else b""
    return packets.ICMP6 if v6 else packets.ICMP, \
        data[:2] + struct.pack("!H", packets.csum(head + data)) + data[4:]


def spoil(rnd, data):
    data = bytearray(data)
    for _ in range(rnd.randrange(1, 4)):
        what = rnd.randrange(4)
        if what == 0 and len(data) > 1:
            del data[rnd.randrange(len(data)):]
        elif what == 1:
            data += rnd.randbytes(rnd.randrange(20))
        elif data:
            data[rnd.randrange(len(data))] = rnd.randrange(256)
    return bytes(data)


def network(rnd, src, dst, proto, data):
    """The packet with its header, of which not all is well either."""
    if len(src) == 16:
        for _ in range(rnd.choice((0, 0, 0, 1, 2))):
            kind = rnd.choice((packets.HOPOPTS, packets.DSTOPTS, packets.FRAGMENT, 43, 51, 59))
            body = rnd.randbytes(6) if rnd.randrange(2) else bytes(6)
            if kind == packets.FRAGMENT:
                body = struct.pack("!HI", rnd.choice((0, 1, 8, 9, rnd.getrandbits(16))),
                                   rnd.randrange(4))
            data = bytes([proto, rnd.choice((0, 0, 0, 1, 255))]) + body + data
            proto = kind
        return packets.ip_header(src, dst, proto, len(data), ttl=rnd.choice((64, 64, 1, 0)))
    frag = rnd.choice((0, 0, 0, 0x4000, 0x2000, 1, 0x2001, rnd.getrandbits(16)))
    options = rnd.randbytes(4 * rnd.randrange(11)) if not rnd.randrange(8) else b""
    head = packets.ip_header(src, dst, proto, len(data) + len(options),
                             ident=rnd.randrange(8), frag=frag,
                             ttl=rnd.choice((64, 64, 64, 1, 0)))
    if options:
        head = bytes([0x40 | 5 + len(options) // 4]) + head[1:10] + b"\0\0" + head[12:] + options
        head = head[:10] + struct.pack("!H", packets.csum(head)) + head[12:]
    return head


def packet(rnd, src, dst):
    proto, data = rnd.choice((tcp, tcp, udp, icmp))(rnd, src, dst)
    if not rnd.randrange(3):
        data = spoil(rnd, data)
    whole = network(rnd, src, dst, proto, data) + data
    if not rnd.randrange(5):
        whole = spoil(rnd, whole)
    return whole[:1500] or b"E"


def main():
    ns, dev, mac, count, seed, *ends = sys.argv[1:]
    rnd = random.Random(int(seed))
    pairs = [tuple(packets.packed(a) for a in ends[i:i + 2]) for i in range(0, len(ends), 2)]
    with inside(ns):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
    for _ in range(int(count)):
        src, dst = rnd.choice(pairs)
        kind = 0x86dd if len(src) == 16 else 0x0800
        sock.sendto(packet(rnd, src, dst),
                    (dev, kind, 0, 0, bytes.fromhex(mac.replace(":", ""))))


if __name__ == "__main__":
    main()
