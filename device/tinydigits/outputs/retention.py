"""What of a history is forgotten, and how its file stays within its size."""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec

DAY: Final = 86_400.0

AGED: Final = 100
"""Readings that are forgotten for their age with each write, beside twice those that come: hardly
any work, and a clock that is years ahead by mistake takes a day to do away with a year."""

SHARE: Final = 50
"""Of the readings one of so many is forgotten at a time, where the file is full ..."""

MOST_SURPLUS: Final = 10_000
"""... and so many at most: half a megabyte, which is written in a moment."""

ROUNDS: Final = 3
"""Of forgetting in one write, where what comes is larger than what goes."""

FREE_PAGES: Final = 64
"""That a file may have for what comes; the more than that are given back to the disk ..."""

GIVEN_BACK: Final = 64
"""... so many at a time: a quarter of a megabyte is moved within the file at most."""

LOG_BYTES: Final = 2**18
"""What the database's log may keep of its length once it is empty."""

RESERVE: Final = 2**20
"""Bytes, of the size that a history may have, for the log and for a batch before others go."""


class Limits(msgspec.Struct, frozen=True):
    """How old readings may get, in days, and how large all files of the history, in bytes."""

    days: float
    max_bytes: int


def forget(database: sqlite3.Connection, limits: Limits, wall: float, written: int) -> None:
    """Forget what is too old at this time, and the oldest while it is too much.

    It belongs into the transaction that writes so many.
    """
    database.execute(
        "DELETE FROM reading WHERE id IN "
        "(SELECT id FROM reading WHERE wall < ? ORDER BY wall LIMIT ?)",
        (wall - limits.days * DAY, AGED + 2 * written),
    )
    for _ in range(ROUNDS):
        if _used(database) <= _most_pages(database, limits):
            return
        first, last = database.execute("SELECT min(id), max(id) FROM reading").fetchone()
        if first is None:
            return
        surplus = min(max((last - first) // SHARE, 2 * written), MOST_SURPLUS)
        database.execute("DELETE FROM reading WHERE id <= ?", (first + surplus,))


def give_back(database: sqlite3.Connection, limits: Limits) -> None:
    """Give free pages back to the disk where there are many, or the file is too large."""
    pages, free = _pragma(database, "page_count"), _pragma(database, "freelist_count")
    surplus = max(free - FREE_PAGES, min(free, pages - _most_pages(database, limits)))
    if surplus > 0:
        # not execute(), which stops after the first page: it takes it for a row
        database.executescript(f"PRAGMA incremental_vacuum({min(surplus, GIVEN_BACK)})")


def _used(database: sqlite3.Connection) -> int:
    return _pragma(database, "page_count") - _pragma(database, "freelist_count")


def _most_pages(database: sqlite3.Connection, limits: Limits) -> int:
    return (limits.max_bytes - RESERVE) // _pragma(database, "page_size")


def _pragma(database: sqlite3.Connection, name: str) -> int:
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])
