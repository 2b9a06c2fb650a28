"""LoadGen beside our own way: what is read from its summary, and what is said of it."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from bs4 import BeautifulSoup
from msgspec.structs import replace

from bench_results import bench_result, glyph_measurements, measurement
from tinydigits.bench.agreement import TITLE, agreement
from tinydigits.bench.compare import compare
from tinydigits.bench.inputs import GlyphSet
from tinydigits.bench.loadgen import parse_summary
from tinydigits.bench.measure import loadgen_run
from tinydigits.bench.messages import Generate, Generated, Skipped
from tinydigits.bench.page import render_page
from tinydigits.bench.plan import Plan
from tinydigits.bench.result import Result
from tinydigits.bench.stats import Percentile
from tinydigits.bench.systems import GlyphSystem
from tinydigits.bench.table import render_table
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

NONE = np.empty(0)
THEIRS = Generated(True, ((0.5, 1e-3), (0.9, 1.1e-3)), None, 0, SUMMARY)


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
    ours = replace(ours, percentiles=(Percentile(0.9, 10e-6, None, None),))
    theirs = Generated(True, ((0.5, 9e-6), (0.9, 12.3e-6)), None, 0, "")
    run = loadgen_run(ours, theirs, NONE)
    shown = agreement(run)
    assert shown == (
        *("glyph linear", "SingleStream", "VALID"),
        *("p90", "12.3 µs", "10.0 µs", "1.230"),
    )
    assert not loadgen_run(ours, replace(theirs, wrong=1), NONE).valid


def test_agreement_offline() -> None:
    """Offline is judged by its rate."""
    ours = measurement(1e-3, scenario="Offline", rate=2.5e6)
    run = loadgen_run(ours, Generated(False, ((0.9, 1.0),), 2e6, 0, ""), NONE)
    assert agreement(run)[2:] == ("INVALID", "rate", "2.00 M/s", "2.50 M/s", "0.800")


def test_agreement_server() -> None:
    """In Server LoadGen asks at a rate of its own, at which we ask again."""
    ours = measurement(1e-3, scenario="Server", rate=500.0)
    run = loadgen_run(ours, Generated(True, ((0.99, 3e-3),), 250, 0, ""), np.full(99, 2e-3))
    assert agreement(run)[3:] == ("p99", "3.00 ms", "2.00 ms", "1.500")


@pytest.fixture
def result() -> Result:
    """A result with two runs of LoadGen's."""
    runs = [
        loadgen_run(measurement(1e-3, digits=k), generated, NONE)
        for k, generated in ((1, THEIRS), (2, replace(THEIRS, valid=False)))
    ]
    return replace(bench_result(), loadgen=tuple(runs))


def test_shown(result: Result) -> None:
    """It is in the table and on the page, each with its verdict, and what LoadGen wrote."""
    lines = render_table(result).splitlines()
    place = lines.index(TITLE)
    assert lines[place + 2].split()[:5] == ["glyph", "linear", "SingleStream", "VALID", "p90"]
    page = BeautifulSoup(render_page([result]), "html.parser")
    rows = page.select("#loadgen tbody tr")
    assert [row.select("td")[1].get_text() for row in rows] == ["VALID", "INVALID"]
    assert "90.0th percentile latency" in page.select("#loadgen pre")[0].get_text()
    both = BeautifulSoup(render_page([result, result]), "html.parser")
    labels = [str(region["aria-label"]) for region in both.select("[role=region]")]
    assert len(labels) == len(set(labels))


def test_compared(result: Result) -> None:
    """Two results tell how LoadGen's figures changed; whether that is chance nobody knows."""
    later = replace(
        result, loadgen=tuple(replace(one, theirs=2 * one.theirs) for one in result.loadgen)
    )
    told = [one for one in compare(result, later).differences if "LoadGen" in one.run]
    assert [(one.what, one.ratio, one.verdict) for one in told] == [
        ("p90", 2.0, "untested"),
        ("p90", 2.0, "doubtful"),
    ]
    assert told[0].run == "ort linear, glyph, SingleStream, by LoadGen"


def test_planned() -> None:
    """LoadGen measures the usual input, in the scenarios that it is quick to be sure of."""
    generated = [one.what for one in Plan(loadgen=True).rounds() if one.loadgen]
    assert generated == [
        "glyph, SingleStream",
        "glyph, MultiStream",
        "glyph, Server",
        "glyph, Offline",
        "frame 640x480, 5 digits, SingleStream",
        "frame 640x480, 5 digits, Offline",
    ]
    named = Plan(loadgen=True, scenarios=["Server"], subjects=["glyph"])
    assert [one.loadgen for one in named.rounds()] == [True]
    assert not any(one.loadgen for one in Plan().rounds())
