# SPDX-License-Identifier: GPL-2.0-only
"""What programs that test memory share."""
import os
import sys

DEVICE = "/dev/rayos_zcomp"
SET_SIZE = 0x40087A60


def expect(so, otherwise):
    if not so:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {otherwise}")


def faults():
    """Faults of this program for which something had to be brought."""
    with open("/proc/self/stat", encoding="ascii") as stat:
        return int(stat.read().rsplit(") ", 1)[1].split()[9])


def resident():
    """Kilobytes of regions that are mapped, as the kernel tells."""
    kilobytes, here = 0, False
    with open("/proc/self/smaps", encoding="ascii") as maps:
        for line in maps:
            if line[0] in "0123456789abcdef":
                here = DEVICE in line
            elif here and line.startswith("Rss:"):
                kilobytes += int(line.split()[1])
    return kilobytes
