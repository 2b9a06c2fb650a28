"""The benchmark with real processes, and beside MLCommons' LoadGen, which measures the same.

Too long among quick tests. Run with ``make slow``.
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec
import numpy as np
import pytest

from command_line import Capture, printed
from samples import picture_of
from tinydigits.__main__ import main
from tinydigits.bench.cold import measure_cold_start
from tinydigits.bench.duty import measure_duty
from tinydigits.bench.inputs import SIZES, FrameSet, GlyphSet, drawn_frames, drawn_glyphs
from tinydigits.bench.loadgen import LEAST_QUERIES, generate
from tinydigits.bench.memory import measure_memory
from tinydigits.bench.messages import Generate
from tinydigits.bench.plan import SCENARIOS
from tinydigits.bench.result import Result, Scenario
from tinydigits.bench.runners.ort import open_frames
from tinydigits.bench.scenario import (
    Indices,
    Length,
    System,
    lead_in,
    one_after_the_other,
    one_at_random,
)
from tinydigits.bench.start import STEPS
from tinydigits.bench.stats import percentile
from tinydigits.bench.systems import FrameSystem, GlyphSystem
from tinydigits.classifier import DEFAULT_MODEL, Classifier, Probabilities

MIB: Final = 2**20

PARTS: Final = 5
MOST_PARTS: Final = 25
PART_SECONDS: Final = 0.2
"""Of a run that we and LoadGen measure in turn; of the ratios of their percentiles the median
counts."""

AGREED: Final = 0.05

SHARE: Final = 0.9
"""Of the queries, whose percentile is compared: p99 is about what other programs do meanwhile."""

LOAD: Final = 0.25
"""Of Server, as a share of what can be answered: with more, how long queries wait for each other
differs from run to run by much more than what is compared."""


@pytest.fixture(scope="module")
def frames() -> FrameSet:
    """Small frames with five digits each."""
    return drawn_frames(Classifier.load(DEFAULT_MODEL).card, (320, 240), 5)


def nobody(_: float) -> None:
    """Progress that nobody looks at."""


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture with a number."""
    path = tmp_path / "27.png"
    picture_of("27").save(path)
    return path


def test_duty(frames: FrameSet) -> None:
    """At a rate it can follow the program reads every frame, and leaves much of a processor."""
    duty = measure_duty(DEFAULT_MODEL, frames, 10.0, 0.5, nobody)
    assert (duty.fps, duty.width, duty.height) == (10.0, 320, 240)
    assert duty.frames >= 4
    assert duty.wrong == 0
    assert 0 < duty.processor < 1
    assert 20 * MIB < duty.memory < 200 * MIB


def test_memory(frames: FrameSet) -> None:
    """Memory is told after each step, at its peak, and as it stays."""
    memory = measure_memory(DEFAULT_MODEL, frames, 0.2, nobody)
    assert tuple(memory.after) == STEPS
    assert list(memory.after.values()) == sorted(memory.after.values())
    assert 20 * MIB < memory.steady <= memory.peak < 200 * MIB


def test_cold_start(picture: Path) -> None:
    """Every start is told in steps, which make up the whole, and so is what it can't do without."""
    done: list[float] = []
    cold = measure_cold_start(DEFAULT_MODEL, picture, 1, done.append)
    assert done == [0.5, 1.0]
    assert tuple(cold.parts) == STEPS
    assert all(len(seconds) == 1 and seconds[0] > 0 for seconds in cold.parts.values())
    assert cold.total == pytest.approx([sum(seconds[0] for seconds in cold.parts.values())])
    assert len(cold.floor) == 1
    assert 0 < cold.floor[0] < 2 * cold.total[0]


def test_frames(capsys: Capture) -> None:
    """Frames are read with the device's own reader, whose stages are told."""
    arguments = ["bench", "--subject", "frame", "--scenario", "SingleStream", "--size", "160x120"]
    arguments += ["--digits", "2", "--runner", "ort", "ssocr", "--seconds", "0.01", "--json"]
    assert main(arguments) == 0
    result = msgspec.json.decode(printed(capsys), type=Result)
    (own,) = (one for one in result.measurements if one.runner == "ort")
    assert (own.width, own.height, own.digits, own.wrong) == (160, 120, 2, 0)
    assert {"ink", "segment", "classify"} <= set(own.stages)
    assert all(seconds > 0 for seconds in own.stages.values())
    assert len(result.measurements) + len(result.skipped) == 2


