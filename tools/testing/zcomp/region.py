#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A program that uses a region of /dev/rayos_zcomp.

Usage: region.py TEST [ARGUMENT...]

Ends with 0 if all was as it should be, else says what was not.
"""
import ctypes
import errno
import fcntl
import json
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import time

from checks import DEVICE, SET_SIZE, expect, faults, resident
from pages import page

PAGE = mmap.PAGESIZE
DISCARD, COMPRESS = 0x40107A61, 0x40107A62
PIDFD_GETFD = 438

libc = ctypes.CDLL(None, use_errno=True)


class Region:
    """A region of so many pages, and what should be in it."""

    def __init__(self, pages, seed=1):
        self.fd = os.open(DEVICE, os.O_RDWR)
        self.pages = pages
        fcntl.ioctl(self.fd, SET_SIZE, struct.pack("Q", pages * PAGE))
        self.map = mmap.mmap(self.fd, pages * PAGE)
        self.model = bytearray(pages * PAGE)
        self.rng = random.Random(seed)

    def compress(self, first=0, nr=None):
        span(self.fd, COMPRESS, first, self.pages if nr is None else nr)

    def discard(self, first, nr):
        span(self.fd, DISCARD, first, nr)
        self.model[first * PAGE:(first + nr) * PAGE] = bytes(nr * PAGE)

    def fill(self, maker=page):
        for i in range(self.pages):
            self.put(i * PAGE, maker(self.rng))

    def put(self, at, data):
        self.map[at:at + len(data)] = data
        self.model[at:at + len(data)] = data

    @staticmethod
    def resident():
        """Pages that are mapped."""
        return resident() * 1024 // PAGE

    def check(self):
        wrong = [i for i in range(self.pages)
                 if self.map[i * PAGE:(i + 1) * PAGE] !=
                 self.model[i * PAGE:(i + 1) * PAGE]]
        expect(not wrong, f"pages that are wrong: {wrong[:20]}")


def span(fd, command, first, nr):
    fcntl.ioctl(fd, command, struct.pack("QQ", first * PAGE, nr * PAGE))


def refused(error, function, *args):
    try:
        function(*args)
    except OSError as err:
        expect(err.errno == error, f"{function.__name__}: {err}")
    else:
        sys.exit(f"region.py: {function.__name__}{args} is not refused")


def text(rng):
    """A page that is not all the same and can be compressed."""
    word = b"%d of %d " % (rng.randrange(1000), rng.randrange(10**9))
    return (word * PAGE)[:PAGE]


def test_cycle():
    """What leaves comes back, changed or not, again and again."""
    r = Region(2048)
    expect(r.resident() == 0, "there is something at first")
    r.fill(text)
    expect(r.resident() == 2048, f"{r.resident()} pages are mapped")
    for turn in range(4):
        r.compress()
        expect(r.resident() == 0, f"{r.resident()} pages are left")
        r.check()
        for _ in range(turn * 100):
            r.put(r.rng.randrange(2048 * PAGE - 8), r.rng.randbytes(8))


def test_noise():
    """What cannot be compressed stays, and is tried again once it has changed."""
    r = Region(64)
    r.fill(lambda rng: rng.randbytes(PAGE))
    for _ in range(3):
        r.compress()
    r.check()
    r.fill(text)
    r.compress()
    expect(r.resident() == 0, "what can be compressed now has stayed")
    r.check()


def test_words():
    """Pages of one word, zeroes among them, are not lost when they stay clean."""
    r = Region(64)
    r.fill(lambda rng: struct.pack("Q", rng.choice((0, 1 << 63, 7))) * (PAGE // 8))
    for _ in range(3):
        r.compress()
        expect(r.resident() == 0, "pages are left")
        r.check()


def test_large(megabytes):
    """More of it than there is memory for; each page tells its number."""
    size = int(megabytes) << 20
    fd = os.open(DEVICE, os.O_RDWR)
    fcntl.ioctl(fd, SET_SIZE, struct.pack("Q", size))
    memory = mmap.mmap(fd, size)
    page_of = struct.Struct("Q").pack
    words = b"word after word " * 250

    for i in range(size // PAGE):
        memory[i * PAGE:i * PAGE + len(words)] = page_of(i) + words[8:]
    for i in range(size // PAGE):
        expect(memory[i * PAGE:i * PAGE + len(words)] == page_of(i) + words[8:],
               f"page {i}")


def test_random(count, seed):
    """Many operations one after the other, and what should be there after each."""
    r = Region(96, int(seed))
    rng, size = r.rng, 96 * PAGE
    for n in range(int(count)):
        first = rng.randrange(r.pages)
        nr = rng.randrange(1, min(17, r.pages - first + 1))
        at = rng.randrange(size)
        length = min(rng.choice((1, 8, 100, PAGE, 3 * PAGE)), size - at)
        what = rng.randrange(10)
        if what < 2:
            r.put(at, rng.randbytes(length))
        elif what == 2:
            r.put(first * PAGE, page(rng))
        elif what == 3:
            data = rng.randbytes(length)
            expect(os.pwrite(r.fd, data, at) == length, f"{n}: pwrite")
            r.model[at:at + length] = data
        elif what < 6:
            expect(os.pread(r.fd, length, at) == r.model[at:at + length],
                   f"{n}: pread({length}, {at})")
        elif what == 6:
            expect(r.map[at:at + length] == r.model[at:at + length],
                   f"{n}: [{at}:+{length}]")
        elif what == 7 and rng.random() < 0.3:
            r.discard(first, nr)
        else:
            r.compress(first, nr)
    r.check()


def test_file():
    """Read, write and seek."""
    r = Region(4)
    expect(os.lseek(r.fd, 0, os.SEEK_END) == 4 * PAGE, "its end")
    expect(os.read(r.fd, 1) == b"", "something behind its end")
    refused(errno.ENOSPC, os.write, r.fd, b"x")
    expect(os.pwrite(r.fd, b"x" * 3 * PAGE, 2 * PAGE) == 2 * PAGE,
           "more than there is room for was written")
    refused(errno.EINVAL, os.lseek, r.fd, -1, os.SEEK_SET)
    refused(errno.EINVAL, os.lseek, r.fd, 4 * PAGE + 1, os.SEEK_SET)
    expect(os.pread(r.fd, 8, 2 * PAGE - 4) == b"\0\0\0\0xxxx", "what is read")


def test_refused():
    """What is no region, or no part of one."""
    fd = os.open(DEVICE, os.O_RDWR)
    refused(errno.EINVAL, fcntl.ioctl, fd, SET_SIZE, struct.pack("Q", 0))
    refused(errno.EINVAL, fcntl.ioctl, fd, SET_SIZE, struct.pack("Q", 1 << 41))
    refused(errno.EINVAL, fcntl.ioctl, fd, SET_SIZE, struct.pack("Q", 2**64 - 1))
    refused(errno.ENOTTY, fcntl.ioctl, fd, 0x5401, bytes(64))
    r = Region(16)
    refused(errno.EBUSY, fcntl.ioctl, r.fd, SET_SIZE, struct.pack("Q", PAGE))
    for command in DISCARD, COMPRESS:
        for first, nr in (0, 0), (0, 17), (16, 1), (17, 0), (2**51, 1), (1, 2**51):
            refused(errno.EINVAL, span, r.fd, command, first, nr)
        refused(errno.EINVAL, fcntl.ioctl, r.fd, command,
                struct.pack("QQ", 1, PAGE))
        refused(errno.EINVAL, fcntl.ioctl, r.fd, command,
                struct.pack("QQ", 0, 1))
        refused(errno.EINVAL, fcntl.ioctl, r.fd, command,
                struct.pack("QQ", 2**64 - PAGE, 2 * PAGE))
    refused(errno.EINVAL, mmap.mmap, r.fd, PAGE, mmap.MAP_PRIVATE)
    refused(errno.ENXIO, mmap.mmap, r.fd, 17 * PAGE)
    reader = os.open(DEVICE, os.O_RDONLY)
    refused(errno.EBADF, span, reader, DISCARD, 0, 1)
    refused(errno.EBADF, os.write, reader, b"x")
    refused(errno.EACCES, mmap.mmap, reader, PAGE)
    refused(errno.EINVAL, os.open, DEVICE, os.O_RDWR | os.O_DIRECT)


def test_default(pages, kept):
    """A region that was given no size, and how much of it may be compressed."""
    fd = os.open(DEVICE, os.O_RDWR)
    size = os.lseek(fd, 0, os.SEEK_END)
    expect(size == int(pages) * PAGE, f"it has {size} bytes")
    memory = mmap.mmap(fd, size)
    rng = random.Random(1)
    for at in range(0, size, PAGE):
        memory[at:at + PAGE] = text(rng)
    span(fd, COMPRESS, 0, int(pages))
    # those that are unmapped but in memory are brought back by this
    for at in range(0, size, PAGE):
        expect(memory[at] != 0, "a page is lost")
    came = counter("fault-loaded") + counter("fault-ahead")
    expect(came == int(kept), f"{came} pages had been compressed")


def test_first():
    """The first mapping of a region makes it as large."""
    fd = os.open(DEVICE, os.O_RDWR)
    memory = mmap.mmap(fd, 8 * PAGE)
    expect(os.lseek(fd, 0, os.SEEK_END) == 8 * PAGE, "its size")
    memory[7 * PAGE] = 1
    expect(os.pread(fd, 1, 7 * PAGE) == b"\1", "what was written")


def test_pinned():
    """A page that the kernel itself uses stays until it does not."""
    r = Region(8)
    r.fill(text)
    into, outof = os.pipe()[::-1]
    address = ctypes.addressof(ctypes.c_char.from_buffer(r.map))
    vector = struct.pack("QQ", address, PAGE)
    expect(libc.vmsplice(into, vector, ctypes.c_ulong(1), 0) == PAGE, "vmsplice")
    r.compress()
    r.check()
    expect(os.read(outof, PAGE) == r.model[:PAGE], "what is in the pipe")
    r.compress()
    expect(r.resident() == 0, "it has stayed")
    r.check()


def test_fork():
    """Those who share it see the same, and one that goes takes nothing along."""
    r = Region(64)
    r.fill(text)
    r.compress()
    child = os.fork()
    if not child:
        r.check()
        r.map[0:5] = b"child"
        r.compress()
        os._exit(r.map[0:5] != b"child")
    expect(os.waitpid(child, 0)[1] == 0, "the child")
    r.model[0:5] = b"child"
    r.check()
    r.map.close()
    r.map = mmap.mmap(r.fd, r.pages * PAGE)
    r.check()


def test_resize():
    """A mapping can be moved and made smaller, not larger."""
    r = Region(64)
    r.fill(text)
    address = ctypes.addressof(ctypes.c_char.from_buffer(r.map))
    libc.mremap.restype = ctypes.c_long
    libc.mremap.argtypes = [ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong,
                            ctypes.c_int]
    expect(libc.mremap(address, 64 * PAGE, 65 * PAGE, 1) == -1 and
           ctypes.get_errno() == errno.EFAULT, "it has grown")
    expect(libc.mremap(address, 64 * PAGE, 32 * PAGE, 0) == address, "smaller")
    r.compress()
    expect(r.resident() == 0, "pages are left")
    libc.mremap(address, 32 * PAGE, 64 * PAGE, 0)
    whole = mmap.mmap(r.fd, 64 * PAGE)
    expect(whole[:] == r.model, "what is in it")


def test_race(seconds):
    """Some write and read what is theirs, another compresses all the time."""
    r = Region(512)
    ends = time.monotonic() + int(seconds)
    workers = []
    for n in range(3):
        workers.append(os.fork())
        if not workers[-1]:
            work(r, n, ends)
    rounds = 0
    while time.monotonic() < ends:
        r.compress()
        rounds += 1
    for pid in workers:
        expect(os.waitpid(pid, 0)[1] == 0, "a worker has read what is wrong")
    expect(rounds > 3, "it was compressed seldom")


def work(r, n, ends):
    rng, mine = random.Random(n), {}
    while time.monotonic() < ends:
        # neighbours are other workers'
        at = (rng.randrange(170) * 3 + n) * PAGE
        if at in mine and r.map[at:at + PAGE] != mine[at]:
            os._exit(1)
        mine[at] = page(rng)
        r.map[at:at + PAGE] = mine[at]
    os._exit(any(r.map[at:at + PAGE] != data for at, data in mine.items()))


def test_busy(ready):
    """Until it is killed."""
    r = Region(256)
    r.fill()
    with open(ready, "w", encoding="ascii"):
        pass
    while True:
        r.compress()
        r.check()


def test_pressure():
    """Others' need for memory is enough to make pages leave that nobody uses."""
    r = Region(8192)
    r.fill(text)
    expect(r.resident() == 8192, f"{r.resident()} pages are mapped")
    hog = [grab()]
    ends = time.monotonic() + 120
    while r.resident() > 1024 and time.monotonic() < ends:
        time.sleep(0.2)
        if available() > 25:
            hog.append(grab())
    expect(r.resident() <= 1024, f"{r.resident()} pages are still there")
    hog.clear()
    r.check()


