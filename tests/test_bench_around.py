"""All that is measured of the process, in one go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from bench_results import bench_result
from tinydigits.bench import around
from tinydigits.bench.around import measure_around
from tinydigits.bench.duty import RATES
from tinydigits.bench.inputs import FrameSet
from tinydigits.bench.result import Duty
from tinydigits.errors import UsageError

FRAMES = FrameSet((np.zeros((8, 8), np.uint8),), ("1",), "made up")
RESULT = bench_result()


def stand_in(answer: Any) -> Callable[..., Any]:
    """A measurement that takes no time."""

    def measure(*arguments: Any) -> Any:
        arguments[-1](1.0)
        return answer

    return measure


def at_rate(*arguments: Any) -> Duty:
    """The same at a rate."""
    _, _, fps, seconds, told = arguments
    assert seconds == 2.5
    told(1.0)
    return replace(RESULT.duty[0], fps=fps)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started."""
    monkeypatch.setattr(around, "measure_cold_start", stand_in(RESULT.cold_start))
    monkeypatch.setattr(around, "measure_memory", stand_in(RESULT.memory))
    monkeypatch.setattr(around, "measure_duty", at_rate)


def test_all() -> None:
    """Start, memory and every rate are measured, and told while that goes on."""
    told: list[tuple[str, float]] = []
    found = measure_around(Path("m"), FRAMES, 3, 2.5, lambda *what: told.append(what))
    assert found.cold_start == RESULT.cold_start
    assert found.memory == RESULT.memory
    assert [one.fps for one in found.duty] == list(RATES)
    assert found.skipped == {}
    assert [name for name, _ in told] == [
        "cold start",
        "memory",
        "1 fps",
        "5 fps",
        "15 fps",
        "30 fps",
    ]


def test_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that fails says why, and the others are measured all the same."""

    def failing(*_: Any) -> None:
        raise UsageError("it ended")

    monkeypatch.setattr(around, "measure_memory", failing)
    found = measure_around(Path("m"), FRAMES, 3, 2.5, lambda *_: None)
    assert found.memory is None
    assert found.cold_start == RESULT.cold_start
    assert found.skipped == {"memory": "it ended"}
