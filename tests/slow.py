"""What one process finds, several find too; and long days.

Too many to start, and too long, among quick tests.

Run with ``make slow``, which has Hypothesis make up many more examples of all properties, too.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from distributed import LocalCluster

from judge_days import FAULTS
from samples import sample_card, sample_estimator, sample_glyphs, sample_model
from test_judge_days import DARK_HOUR, STUCK_HIGH, hold_day, hold_more_votes
from tinydigits_export.fitted import Fitted
from tinydigits_train.datasets import DataSet, through_device
from tinydigits_train.sweep import Workers, sweep
from tinydigits_train.synthetic.source import Harvest, chunks
from tinydigits_train.synthetic.typecase import Typecase


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
