"""The output that keeps readings: in memory for a minute, then in a file."""

from __future__ import annotations

import logging
import sqlite3
import stat
from collections import defaultdict
from pathlib import Path
from threading import Event, Thread
from typing import Final, Self

from tinydigits.clock import wall_offset_at
from tinydigits.errors import ConfigError
from tinydigits.files import may_be
from tinydigits.history import Past
from tinydigits.output_tables import HistoryConfig
from tinydigits.outputs.backlog import Backlog
from tinydigits.outputs.history_file import HistoryFile, Kept, StrangerError
from tinydigits.outputs.retention import Limits
from tinydigits.outputs.told import Told
from tinydigits.outputs.worth import Worth
from tinydigits.own_file import own_path
from tinydigits.status.document import OutputState

log = logging.getLogger(__name__)

WRITE_SECONDS: Final = 60.0
"""Between two writes, unless there is a whole batch before: memory cards wear out."""

WAITING: Final = 5_000
"""Readings that wait at most while nothing can be written: two megabytes, and days of a meter."""

BATCH: Final = 1_000
"""Readings that are written at a time ..."""

BATCH_TEXT: Final = 2**16
"""... unless they have so many characters before: with up to four bytes each that is a quarter of
what a history keeps free for it."""

TOGETHER_SECONDS: Final = 1.0
"""For which more is waited for where nothing came for long: a frame is read in several regions."""

LEAVE_SECONDS: Final = 0.4
"""For the last write; the program has two seconds for all it does when it is told to stop."""

_WHY: Final = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_BUSY": "another program has it locked",
    "SQLITE_CANTOPEN": "it can't be opened: is its folder there, and may files be made in it?",
    "SQLITE_READONLY": "it may not be written",
    "SQLITE_IOERR": "the disk fails",
}
"""What people are told where SQLite's words are for programmers."""


class HistoryOutput:
    """Keeps what is worth it of every region's readings in a file.

    A thread writes, once in ``write_seconds`` or when there is a whole batch. While it can't,
    readings wait, the oldest make room for new ones, and it tries again as often.

    :raises ConfigError: where there can be no such file.
    """

    def __init__(self, config: HistoryConfig, write_seconds: float = WRITE_SECONDS) -> None:
        self._path = own_path(config.file)
        if not may_be(self._path, stat.S_ISREG):
            raise ConfigError(f"history.file is {config.file!r}: that is no name of a file")
        self._limits = Limits(config.days, config.max_bytes)
        self._worth: dict[str, Worth] = defaultdict(lambda: Worth(config.seconds))
        self._backlog: Backlog[Kept] = Backlog(WAITING)
        self._batch: list[Kept] = []
        self._write_seconds = write_seconds
        self._trouble = ""
        self._works = Event()
        self._due = Event()
        self._ended = Event()
        self._thread = Thread(target=self._work, name="history", daemon=True)

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    @property
    def state(self) -> OutputState:
        """How it is."""
        waiting = len(self._backlog) + len(self._batch)
        return OutputState(waiting, self._backlog.dropped, self._trouble)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._due.set()
        self._backlog.close()
        self._thread.join(LEAVE_SECONDS)
        if waiting := self.state.waiting:
            log.warning("the history can't be written: the last readings are lost: %d", waiting)

    def put(self, told: Told) -> None:
        """Note what is worth keeping of a frame's readings; the frame is not held."""
        wall, now = told.result.wall, told.result.monotonic
        ahead = wall_offset_at(wall, now)  # the clock may have been set since
        for reading, verdict in told.pairs():
            new = Kept(Past.from_verdict(wall, reading, verdict), ahead)
            for kept in self._worth[reading.region].kept(new, now):
                self._backlog.put(kept)
        if len(self._backlog) >= BATCH and not self._trouble:
            self._due.set()

    def wait(self, seconds: float) -> bool:
        """Wait so long at most until something could be written; whether it could."""
        return self._works.wait(seconds)

    def _work(self) -> None:
        with HistoryFile(self._path, self._limits) as file:
            while self._take():
                written = self._write(file)
                if self._ended.is_set():
                    if not written:
                        return
                elif not written or not len(self._backlog):
                    self._due.wait(self._write_seconds)
                    self._due.clear()

    def _take(self) -> bool:
        """Wait for what is to be written, and take a batch of it; false at the end."""
        is_idle = not len(self._backlog)
        if not self._batch and (kept := self._backlog.take()):
            self._batch.append(kept)
            if is_idle:
                self._ended.wait(min(TOGETHER_SECONDS, self._write_seconds))
        length = sum(kept.length for kept in self._batch)
        while len(self._batch) < BATCH and length < BATCH_TEXT and (kept := self._backlog.take(0)):
            self._batch.append(kept)
            length += kept.length
        return bool(self._batch)

    def _write(self, file: HistoryFile) -> bool:
        """Write the batch; whether that worked."""
        try:
            file.write(self._batch)
        except (sqlite3.Error, OSError, StrangerError) as error:
            self._tell(_reason(error))
            return False
        self._batch.clear()
        self._works.set()
        if self._trouble:
            log.info("readings are kept again; lost since the start: %d", self._backlog.dropped)
        self._trouble = ""
        return True

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("readings can't be kept in %s: %s", self._path, trouble)
        self._trouble = trouble


def _reason(error: Exception) -> str:
    name = getattr(error, "sqlite_errorname", "")
    for known, words in _WHY.items():
        if name.startswith(known):
            return words
    return getattr(error, "strerror", None) or str(error)
