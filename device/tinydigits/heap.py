"""Keeping a program small in memory that reads large frames for years."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
from pathlib import Path
from typing import Final

LARGE: Final = 2**20
"""Bytes from which on a buffer goes back to the system as soon as it is freed. glibc would raise
this to the size of the largest buffer it has seen, and keep what lies between such buffers: ten MiB
where frames have 1920x1080 pixels. Smaller buffers stay: getting each anew takes milliseconds."""

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
"""Of mallopt(3)."""

_ARENAS: Final = 1
"""Heaps; glibc gives each thread its own, of a megabyte and more. Ours are hardly ever at work."""

_MAPS: Final = Path("/proc/self/maps")
"""What lies where in this process, as proc(5) has it."""


def keep_heap_small() -> None:
    """Have the C library give large buffers back; nothing happens where it isn't glibc."""
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, LARGE)
        mallopt(_MMAP_THRESHOLD, LARGE)
        mallopt(_ARENA_MAX, _ARENAS)


def give_back_code() -> None:
    """Let go of the libraries' code, of which the start has needed far more than frames will.

    It takes a third of the memory otherwise, in pages that the system holds to be in use. What is
    needed again comes back from the page cache in milliseconds; the rest is the first to go when
    memory is short. Nothing happens where the system isn't Linux.
    """
    with contextlib.suppress(OSError, AttributeError):
        madvise = ctypes.CDLL(None).madvise
        for line in _MAPS.read_text().splitlines():
            place, access, _, _, inode, *_ = line.split(maxsplit=5)
            # only code of files: never written, so that nothing is lost
            if "x" in access and "w" not in access and inode != "0":
                first, end = (int(address, 16) for address in place.split("-"))
                madvise(ctypes.c_void_p(first), ctypes.c_size_t(end - first), mmap.MADV_DONTNEED)
