"""The log on standard error: for people in a terminal, for systemd's journal, and never a flood."""

from __future__ import annotations

import copy
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Final

import msgspec

STREAM_VARIABLE: Final = "JOURNAL_STREAM"
"""Where systemd tells which file is connected to the journal, as device:inode."""

CALM_SECONDS: Final = 600.0
"""For so long a message is only counted that was told."""

_MESSAGES: Final = 100
"""Different ones that are remembered."""

_MINUTE: Final = 60


def to_journal() -> bool:
    """Whether standard error goes to systemd's journal, which marks the program's name itself."""
    stream = os.environ.get(STREAM_VARIABLE)
    if not stream or sys.stderr is None:
        return False
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):  # it is closed, or no file
        return False
    return stream == f"{status.st_dev}:{status.st_ino}"


def line_start(name: str, level: int) -> str:
    """What a line of the log begins with: the program's name, or a syslog priority."""
    return f"<{_priority(level)}>" if to_journal() else f"{name}: "


def _priority(level: int) -> int:
    """Of syslog(3): 3 is an error, 4 a warning, 6 information, 7 for debugging."""
    for least, priority in ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6)):
        if level >= least:
            return priority
    return 7


def one_line(text: str) -> str:
    """Text without line breaks and control codes, which terminals obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class OneLineFormatter(logging.Formatter):
    """Log records as commands complain: one line each, whatever foreign text they quote."""

    def __init__(self, name: str) -> None:
        super().__init__("%(message)s")
        self._name = name

    def format(self, record: logging.LogRecord) -> str:
        """The whole line."""
        return line_start(self._name, record.levelno) + one_line(super().format(record))


class _Told(msgspec.Struct):
    """A message that was told, and the records that have only been counted since."""

    since: float
    last: logging.LogRecord
    more: int = 0


class CalmHandler(logging.StreamHandler):  # type: ignore[type-arg]  # 3.11 can't subscribe to it
    """Tells a message once in ten minutes, and how often it would have been told in between.

    Messages are the same where they differ in numbers alone; ``clock`` gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._told: dict[object, _Told] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Tell it, or count it."""
        now = self._clock()
        key = _key(record)
        told = self._told.get(key)
        if told and now - told.since < CALM_SECONDS:
            told.last, told.more = record, told.more + 1
            return
        if told:
            self._told.pop(key)
            record = _counted(record, told, now)
        self._forget(now)
        self._told[key] = _Told(now, record)
        super().emit(record)

    def finish(self) -> None:
        """Tell of what has only been counted."""
        self.acquire()
        try:
            self._forget(self._clock() + CALM_SECONDS)
        finally:
            self.release()

    def _forget(self, now: float) -> None:
        """Forget what was told long ago, or first; the dictionary has them in order."""
        for key, told in list(self._told.items()):
            if now - told.since < CALM_SECONDS and len(self._told) < _MESSAGES:
                break
            del self._told[key]
            if told.more:
                super().emit(_counted(told.last, told, min(now, self._clock())))


def _key(record: logging.LogRecord) -> object:
    if not isinstance(record.args, tuple):
        return record.getMessage()
    texts = [str(value) for value in record.args if not isinstance(value, int | float)]
    return record.msg, tuple(texts)


def _counted(record: logging.LogRecord, told: _Told, now: float) -> logging.LogRecord:
    """The record with how often its message came since it was told."""
    if not told.more:
        return record
    seconds = now - told.since
    span = f"{seconds / _MINUTE:.0f} min" if seconds >= _MINUTE else f"{seconds:.0f} s"
    counted = copy.copy(record)
    counted.msg = f"{record.getMessage()} (the same {told.more} times more in {span})"
    counted.args = None
    return counted