class Pages:
    """A system that is asked about pages of glyphs, as the model reads them in one call: one takes
    long enough for what a call through LoadGen's Python costs, and for no more.
    """

    def __init__(self, glyphs: GlyphSet, page: int) -> None:
        self._system = GlyphSystem(Classifier.load(DEFAULT_MODEL).probabilities, glyphs)
        self._page = page
        self.samples = len(glyphs.glyphs) // page

    def answer(self, samples: Indices) -> Probabilities:
        """The probabilities of all glyphs on some pages."""
        return self._system.answer(self._glyphs(samples))

    def wrong(self, samples: Indices, answer: Probabilities) -> int:
        """How many glyphs were read wrongly."""
        return self._system.wrong(self._glyphs(samples), answer)

    def _glyphs(self, samples: Indices) -> Indices:
        return (self._page * samples[:, None] + np.arange(self._page)).ravel()


def seconds_alone(system: System[Any]) -> float:
    """Of a sample, once all is warm."""
    lead_in(system, 1)
    return float(np.median(one_after_the_other(system, Length(0.0, 20), 1).times))


def by_us(system: System[Any], scenario: Scenario) -> float:
    """The percentile, or in Offline the rate, as we measure it."""
    alone = seconds_alone(system)
    length = Length(PART_SECONDS, LEAST_QUERIES[scenario])
    if scenario == "Server":
        times = one_at_random(system, length, LOAD / alone, seed=time.monotonic_ns()).times
    elif scenario == "Offline":
        whole = max(1, round(PART_SECONDS / alone))
        run = one_after_the_other(system, Length(0.0), whole)
        return whole / float(run.times.sum())
    else:
        times = one_after_the_other(system, length, 8 if scenario == "MultiStream" else 1).times
    return percentile(times, SHARE).seconds


def by_loadgen(system: System[Any], scenario: Scenario) -> float | None:
    """The same as LoadGen measures it; nothing where it doesn't call the run valid."""
    alone = seconds_alone(system)
    rate = (LOAD if scenario == "Server" else 1.0) / alone
    told = generate(system, Generate(scenario, PART_SECONDS, rate, 1.0, time.monotonic_ns()))
    assert told.wrong == 0
    if not told.valid:
        print(told.summary)
        return None
    if scenario == "Offline":
        assert told.rate is not None
        return told.rate
    return dict(told.percentiles)[SHARE]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_loadgen_agrees(scenario: Scenario) -> None:
    """MLCommons' LoadGen finds runs of ours valid, and its figure is within 5 % of ours."""
    pytest.importorskip("mlperf_loadgen", reason="pip install 'tinydigits[loadgen]'")
    card = Classifier.load(DEFAULT_MODEL).card
    system: System[Any]
    if scenario in {"SingleStream", "Offline"}:
        read = open_frames(DEFAULT_MODEL.read_bytes())
        system = FrameSystem(read, drawn_frames(card, SIZES[0], 5))
    else:  # which want hundreds of queries
        system = Pages(drawn_glyphs(card), 2 if scenario == "MultiStream" else 24)
    ratios: list[float] = []
    # another program disturbs some parts more than others: as many as it takes, up to a limit
    for part in range(MOST_PARTS):
        if part % 2:
            ours, theirs = by_us(system, scenario), by_loadgen(system, scenario)
        else:
            theirs, ours = by_loadgen(system, scenario), by_us(system, scenario)
        ratios += [] if theirs is None else [theirs / ours]
        if len(ratios) >= PARTS and abs(median(ratios) - 1) < AGREED:
            return
    pytest.fail(f"of {MOST_PARTS} parts {len(ratios)} are valid; LoadGen's are {ratios} of ours")
