"""A history on a disk whose power fails: whether it is whole, and what is gone.

Run as ``past.py DRIVE FOLDER LOG SYNCHRONOUS`` it writes one on a drive, and tells after each write
how many readings there are and the bytes of the drive's log. ``SYNCHRONOUS`` is SQLite's setting:
with ``OFF`` it flushes nothing, which must be noticed.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest.mock import patch

import msgspec
import numpy as np
from losses import SECTOR, Disk, Image, Log
from recording import FORMAT, SIZE, WORK_PATIENCE, drive
from start import without_complaint
from system import mounted, run
from tqdm import tqdm
from work import other_program

from marked import table
from pasts import BEGAN, past
from tinydigits.clock import wall_offset
from tinydigits.history import read_past
from tinydigits.outputs import history_file
from tinydigits.outputs.history_file import HistoryFile, Kept
from tinydigits.outputs.retention import Limits

WRITES: Final = 300
BATCH: Final = 20
"""Readings in each: so that the oldest are forgotten, too."""

WRITTEN_OUT: Final = 7
"""Writes after which the kernel brings what it has to the disk, as it does by itself after half a
minute."""

FEW: Final = Limits(days=36_500.0, max_bytes=1_500_000)

AS_IT_IS: Final = "NORMAL"
CONTROL: Final = "OFF"

CONTROL_LOSSES: Final = 40


class Written(msgspec.Struct, frozen=True):
    """How many readings had been written at a position in the drive's log."""

    readings: int
    position: int


@dataclass(frozen=True)
class Found:
    """After a loss: how many readings are gone that had been written, and why it isn't whole."""

    gone: int
    why: str = ""


def losses_of_history(folder: Path, count: int, synchronous: str) -> list[Found]:
    """What is found after so many losses, at random moments from the first write on."""
    folder.mkdir()
    image, notes = folder / "image", folder / "notes"
    with image.open("wb") as file:
        file.truncate(SIZE)
    run("mkfs.ext4", *FORMAT, image)
    with drive(image, notes, folder / "drive") as place:
        command = ["unshare", "--mount", sys.executable, __file__, str(place)]
        command += [str(folder / "disk"), str(notes), synchronous]
        ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=WORK_PATIENCE)
    log = Log(notes)
    written = [
        Written(readings, log.position(size))
        for readings, size in map(msgspec.json.decode, ended.stdout.splitlines())
    ]
    disk = Disk(np.fromfile(image, np.uint8).reshape(-1, SECTOR), log)
    rng = np.random.default_rng(7)
    moments = np.sort(rng.integers(written[0].position, written[-1].position, count))
    return [
        _found(folder, disk.after_loss(int(moment), rng), _written_by(written, int(moment)))
        for moment in tqdm(moments, f"history, {synchronous}", mininterval=5)
    ]


def _written_by(written: list[Written], moment: int) -> int:
    return max((one.readings for one in written if one.position <= moment), default=0)


def _found(folder: Path, image: Image, written: int) -> Found:
    """Start again: the kernel with its journal, then who reads, then the daemon."""
    file = folder / "after"
    image.tofile(file)
    try:
        with mounted(file, folder / "again") as place:
            path = place / "history.db"
            kept = [int(one.wall - BEGAN) for one in read_past(path)]
            if kept and kept != list(range(kept[0], kept[-1] + 1)):
                return Found(0, "some are missing in between")
            after = kept[-1] + 1 if kept else 0
            with without_complaint(), HistoryFile(path, FEW) as again:
                again.write([Kept(past(after), wall_offset())])
            with closing(sqlite3.connect(path)) as database:
                (said,) = database.execute("PRAGMA integrity_check").fetchone()
        if said != "ok":
            return Found(0, f"integrity_check: {said}")
    except Exception as error:  # noqa: BLE001  whatever it is, it must not be
        return Found(0, repr(error))
    return Found(max(0, written - after))


def history_table(found: list[Found], without: list[Found]) -> str:
    """With SQLite as it is used, and without flushes."""
    return table(
        ("a history, written", "power losses", "readings gone, mean", "most", "broken"),
        [
            (
                how,
                len(some),
                f"{np.mean([one.gone for one in some]):.0f}",
                max(one.gone for one in some),
                sum(bool(one.why) for one in some),
            )
            for how, some in (("as it is", found), ("without flushes", without))
        ],
    )


def complaints_of_history(found: list[Found], without: list[Found]) -> list[str]:
    """What should not be."""
    told = [f"history: {one.why}" for one in found if one.why]
    if not any(one.why for one in without):
        told.append("a history without flushes should have been broken")
    return told


def main() -> None:
    """Write a history on a drive."""
    where, folder, log, synchronous = sys.argv[1:]
    real = history_file.set_up

    def set_up(database: sqlite3.Connection) -> None:
        real(database)
        database.execute(f"PRAGMA synchronous = {synchronous}")

    ahead = wall_offset()
    with (
        mounted(Path(where), Path(folder)) as place,
        other_program(place),
        patch.object(history_file, "set_up", set_up),
        HistoryFile(place / "history.db", FEW) as file,
    ):
        for number in range(WRITES):
            numbers = range(number * BATCH, (number + 1) * BATCH)
            file.write([Kept(past(one, reason="r" * 200), ahead) for one in numbers])
            told = ((number + 1) * BATCH, Path(log).stat().st_size)
            print(msgspec.json.encode(told).decode(), flush=True)
            if number % WRITTEN_OUT == 0:
                run("sync", "-f", place)


if __name__ == "__main__":
    main()
