#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compressed devices beside zram of the same kernel, with the memory of real programs.

Usage: zcomp.py LANE JSON [count], as root in a guest with zcomp-pages.py's files in
build/bench/pages and, unless it counts, tools/bench/store built.

Where instructions are counted, a microsecond is 1,000 of them, and fewer pages tell.
"""
import contextlib
import fcntl
import json
import mmap
import os
import random
import re
import struct
import sys
import time

import report
from guest import sh

COUNTED = sys.argv[3:] == ["count"]
ROUNDS = 5
PAGE = mmap.PAGESIZE
PIECE = 1 << 17          # of one write or read
SOME = (4 if COUNTED else 32) << 20  # bytes of what takes long
CHURNED = 32 << 20       # bytes that are written anew
PAGES = "build/bench/pages"
UNIT = "1,000 instructions a page" if COUNTED else "us a page"
MADV_PAGEOUT = 21
SET_SIZE, COMPRESS = 0x40087A60, 0x40107A62


def put(path, value):
    with open(path, "w", encoding="ascii") as out:
        out.write(value)


def get(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def module(name):
    """Where a module of the suite is in this lane."""
    return f"build/{sys.argv[1]}/src/modules/{name}/{name}.ko"


class Device:
    """A compressed device, ours or zram's: their attributes have the same names."""

    def __init__(self, base):
        self.name = base
        self.sys, self.dev = f"/sys/block/{base}", f"/dev/{base}"

    def algorithms(self):
        return get(f"{self.sys}/comp_algorithm").replace("[", "").replace("]", "").split()

    def default(self):
        put(f"{self.sys}/reset", "1")
        return re.search(r"\[(.*?)\]", get(f"{self.sys}/comp_algorithm"))[1]

    def begin(self, size, algorithm=None, level=None):
        put(f"{self.sys}/reset", "1")
        if level:
            put(f"{self.sys}/level", level)
        if algorithm:
            put(f"{self.sys}/comp_algorithm", algorithm)
        put(f"{self.sys}/disksize", str(size))

    @contextlib.contextmanager
    def opened(self):
        fd = os.open(self.dev, os.O_RDWR | os.O_DIRECT)
        try:
            yield fd
        finally:
            os.close(fd)

    def write(self, data, first=0, end=None):
        """Microseconds a page."""
        return self.transfer(os.pwritev, data, first, end or len(data))

    def read(self, data, first=0, end=None):
        return self.transfer(os.preadv, data, first, end or len(data))

    def transfer(self, how, data, first, end):
        view = memoryview(data)
        with self.opened() as fd:
            began = time.perf_counter_ns()
            for at in range(first, end, PIECE):
                how(fd, [view[at:min(at + PIECE, end)]], at)
            took = time.perf_counter_ns() - began
        return took / 1000 / ((end - first) / PAGE)

    def stat(self):
        """Bytes stored, bytes of objects, bytes of memory."""
        return [int(n) for n in get(f"{self.sys}/mm_stat").split()[:3]]

    def ratio(self):
        stored, _, used = self.stat()
        return stored / used

    def overhead(self):
        """Memory beyond the objects, in per cent of them."""
        _, objects, used = self.stat()
        return 100 * (used - objects) / objects

    def check(self, data):
        """What is read is what was written."""
        back = mmap.mmap(-1, len(data))
        self.read(back)
        if memoryview(back) != memoryview(data):
            sys.exit(f"{self.name}: reads other pages than were written")
        back.close()


OURS, ZRAM = Device("rayz0"), Device("zram0")
BOTH = (OURS, ZRAM)


def log(what):
    print(f"# {what}", file=sys.stderr, flush=True)


def interleaved(*measures, rounds=ROUNDS):
    """For each of the measures its rounds, in turn."""
    got = [[] for _ in measures]
    for r in range(rounds):
        order = list(enumerate(measures))
        for which, measure in order if r % 2 == 0 else reversed(order):
            got[which].append(measure())
    return got


def at_most(row, most):
    """A goal that is no ratio."""
    row["goal"], row["met"] = most, row["ours"] <= most
    return row


