#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Memory of real programs, made on the spot: a compiler, and interpreters as far as
they are there.

Usage: zcomp-pages.py DIRECTORY, as root

Leaves there "pages", what such a program has in private memory that it writes, but
for pages of zeroes, and "bound.json": how many bytes they would take up if each was
compressed by LZO and the results lay side by side, to 8 bytes exact.
"""
import ctypes
import glob
import json
import mmap
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PAGE = mmap.PAGESIZE
RESIDENT = 96 << 20  # a program that has so much is stopped and looked at
TAKEN = 48 << 20     # the most that is taken of it
BLOCK = 64           # neighbouring pages that are taken together

PYTHON = """
import ast, glob, os
trees = {}
while True:
    for path in glob.glob(os.path.dirname(os.__file__) + "/**/*.py", recursive=True):
        try:
            text = open(path, encoding="utf-8").read()
            trees[path, len(trees)] = text, ast.parse(text)
        except (SyntaxError, ValueError, OSError):
            pass
"""

NODE = """
const all = [];
for (let n = 0; ; n++) {
    all.push({id: n, name: `customer ${n * 7919 % 100003}`, when: new Date(n * 61e3),
              tags: ["new", "late", "paid"].slice(n % 3), price: n * 1.19,
              next: all[n >> 1], text: JSON.stringify({n, of: process.versions})});
}
"""

JAVA = """
import java.util.*;
public class Main {
    public static void main(String[] args) {
        Map<String, List<Object>> all = new HashMap<>();
        for (int n = 0; ; n++)
            all.computeIfAbsent("customer " + n % 9973, k -> new ArrayList<>())
               .add(new Object[] {"order " + n, n * 1.19, (long) n * 61000, all});
    }
}
"""


def compiler():
    """A compiler at a file of the suite with all the kernel's headers."""
    common = max(glob.glob("/usr/src/linux-headers-6.1.*-common"))
    built = common.removesuffix("-common") + "-amd64"
    command = [subprocess.check_output(["gcc", "-print-prog-name=cc1"],
                                       text=True).strip(), "-quiet", "-nostdinc"]
    for where in ("arch/x86/include", "arch/x86/include/generated", "include",
                  "arch/x86/include/uapi", "arch/x86/include/generated/uapi",
                  "include/uapi", "include/generated/uapi"):
        command += [f"-I{common}/{where}", f"-I{built}/{where}"]
    for name in "compiler-version", "kconfig", "compiler_types":
        command += ["-include", f"{common}/include/linux/{name}.h"]
    return command + [
        "-D__KERNEL__", "-DMODULE", '-DKBUILD_MODNAME="x"', '-DRAYOS_VERSION="x"',
        "-Iinclude", "-Iinclude/uapi", "-Imodules/rayos_lb", "-O2", "-g",
        "-std=gnu11", "-mcmodel=kernel", "-mno-sse", "-mno-red-zone", "-fno-pie",
        "modules/rayos_lb/netlink.c", "-o", "/dev/null"]


def programs(scratch):
    yield "cc1", compiler()
    yield "python", ["/usr/bin/python3", "-c", PYTHON]
    if shutil.which("node"):
        yield "node", ["node", "-e", NODE]
    if shutil.which("javac"):
        with open(f"{scratch}/Main.java", "w", encoding="ascii") as out:
            out.write(JAVA)
        yield "java", ["java", "-XX:+UseSerialGC", "-Xmx256m", f"{scratch}/Main.java"]


def resident(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * PAGE


def private(pid):
    """Runs of pages: where they begin, and how many are present."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, \
            open(f"/proc/{pid}/pagemap", "rb") as pagemap:
        for line in maps:
            span, rights = line.split()[:2]
            if not rights.startswith("rw") or rights[3] != "p":
                continue
            first, end = (int(n, 16) // PAGE for n in span.split("-"))
            pagemap.seek(first * 8)
            bits = pagemap.read((end - first) * 8)
            for n in range(len(bits) // 8):
                if bits[n * 8 + 7] & 0x80:
                    yield (first + n) * PAGE


def memory(pid):
    """What is not zero, in blocks of neighbours from all over it."""
    pages = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for at in private(pid):
            mem.seek(at)
            page = mem.read(PAGE)
            if page.strip(b"\0"):
                pages.append(page)
    blocks = [pages[n:n + BLOCK] for n in range(0, len(pages) - BLOCK, BLOCK)]
    wanted = TAKEN // PAGE // BLOCK
    step = max(1, len(blocks) / wanted)
    return [page for n in range(min(wanted, len(blocks)))
            for page in blocks[int(n * step)]]


def picture(name, command):
    with subprocess.Popen(command, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as program:
        while program.poll() is None and resident(program.pid) < RESIDENT:
            time.sleep(0.005)
        if program.returncode is not None:
            sys.exit(f"{name} ended before it was large: {' '.join(command)}")
        program.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, program.pid, os.WSTOPPED)
        pages = memory(program.pid)
        program.kill()
    print(f"# {name}: {len(pages)} pages", file=sys.stderr)
    return pages


def bound(pages):
    lzo = ctypes.CDLL("liblzo2.so.2")
    work = ctypes.create_string_buffer(1 << 18)
    out = ctypes.create_string_buffer(2 * PAGE)
    length = ctypes.c_size_t()
    total = 0
    for page in pages:
        length.value = len(out)
        lzo.lzo1x_1_compress(page, ctypes.c_size_t(PAGE), out, ctypes.byref(length),
                             work)
        total += min(PAGE, length.value + 7 & ~7)
    return total


def main():
    where = sys.argv[1]
    os.makedirs(where, exist_ok=True)
    if os.path.exists(f"{where}/bound.json"):
        return
    with tempfile.TemporaryDirectory() as scratch:
        pages = [page for name, command in programs(scratch)
                 for page in picture(name, command)]
    with open(f"{where}/pages", "wb") as out:
        out.writelines(pages)
    with open(f"{where}/bound.json", "w", encoding="ascii") as out:
        json.dump({"bytes": len(pages) * PAGE, "lzo": bound(pages)}, out)
        out.write("\n")


if __name__ == "__main__":
    main()
