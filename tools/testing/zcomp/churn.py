#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Pages that one processor writes and another one writes anew.

Usage: churn.py DEVICE TIMES

The device is filled, and then as many pages as it has, so many times over, are
written anew, anywhere.
"""
import mmap
import os
import random
import sys

PAGE = mmap.PAGESIZE


def main():
    rng = random.Random(3)
    fd = os.open(sys.argv[1], os.O_RDWR | os.O_DIRECT)
    nr = os.lseek(fd, 0, os.SEEK_END) // PAGE
    kinds = mmap.mmap(-1, 64 * PAGE)
    for n in range(64):
        # noise that takes up more and more of the page
        kinds[n * PAGE:n * PAGE + 40 * n] = rng.randbytes(40 * n)
        kinds[n * PAGE + 40 * n] = 1
    view = memoryview(kinds)

    def write(to):
        of = rng.randrange(64) * PAGE
        os.pwritev(fd, [view[of:of + PAGE]], to * PAGE)

    os.sched_setaffinity(0, {0})
    for n in range(nr):
        write(n)
    os.sched_setaffinity(0, {1})
    for _ in range(nr * int(sys.argv[2])):
        write(rng.randrange(nr))


if __name__ == "__main__":
    main()
