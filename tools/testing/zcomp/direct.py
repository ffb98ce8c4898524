#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Reads and writes around the page cache, from memory that is not aligned to pages.

Usage: direct.py DEVICE

Prints how many pages were not what had been written.
"""
import mmap
import os
import random
import sys

PAGE = mmap.PAGESIZE


def main():
    rng = random.Random(2)
    fd = os.open(sys.argv[1], os.O_RDWR | os.O_DIRECT)
    room = mmap.mmap(-1, 64 * PAGE)
    expected = {}
    wrong = 0
    for _ in range(300):
        pages, shift = rng.randrange(1, 9), 512 * rng.randrange(8)
        first = rng.randrange(256 - pages)
        view = memoryview(room)[shift:shift + pages * PAGE]
        for n in range(pages):
            expected[first + n] = bytes([rng.randrange(256)]) * 3000 + \
                rng.randbytes(PAGE - 3000)
            view[n * PAGE:(n + 1) * PAGE] = expected[first + n]
        os.pwritev(fd, [view], first * PAGE)
        shift = 512 * rng.randrange(8)
        view = memoryview(room)[shift:shift + pages * PAGE]
        os.preadv(fd, [view], first * PAGE)
        for n in range(pages):
            wrong += view[n * PAGE:(n + 1) * PAGE] != expected[first + n]
    print(wrong)


if __name__ == "__main__":
    main()
