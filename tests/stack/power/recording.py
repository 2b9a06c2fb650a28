"""A device at work on a drive that notes everything, and moments at which its power may fail."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from drive import NAME
from losses import SECTOR, Disk, Log
from system import PATIENCE, run
from work import AT_REST, Kept, Step

SIZE: Final = 16 << 20
"""Bytes of the disk: few to copy, with ext4's smallest journal."""

FORMAT: Final = ("-q", "-b", "4096", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0")
"""The blocks that every larger disk has, and nothing left to do in the background."""

WORK_PATIENCE: Final = 300.0
"""Seconds for all of the device's work; it takes about ten."""

SPREAD: Final = 6.0
"""Notes between a call of fsync and the moment at which the power fails, in the mean."""


@contextmanager
def drive(image: Path, log: Path, place: Path) -> Iterator[Path]:
    """The drive, at work until it is no longer needed."""
    place.mkdir()
    program = Path(__file__).with_name("drive.py")
    command = [sys.executable, str(program), str(image), str(log), str(place)]
    # a session of its own: a Ctrl-C must not end it before what lies on it is unmounted
    with subprocess.Popen(command, start_new_session=True) as server:
        file = place / NAME
        until = time.monotonic() + PATIENCE
        while not file.exists() and server.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        try:
            yield file
        finally:
            run("umount", place)


@dataclass(frozen=True)
class Moment:
    """When the power fails: the position in the log, what is done then, and what must be kept.

    Either ``before`` or ``after`` is kept, which are the same where nothing is being written.
    """

    case: int
    position: int
    kind: str
    before: Kept
    after: Kept


@dataclass(frozen=True)
class Recording:
    """What a device did, step by step, and all that was written to its disk meanwhile."""

    image: Path
    log: Log
    steps: list[Step]

    @classmethod
    def make(cls, folder: Path, rounds: int, calls: str) -> Recording:
        """Have a device work; ``calls`` are those of fsync that are made."""
        folder.mkdir()
        image, notes = folder / "image", folder / "notes"
        image.touch()
        os.truncate(image, SIZE)
        run("mkfs.ext4", *FORMAT, image)
        program = Path(__file__).with_name("work.py")
        with drive(image, notes, folder / "drive") as file:
            # a namespace of its own for what is mounted there: the process that is the drive would
            # wait for itself if it were the last in it, and so had to unmount what lies on it
            command = ["unshare", "--mount", sys.executable, str(program), str(file)]
            command += [str(folder / "disk"), str(notes), str(rounds), calls]
            ended = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, timeout=WORK_PATIENCE
            )
        steps = [msgspec.json.decode(line, type=Step) for line in ended.stdout.splitlines()]
        return cls(image, Log(notes), steps)

    def disk(self) -> Disk:
        """The disk as it was before the first step."""
        return Disk(np.fromfile(self.image, np.uint8).reshape(-1, SECTOR), self.log)

    def moments(self, count: int, turns: Sequence[str]) -> list[Moment]:
        """Random moments in steps of these kinds in turn, in the order of the log."""
        made = [self._moment(case, turns[case % len(turns)]) for case in range(count)]
        return sorted(made, key=lambda moment: moment.position)

    def _moment(self, case: int, kind: str) -> Moment:
        rng = np.random.default_rng((case, 0))
        if kind == AT_REST:
            between = list(pairwise(self.steps))
            step, following = between[int(rng.integers(len(between)))]
            first, end = self.log.position(step.end), self.log.position(following.begin) + 1
            return Moment(case, int(rng.integers(first, end)), kind, step.kept, step.kept)
        numbers = [number for number, step in enumerate(self.steps) if step.kind == kind]
        number = int(rng.choice(numbers))
        step = self.steps[number]
        first = self.log.position(step.begin)
        # that it has ended is not known before its last note
        last = max(first, self.log.position(step.end) - 1)
        # something changes where files are flushed, and at last at the end: an install tries the
        # model for a long time before
        flush = self.log.position(int(rng.choice([*step.flushes, step.end, step.end])))
        near = int(np.clip(flush + rng.laplace(0, SPREAD), first, last))
        position = near if rng.random() < 0.8 else int(rng.integers(first, last + 1))
        before = self.steps[number - 1].kept if number else Kept()
        return Moment(case, position, kind, before, step.kept)