def load_pages():
    size = os.path.getsize(f"{PAGES}/pages")
    data = mmap.mmap(-1, size)
    view = memoryview(data)
    with open(f"{PAGES}/pages", "rb", buffering=0) as file:
        done = 0
        while done < size:
            done += file.readinto(view[done:done + (1 << 20)])
    return data


def some_of(data, size):
    """A part of them that is from everywhere."""
    some = mmap.mmap(-1, size)
    block = 64 * PAGE
    nr = size // block
    for n in range(nr):
        at = len(data) // nr * n // block * block
        some[n * block:(n + 1) * block] = data[at:at + block]
    return some


def filled(device, data, **how):
    device.begin(len(data), **how)
    device.write(data)
    return device.ratio()


def improved(data):
    """Ours, when all that was written has been idle and compressed anew."""
    filled(OURS, data, level="best")
    put(f"{OURS.sys}/idle", "all")
    put(f"{OURS.sys}/recompress", "type=idle")
    return OURS.ratio()


def ratios(data):
    """Bytes stored a byte of memory.  They hardly differ from round to round, so
    where it takes long there are fewer of them."""
    rounds = 1 if COUNTED else ROUNDS
    unit, rows = "bytes a byte of memory", []

    def compare(name, mine, peer, peer_name, goal=None):
        rows.append(report.row(name, unit, "higher",
                               *interleaved(mine, peer, rounds=rounds),
                               peer_name, goal))
        log(f"{name}: {rows[-1]['ours']:.3f}, {peer_name}: {rows[-1]['peer']:.3f}")

    def peer(algorithm):
        return lambda: filled(ZRAM, data, algorithm=algorithm)

    def mine(**how):
        return lambda: filled(OURS, data, **how)

    default = ZRAM.default()
    limit = json.loads(get(f"{PAGES}/bound.json"))
    bound = limit["bytes"] / limit["lzo"]
    there = ZRAM.algorithms()
    compare("balanced", mine(level="balanced"), lambda: bound,
            "LZO side by side", 0.97)
    rows.append(at_most(report.row(
        "memory beyond objects, filled", "per cent", "lower", [OURS.overhead()],
        [overhead_of(ZRAM, data, "lzo")], "zram lzo"), 2))
    compare("balanced", mine(level="balanced"), peer(default),
            f"zram, its default {default}", 1)
    compare("balanced", mine(level="balanced"), peer("lzo"), "zram lzo")
    compare("fast", mine(level="fast"), peer("lzo-rle"), "zram lzo-rle", 1)
    for codec in "lz4", "zstd":
        if codec in there:
            compare(codec, mine(algorithm=codec), peer(codec), f"zram {codec}", 1)
    if "zstd" in there:
        compare("best, idle", lambda: improved(data), peer("zstd"), "zram zstd", 1.12)
        OURS.check(data)
    put(f"{OURS.sys}/reset", "1")
    sh("rmmod rayos_zcomp_zstd")
    compare("best without zstd, idle", lambda: improved(data), peer("lzo"), "zram lzo",
            1.08)
    OURS.check(data)
    put(f"{OURS.sys}/reset", "1")
    sh(f"insmod {module('rayos_zcomp_zstd')}")
    return rows


def overhead_of(device, data, algorithm):
    filled(device, data, algorithm=algorithm)
    return device.overhead()


def churn(data):
    """Memory beyond objects when three times as many pages as there are have been
    written anew, anywhere, with what is elsewhere."""

    def churned(device):
        rng = random.Random(1)
        filled(device, data, algorithm="lzo")
        view = memoryview(data)
        nr = len(data) // PAGE
        with device.opened() as fd:
            for _ in range(3 * nr):
                to, of = rng.randrange(nr) * PAGE, rng.randrange(nr) * PAGE
                os.pwritev(fd, [view[of:of + PAGE]], to)
        return device.overhead()

    got = interleaved(*[lambda d=d: churned(d) for d in BOTH], rounds=1)
    return [at_most(report.row("memory beyond objects, after churn", "per cent",
                               "lower", *got, "zram lzo"), 8)]


def codecs():
    """Those that both have."""
    return [c for c in ("lzo", "lzo-rle", "lz4", "zstd")
            if c in OURS.algorithms() and c in ZRAM.algorithms()]


