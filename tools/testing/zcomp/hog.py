#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A program that has more data than there is memory.

Usage: hog.py MEGABYTES anonymous|at-once|region

Fills them with pages as programs have them, then works on a part of them, where it may
not be waiting for the rest all the time, and at last looks at all of them.  At once is
anonymous, too, but the kernel has all of it there before anything is done.
"""
import fcntl
import mmap
import os
import random
import struct
import sys

from checks import DEVICE, SET_SIZE, expect, faults

PAGE = mmap.PAGESIZE
MAP_NORESERVE = 0x4000  # or it would be refused at once
KINDS = 512     # different pages, of which each has its number besides
WORKING = 4096  # pages that are used again and again
ROUNDS = 20


def page(rng):
    """Of ten one is noise, one is zeroes, and the others are text of some length."""
    kind = rng.randrange(10)
    if kind == 0:
        return rng.randbytes(PAGE)
    if kind == 1:
        return bytes(PAGE)
    words = [b"%x" % rng.randrange(1 << 30) for _ in range(100)]
    text = b" ".join(rng.choice(words) for _ in range(rng.randrange(100, 400)))
    return text[:PAGE].ljust(PAGE, b"\0")


def memory(size, how):
    if how != "region":
        return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS |
                         MAP_NORESERVE |
                         (mmap.MAP_POPULATE if how == "at-once" else 0))
    fd = os.open(DEVICE, os.O_RDWR)
    fcntl.ioctl(fd, SET_SIZE, struct.pack("Q", size))
    return mmap.mmap(fd, size)


def main():
    size = int(sys.argv[1]) << 20
    rng = random.Random(1)
    kinds = [page(rng) for _ in range(KINDS)]
    data = memory(size, sys.argv[2])

    def is_right(i):
        kind = kinds[i * 7 % KINDS]
        at = i * PAGE
        return data[at:at + PAGE] == struct.pack("Q", i) + kind[8:]

    nr = size // PAGE
    for i in range(nr):
        data[i * PAGE:(i + 1) * PAGE] = struct.pack("Q", i) + kinds[i * 7 % KINDS][8:]
    part = rng.sample(range(nr), WORKING)
    for i in part:
        expect(is_right(i), f"page {i} of those that are used")
    before = faults()
    for _ in range(ROUNDS):
        for i in part:
            expect(is_right(i), f"page {i} of those that are used")
    again = faults() - before
    expect(again < WORKING * ROUNDS // 20, f"{again} faults for {WORKING} pages")
    wrong = sum(not is_right(i) for i in range(nr))
    expect(not wrong, f"{wrong} pages")
    print(f"{nr} pages, {again} faults of those in use, {faults()} in all")


if __name__ == "__main__":
    main()
