"""LoadGen beside our own way: what is read from its summary, and what is said of it."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from msgspec.structs import replace

from bench_results import bench_result, glyph_measurements
from tinydigits.bench.agreement import agreements
from tinydigits.bench.inputs import GlyphSet
from tinydigits.bench.loadgen import parse_summary
from tinydigits.bench.measure import loadgen_run
from tinydigits.bench.messages import Generate, Generated, Skipped
from tinydigits.bench.plan import Plan
from tinydigits.bench.systems import GlyphSystem
from tinydigits.bench.worker import Work
from tinydigits.errors import DataError

SUMMARY = """\
================================================
MLPerf Results Summary
================================================
SUT name : PySUT
Scenario : SingleStream
Mode     : PerformanceOnly
90.0th percentile latency (ns) : 252003
Result is : {result}
  Min duration satisfied : Yes
{rate}
================================================
Additional Stats
================================================
Min latency (ns)                : 126888
50.00 percentile latency (ns)   : 190151
90.00 percentile latency (ns)   : 252003
99.90 percentile latency (ns)   : 13694169
"""


def test_summary() -> None:
    """What LoadGen says of a run, and its percentiles, are read from its summary."""
    summary = SUMMARY.format(result="VALID", rate="")
    read = parse_summary(summary, 3)
    assert read.percentiles == ((0.5, 190151e-9), (0.9, 252003e-9), (0.999, 13694169e-9))
    assert (read.valid, read.rate, read.wrong, read.summary) == (True, None, 3, summary)
    assert not parse_summary(SUMMARY.format(result="INVALID", rate="")).valid


@pytest.mark.parametrize(
    "line", ["Samples per second: 12.5", "Completed samples per second : 12.5"]
)
def test_rate(line: str) -> None:
    """In scenarios that have one, so is the rate."""
    assert parse_summary(SUMMARY.format(result="VALID", rate=line)).rate == 12.5


def test_no_summary() -> None:
    """What isn't a summary is refused."""
    with pytest.raises(DataError, match="without a result"):
        parse_summary("nothing")


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where LoadGen is missing, that is said, and how to install it."""
    monkeypatch.setitem(sys.modules, "mlperf_loadgen", None)
    work = Work()
    glyphs = GlyphSet(np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.int64), "")
    work._system = GlyphSystem(lambda _: np.zeros((1, 10), np.float32), glyphs)  # noqa: SLF001
    assert work.reply(Generate("SingleStream", 1.0, 1.0, 1.0)) == Skipped(
        "missing: mlperf_loadgen, pip install 'tinydigits[loadgen]'"
    )


def test_agreement() -> None:
    """Beside what LoadGen says there is what we say; with a wrong answer no run is valid."""
    ours = next(one for one in glyph_measurements(1.0) if one.runner == "ort")
    theirs = Generated(True, ((0.5, 9e-6), (0.9, 12.3e-6)), None, 0, "")
    run = loadgen_run(ours, theirs)
    result = replace(bench_result(), measurements=(ours,), loadgen=(run,))
    (one,) = agreements(result)
    assert one.theirs_figure == 12.3e-6
    assert str(one).startswith(f"glyph {ours.model}, SingleStream: VALID, p90 12.3 µs, by us ")
    rated = replace(run, scenario="Offline", rate=2e6, valid=False)
    offline = replace(ours, scenario="Offline", rate=2.5e6)
    (one,) = agreements(replace(result, measurements=(ours, offline), loadgen=(rated,)))
    assert str(one).endswith("Offline: INVALID, a second 2.00 M, by us 2.50 M")
    assert not loadgen_run(ours, replace(theirs, wrong=1)).valid


def test_planned() -> None:
    """LoadGen measures the usual input, in the scenarios that it is quick to be sure of."""
    generated = [one.what for one in Plan(loadgen=True).rounds() if one.loadgen]
    assert generated == [
        "glyph, SingleStream",
        "glyph, Offline",
        "frame 640x480, 5 digits, SingleStream",
        "frame 640x480, 5 digits, Offline",
    ]
    named = Plan(loadgen=True, scenarios=["Server"], subjects=["glyph"])
    assert [one.loadgen for one in named.rounds()] == [True]
    assert not any(one.loadgen for one in Plan().rounds())
