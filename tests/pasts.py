"""Readings of a history, and the file it is in."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
from msgspec.structs import replace

from tinydigits.clock import wall_offset
from tinydigits.config import load_config
from tinydigits.frame import Frame
from tinydigits.history import Past
from tinydigits.judge import Verdict
from tinydigits.outputs.history import HistoryOutput
from tinydigits.outputs.history_file import HistoryFile, Kept
from tinydigits.outputs.retention import Limits
from tinydigits.outputs.told import Told
from tinydigits.reader import FrameReadings, Reading
from tinydigits.rules import Reason

BEGAN: Final = 1_795_400_000.0
AHEAD: Final = wall_offset()
"""Asked once, so that frames are exactly as far apart by both clocks."""

LIMITS: Final = Limits(days=400.0, max_bytes=100_000_000)


def past(number: int = 0, **changes: Any) -> Past:
    """A reading that was accepted, one of a row."""
    value = Decimal(number).scaleb(-2)
    usual = Past(BEGAN + number, "gas", f"{value:09.2f}", value, "accepted", 0.99, "")
    return replace(usual, **changes)


def told(*pasts: Past, ahead: float = AHEAD) -> Told:
    """A frame in which this was read, all at once, with a wall clock that is so far ahead."""
    readings, verdicts = [], []
    for one in pasts:
        code, _, words = one.reason.partition(": ")
        reasons = (Reason(code, words),) if code else ()  # type: ignore[arg-type]  # any code
        readings.append(Reading(one.region, one.text, one.confidence, False, (), ()))
        verdicts.append(Verdict(one.status, one.value, 0.0, one.text, reasons, None))
    wall = pasts[0].wall
    frame = Frame(np.zeros((8, 8), np.uint8), "test")
    result = FrameReadings("test", 0, wall - ahead, wall, tuple(readings), {})
    return Told(frame, result, tuple(verdicts))


def output(path: Path, *, write_seconds: float = 0.01, **changes: Any) -> HistoryOutput:
    """An output that keeps all, and writes at once."""
    table = {"file": str(path), "seconds": 0.0, **changes}
    return HistoryOutput(load_config(changes={"history": table}).history, write_seconds)


def until(happened: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until it is so."""
    limit = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < limit
        time.sleep(0.005)


def keep(path: Path, *pasts: Past, limits: Limits = LIMITS, ahead: float | None = None) -> None:
    """Write readings to a file."""
    now = wall_offset() if ahead is None else ahead
    with HistoryFile(path, limits) as file:
        file.write([Kept(one, now) for one in pasts])


@contextmanager
def sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    """The file as another program opens it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        yield database