def transfers(some):
    """Writes and reads of each codec."""
    rows = []
    back = mmap.mmap(-1, len(some))
    back[:] = some[:]
    for codec in codecs():
        def both(device, codec=codec):
            device.begin(len(some), algorithm=codec)
            return device.write(some), device.read(back)

        for device in BOTH:
            both(device)
        mine, peer = interleaved(*[lambda d=d: both(d) for d in BOTH])
        rows += [report.row(f"{name}, {codec}", UNIT, "lower",
                            [m[n] for m in mine], [p[n] for p in peer],
                            f"zram {codec}", 1)
                 for n, name in enumerate(("write", "read"))]
        log(f"transfers, {codec}")
    return rows


def best(some):
    """What it takes to read pages that have been compressed together."""
    back = mmap.mmap(-1, len(some))

    def mine():
        improved(some)
        return OURS.read(back)

    def peer():
        filled(ZRAM, some, algorithm="zstd")
        return ZRAM.read(back)

    if "zstd" not in codecs():
        return []
    return [report.row("read, best, idle, all in turn", UNIT, "lower",
                       *interleaved(mine, peer), "zram zstd")]


class Region:
    """Memory of ours that can be mapped, with so much in it."""

    def __init__(self, data):
        self.data = data
        self.fd = os.open("/dev/rayos_zcomp", os.O_RDWR)
        fcntl.ioctl(self.fd, SET_SIZE, struct.pack("Q", len(data)))
        self.map = mmap.mmap(self.fd, len(data))

    def compress(self):
        fcntl.ioctl(self.fd, COMPRESS, struct.pack("QQ", 0, len(self.data)))

    def measure(self):
        """Microseconds for a page to leave, to come back, and to leave unchanged."""
        self.map[:] = self.data[:]
        times = [time.perf_counter_ns()]
        for step in self.compress, lambda: touch(self.map), self.compress:
            step()
            times.append(time.perf_counter_ns())
        nr = len(self.data) // PAGE
        return [(after - before) / 1000 / nr for before, after in zip(times, times[1:])]

    def end(self):
        if memoryview(self.map) != memoryview(self.data):
            sys.exit("a region has other pages than were written")
        self.map.close()
        os.close(self.fd)


def touch(memory):
    for at in range(0, len(memory), PAGE):
        memory[at]


def swap_measure(device, memory, some):
    """Microseconds for a page to go out to swap, and to come back."""
    device.begin(len(some) * 2, algorithm="lzo")
    sh(f"mkswap {device.dev} && swapon {device.dev}")
    began = time.perf_counter_ns()
    memory.madvise(MADV_PAGEOUT)
    went = time.perf_counter_ns()
    nr = swapped_in()
    at_once = time.perf_counter_ns()
    touch(memory)
    came = time.perf_counter_ns()
    nr = swapped_in() - nr
    sh(f"swapoff {device.dev}")
    if nr < len(some) // PAGE * 9 // 10:
        sys.exit(f"{device.name}: only {nr} pages came back from swap")
    return (went - began) / 1000 / nr, (came - at_once) / 1000 / nr


def swap(some):
    """Pages that go out to swap and come back one after the other, and those of a
    region."""
    put("/proc/sys/vm/page-cluster", "0")
    memory = mmap.mmap(-1, len(some), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):
        memory.madvise(15)  # no huge pages, if the kernel has any
    memory[:] = some[:]
    region = Region(some)

    def both(device):
        return swap_measure(device, memory, some)

    measures = [lambda d=d: both(d) for d in BOTH] + [region.measure]
    for measure in measures:
        measure()
    mine, peer, ours = interleaved(*measures)
    if memoryview(memory) != memoryview(some):
        sys.exit("other pages came back from swap than went")
    region.end()
    log("swap and regions")
    rows = [report.row(f"swap {name}, lzo", UNIT, "lower", [m[n] for m in mine],
                       [p[n] for p in peer], "zram lzo", 1)
            for n, name in enumerate(("out", "in"))]
    if not COUNTED:
        rows.append(report.row("swap in, lzo", "faults/s", "higher",
                               [1e6 / m[1] for m in mine], [1e6 / p[1] for p in peer],
                               "zram lzo", 1))
    rows += [report.row(f"region, a page {name}, lzo", UNIT, "lower",
                        [o[n] for o in ours], [p[n] for p in peer],
                        f"zram lzo, swap {how}", goal)
             for n, name, how, goal in ((0, "leaves", "out", 1),
                                        (1, "comes back", "in", 1.25))]
    rows.append(report.row("region, a page leaves unchanged, lzo", UNIT, "lower",
                           [o[2] for o in ours], [p[0] for p in peer],
                           "zram lzo, swap out"))
    return rows if COUNTED else rows[:-1] + [at_most(rows[-1], 0.3)]


