"""A result in a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bench_results import bench_result, measurement
from tinydigits.bench.figures import (
    energy_text,
    rate_text,
    share_text,
    three_digits,
    time_text,
)
from tinydigits.bench.groups import groups, left_out, meanwhile
from tinydigits.bench.result import FLOOR, Result
from tinydigits.bench.table import render_table


@pytest.fixture(scope="module")
def result() -> Result:
    """A result with everything in it."""
    return bench_result()


@pytest.fixture(scope="module")
def lines(result: Result) -> list[str]:
    """Its table."""
    return render_table(result).splitlines()


def line_with(lines: list[str], *words: str) -> str:
    """The first line that has all of these words."""
    return next(line for line in lines if all(word in line for word in words))


def test_narrow(lines: list[str]) -> None:
    """The table fits a terminal of 80 columns, and no line ends in spaces."""
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)


def test_wide(result: Result) -> None:
    """Where there is room, every percentile has its interval."""
    wide = render_table(result, 120).splitlines()
    assert line_with(wide, "ort linear").count("±") == 3


@pytest.mark.parametrize(
    "title",
    [
        "Glyphs, SingleStream: one after the other",
        "Glyphs, MultiStream: eight a query",
        "Glyphs, Server: at random, 99% within 10 ms",
        "Glyphs, Offline: all of them a query",
        "Frames, SingleStream: one after the other",
        "Time per stage: 640x480, 5 digits, ort pairs",
        "Models",
        "Energy for one answer, SingleStream, as the processor counts it",
        "Cold start: 222 ms from nothing to the first reading, 1.27 × floor",  # noqa: RUF001
        "Memory: 56.0 MiB while it reads",
        "Steady rate: tinydigits run",
        "not measured:",
        "not to be trusted:",
    ],
)
def test_parts(title: str, lines: list[str]) -> None:
    """Everything that a result has is in its table."""
    assert title in lines


def test_side_by_side(lines: list[str]) -> None:
    """Runners that did the same stand below each other, in one unit, as multiples of the floor."""
    assert "× floor" in line_with(lines, "p50 µs")  # noqa: RUF001
    assert line_with(lines, "ort linear").split()[-1] == "1.42"
    assert "1,400 ±1%" in line_with(lines, "onnx.reference")
    assert line_with(lines, "floor", "200,000").split()[-2:] == ["–", "1.00"]  # noqa: RUF001


def test_notes(lines: list[str]) -> None:
    """A run that is not to be trusted has numbers, which are explained below."""
    assert line_with(lines, "scikit-learn", "[1,").endswith(" [1,2]")
    assert line_with(lines, "  [1] invalid: 3 of 7,200 answers were wrong")
    assert line_with(lines, "  [2] other programs took 63% of a processor")
    assert line_with(lines, "tesseract").split()[-3:] == ["65%", "150", "[3]"]
    assert line_with(lines, "  [3] 60 queries are too few to be sure of p99")


def test_same_notes() -> None:
    """Remarks that differ in their figures only are one note."""
    doubted = [
        measurement(1e-3, runner=name, doubts=(f"it was {degrees} °C hot: cool it",))
        for name, degrees in (("ort", 81), ("numpy", 84.5))
    ]
    table = render_table(replace(bench_result(), measurements=tuple(doubted)))
    assert table.count("°C hot: cool it") == 1
    assert "  [1] it was 81 °C hot: cool it (and 1 more)" in table.splitlines()


def test_nothing() -> None:
    """A result in which nothing was measured has a table."""
    empty = replace(
        bench_result(),
        measurements=(),
        models=(),
        skipped={},
        cold_start=None,
        duty=(),
        memory=None,
        growths=(),
        loadgen=(),
    )
    assert len(render_table(empty).splitlines()) == 5


def test_unknown() -> None:
    """An interval that isn't known is a question mark, and a percentile that wasn't told a dash."""
    few = measurement(1e-3, count=60)
    few = replace(few, percentiles=(few.percentiles[0], few.percentiles[2]))
    row = line_with(
        render_table(replace(bench_result(), measurements=(few,))).splitlines(), "ort linear"
    )
    assert row.split()[4] == "–"  # noqa: RUF001
    assert row.split()[6] == "±?"


def test_ratios() -> None:
    """Where the rate is measured it is compared: half the rate is twice the floor."""
    pair = [
        measurement(1e-3, scenario="Offline", runner=FLOOR, rate=2000.0),
        measurement(9e-3, scenario="Offline", rate=1000.0),
    ]
    (group,) = groups(pair)
    (kind,) = group.kinds
    assert kind.ratio(pair[1]) == pytest.approx(2)


def test_offline() -> None:
    """Of a query about all samples the rate counts, and not how long it takes."""
    offline = replace(bench_result(), measurements=(measurement(1e-3, scenario="Offline"),))
    lines = render_table(offline).splitlines()
    assert line_with(lines, "a second").split() == ["a", "second", "right"]


def test_power(result: Result) -> None:
    """Where its user gave the power, energies are told to come from it."""
    told = render_table(replace(result, power=2.5))
    assert "SingleStream, by the 2.5 W that the machine takes\n" in told


def test_early_stopping(result: Result) -> None:
    """By MLPerf's rules the percentile is told that they let a run claim, and what it is."""
    assert "claimed" not in render_table(result)
    by_rules = replace(
        result,
        settings=replace(result.settings, mode="mlperf"),
        measurements=(
            measurement(1e-3, early_stopping=1.23e-3),
            measurement(1e-3, scenario="MultiStream"),
        ),
    )
    lines = render_table(by_rules).splitlines()
    assert "claimed: p90 in SingleStream, else p99, by MLPerf's early stopping" in lines
    assert "claimed ms" in line_with(lines, "p99 ms")
    rows = [line.split() for line in lines if line.startswith("  ort linear")]
    assert [row[8] for row in rows[:2]] == ["1.23", "–"]  # noqa: RUF001


