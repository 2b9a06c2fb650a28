"""The file that readings are kept in: an SQLite database that others may read all the while.

With a log that is brought to the disk before it is emptied into the database, and only then (WAL,
``synchronous=NORMAL``), no power cut damages it: it takes what had not come to the disk.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self

import msgspec

from tinydigits.clock import wall_offset
from tinydigits.history import APPLICATION, COLUMNS, VERSION, Past, stranger_reason
from tinydigits.outputs.retention import LOG_BYTES, Limits, forget, give_back
from tinydigits.own_file import put_aside

log = logging.getLogger(__name__)

BUSY_SECONDS: Final = 0.2
"""For another program that writes to the file; whoever ends this one doesn't wait for longer."""

LOG_PAGES: Final = 64
"""The log is emptied when it has so many: the same few pages change again and again, so that more
would save little."""

MOST_LOG_BYTES: Final = 2**23
"""A log that is longer can't be emptied, as another program reads the file without an end."""

SYNC_SECONDS: Final = 3600.0
"""The log is emptied at least so often, where there is something in it: what was written before
that is on the disk, by all that a disk promises."""

STEP_SECONDS: Final = 2.0
"""From this on a wall clock was set anew; time servers correct less than that without a step."""

MOST_STEPPED: Final = 100_000
"""Readings whose times are put right, the last ones: seconds of work on the smallest computers."""

MOST_TEXT: Final = 500
"""Characters of a text that are kept. A frame of texture can be read as many lines."""

CACHE_KIB: Final = 256
"""SQLite's own would take two megabytes."""

SCHEMA: Final = f"""
    CREATE TABLE reading (
        id INTEGER PRIMARY KEY,
        wall REAL NOT NULL,       -- seconds on the Unix clock
        region TEXT NOT NULL,
        text TEXT NOT NULL,
        value TEXT,               -- a decimal number, exact
        status TEXT NOT NULL,
        confidence REAL NOT NULL,
        reason TEXT NOT NULL
    );
    CREATE INDEX reading_wall ON reading (wall);
    CREATE TABLE clock (          -- one row: what the wall clock was found to be at the last write
        boot TEXT NOT NULL,       -- which start of the computer this was in
        first INTEGER NOT NULL,   -- the first reading since that start
        ahead REAL NOT NULL       -- seconds that the wall clock was ahead of the time since then
    );
    PRAGMA application_id = {APPLICATION};
    PRAGMA user_version = {VERSION};
"""


class Kept(msgspec.Struct, frozen=True):
    """A reading, and how far the wall clock was ahead then: ``wall_offset()``."""

    past: Past
    ahead: float

    @property
    def length(self) -> int:
        """Characters of it that are kept."""
        texts = self.past.text, self.past.reason
        return len(self.past.region) + sum(min(len(text), MOST_TEXT) for text in texts)


class StrangerError(Exception):
    """A file that is not ours to touch."""