def swapped_in():
    return int(re.search(r"^pswpin (\d+)", get("/proc/vmstat"), re.M)[1])


def alone_or_together(device, some, how, cpus):
    """Pages a second of so many processes, each with its share, on a processor each."""
    share = len(some) // cpus // PIECE * PIECE
    ready, go = os.pipe(), os.pipe()
    children = []
    for cpu in range(cpus):
        pid = os.fork()
        if not pid:
            os.sched_setaffinity(0, {cpu})
            os.write(ready[1], b".")
            os.read(go[0], 1)
            how(device, some, cpu * share, (cpu + 1) * share)
            os._exit(0)
        children.append(pid)
    for _ in children:
        os.read(ready[0], 1)
    began = time.perf_counter_ns()
    os.write(go[1], b"." * cpus)
    for pid in children:
        if os.waitpid(pid, 0)[1]:
            sys.exit("a process of several has failed")
    took = time.perf_counter_ns() - began
    for fd in ready + go:
        os.close(fd)
    return share * cpus / PAGE / took * 1e9


def two_processors(some):
    rows = []
    for name, how in ("write", Device.write), ("read", Device.read):
        def scaling(device, how=how):
            filled(device, some, algorithm="lzo")
            one = alone_or_together(device, some, how, 1)
            return alone_or_together(device, some, how, 2) / one

        row = report.row(f"{name}, lzo, 2 CPUs to 1", "times", "higher",
                         *interleaved(*[lambda d=d: scaling(d) for d in BOTH]),
                         "zram lzo")
        row["goal"], row["met"] = 1.7, row["ours"] >= 1.7
        rows.append(row)
        log(row["name"])
    return rows


def store():
    """What a store takes beyond its codec."""
    rows = []
    for kind, codec in enumerate(("lzo-rle", "lzo", "lz4", "zstd")):
        runs = []
        for _ in range(ROUNDS):
            sh("dmesg --clear")
            sh(f"insmod build/{sys.argv[1]}/src/tools/bench/store/store.ko "
               f"path={os.getcwd()}/{PAGES}/pages kind={kind} pages=8192", check=False)
            line = re.search(r"store: (\d+) (\d+) (\d+) (\d+) ps", sh("dmesg"))
            if not line:
                sys.exit(f"the module said nothing: {sh('dmesg')}")
            runs.append([int(n) / 1e6 for n in line.groups()])
        bare_in, in_, bare_out, out = zip(*runs)
        for name, all_of_it, bare, most in (("in", in_, bare_in, 0.5),
                                            ("out", out, bare_out, 0.3)):
            beyond = [max(0.001, a - b) for a, b in zip(all_of_it, bare)]
            rows.append(at_most(report.row(
                f"store {name}, beyond what {codec} takes", UNIT, "lower", beyond,
                bare, f"{codec} alone"), most))
        log(f"store, {codec}")
    return rows


def main():
    lane, path = sys.argv[1:3]
    sh("rmmod rayos_zcomp_lz4 rayos_zcomp_zstd rayos_zcomp", check=False)
    for name in "rayos_zcomp", "rayos_zcomp_lz4", "rayos_zcomp_zstd":
        sh(f"insmod {module(name)}")
    sh("modprobe -a lzo lzo-rle lz4 zstd", check=False)
    sh("modprobe zram")
    data = load_pages()
    some = some_of(data, SOME)
    rows = ratios(data) + churn(some_of(data, CHURNED))
    rows += transfers(some) + best(some) + swap(some)
    if not COUNTED:
        rows += two_processors(some) + store()
    report.show("zcomp", lane, rows, path)


if __name__ == "__main__":
    main()