def wait_for(r, most, step):
    """Until no more than so many pages are there; step is what is done meanwhile."""
    ends = time.monotonic() + 120
    while r.resident() > most:
        expect(time.monotonic() < ends, f"{r.resident()} pages are still there")
        step()
        time.sleep(0.1)


def test_hot(pages, hot):
    """What is not used leaves by itself, and what is used does not."""
    r = Region(int(pages))
    r.fill(text)

    def use():
        for i in range(int(hot)):
            expect(r.map[i * PAGE] == r.model[i * PAGE], f"page {i}")

    wait_for(r, int(hot), use)
    for _ in range(60):
        use()
        time.sleep(0.1)
    expect(r.resident() <= int(hot), f"{r.resident()} pages are there again")
    loaded = counter("fault-loaded")
    expect(loaded == 0, f"{loaded} hot pages have been compressed")
    r.check()


def test_ahead(pages):
    """Who goes through a region has few faults, who jumps about in it brings nothing
    along, and both find what was there."""
    r = Region(int(pages))
    r.fill(text)
    r.compress()
    expect(r.resident() == 0, f"{r.resident()} pages are still there")
    before = faults()
    r.check()
    took = faults() - before
    expect(took < r.pages // 8, f"{took} faults for {r.pages} pages")
    expect(counter("fault-loaded") + counter("fault-ahead") == r.pages,
           "pages came more than once")
    r.compress()
    ahead = counter("fault-ahead")
    for i in r.rng.sample(range(r.pages), r.pages // 2):
        expect(r.map[i * PAGE:(i + 1) * PAGE] == r.model[i * PAGE:(i + 1) * PAGE],
               f"page {i}")
    along = counter("fault-ahead") - ahead
    expect(along < r.pages // 8, f"{along} pages came along")
    # what has come along may be written as well
    for i in range(0, r.pages, 3):
        r.put(i * PAGE, text(r.rng))
    r.compress()
    r.check()


def test_limited(pages, limit):
    """All regions together take up no more than they shall, after a while."""
    r = Region(int(pages))
    r.fill(text)
    ends = time.monotonic() + 120
    while used() > int(limit):
        expect(time.monotonic() < ends, f"{used()} bytes are in use")
        time.sleep(0.2)
    r.check()


def test_left(pages, seconds):
    """What is not used stays all the same."""
    r = Region(int(pages))
    r.fill(text)
    time.sleep(int(seconds))
    expect(r.resident() == int(pages), f"{r.resident()} pages are there")


def status():
    """What rayctl tells of the one region."""
    told = subprocess.run(["rayctl", "-j", "memcompress", "status"], check=True,
                          stdout=subprocess.PIPE)
    return json.loads(told.stdout)["store"][0]


def counter(name):
    return status()["counters"][name]


def used():
    """Memory of the region, that of its pool included."""
    told = status()
    return told["resident"] * PAGE + told["pool"]


def available():
    """Of all memory, in per cent."""
    with open("/proc/meminfo", encoding="ascii") as lines:
        info = dict(line.split(":") for line in lines)
    total, free = (int(info[key].split()[0])
                   for key in ("MemTotal", "MemAvailable"))
    return 100 * free // total


def grab():
    """Memory, so that a quarter of it is left."""
    taken = []
    while available() > 25:
        taken.append(mmap.mmap(-1, 8 << 20, flags=mmap.MAP_PRIVATE |
                               mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE))
    return taken


def test_memtester(size, log):
    """Another program's region is compressed as long as that runs."""
    with open(log, "wb") as out:
        tester = subprocess.Popen(
            ["memtester", "-p", "0", "-d", DEVICE, size, "1"],
            env=os.environ | {"MEMTESTER_TEST_MASK": "0x1801F"}, stdout=out)
    rounds = 0
    while tester.poll() is None:
        rounds += squeeze(tester.pid)
        time.sleep(0.01)
    expect(tester.returncode == 0, f"memtester ends with {tester.returncode}")
    expect(rounds > 5, "it was compressed seldom")


def squeeze(pid):
    """Compresses the regions of another program.  Returns how many it has."""
    done = 0
    try:
        pidfd = os.pidfd_open(pid)
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return 0
    for name in names:
        fd = libc.syscall(PIDFD_GETFD, pidfd, int(name), 0)
        try:
            if fd >= 0 and os.readlink(f"/proc/self/fd/{fd}") == DEVICE:
                size = os.lseek(fd, 0, os.SEEK_END)
                span(fd, COMPRESS, 0, size // PAGE)
                done += 1
        finally:
            if fd >= 0:
                os.close(fd)
    os.close(pidfd)
    return done


def main():
    signal.alarm(300)
    globals()["test_" + sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
