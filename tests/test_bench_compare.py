"""Two results side by side: how many times as long, and whether that is sure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bench_results import BOARD, bench_result, measurement
from tinydigits.bench.compare import (
    SLOWER,
    Comparison,
    compare,
    compare_command,
    holm,
    render_comparison,
)
from tinydigits.bench.result import Result
from tinydigits.bench.save import write_json
from tinydigits.command import run_command
from tinydigits.errors import DataError, UsageError

Capture = pytest.CaptureFixture[str]

TWENTY: Final = [0.01, 0.04, 0.03, 0.005]


def result_of(*medians: float, seed: int = 0, **changes: Any) -> Result:
    """A result of runs with several numbers of digits."""
    runs = [
        measurement(median, seed + place, digits=place + 1, **changes)
        for place, median in enumerate(medians)
    ]
    return replace(bench_result(), measurements=tuple(runs), loadgen=())


def verdicts(compared: Comparison) -> set[str]:
    """What was found."""
    return {one.verdict for one in compared.differences}


def test_slower() -> None:
    """What takes a tenth longer is slower in every percentile; the interval holds the truth."""
    compared = compare(result_of(1e-3), result_of(1.1e-3, seed=9))
    assert [one.what for one in compared.differences] == ["p50", "p90", "p99"]
    assert verdicts(compared) == {"slower"}
    for one in compared.differences:
        assert one.low is not None
        assert one.high is not None
        assert 1 < one.low < one.ratio < one.high
        assert one.low < 1.1 < one.high


def test_faster() -> None:
    """Turned round, it is faster by as much."""
    there = compare(result_of(1e-3), result_of(1.1e-3, seed=9)).differences
    back = compare(result_of(1.1e-3, seed=9), result_of(1e-3)).differences
    assert {one.verdict for one in back} == {"faster"}
    for one, other in zip(there, back, strict=True):
        assert one.ratio == pytest.approx(1 / other.ratio)
        assert one.low == pytest.approx(1 / (other.high or 0))


def test_same() -> None:
    """Two runs of the same are the same, and the interval of their ratio holds 1."""
    compared = compare(result_of(1e-3), result_of(1e-3, seed=9))
    assert verdicts(compared) == {"same"}
    assert all((one.low or 9) < 1 < (one.high or 0) for one in compared.differences)


def test_chance() -> None:
    """Comparisons of what is alike find a difference in one of twenty at most."""
    alike = [result_of(*[1e-3] * 4, seed=4 * k) for k in range(24)]
    found = [
        verdicts(compare(one, other)) for one, other in zip(alike[:12], alike[12:], strict=True)
    ]
    assert sum("slower" in one or "faster" in one for one in found) <= 1


def test_doubtful() -> None:
    """A run that has doubts, or was wrong, shows a ratio and proves nothing."""
    for changes in ({"doubts": ("too hot",)}, {"wrong": 1}):
        compared = compare(result_of(1e-3), result_of(3e-3, **changes))
        assert verdicts(compared) == {"doubtful"}
        assert compared.differences[0].ratio == pytest.approx(3, rel=0.02)


def test_short() -> None:
    """A run too short for an interval has none, and proves nothing."""
    compared = compare(result_of(1e-3, count=60), result_of(2e-3, count=60))
    p99 = compared.differences[2]
    assert (p99.low, p99.high, p99.verdict) == (None, None, "untested")


@pytest.mark.parametrize("scenario", ["Server", "Offline"])
def test_rates(scenario: str) -> None:
    """Where the rate is what is measured it is compared, and half of it is twice as slow."""
    first = result_of(1e-3, scenario=scenario, rate=2000.0)
    compared = compare(first, result_of(1e-3, scenario=scenario, rate=1000.0))
    (one,) = compared.differences
    assert (one.what, one.first, one.second) == ("rate", 2000, 1000)
    assert one.ratio == pytest.approx(2)
    assert one.low is None
    assert one.verdict == "untested"


@pytest.mark.parametrize(
    ("name", "value"),
    [("mode", "quick"), ("seconds", 10.0), ("input", "photographs"), ("threads", 2)],
)
def test_settings(name: str, value: object) -> None:
    """Results with other settings are not compared, and which it is is told, with both values."""
    first = result_of(1e-3)
    second = replace(first, settings=replace(first.settings, **{name: value}))
    told = f"not comparable: {name} is {getattr(first.settings, name)} in a and {value} in b"
    with pytest.raises(UsageError, match=f"^{told}$"):
        compare(first, second, ("a", "b"))


def test_bounds() -> None:
    """Nor are runs of Server with other bounds."""
    first = result_of(1e-3, scenario="Server", bound=0.01)
    with pytest.raises(UsageError, match=r"the bound of ort linear, glyph, Server is 0.01 s in a"):
        compare(first, result_of(1e-3, scenario="Server", bound=0.02), ("a", "b"))


def test_nothing_common() -> None:
    """Results without a common run are told apart from results that are alike."""
    with pytest.raises(UsageError, match="a and b have no run in common"):
        compare(result_of(1e-3), result_of(1e-3, runner="numpy"), ("a", "b"))


def test_changed() -> None:
    """Another machine, version or model is what one may want to compare, and is told."""
    first = result_of(1e-3)
    machine = replace(BOARD, model="Raspberry Pi 5", versions=BOARD.versions | {"numpy": "2.4"})
    second = replace(first, machine=machine, models=first.models[:2])
    changed = {one.name: (one.first, one.second) for one in compare(first, second).changed}
    assert changed == {
        "model": (BOARD.model, "Raspberry Pi 5"),
        "numpy": ("2.2.4", "2.4"),
        "model pairs": ("000000000000", "none"),
    }


@given(st.lists(st.floats(0, 1), max_size=20), st.floats(0.001, 0.5))
def test_holm(chances: list[float], level: float) -> None:
    """Holm's procedure finds at least what Bonferroni's does, and no chance above the level."""
    found = holm(chances, level)
    assert len(found) == len(chances)
    for chance, sure in zip(chances, found, strict=True):
        assert sure or chance > level / len(chances)
        assert not sure or chance <= level


def test_holm_example() -> None:
    """Of 0.005, 0.01, 0.03 and 0.04 the first two are small enough for one in twenty."""
    assert holm(TWENTY, 0.05) == [True, False, False, True]


def test_text() -> None:
    """People read what differs, run by run, in 80 columns, and how much of it is sure."""
    text = render_comparison(compare(bench_result(), bench_result(1.2)))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    place = lines.index("ort linear, glyph, SingleStream")
    assert lines[place + 1].startswith("  p50     7.1")
    assert "1.2" in lines[place + 1]
    assert lines[place + 1].endswith(" slower")
    assert lines[-2].startswith("the second is: ")


def test_command(tmp_path: Path, capsys: Capture) -> None:
    """The exit code says whether anything is slower; programs get it all as JSON."""
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    write_json(result_of(1e-3), before)
    write_json(result_of(2e-3), after)
    assert compare_command(before, after, as_json=False) == SLOWER
    assert "× 2.0" in capsys.readouterr().out  # noqa: RUF001
    assert compare_command(after, before, as_json=True) == 0
    told = msgspec.json.decode(capsys.readouterr().out, type=Comparison)
    assert (told.first, told.second) == (str(after), str(before))
    assert np.isclose(told.differences[0].ratio, 0.5, rtol=0.01)


def test_refused(tmp_path: Path, capsys: Capture) -> None:
    """A file that is no result is refused in one line, with its own exit code."""
    path = tmp_path / "none.json"
    path.write_text("{}")
    code = run_command("tinydigits", lambda: compare_command(path, path, as_json=False))
    assert code == DataError.exit_code == UsageError.exit_code == 2
    assert capsys.readouterr().err.count("\n") == 1
