#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A program that knows nothing of regions, for rayctl memcompress run.

Usage: memory.py TEST [ARGUMENT]
"""
import ctypes
import mmap
import os
import random
import sys
import threading
import time

from checks import expect, resident

PAGE = mmap.PAGESIZE
MADV_DONTNEED = 4


def text(seed, size):
    word = b"%d of %d " % (seed, random.Random(seed).randrange(10**9))
    return (word * (size // len(word) + 1))[:size]


def anonymous(size):
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def test_large():
    """Large objects are in a region, and what they should be."""
    objects = [bytearray(text(n, 1 << 20)) for n in range(16)]
    expect(resident() >= 16 << 10, f"only {resident()} KiB are in a region")
    for n, data in enumerate(objects):
        expect(data == text(n, 1 << 20), f"object {n}")
    before = resident()
    objects.clear()
    expect(resident() < before - (15 << 10), "nothing is given back")


def test_grow():
    """Pieces that grow and shrink."""
    rng, pieces = random.Random(1), {}
    for n in range(600):
        name = rng.randrange(20)
        size = rng.randrange(1, 1 << rng.randrange(4, 22))
        data = pieces.setdefault(name, bytearray())
        expect(data == text(name, len(data)), f"{n}: piece {name}")
        if len(data) < size:
            data.extend(text(name, size)[len(data):])
        else:
            del data[size:]
    for name, data in pieces.items():
        expect(data == text(name, len(data)), f"piece {name}")


def test_mappings():
    """What is mapped privately, made larger, smaller, and forgotten."""
    memory = anonymous(1 << 20)
    expect(memory[:] == bytes(1 << 20), "it is not zeroes")
    memory[:] = text(1, 1 << 20)
    memory.resize(3 << 20)
    expect(memory[:1 << 20] == text(1, 1 << 20), "what it was")
    expect(memory[1 << 20:] == bytes(2 << 20), "what is new")
    memory.resize(1 << 19)
    memory.resize(1 << 20)
    expect(memory[:1 << 19] == text(1, 1 << 19), "what is left")
    expect(memory[1 << 19:] == bytes(1 << 19), "what is new again")
    memory.madvise(MADV_DONTNEED, 0, 4 * PAGE)
    expect(memory[:4 * PAGE] == bytes(4 * PAGE), "what was forgotten")
    expect(memory[4 * PAGE:1 << 19] == text(1, 1 << 19)[4 * PAGE:],
           "what was not")
    memory.close()
    again = anonymous(1 << 20)
    expect(again[:] == bytes(1 << 20), "somebody else's are not zeroes")


def test_unmap():
    """Parts of mappings go, in any order, and what is left is what it was."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int,
                          ctypes.c_int, ctypes.c_int, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    rng, there = random.Random(2), {}
    for n in range(400):
        if rng.random() < 0.5 or not there:
            pages = rng.randrange(32, 200)
            at = libc.mmap(None, pages * PAGE, 3, 0x22, -1, 0)
            for i in range(pages):
                where = at + i * PAGE
                expect(where not in there, f"{n}: given twice")
                expect(ctypes.string_at(where, PAGE) == bytes(PAGE),
                       f"{n}: not zeroes")
                there[where] = rng.getrandbits(30)
                ctypes.memmove(where, text(there[where], PAGE), PAGE)
        else:
            at, pages = rng.choice(list(there)), rng.randrange(1, 120)
            nr = 0
            while nr < pages and at + nr * PAGE in there:
                del there[at + nr * PAGE]
                nr += 1
            expect(libc.munmap(at, nr * PAGE) == 0, "munmap")
    for where, seed in there.items():
        expect(ctypes.string_at(where, PAGE) == text(seed, PAGE), "a page")


def test_fork():
    """What parent and child do later is their own."""
    shared = [bytearray(text(n, 1 << 20)) for n in range(4)]
    pid = os.fork()
    mine = 1 if pid else 2
    for data in shared:
        data[0:8] = bytes([mine]) * 8
    good = all(data[0:8] == bytes([mine]) * 8 and
               data[8:] == text(n, 1 << 20)[8:] for n, data in enumerate(shared))
    if not pid:
        os._exit(not good)
    expect(os.waitpid(pid, 0)[1] == 0, "the child's are not its own")
    expect(good, "the parent's are not its own")
    expect(os.system("exit 3") == 3 << 8, "a program that is begun")


def test_threads():
    """Several threads at once."""
    wrong = []

    def work(number):
        for n in range(50):
            data = bytearray(text(number, 1 << 18))
            if data != text(number, 1 << 18):
                wrong.append((number, n))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(not wrong, f"wrong: {wrong}")


def test_hold(megabytes, ready, go):
    """Ordinary data, which is looked at again when there is the file "go"."""
    data = [text(n, 1 << 20) for n in range(int(megabytes))]
    with open(ready, "w", encoding="ascii"):
        pass
    while not os.path.exists(go):
        time.sleep(0.1)
    for n, megabyte in enumerate(data):
        expect(megabyte == text(n, 1 << 20), f"megabyte {n}")


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]](*sys.argv[2:])
