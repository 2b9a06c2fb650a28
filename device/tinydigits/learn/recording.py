"""A recording: frames on disk, and what should be believed after each, in a table to edit.

A folder with pictures and a ``recording.csv``. Its columns are ``file``, a picture in the folder;
``seconds``, when it was taken, since any start; ``region``, which of the configuration's is meant;
and ``expected``, the value that is to stand as accepted after this frame, or nothing where that is
open. A frame with several regions has several rows; rows are in the order of time.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple, Self, TextIO

from tinydigits.errors import DataError, OutputError, UsageError
from tinydigits.files import make_folder, printable
from tinydigits.frame import Luma
from tinydigits.learn.png import to_png

TABLE: Final = "recording.csv"
COLUMNS: Final = ("file", "seconds", "region", "expected")

MAX_LENGTH: Final = 400
"""Characters of a value: more than the longest that a judge accepts."""

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class Row(NamedTuple):
    """What should be believed of a region after a frame; ``where`` names the line for people."""

    file: str
    seconds: float
    region: str
    expected: Decimal | None
    where: str


class Recorded(NamedTuple):
    """A frame of a recording, with what is expected of some regions after it."""

    path: Path
    seconds: float
    rows: tuple[Row, ...]


def read_recording(folder: Path) -> list[Recorded]:
    """The frames of a recording in their order, not opened yet.

    :raises DataError: naming the line that can't be understood.
    """
    table = folder / TABLE
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:  # as spreadsheets write it
            rows = list(_rows(csv.DictReader(file, restval=""), table))
    except FileNotFoundError as error:
        raise DataError(f"{printable(folder)}: it is no recording: there is no {TABLE}") from error
    except OSError as error:
        raise DataError(f"{table}: it can't be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{table}: it can't be read: {error}") from error
    if not rows:
        raise DataError(f"{table}: there is no frame in it")
    return list(_frames(rows, folder))


def _rows(reader: csv.DictReader[str], table: Path) -> Iterator[Row]:
    columns = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = columns
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise DataError(f"{table}:1: there is no column '{missing[0]}'")
    last = 0.0
    for row in reader:
        where = f"{table}:{reader.line_num}"
        file, seconds, region, expected = (row[name] for name in COLUMNS)  # names as they are
        taken = _seconds(seconds.strip(), where)
        if taken < last:
            raise DataError(f"{where}: {taken:g} s is before the {last:g} s of the row above")
        last = taken
        yield Row(file, taken, region, _value(expected.strip(), where), where)


def _seconds(text: str, where: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise DataError(f"{where}: the seconds are '{text:.20}' where a number like 12.5 is due")
    return seconds


def _value(text: str, where: str) -> Decimal | None:
    if not text:
        return None
    if len(text) > MAX_LENGTH or not _NUMBER.fullmatch(text):
        raise DataError(
            f"{where}: the expected value is '{text:.20}' where a number like 00472.1 is due, or "
            "nothing"
        )
    return Decimal(text)


def _frames(rows: list[Row], folder: Path) -> Iterator[Recorded]:
    for (file, seconds), of_frame in groupby(rows, key=lambda row: (row.file, row.seconds)):
        same = tuple(of_frame)
        path = folder / file
        if not file or not path.is_file():
            raise DataError(f"{same[0].where}: there is no picture {printable(path)}")
        names = [row.region for row in same]
        twice = next((row for k, row in enumerate(same) if row.region in names[:k]), None)
        if twice:
            raise DataError(f"{twice.where}: this frame has the region '{twice.region:.50}' twice")
        yield Recorded(path, seconds, same)


class RecordingWriter:
    """Writes a recording, frame by frame; what is written is complete whenever it ends.

    Its table is there from the start, so that no other program writes here, and goes again where
    no frame came.

    :raises UsageError: where there is a recording already.
    :raises OutputError: where nothing can be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        make_folder(folder)
        try:
            self._table: TextIO = (folder / TABLE).open("x", encoding="utf-8", newline="")
        except FileExistsError as error:
            raise UsageError(
                f"{printable(folder)}: there is a recording already: name another folder"
            ) from error
        except OSError as error:
            raise OutputError(f"{folder / TABLE} can't be written: {error.strerror}") from error
        self._rows = csv.writer(self._table, lineterminator="\n")
        self.frames = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # what couldn't be written was told
            self._table.close()
        if not self.frames:
            with suppress(OSError):
                (self._folder / TABLE).unlink()

    def write(
        self, luma: Luma, seconds: float, values: Iterable[tuple[str, Decimal | None]]
    ) -> None:
        """Add a frame, and for each region by its name what is to be believed after it."""
        path = self._folder / f"{self.frames:06}.png"
        try:
            path.write_bytes(to_png(luma))
        except OSError as error:
            raise OutputError(f"{path} can't be written: {error.strerror}") from error
        if not self.frames:
            self._row(COLUMNS)
        for region, value in values:
            expected = "" if value is None else f"{value:f}"
            self._row((path.name, f"{seconds:.3f}", region, expected))
        self.frames += 1

    def _row(self, cells: Iterable[str]) -> None:
        try:
            self._rows.writerow(cells)
            self._table.flush()
        except OSError as error:
            raise OutputError(
                f"{self._folder / TABLE} can't be written: {error.strerror}"
            ) from error
