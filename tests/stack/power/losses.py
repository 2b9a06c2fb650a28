"""What may be on a drive after the power failed, by the notes of what was written to it.

A drive has a cache that forgets. What was written before the last flush is on the disk; of what
came after it, any part may be, in any order. A sector is written whole or not at all, and so is the
file system's superblock.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from drive import FLUSH, HEAD

SECTOR: Final = 512
"""Bytes; what every disk and card writes at once at least."""

SUPERBLOCK: Final = 2
"""The first of the two sectors of ext4's superblock, which have one checksum: the kernel relies on
their being written at once, and mounts nothing where one is older, whoever wrote the files."""

SHARES: Final = (0.0, 0.1, 0.5, 0.9, 1.0)
"""Of what may have arrived, how much has."""

Image = npt.NDArray[np.uint8]
"""What is on a disk: shape (sectors, SECTOR)."""


class Write(NamedTuple):
    """Sectors that were written, from the first one on."""

    first: int
    sectors: Image

    def to(self, image: Image) -> Image:
        """Where they go, to be changed in place."""
        return image[self.first : self.first + len(self.sectors)]


class Log:
    """Notes of writes and flushes; a position in it is how many came before."""

    def __init__(self, path: Path) -> None:
        content = np.fromfile(path, np.uint8)
        self._notes: list[Write | None] = []
        self._ends: list[int] = []
        start = 0
        while start < len(content):
            place, size = HEAD.unpack(content[start : start + HEAD.size].tobytes())
            start += HEAD.size + size
            if place == FLUSH:
                self._notes.append(None)
            else:
                sectors = content[start - size : start].reshape(-1, SECTOR)
                self._notes.append(Write(place // SECTOR, sectors))
            self._ends.append(start)

    def __len__(self) -> int:
        return len(self._notes)

    def position(self, size: int) -> int:
        """The position at which the file had so many bytes."""
        return int(np.searchsorted(self._ends, size, side="right"))

    def last_flush(self, position: int) -> int:
        """The position of the last flush before a position; 0 if there is none."""
        flushes = (at for at in range(position - 1, -1, -1) if self._notes[at] is None)
        return next(flushes, 0)

    def writes(self, begin: int, end: int) -> list[Write]:
        """What was written between two positions."""
        return [note for note in self._notes[begin:end] if note]


class Disk:
    """What is on the disk at positions that only grow."""

    def __init__(self, image: Image, log: Log) -> None:
        self._image = image.copy()
        self._log = log
        self._sure = 0

    def after_loss(self, position: int, rng: np.random.Generator) -> Image:
        """What may be on it when the power fails at a position; a copy."""
        flush = self._log.last_flush(position)
        for write in self._log.writes(self._sure, flush):
            write.to(self._image)[:] = write.sectors
        self._sure = flush
        image = self._image.copy()
        lose(image, self._log.writes(flush, position), rng)
        return image


def lose(image: Image, writes: list[Write], rng: np.random.Generator) -> None:
    """Let a random part of what the cache held arrive: whole writes or sectors, in some order."""
    share = rng.choice(SHARES)
    arrives: Callable[[int], npt.NDArray[np.bool_]] = (
        (lambda count: rng.random(count) < share)
        if rng.random() < 0.5
        else (lambda count: np.full(count, rng.random() < share))
    )
    in_order = rng.random() < 0.5
    for at in range(len(writes)) if in_order else rng.permutation(len(writes)):
        first, sectors = writes[at]
        arrived = arrives(len(sectors))
        if first <= SUPERBLOCK < first + len(sectors) - 1:
            arrived[SUPERBLOCK - first + 1] = arrived[SUPERBLOCK - first]
        writes[at].to(image)[arrived] = sectors[arrived]
