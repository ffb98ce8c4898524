# SPDX-License-Identifier: GPL-2.0-only
"""Sockets in network namespaces, without a process for each of them.

A thread is in one namespace at a time and what it opens stays in the one in
which it was opened.  So one process can own the servers and the clients of a
whole network.  No descriptor of a namespace is kept, as it would keep the
namespace alive after its deletion.
"""

import contextlib
import ctypes
import os

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _setns(fd):
    if _libc.setns(fd, _CLONE_NEWNET):
        err = ctypes.get_errno()
        raise OSError(err, os.strerror(err))


def _open(path):
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


@contextlib.contextmanager
def inside(name):
    """Do the body in the network namespace `name`, "" for where we are."""
    if not name:
        yield
        return
    home = _open("/proc/thread-self/ns/net")
    try:
        there = _open("/run/netns/" + name)
        try:
            _setns(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _setns(home)
    finally:
        os.close(home)
