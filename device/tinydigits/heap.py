"""Keeping a program small that reads large frames for years."""

from __future__ import annotations

import contextlib
import ctypes
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


def keep_heap_small() -> None:
    """Have the C library give large buffers back; nothing happens where it isn't glibc."""
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, LARGE)
        mallopt(_MMAP_THRESHOLD, LARGE)
        mallopt(_ARENA_MAX, _ARENAS)
