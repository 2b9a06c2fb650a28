"""Pictures with what they truly show, as `score` measures readings and training learns from them.

Either a folder has a ``labels.csv`` with the columns ``file`` and ``digits`` (the number, all its
digits in reading order) or ``label`` (one digit, or 10 for a picture that does not show one whole
digit; a row without a label is of a picture that nobody has labelled yet, and is passed over), or
it has sub-folders ``0`` to ``9`` and, if need be, ``none``. A column ``group``, or one whose name
ends in ``_group``, says which pictures belong together, because one person wrote them or one meter
showed them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from tinydigits.classifier import DIGITS
from tinydigits.errors import DataError

LABELS_FILE: Final = "labels.csv"
NONE_FOLDER: Final = "none"
NOT_A_DIGIT: Final = "10"


class LabelledPicture(msgspec.Struct, frozen=True):
    """A picture file, the digits it shows (``None``: not one whole digit), and its group."""

    path: Path
    digits: str | None
    group: str | None = None


def list_pictures(folder: Path) -> list[LabelledPicture]:
    """All labelled pictures of a folder, in a fixed order, not yet opened.

    :raises DataError: naming the file and the line that can't be understood.
    """
    table = folder / LABELS_FILE
    try:
        if not folder.is_dir():
            raise DataError(f"{folder}: there is no such folder")
        pictures = list(_from_table(table) if table.is_file() else _from_sub_folders(folder))
    except OSError as error:
        raise DataError(f"{error.filename}: it can't be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{table}: it can't be read: {error}") from error
    if not pictures:
        raise DataError(
            f"{folder}: it has neither a {LABELS_FILE} with pictures nor sub-folders 0 to 9"
        )
    return pictures


def _from_sub_folders(folder: Path) -> Iterator[LabelledPicture]:
    for name in (*DIGITS, NONE_FOLDER):
        for path in sorted((folder / name).glob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield LabelledPicture(path, None if name == NONE_FOLDER else name)


def _from_table(table: Path) -> Iterator[LabelledPicture]:
    with table.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets write a BOM
        rows = csv.DictReader(file, restval="")
        columns = [name.strip() for name in rows.fieldnames or ()]
        rows.fieldnames = columns
        found = ", ".join(columns) or "nothing"
        if "file" not in columns:
            raise DataError(f"{table}:1: there is no column 'file', only {found}")
        truth = next((column for column in ("digits", "label") if column in columns), None)
        if truth is None:
            raise DataError(f"{table}:1: there is no column 'digits' or 'label', only {found}")
        group = next((c for c in columns if c == "group" or c.endswith("_group")), None)
        for row in rows:
            where = f"{table}:{rows.line_num}"
            shown = row[truth].strip()
            if truth == "label" and not shown:  # as `tinydigits label` takes one back
                continue
            digits = _digits(shown, truth, where)
            path = table.parent / row["file"]  # as it is: a name may begin with a space
            if not path.is_file():
                raise DataError(f"{where}: there is no picture {path}")
            yield LabelledPicture(path, digits, (row[group] or None) if group else None)


def _digits(text: str, column: str, where: str) -> str | None:
    if column == "label":
        if text == NOT_A_DIGIT:
            return None
        if len(text) == 1 and text in DIGITS:
            return text
        raise DataError(
            f"{where}: the label is '{text:.20}' where 0 to 9 is due, or {NOT_A_DIGIT} for a "
            "picture that does not show one whole digit"
        )
    if text and set(text) <= set(DIGITS):
        return text
    raise DataError(f"{where}: the digits are '{text:.20}' where a number like 00472 is due")
