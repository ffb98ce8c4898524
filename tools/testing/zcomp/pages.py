#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Pages that go out to swap and come back.

Usage: pages.py MEGABYTES ROUNDS yes|no

The last tells whether they are huge pages, if the kernel has any.

Each round writes a part of the pages anew, has all of them swapped out and reads
them again.  Prints how many were wrong.
"""
import mmap
import random
import sys

PAGE = mmap.PAGESIZE
MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_PAGEOUT = 14, 15, 21


def page(rng):
    """A page as programs have them: some words, some zeroes, seldom noise."""
    kind = rng.randrange(10)
    if kind == 0:
        return rng.randbytes(PAGE)
    if kind == 1:
        return bytes(PAGE)
    word = b"%d of %d " % (rng.randrange(1000), rng.randrange(10**9))
    text = word * (rng.randrange(10, PAGE // len(word)))
    return text + bytes(PAGE - len(text))


def main():
    size, rounds = int(sys.argv[1]) << 20, int(sys.argv[2])
    rng = random.Random(1)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        memory.madvise(MADV_HUGEPAGE if sys.argv[3] == "yes" else MADV_NOHUGEPAGE)
    except OSError:
        pass  # User Mode Linux has none
    expected = {}
    wrong = 0
    for _ in range(rounds):
        for at in range(0, size, PAGE):
            if at not in expected or rng.random() < 0.3:
                expected[at] = rng.getrandbits(32)
                memory[at:at + PAGE] = page(random.Random(expected[at]))
        memory.madvise(MADV_PAGEOUT)
        for at, seed in expected.items():
            wrong += memory[at:at + PAGE] != page(random.Random(seed))
    print(wrong)


if __name__ == "__main__":
    main()
