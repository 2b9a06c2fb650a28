"""The labels of a folder of pictures: its ``labels.csv``, as people and several programs write it.

Columns and rows that others wrote stay as they are.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path
from typing import Final

from tinydigits.classifier import DIGITS, NONE_LABEL
from tinydigits.errors import DataError, UsageError
from tinydigits.files import atomic_write
from tinydigits.labels import LABELS_FILE, NOT_A_DIGIT
from tinydigits.lock import locked

FILE, LABEL, GROUP = "file", "label", "group"

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
    """What was said of the pictures in a folder; read again whenever the file has changed."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LABELS_FILE
        self._state: object = ()
        self._columns = [FILE, LABEL, GROUP]
        self._rows: dict[str, dict[str, str]] = {}

    def all(self) -> Mapping[str, str]:
        """The label of each file that has one.

        :raises DataError: where the file can't be understood; it is never written then.
        """
        self._refresh()
        return {
            file: NONE_LABEL if row[LABEL] == NOT_A_DIGIT else row[LABEL]
            for file, row in self._rows.items()
            if row[LABEL]
        }

    def set(self, file: str, label: str | None, group: str) -> None:
        """Write a label, or take it back; to be called within :func:`changing`.

        :raises UsageError: where there is no such label.
        :raises DataError: as :meth:`all`.
        :raises OutputError: where it can't be written.
        """
        if label is not None and label not in LABELS:
            raise UsageError(f"there is no label '{label:.20}', only 0 to 9 and {NONE_LABEL}")
        self._refresh()
        rows = dict(self._rows)
        if label is None:
            rows.pop(file, None)
        else:
            own = {LABEL: NOT_A_DIGIT if label == NONE_LABEL else label}
            rows[file] = {FILE: file, GROUP: group, **rows.get(file, {}), **own}
        text = StringIO()
        table = csv.DictWriter(text, self._columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows.values())
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
            self._columns, self._rows = [FILE, LABEL, GROUP], {}
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
            table = csv.DictReader(file, restval="")
            columns = [name.strip() for name in table.fieldnames or ()]
            table.fieldnames = columns
            if not {FILE, LABEL} <= set(columns):
                found = ", ".join(columns) or "nothing"
                raise DataError(
                    f"{self._path}:1: there are no columns '{FILE}' and '{LABEL}', only {found}"
                )
            rows = {}
            for row in table:
                own = {name: row[name].strip() for name in columns}
                if own[LABEL] not in {*DIGITS, NOT_A_DIGIT, ""}:
                    raise DataError(
                        f"{self._path}:{table.line_num}: the label is '{own[LABEL]:.20}' where "
                        f"0 to 9 is due, or {NOT_A_DIGIT} for what is not one whole digit"
                    )
                rows[own[FILE]] = own
        self._columns, self._rows = columns, rows
