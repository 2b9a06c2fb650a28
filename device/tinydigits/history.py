"""Readings of the past, one row each, and the file that they are read back from.

The file is an SQLite database in WAL mode with one table, whose columns are the fields of
:class:`Past`. Any program may read it while the daemon writes. SQLite is imported where a file is
opened: who keeps no history doesn't load it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec

from tinydigits.errors import DataError
from tinydigits.judge import Status

if TYPE_CHECKING:  # who looks at the past reads no digits
    import sqlite3

    from tinydigits.judge import Verdict
    from tinydigits.reader import Reading

VERSION: Final = 1
"""The file's ``user_version``. What a later one adds, a program that knows it adds to a file of an
earlier one when it opens it for writing, in one transaction; a file of a version that a program
doesn't know it neither reads nor writes nor puts aside."""

APPLICATION: Final = 0x74696469
"""The file's ``application_id``, "tidi": no other program's database is taken for a history."""

SLICE: Final = 10_000
"""Rows that are read at a time: a few megabytes. Were a long export one query, the daemon couldn't
empty its log as long as somebody looks at the first page of it."""

_WAIT_SECONDS: Final = 2.0
"""For the moment in which a daemon that starts or ends has the file for itself."""


class Past(msgspec.Struct, frozen=True):
    """What was read in a region, and what the judge said of it.

    ``wall`` is when the frame was taken, in seconds on the Unix clock; ``value`` what was to be
    believed after it; ``reason`` is the code of the verdict's reason, a colon and its words, and
    empty where there was nothing to say.
    """

    wall: float
    region: str
    text: str
    value: Decimal | None
    status: Status
    confidence: float
    reason: str

    @classmethod
    def from_verdict(cls, wall: float, reading: Reading, verdict: Verdict) -> Self:
        """A reading of a frame that was taken then, as it was judged."""
        said = verdict.reasons[0] if verdict.reasons else None
        return cls(
            wall=wall,
            region=reading.region,
            text=verdict.text,
            value=verdict.value,
            status=verdict.status,
            confidence=reading.confidence,
            reason=f"{said.code}: {said.text}" if said else "",
        )


COLUMNS: Final = ", ".join(Past.__struct_fields__)


def read_past(
    path: Path,
    region: str | None = None,
    since: float | None = None,
    until: float | None = None,
    limit: int | None = None,
) -> list[Past]:
    """The readings that a file keeps, the oldest first; none where there is no file yet.

    It may be called on any thread and in any process, while the daemon writes.

    :param region: only of this one.
    :param since: only frames taken then or later, in seconds on the Unix clock.
    :param until: only frames taken earlier than that.
    :param limit: the newest ones, so many at most.
    :raises DataError: where the file can't be read, or is no history.
    """
    if not _is_there(path):
        return []
    if limit is None:
        return list(all_past(path, region, since, until))
    where, values = _condition(region, since, until)
    with closing(_open(path)) as database:
        rows = _rows(
            path,
            database,
            f"SELECT id, {COLUMNS} FROM reading WHERE {where} "  # noqa: S608  of constants
            "ORDER BY wall DESC, id DESC LIMIT ?",
            [*values, max(0, limit)],
        )
    return [past for _, past in reversed(rows)]


def all_past(
    path: Path, region: str | None = None, since: float | None = None, until: float | None = None
) -> Iterator[Past]:
    """The same one by one, however many there are.

    :raises DataError: where the file can't be read, or is no history.
    """
    where, values = _condition(region, since, until)
    last = (float("-inf"), 0)
    with closing(_open(path)) as database:
        while True:
            rows = _rows(
                path,
                database,
                f"SELECT id, {COLUMNS} FROM reading WHERE {where} "  # noqa: S608  the same
                "AND (wall, id) > (?, ?) ORDER BY wall, id LIMIT ?",
                [*values, *last, SLICE],
            )
            yield from (past for _, past in rows)
            if len(rows) < SLICE:
                return
            number, newest = rows[-1]
            last = (newest.wall, number)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:  # of a folder that may not be looked into
        raise DataError(f"history {path} can't be read: {error.strerror}") from error


def _condition(
    region: str | None, since: float | None, until: float | None
) -> tuple[str, list[Any]]:
    """What rows must fulfil, in SQL, and the values in it."""
    asked = (("region = ?", region), ("wall >= ?", since), ("wall < ?", until))
    given = [(term, value) for term, value in asked if value is not None]
    return " AND ".join(["1", *(term for term, _ in given)]), [value for _, value in given]


def _open(path: Path) -> sqlite3.Connection:
    """The file, which can't be written through it.

    :raises DataError: where it can't be read, or is no history.
    """
    import sqlite3  # noqa: PLC0415  3 ms and a megabyte, and most of the program has no history

    try:
        database = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=_WAIT_SECONDS,
            isolation_level=None,
        )
    except (sqlite3.Error, ValueError) as error:  # ValueError: a name with a NUL
        raise DataError(f"history {path} can't be read: {error}") from error
    try:
        stranger = stranger_reason(database)
    except sqlite3.Error as error:
        database.close()
        raise DataError(f"history {path} can't be read: {error}") from error
    if stranger:
        database.close()
        raise DataError(f"history {path} can't be read: {stranger}")
    return database


def stranger_reason(database: sqlite3.Connection) -> str:
    """Why a file is not to be touched, or nothing where it is ours, or new."""
    # tables first: a daemon makes all of it at once, perhaps just now
    tables, application, version = (
        database.execute(question).fetchone()[0]
        for question in (
            "SELECT count(*) FROM sqlite_schema",
            "PRAGMA application_id",
            "PRAGMA user_version",
        )
    )
    if application != APPLICATION:
        return "it is another program's database" if application or tables else ""
    if version > VERSION:
        return f"it is of version {version}, and this program knows {VERSION}: upgrade it"
    return ""


def _rows(
    path: Path, database: sqlite3.Connection, query: str, values: list[Any]
) -> list[tuple[int, Past]]:
    """Rows with their numbers; none of a file in which the daemon has written nothing yet."""
    import sqlite3  # noqa: PLC0415  it is loaded by now

    try:
        if not database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            return []
        rows = database.execute(query, values).fetchall()
        return [
            (number, msgspec.convert(dict(zip(Past.__struct_fields__, row, strict=True)), Past))
            for number, *row in rows
        ]
    except (sqlite3.Error, msgspec.ValidationError) as error:
        raise DataError(f"history {path} can't be read: {error}") from error