def test_left_out(result: Result) -> None:
    """Runners that were left out for one reason are told in one line, and no other is lost."""
    runners, models = ("numpy", "c"), ("oriented", "pairs int8")
    skipped = {f"{runner} {model}": "nonlinear" for runner in runners for model in models}
    told = dict(left_out(skipped | {"ssocr": "missing", "tesseract": "missing"}))
    assert told == {"numpy, c oriented, pairs int8": "nonlinear", "ssocr, tesseract": "missing"}
    del skipped["c oriented"]
    told = dict(left_out(skipped | {"loadgen": "nonlinear"}))
    assert told == {"numpy oriented, numpy pairs int8, c pairs int8, loadgen": "nonlinear"}
    assert "  c, numpy: missing" in render_table(
        replace(result, skipped=dict.fromkeys(("c", "numpy"), "missing"))
    )


def test_meanwhile() -> None:
    """What the machine went through is told at its extremes."""
    assert meanwhile([measurement(1e-3)]) == (
        "others took 1% of a processor at most, 48 to 52 °C, 1 GHz, never throttled"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.81e-7, "481 ns"), (9.9996e-4, "1.00 ms"), (0.0123, "12.3 ms"), (75.0, "75.0 s")],
)
def test_times(seconds: float, text: str) -> None:
    """A time has the unit in which it is a short number."""
    assert time_text(seconds) == text


@given(st.floats(1e-9, 1e3))
def test_three_digits(seconds: float) -> None:
    """A time as it is told is right to 0.6 %."""
    figure, unit = time_text(seconds).split()
    factor = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}[unit]
    assert float(figure.replace(",", "")) * factor == pytest.approx(seconds, rel=0.006)


def test_figures() -> None:
    """Rates, shares and energies are short too, and nothing is called all that isn't."""
    assert [rate_text(rate) for rate in (0.52, 99.96, 14_149, 2_071_000)] == [
        "0.520",
        "100",
        "14,100",
        "2.07 M",
    ]
    assert [share_text(share) for share in (1.0, 0.99999, 0.65)] == ["100%", "99.9%", "65%"]
    assert [energy_text(joules) for joules in (2.0, 0.0215, 2.1e-5, 3e-8)] == [
        "2.00 J",
        "21.5 mJ",
        "21.0 µJ",
        "30.0 nJ",
    ]
    assert three_digits(999.6) == "1,000"
