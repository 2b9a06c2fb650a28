"""The program itself, watched from outside: its share of a processor, its memory, its energy."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from test_bench_judge import BEFORE, CALM, SECONDS
from tinydigits.bench.duty import BEGUN, duty_of
from tinydigits.bench.energy import joules_a_sample
from tinydigits.bench.inputs import FrameSet
from tinydigits.bench.process import memory_of, peak_memory_of, processor_seconds_of
from tinydigits.bench.program import Course, watch_program
from tinydigits.classifier import DEFAULT_MODEL
from tinydigits.errors import UsageError

MIB = 2**20


def course(fps: float, count: int) -> Course:
    """Readings at a rate, each a tenth of a second of a processor."""
    return Course(
        moments=[100 + k / fps for k in range(count)],
        processor=[0.1 * k for k in range(count)],
        memory=[50 * MIB] * count,
        texts=["12"] * count,
        peak=60 * MIB,
    )


@pytest.mark.parametrize(("read", "missed"), [(10.0, 0), (9.99, 0), (5.0, 20), (8.0, 5)])
def test_missed(read: float, missed: int) -> None:
    """Frames that were due and not read are missed: half, where reading takes twice as long."""
    frames = FrameSet((np.zeros((480, 640), np.uint8),), ("12",), "made up")
    duty = duty_of(course(read, 20 + BEGUN + 1), frames, 10.0)
    assert duty.frames == 20
    assert duty.missed == missed
    assert duty.processor == pytest.approx(0.1 * read)


def test_wrong() -> None:
    """Readings are held against what the frames, shown in turn, show."""
    shown = Course(texts=["12", "34", "12", "35"])
    assert shown.wrong(("12", "34")) == 1


def test_ended(tmp_path: Path) -> None:
    """A program that ends before its time says why."""
    with pytest.raises(UsageError, match=r"tinydigits run ended before its time: .*picture"):
        watch_program(tmp_path, DEFAULT_MODEL, 1.0, 1.0, lambda _: None)


def test_process() -> None:
    """A process is seen from outside as it sees itself."""
    me = os.getpid()
    assert MIB < memory_of(me) <= peak_memory_of(me)
    before = time.process_time()
    seen = processor_seconds_of(me)
    assert before <= seen <= time.process_time()


def test_energy() -> None:
    """Energy for each answer is what the processor counted, or the power times the time."""
    before, after = replace(BEFORE, energy=100.0), replace(CALM, energy=150.0)
    assert joules_a_sample([(before, after)], 1000) == pytest.approx(0.05)
    assert joules_a_sample(2 * [(before, after)], 1000) == pytest.approx(0.1)
    told = joules_a_sample([(before, after)], 1000, watts=3.0)
    assert told == pytest.approx(3 * SECONDS / 1000)
    assert joules_a_sample([(BEFORE, CALM)], 1000) is None
    assert joules_a_sample([(after, before)], 1000) is None
    assert joules_a_sample([(before, after)], 0) is None