class HistoryFile:
    """Writes readings, each batch whole or not at all.

    A file that is damaged is put aside, and a new one made. All may raise :class:`OSError`,
    :class:`sqlite3.Error` and :class:`StrangerError`; the next call tries again.

    :param wall: gives seconds on the Unix clock.
    """

    def __init__(self, path: Path, limits: Limits, wall: Callable[[], float] = time.time) -> None:
        self._path = path
        self._limits = limits
        self._wall = wall
        self._database: sqlite3.Connection | None = None
        self._inode = 0
        self._synced_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def write(self, batch: Sequence[Kept]) -> None:
        """Write readings, forget what is too old or too much, and keep the log short."""
        try:
            self._write(batch)
        except sqlite3.DatabaseError as error:
            self.close()
            if not _is_damaged(error):
                raise
            self._put_aside(error)
            self._write(batch)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it, with all that was written in the database itself."""
        if self._database:
            with suppress(sqlite3.Error):
                self._database.close()
        self._database = None

    def _write(self, batch: Sequence[Kept]) -> None:
        database = self._opened()
        # what may fail comes before what may not be done twice
        self._keep_log_short(database)
        give_back(database, self._limits)
        ahead = wall_offset()
        with _transaction(database):
            _put_right(database, ahead)
            forget(database, self._limits, self._wall(), len(batch))
            database.executemany(
                f"INSERT INTO reading ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                (_row(kept, ahead) for kept in batch),
            )

    def _opened(self) -> sqlite3.Connection:
        if self._database and self._is_replaced():
            self.close()
        if self._database is None:
            self._database = _open(self._path)
            self._inode = self._path.stat().st_ino
        return self._database

    def _is_replaced(self) -> bool:
        """Whether somebody has removed the file, or put another in its place."""
        try:
            return self._path.stat().st_ino != self._inode
        except FileNotFoundError:
            return True

    def _keep_log_short(self, database: sqlite3.Connection) -> None:
        now = time.monotonic()
        if self._log_bytes() > MOST_LOG_BYTES:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if self._log_bytes() > MOST_LOG_BYTES:
                raise sqlite3.OperationalError("another program reads it without an end")
        elif now - self._synced_at >= SYNC_SECONDS:
            database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            self._synced_at = now

    def _log_bytes(self) -> int:
        try:
            return _log_of(self._path).stat().st_size
        except FileNotFoundError:  # a network's file system has no place for one
            return 0

    def _put_aside(self, error: sqlite3.Error) -> None:
        log.warning("history %s is damaged, %s: %s", self._path, put_aside(self._path), error)
        aside = self._path.with_name(f"{self._path.name}.bad")
        with suppress(OSError):  # its log, with what may be saved, goes with it
            _log_of(self._path).replace(_log_of(aside))
        with suppress(OSError):
            self._path.with_name(f"{self._path.name}-shm").unlink()


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path.absolute(), timeout=BUSY_SECONDS, isolation_level=None)
    try:
        set_up(database)
    except BaseException:
        database.close()
        raise
    return database


def set_up(database: sqlite3.Connection) -> None:
    """Make a history of what was opened, or look whether it is one.

    :raises StrangerError: where it is something else.
    """
    stranger = stranger_reason(database)
    if stranger:
        raise StrangerError(stranger)
    database.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a new file
    database.execute("PRAGMA journal_mode = WAL").fetchone()
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("PRAGMA secure_delete = OFF").fetchone()  # Debian's writes zeros over all
    database.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}").fetchone()
    database.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}").fetchone()
    database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    if not database.execute("PRAGMA user_version").fetchone()[0]:
        with _transaction(database):
            for statement in SCHEMA.split(";"):
                database.execute(statement)


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:  # a full disk ends it by itself
            database.execute("ROLLBACK")
        raise


def _row(kept: Kept, ahead: float) -> tuple[float | str | None, ...]:
    past, step = kept.past, ahead - kept.ahead
    return (
        past.wall + (step if abs(step) >= STEP_SECONDS else 0.0),
        past.region,
        past.text[:MOST_TEXT],
        None if past.value is None else f"{past.value:f}",
        past.status,
        past.confidence,
        past.reason[:MOST_TEXT],
    )


def _put_right(database: sqlite3.Connection, ahead: float) -> None:
    """Put the times right of what was read since the computer started, where its clock was wrong.

    A computer without a battery starts with the time at which it was switched off, and reads until
    a time server has been asked: then the clock makes a step, and so do those readings.
    """
    boot = _boot()
    row = database.execute("SELECT boot, first, ahead FROM clock").fetchone()
    next_one = database.execute("SELECT coalesce(max(id), 0) + 1 FROM reading").fetchone()[0]
    if row is None or row[0] != boot:
        database.execute("DELETE FROM clock")
        database.execute("INSERT INTO clock VALUES (?, ?, ?)", (boot, next_one, ahead))
        return
    _, first, before = row
    step = ahead - before
    if abs(step) >= STEP_SECONDS:
        database.execute(
            "UPDATE reading SET wall = wall + ? WHERE id >= ?",
            (step, max(first, next_one - MOST_STEPPED)),
        )
        database.execute("UPDATE clock SET ahead = ?", (ahead,))


def _boot() -> str:
    """Which start of the computer this is; no other but this process's where that isn't told."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"process {os.getpid()} of {time.monotonic_ns()}"


def _is_damaged(error: sqlite3.Error) -> bool:
    """Whether it is the file that is wrong, and not what is around it."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }
