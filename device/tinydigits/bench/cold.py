"""Cold start: from the start of a process to its first reading.

Cold is the process. The files it loads are in the system's memory after the first start, which is
not counted.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from tinydigits.bench.judge import load_doubts, load_over
from tinydigits.bench.machine import Moment
from tinydigits.bench.result import ColdStart
from tinydigits.bench.start import FLOOR, STEPS
from tinydigits.errors import UsageError

LONGEST: Final = 120.0
"""Seconds for a start: the smallest computers need ten from a cold card."""

_START: Final = "import sys; from tinydigits.bench.start import main; main(*sys.argv[1:])"
"""As the command's own script starts it: ``python -m`` would import more."""


@dataclass(frozen=True)
class Start:
    """Seconds that each step of a start took, and bytes held after each, by its name."""

    seconds: dict[str, float]
    memory: dict[str, int]


def measure_cold_start(
    model: Path, picture: Path, starts: int, progress: Callable[[float], None]
) -> ColdStart:
    """Start an interpreter so many times, and one for the floor after each.

    :param picture: is read first, whatever it shows.
    :raises UsageError: where an interpreter fails.
    """
    measured: list[Start] = []
    floor: list[float] = []
    before = Moment.now()
    for done in range(starts + 1):  # the first brings the files into memory
        measured.append(start_once(model, picture))
        floor.append(_floor_once())
        progress((done + 1) / (starts + 1))
    after = Moment.now()
    seconds = [one.seconds for one in measured[1:]]
    return ColdStart(
        parts={step: tuple(one[step] for one in seconds) for step in STEPS},
        total=tuple(sum(one.values()) for one in seconds),
        floor=tuple(floor[1:]),
        doubts=tuple(load_doubts(load_over([(before, after)]), after.monotonic - before.monotonic)),
    )


def start_once(model: Path, picture: Path) -> Start:
    """Read a picture in a fresh interpreter.

    :raises UsageError: where that fails.
    """
    began, told = _in_fresh_interpreter(_START, str(model), str(picture))
    pairs = [line.split() for line in told.splitlines()]
    moments = [began, *(float(moment) for moment, _ in pairs)]
    spent = [later - sooner for sooner, later in pairwise(moments)]
    return Start(
        dict(zip(STEPS, spent, strict=True)),
        {step: int(memory) for step, (_, memory) in zip(STEPS, pairs, strict=True)},
    )


def _floor_once() -> float:
    began, told = _in_fresh_interpreter(FLOOR)
    return float(told) - began


def _in_fresh_interpreter(code: str, *arguments: str) -> tuple[float, str]:
    """When it was started, on the monotonic clock, and what it printed."""
    began = time.monotonic()
    try:
        ended = subprocess.run(  # noqa: S603  our own interpreter
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"a start was not over after {LONGEST:.0f} s") from error
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"]
        raise UsageError(f"a first reading in a fresh interpreter failed: {said[-1]}")
    return began, ended.stdout
