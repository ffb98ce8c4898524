#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Send commands of a family, most of them nonsense.

    fuzz_netlink.py NAMESPACE ROUNDS [SEED [FAMILY]]

Every command, as a request or a dump, with attributes of any number, length and
depth, some of which name what is there.  Prints how many were taken and how many
refused.
"""

import random
import socket
import struct
import sys

from fuzz_config import NESTED, find_family, nla, NETLINK_GENERIC
from netns import inside

NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
COMMANDS = 24
# What is there, or might be
USUAL = {
    "rayos-lb": (b"web\0", b"six\0", b"x\0", bytes([10, 0, 0, 100]),
                 bytes([10, 0, 1, 11]), struct.pack(">H", 80), struct.pack(">H", 8080),
                 struct.pack("=I", 1), struct.pack("=I", 5), struct.pack("=Q", 10**9), b""),
    "rayos-zcomp": (b"rayz0\0", b"rayz1\0", b"rayz77\0", b"rayz1048576\0", b"rayz01\0",
                    b"x\0", struct.pack("=I", 1), struct.pack("=I", 3),
                    struct.pack("=I", 4), struct.pack("=Q", 1 << 20),
                    struct.pack("=Q", 1 << 41), b""),
}


def attribute(rnd, usual, depth):
    kind = rnd.randrange(30)
    what = rnd.randrange(6)
    if what == 0 and depth < 3:
        return nla(kind | NESTED, attributes(rnd, usual, depth + 1))
    if what == 1:
        return nla(kind, rnd.randbytes(rnd.choice((0, 1, 2, 4, 8, 16, 17, 200, 3000))))
    return nla(kind, rnd.choice(usual))


def attributes(rnd, usual, depth=0):
    data = b"".join(attribute(rnd, usual, depth) for _ in range(rnd.randrange(6)))
    if data and not rnd.randrange(8):
        at = rnd.randrange(len(data))
        data = data[:at] + bytes([rnd.randrange(256)]) + data[at + 1:]
    if data and not rnd.randrange(12):
        data = data[:rnd.randrange(len(data))]
    return data


def send(sock, family, rnd, usual, seq):
    """The errno of the answer, 0 for none."""
    dump = not rnd.randrange(4)
    body = struct.pack("=BBH", rnd.randrange(COMMANDS), 1, 0) + attributes(rnd, usual)
    flags = NLM_F_REQUEST | (NLM_F_DUMP if dump else NLM_F_ACK)
    sock.send(struct.pack("=IHHII", 16 + len(body), family, flags, seq, 0) + body)
    while True:
        reply = sock.recv(1 << 20)
        at = 0
        while at < len(reply):
            length, kind, _, got, _ = struct.unpack_from("=IHHII", reply, at)
            if kind in (NLMSG_ERROR, NLMSG_DONE) and got == seq:
                return -struct.unpack_from("=i", reply, at + 16)[0]
            at += (length + 3) & ~3


def main():
    rounds = int(sys.argv[2])
    rnd = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    name = sys.argv[4] if len(sys.argv) > 4 else "rayos-lb"
    with inside(sys.argv[1]):
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
    sock.settimeout(60)
    family = find_family(sock, name)
    taken = sum(not send(sock, family, rnd, USUAL[name], seq)
                for seq in range(1, rounds + 1))
    print(f"taken={taken} refused={rounds - taken}")
    if not 0 < taken < rounds:
        sys.exit("nothing was taken, or everything")


if __name__ == "__main__":
    main()
