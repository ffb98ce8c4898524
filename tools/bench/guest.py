# SPDX-License-Identifier: GPL-2.0-only
"""What every benchmark does in its guest."""
import subprocess
import sys


def sh(command, check=True):
    done = subprocess.run(command, shell=True, check=False, text=True,
                          capture_output=True)
    if check and done.returncode:
        sys.exit(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout
