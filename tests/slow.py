"""What one process finds, several find too; what we measure, LoadGen measures too; and long days.

Too many to start, and too long, among quick tests.

Run with ``make slow``, which has Hypothesis make up many more examples of all properties, too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import pytest
from distributed import LocalCluster

from judge_days import FAULTS
from samples import sample_card, sample_estimator, sample_glyphs, sample_model
from test_judge_days import DARK_HOUR, STUCK_HIGH, hold_day, hold_more_votes
from tinydigits.bench.inputs import SIZES, GlyphSet, drawn_frames, drawn_glyphs
from tinydigits.bench.loadgen import LEAST_QUERIES, generate
from tinydigits.bench.messages import Generate
from tinydigits.bench.plan import SCENARIOS
from tinydigits.bench.result import Scenario
from tinydigits.bench.runners.ort import open_frames
from tinydigits.bench.scenario import (
    Indices,
    Length,
    System,
    lead_in,
    one_after_the_other,
    one_at_random,
)
from tinydigits.bench.stats import percentile
from tinydigits.bench.systems import FrameSystem, GlyphSystem
from tinydigits.classifier import DEFAULT_MODEL, Classifier, Probabilities
from tinydigits_export.fitted import Fitted
from tinydigits_train.datasets import DataSet, through_device
from tinydigits_train.sweep import Workers, sweep
from tinydigits_train.synthetic.source import Harvest, chunks
from tinydigits_train.synthetic.typecase import Typecase

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
def cluster() -> Iterator[str]:
    """The address of a Dask scheduler with two workers in processes of their own."""
    with LocalCluster(  # type: ignore[no-untyped-call] # Dask's
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as running:
        yield str(running.scheduler_address)


@pytest.mark.filterwarnings("ignore")  # Dask's own, and those of the event loop that it closes
def test_swept_alike(bundled: DataSet, cluster: str) -> None:
    """A sweep finds the same in this process, in two others, and on a cluster's two workers."""
    few = bundled.take(np.arange(300))
    varied = {"c": [0.02, 0.2], "threshold": [64.0, 96.0]}
    here, beside, away = (
        sweep(few, "linear", varied, workers=workers)
        for workers in (Workers(jobs=1), Workers(jobs=2), Workers(cluster=cluster))
    )
    assert here == beside
    assert here == away


def test_streamed_alike() -> None:
    """Made-up scenes give the same glyphs, in the same chunks, from two processes as from one."""

    def streamed(jobs: int) -> list[Harvest]:
        return list(islice(chunks(Typecase(), 3, jobs=jobs), 4))

    for one, two in zip(streamed(1), streamed(2), strict=True):
        for name in ("glyphs", "labels", "kinds", "scenes"):
            assert np.array_equal(getattr(one, name), getattr(two, name))


def test_renewed_alike(bundled: DataSet) -> None:
    """Glyphs made anew by two processes are those that one makes, in their order."""
    many, few = bundled.glyphs, bundled.glyphs[-100:]
    assert np.array_equal(through_device(many)[-100:], through_device(few))


def test_exported_alike(tmp_path: Path) -> None:
    """Another process with another hash seed writes the same bytes, and no complaint."""
    folder = tmp_path / "fitted"
    Fitted(sample_estimator(), sample_card(), sample_glyphs()[0][:150]).save(folder)
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    ended = subprocess.run(
        [sys.executable, "-m", "tinydigits_export", folder, "-o", tmp_path / "model.onnx"],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        check=True,
    )
    assert ended.stderr == b""
    assert (tmp_path / "model.onnx").read_bytes() == sample_model()


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - {STUCK_HIGH, DARK_HOUR}))
def test_day(name: str) -> None:
    """On a day with any fault few wrong values are accepted; of three of five votes hardly any."""
    hold_day(name)
    hold_more_votes(name)


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
