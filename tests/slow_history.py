"""A history whose writer is killed, and what it costs a memory card.

Too long among quick tests; run with ``make slow``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np

from pasts import LIMITS, keep, past, sqlite
from tinydigits.clock import wall_offset
from tinydigits.history import read_past
from tinydigits.outputs.history_file import HistoryFile, Kept
from tinydigits.outputs.retention import RESERVE, Limits

KILLS: Final = 40

FEW: Final = Limits(days=36_500.0, max_bytes=2_000_000)
"""So that readings are forgotten, and pages given back, while it is killed."""

WRITER: Final = """
import sys
from pathlib import Path
from slow_history import FEW, write_on
write_on(Path(sys.argv[1]), int(sys.argv[2]))
"""

BATCH: Final = 50

MINUTES: Final = 1440
"""Of a day, in each of which a number changes."""

MOST_A_WRITE: Final = 32_000
"""Bytes that a write of one or two readings may take: in a day 46 MB."""

MOST_A_READING: Final = 100
"""Bytes that it takes in the file."""


def write_on(path: Path, number: int) -> None:
    """Write batch after batch, and tell of each, until the process is killed."""
    ahead = wall_offset()
    with HistoryFile(path, FEW) as file:
        while True:
            numbers = range(number, number + BATCH)
            file.write([Kept(past(one, reason="r" * 100), ahead) for one in numbers])
            number += BATCH
            print(number, flush=True)


def test_killed(tmp_path: Path) -> None:
    """Killed at any moment, a history is whole, and has every batch that was written."""
    path = tmp_path / "history.db"
    rng = np.random.default_rng(7)
    number = 0
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(number)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        ) as program:
            assert program.stdout is not None
            program.stdout.readline()  # it has begun
            time.sleep(rng.uniform(0, 0.3))
            program.send_signal(signal.SIGKILL)
            *_, told = ["0", *program.stdout.read().split()]
        kept = [one.wall for one in read_past(path)]
        assert kept == sorted(set(kept))
        assert kept[-1] - kept[0] == len(kept) - 1  # none between them is missing
        number = int(kept[-1] - past(0).wall) + 1
        assert number >= int(told)
        assert number % BATCH == 0  # a batch is written whole, or not
        with sqlite(path) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    keep(path, past(number), limits=FEW)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= FEW.max_bytes + RESERVE
    print(f"\n{KILLS} kills, {number} readings written, {len(kept)} kept, none of them lost")


def written() -> int:
    """Bytes that this process has had written to disks."""
    told = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(told["write_bytes"])


def test_bytes_a_day(tmp_path: Path) -> None:
    """A number that changes every minute of a day wears a memory card as little as is promised."""
    path = tmp_path / "history.db"
    ahead = wall_offset()

    def settle() -> None:
        """What takes half a minute by itself: all that was written comes to the disk."""
        for file in tmp_path.iterdir():
            descriptor = os.open(file, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)

    with HistoryFile(path, LIMITS) as file:
        file.write([])
        settle()
        before = written()
        for minute in range(MINUTES):
            # the last reading of the old value, and the new one
            both = [past(minute, wall=past(60 * minute + place).wall) for place in (0, 1)]
            file.write([Kept(one, ahead) for one in both])
            settle()
        each = (written() - before) / MINUTES
    size = path.stat().st_size / (2 * MINUTES)
    print(f"\n{each / 1000:.1f} kB a write, {each * MINUTES / 1e6:.1f} MB a day where each minute")
    print(f"has one, {each * 24 / 1e6:.1f} MB where each hour has; {size:.0f} bytes a reading")
    assert each <= MOST_A_WRITE
    assert size <= MOST_A_READING
