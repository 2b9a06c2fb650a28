"""Room for glyphs: in memory, or in a file without a name where they are too many for that."""

from __future__ import annotations

import os
from collections.abc import Sequence
from mmap import MADV_DONTNEED, mmap
from tempfile import TemporaryFile
from typing import Final

import numpy as np

from tinydigits.classifier import Glyphs
from tinydigits.glyph import GLYPH_SIZE

IN_MEMORY: Final = 200_000
"""Glyphs that take 157 MB; what is more goes to a file."""

PIECE: Final = 10_000
"""Glyphs that are copied, or looked at, at a time."""

_FOLDER: Final = "/var/tmp"  # noqa: S108  the file has no name that anyone could take
"""Where the file is, unless ``TMPDIR`` names another place: ``/tmp`` is memory on many systems."""


def room(count: int) -> Glyphs:
    """Glyphs to be filled in, ``uint8[count, 28, 28]``.

    The file of many is gone when nobody uses it any more, however the program ends.
    """
    shape = (count, GLYPH_SIZE, GLYPH_SIZE)
    if count <= IN_MEMORY:
        return np.empty(shape, np.uint8)
    with TemporaryFile(dir=os.environ.get("TMPDIR", _FOLDER)) as file:
        return np.memmap(file, np.uint8, "w+", shape=shape)


def joined(parts: Sequence[Glyphs]) -> Glyphs:
    """All glyphs of some parts, one after the other."""
    whole = room(sum(map(len, parts)))
    start = 0
    for part in parts:
        for first in range(0, len(part), PIECE):
            piece = part[first : first + PIECE]
            whole[start : start + len(piece)] = piece
            start += len(piece)
            release(whole)
            release(part)
    return whole


def release(glyphs: Glyphs) -> None:
    """Take no memory for now, where the glyphs are in a file."""
    if isinstance(glyphs.base, mmap):
        glyphs.base.madvise(MADV_DONTNEED)
