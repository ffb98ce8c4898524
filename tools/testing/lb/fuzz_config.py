#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Throw configurations at the kernel, most of them wrong.

    fuzz_config.py NAMESPACE ROUNDS [SEED]

Each is a config-set of the family rayos-lb, made of plausible attributes of
which some are cut, changed, repeated or left out.  Prints how many were taken
and how many refused; a message that is neither is a failure.
"""

import random
import socket
import struct
import sys

from netns import inside

NETLINK_GENERIC, GENL_ID_CTRL = 16, 16
CONFIG_SET = 16
SLOW_START, PROGRAM = 24, 25
NLMSG_ERROR, NLM_F_REQUEST, NLM_F_ACK, NESTED = 2, 1, 4, 0x8000


def nla(kind, payload):
    data = struct.pack("=HH", 4 + len(payload), kind) + payload
    return data + bytes(-len(data) % 4)


def request(sock, family, cmd, attrs):
    """The errno of the answer, 0 for none."""
    body = struct.pack("=BBH", cmd, 1, 0) + attrs
    sock.send(struct.pack("=IHHII", 16 + len(body), family, NLM_F_REQUEST | NLM_F_ACK, 1, 0)
              + body)
    while True:
        reply = sock.recv(65536)
        kind, = struct.unpack_from("=H", reply, 4)
        if kind == NLMSG_ERROR:
            return -struct.unpack_from("=i", reply, 16)[0]


def find_family(sock, name="rayos-lb"):
    body = struct.pack("=BBH", 3, 1, 0) + nla(2, name.encode() + b"\0")
    sock.send(struct.pack("=IHHII", 16 + len(body), GENL_ID_CTRL, NLM_F_REQUEST, 1, 0) + body)
    reply, at = sock.recv(65536), 20
    while True:
        length, kind = struct.unpack_from("=HH", reply, at)
        if kind == 1:
            return struct.unpack_from("=H", reply, at + 4)[0]
        at += (length + 3) & ~3


def address(rnd, v4, v6):
    if rnd.random() < 0.8:
        return nla(v4, bytes([10, 0, rnd.randrange(2), rnd.randrange(1, 16)]))
    return nla(v6, b"\xfd" + bytes(14) + bytes([rnd.randrange(1, 16)]))


def spoil(rnd, attrs):
    """Attributes of one nest, of which one in a few is not as it should be."""
    for i, attr in enumerate(attrs):
        what = rnd.randrange(60)
        if what == 0:
            attrs[i] = b""
        elif what == 1:
            attrs[i] = attr + attr
        elif what == 2:
            at = rnd.randrange(len(attr))
            attrs[i] = attr[:at] + bytes([rnd.randrange(256)]) + attr[at + 1:]
        elif what == 3:
            attrs[i] = nla(rnd.randrange(40), rnd.randbytes(rnd.randrange(40)))
    return b"".join(attrs)


def u32(rnd, kind, usual):
    return nla(kind, struct.pack("=I", rnd.choice(usual) if rnd.randrange(30) else
                                 rnd.getrandbits(32)))


def program(rnd):
    """Loads of a word and a sum; one that lasts, or nearly so."""
    insns = [struct.pack("=HBBI", rnd.choice((0x20, 0x28, 0x30, 0x04)), 0, 0,
                         4 * rnd.randrange(12)) for _ in range(rnd.randrange(4))]
    return b"".join(insns) + struct.pack("=HBBI", 0x16, 0, 0, 0)


def balancer(rnd, name):
    attrs = [nla(2, name + b"\0"), address(rnd, 4, 5),
             nla(6, struct.pack(">H", rnd.randrange(80, 90)))]
    if not rnd.randrange(4):
        attrs += [u32(rnd, 7, (6,)), nla(PROGRAM, program(rnd))]
    elif rnd.randrange(2):
        attrs.append(u32(rnd, 7, range(6)))
    if not rnd.randrange(3):
        attrs.append(nla(SLOW_START, struct.pack("=Q", rnd.choice((0, 10**9, 10**12, 1)))))
    if rnd.randrange(2):
        attrs.append(u32(rnd, 3, range(2)))
    if not rnd.randrange(3):
        attrs.append(nla(8, struct.pack("=Q", rnd.choice((0, 10**9, 5 * 10**9, 1, 2**63)))))
    if not rnd.randrange(3):
        health = [u32(rnd, 1, range(3)), u32(rnd, 5, range(1, 5)),
                  nla(7, rnd.choice((b"/\0", b"/x\0", b"y\0", b"\0")))]
        attrs.append(nla(10 | NESTED, spoil(rnd, health)))
    return nla(1 | NESTED, spoil(rnd, attrs))


def backend(rnd, name):
    attrs = [nla(1, name + b"\0"), address(rnd, 3, 4),
             nla(5, struct.pack(">H", rnd.randrange(8080, 8084)))]
    if rnd.randrange(2):
        attrs.append(u32(rnd, 6, range(4)))
    if rnd.randrange(2):
        attrs.append(u32(rnd, 8, range(3)))
    return nla(2 | NESTED, spoil(rnd, attrs))


def configuration(rnd):
    names = rnd.sample([b"a", b"b", b"c", b"web", b"x" * 31], rnd.randrange(4))
    data = b""
    for name in names:
        data += balancer(rnd, name)
        for _ in range(rnd.randrange(4)):
            data += backend(rnd, name)
    if not rnd.randrange(8):
        data += backend(rnd, b"none")
    if not rnd.randrange(4):
        data += nla(3, b"")
    if data and not rnd.randrange(10):
        data = data[:rnd.randrange(len(data))]
    return data


def main():
    rounds = int(sys.argv[2])
    rnd = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    with inside(sys.argv[1]):
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
    sock.settimeout(60)
    family = find_family(sock)
    taken = sum(not request(sock, family, CONFIG_SET, configuration(rnd)) for _ in range(rounds))
    print(f"taken={taken} refused={rounds - taken}")
    if not 0 < taken < rounds:
        sys.exit("nothing was taken, or everything")


if __name__ == "__main__":
    main()
