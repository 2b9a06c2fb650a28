"""On simulated days with every twentieth digit misread, what is accepted wrongly is rare and brief.

``python tests/judge_days.py`` prints the figures of longer runs.
"""

from __future__ import annotations

import random
from functools import cache

import pytest

from judge_days import (
    DAY,
    FAULTS,
    PERIOD,
    Fault,
    Figures,
    Meter,
    main,
    meter_rules,
    none,
    simulate,
    stuck,
)

STUCK_HIGH = "stuck for an hour, 1 m3 too high, which is possible"
DARK_HOUR = "wrong by 2.9 m3 after an hour of darkness"


def hold_more_votes(name: str) -> None:
    """On a day with this fault three of five votes let hardly any wrong value pass."""
    figures = simulate(FAULTS[name], meter_rules(agree=3, of=5))
    assert figures.wrong <= 2
    assert figures.furthest <= 60
    assert figures.longest <= 4 * 60


@cache
def day(name: str) -> Figures:
    """What comes of a day with this fault."""
    return simulate(FAULTS[name], meter_rules())


def hold_day(name: str) -> None:
    """On a day with this fault few wrong values are accepted, none far off, and none for long.

    A third of the readings is wrong and every one of them sure. Two of three votes let some six
    values a day pass that are litres off, and for as long as it takes to contradict them.
    """
    figures = day(name)
    assert figures.readings == DAY / PERIOD
    assert figures.misread > figures.readings / 8
    assert figures.accepted > figures.readings / 4
    assert figures.wrong <= 10
    assert figures.furthest <= 60
    assert figures.longest <= 6 * 60


@pytest.mark.parametrize(
    "name",
    [
        "digits misread, nothing else",
        "camera bumped, 5 minutes of garbage, 3 times",
        "last drum half turned",
        "stuck for an hour, 0.05 m3 too low",
    ],
)
def test_day(name: str) -> None:
    """Whatever happens, few wrong values are accepted, none far off, and none for long."""
    hold_day(name)


def test_day_of_more_votes() -> None:
    """Three of five votes let hardly any pass."""
    # ``make slow`` has the days of all faults
    hold_more_votes("last drum half turned")


def test_wrong_as_far_as_possible() -> None:
    """What the rate allows after an hour of darkness is accepted, and gone within minutes."""
    figures = simulate(FAULTS[DARK_HOUR], meter_rules())
    assert figures.furthest == pytest.approx(2_900, abs=2)
    assert figures.longest <= 6 * 60
    assert figures.recovered > 0


def test_stuck_as_far_as_possible() -> None:
    """A wrong value that was read for most of an hour is gone within the next."""
    figures = simulate(FAULTS[STUCK_HIGH], meter_rules())
    assert 990 <= figures.furthest <= 1_010
    assert figures.longest <= 60 * 60


@pytest.mark.parametrize("fault", [none, stuck(100_000)])
def test_sure_reader(fault: Fault) -> None:
    """Where no digit is misread nothing wrong is accepted, and nothing is recovered from."""
    figures = simulate(fault, meter_rules(), rate=0.0)
    assert (figures.wrong, figures.recovered) == (0, 0)
    assert figures.longest <= PERIOD  # the vote


def test_same_day_again() -> None:
    """A replayed day gives the same figures."""
    assert simulate(none, meter_rules()) == day("digits misread, nothing else")


def test_meter_is_one_of_a_household() -> None:
    """The simulated meter moves by hundreds of litres a day, slower than its highest rate."""
    meter = Meter(random.Random(7))
    start = before = meter.litres
    for _ in range(0, DAY, PERIOD):
        meter.step()
        assert 0 <= meter.litres - before <= 3_000 / 3_600 * PERIOD
        before = meter.litres
    assert 200 < meter.litres - start < 600


def test_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The command prints a row for every fault."""
    monkeypatch.setattr("sys.argv", ["judge_days.py", "--days", "0"])
    main()
    rows = capsys.readouterr().out.splitlines()
    assert [row.split("|")[1].strip() for row in rows[2:]] == list(FAULTS)
    assert Figures(days=0).readings == 0
