"""The labels of a folder of pictures: its ``labels.csv``, as people and several programs write it.

Columns and rows that others wrote stay as they are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path
from typing import Final, TypeAlias

from tinydigits.classifier import DIGITS, NONE_LABEL
from tinydigits.errors import DataError, UsageError
from tinydigits.files import atomic_write
from tinydigits.labels import LABELS_FILE, NOT_A_DIGIT
from tinydigits.lock import locked

FILE, LABEL, GROUP = "file", "label", "group"

Row: TypeAlias = Sequence[str]
"""The cells of a line, as many as it has."""

HEAD: Final = (FILE, LABEL, GROUP)
"""The columns of a new table."""

LABELS: Final = (*DIGITS, NONE_LABEL)
"""What a picture may be said to show."""

MAX_BYTES: Final = 50_000_000
"""Half a million rows; a larger file is something else."""

_PATIENCE: Final = 5.0
"""Seconds to wait for another program that writes; it takes milliseconds."""


def changing(folder: Path) -> AbstractContextManager[None]:
    """Be the only one who changes a folder of crops.

    :raises OutputError: where that can't be had.
    """
    return locked(
        folder,
        _PATIENCE,
        name=f"the folder {folder}",
        busy="can't be changed: another program is at it",
    )


class Labels:
    """What was said of the pictures in a folder; read again whenever the file has changed.

    Rows are kept as they were read: several may be of one picture, with other things said of it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LABELS_FILE
        self._state: object = ()
        self._head: Row = HEAD
        self._rows: list[Row] = []

    def all(self) -> Mapping[str, str]:
        """The label of each file that has one; the last, where several rows say different ones.

        :raises DataError: where the file can't be understood; it is never written then.
        """
        self._refresh()
        places = _places(self._head)
        labels = {}
        for row in self._rows:
            if label := _cell(row, places[LABEL]).strip():
                file = _cell(row, places[FILE])  # as it is: a name may begin with a space
                labels[file] = NONE_LABEL if label == NOT_A_DIGIT else label
        return labels

    def set(self, file: str, label: str | None, group: str) -> None:
        """Write a label, or take it back; to be called within :func:`changing`.

        :raises UsageError: where there is no such label.
        :raises DataError: as :meth:`all`.
        :raises OutputError: where it can't be written.
        """
        if label is not None and label not in LABELS:
            raise UsageError(f"there is no label '{label:.20}', only 0 to 9 and {NONE_LABEL}")
        self._refresh()
        written = NOT_A_DIGIT if label == NONE_LABEL else label or ""
        rows = list(_changed(self._rows, self._head, file, written, group))
        text = StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(self._head)
        table.writerows(rows)
        atomic_write(self._path, text.getvalue().encode())
        self._rows, self._state = rows, self._look()

    def _look(self) -> object:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DataError(f"{self._path}: it can't be read: {error.strerror}") from error
        if found.st_size > MAX_BYTES:
            raise DataError(f"{self._path}: it is far too large for labels")
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _refresh(self) -> None:
        state = self._look()
        if state == self._state:
            return
        if state is None:
            self._head, self._rows = HEAD, []
        else:
            try:
                self._read()
            except OSError as error:
                raise DataError(f"{self._path}: it can't be read: {error.strerror}") from error
            except (UnicodeDecodeError, csv.Error) as error:
                raise DataError(f"{self._path}: it can't be read: {error}") from error
        self._state = state

    def _read(self) -> None:
        with self._path.open(encoding="utf-8-sig", newline="") as file:  # as spreadsheets write it
            table = csv.reader(file)
            head = next(table, [])
            places = _places(head)
            if not {FILE, LABEL} <= set(places):
                found = ", ".join(places) or "nothing"
                raise DataError(
                    f"{self._path}:1: there are no columns '{FILE}' and '{LABEL}', only {found}"
                )
            rows: list[Row] = []
            for row in table:
                label = _cell(row, places[LABEL]).strip()
                if label not in {*DIGITS, NOT_A_DIGIT, ""}:
                    raise DataError(
                        f"{self._path}:{table.line_num}: the label is '{label:.20}' where "
                        f"0 to 9 is due, or {NOT_A_DIGIT} for what is not one whole digit"
                    )
                rows.append(row)
        self._head, self._rows = head, rows


def _places(head: Row) -> dict[str, int]:
    """Where each column is."""
    return {name.strip(): place for place, name in enumerate(head)}


def _cell(row: Row, place: int) -> str:
    return row[place] if place < len(row) else ""


def _changed(rows: Sequence[Row], head: Row, file: str, label: str, group: str) -> Iterator[Row]:
    """The rows with another label of a file, in all that are of it.

    Where a label is taken back, a row goes that says no more than this program writes itself.
    """
    places = _places(head)
    is_there = False
    for row in rows:
        if _cell(row, places[FILE]) != file:
            yield row
            continue
        is_there = True
        if label or _says_more(row, places, group):
            yield _with(row, {places[LABEL]: label}, len(head))
    if label and not is_there:
        cells = {FILE: file, LABEL: label, GROUP: group}
        own = {places[name]: cell for name, cell in cells.items() if name in places}
        yield _with((), own, len(head))


def _says_more(row: Row, places: Mapping[str, int], group: str) -> bool:
    """Whether others wrote something into a row, beside a label."""
    known = {places[FILE], places[LABEL]}
    if GROUP in places and _cell(row, places[GROUP]) == group:
        known.add(places[GROUP])
    return any(cell.strip() for place, cell in enumerate(row) if place not in known)


def _with(row: Row, cells: Mapping[int, str], width: int) -> Row:
    """A row with other cells, and at least so many."""
    wide = [*row, *[""] * (width - len(row))]
    return [cells.get(place, cell) for place, cell in enumerate(wide)]
