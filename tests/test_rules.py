"""What a number may be, and how it may move."""

from __future__ import annotations

from decimal import Decimal
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge_days import meter_rules, reading
from tinydigits.config import load_config
from tinydigits.rules import Move, Reason, Rules

HOUR = 3600


def counter(**changes: Any) -> Rules:
    """A counter of four digits that moves by 6 an hour at most."""
    return meter_rules(4, **{"decimals": 0, "max_rate": 6.0} | changes)


@pytest.mark.parametrize(
    ("decimals", "text", "value"),
    [
        (-1, "0275", "275"),
        (-1, "02.750", "2.750"),
        (-1, "-4.5", "-4.5"),
        (0, "0275", "275"),
        (3, "0275314", "275.314"),
        (3, "02753.14", "275.314"),  # a point that is read is no reason to move it
        (3, "5", "0.005"),
        (100, "9" * 100, "0." + "9" * 100),
    ],
)
def test_value(decimals: int, text: str, value: str) -> None:
    """A value is exact, with its point where the configuration says, or where the reading does."""
    rules = meter_rules(decimals=decimals)
    assert str(rules.value_of(reading(text))) == value


@pytest.mark.parametrize(
    ("seen", "code", "words"),
    [
        (reading(""), "no_number", "it shows no number"),
        (reading("", rejected=True), "no_number", "digit 1 is not one whole digit"),
        (reading("12\n34"), "no_number", "there are 2 lines where one number is due"),
        (reading("1.2.3"), "no_number", "it shows no number"),
        (reading("١٢"), "no_number", "it shows no number"),
        (reading("12", rejected=True), "unsure", "digit 1 is not one whole digit"),
        (reading("12", confidence=0.3), "low_confidence", "0.3000 where 0.5 is asked for"),
        (reading("9"), "out_of_range", "9 is outside of what is possible"),
        (reading("91"), "out_of_range", "91 is outside of what is possible"),
        (reading("70"), "out_of_range", "70 is outside of what is possible"),
    ],
)
def test_no_say(seen: Any, code: str, words: str) -> None:
    """A reading that is no usable number says why, in a code and in words."""
    rules = counter(min_confidence=0.5, min_value=10, max_value=90, rollover=70)
    reason = rules.value_of(seen)
    assert isinstance(reason, Reason)
    assert reason.code == code
    assert reason.text.endswith(words)


def test_range_is_inclusive() -> None:
    """The smallest and the largest value are allowed."""
    rules = counter(min_value=0.1, max_value=0.3, decimals=1)
    for text in ("1", "2", "3"):
        assert rules.value_of(reading(text)) == Decimal(text) / 10


@pytest.mark.parametrize(
    ("old", "new", "seconds", "move"),
    [
        ("1240", "1240", 0, Move.POSSIBLE),
        ("1240", "1241", 0, Move.POSSIBLE),  # it may have been just before
        ("1240", "1242", 0, Move.TOO_FAST),
        ("1240", "1247", HOUR, Move.POSSIBLE),
        ("1240", "1248", HOUR, Move.TOO_FAST),
        ("1240", "1239", HOUR, Move.HELD),
        ("1240", "1238", HOUR, Move.BACKWARDS),
        ("9998", "0003", HOUR, Move.ROLLED_OVER),
        ("9998", "0003", 60, Move.BACKWARDS),
        ("9998", "0006", HOUR, Move.BACKWARDS),
        ("0000", "9999", HOUR, Move.HELD),
        ("0000", "9998", HOUR, Move.TOO_FAST),
        ("1240", "1238", -HOUR, Move.BACKWARDS),
        ("1240", "1242", -HOUR, Move.TOO_FAST),
    ],
)
def test_counter(old: str, new: str, seconds: float, move: Move) -> None:
    """A counter goes up at its pace, and over its end; one unit back is its last drum."""
    assert counter().move(Decimal(old), Decimal(new), seconds) is move


@pytest.mark.parametrize(
    ("changes", "old", "new", "move"),
    [
        ({"rollover": 5000.0}, "4998", "3", Move.ROLLED_OVER),
        ({"rollover": 5000.0}, "9998", "3", Move.BACKWARDS),
        ({"digits": 0}, "9998", "3", Move.BACKWARDS),
        ({"decimals": 2}, "99.98", "0.03", Move.ROLLED_OVER),
        ({"decimals": -1}, "99.98", "0.03", Move.ROLLED_OVER),
    ],
)
def test_end(changes: dict[str, Any], old: str, new: str, move: Move) -> None:
    """Where a counter ends is given, or follows from its digits and its point, or is not known."""
    digits = changes.pop("digits", 4)
    rules = meter_rules(digits, **{"decimals": 0, "max_rate": 6.0} | changes)
    assert rules.move(Decimal(old), Decimal(new), HOUR) is move


@pytest.mark.parametrize(
    ("rate", "old", "new", "move"),
    [
        (0.5, "20.0", "19.4", Move.POSSIBLE),
        (0.5, "20.0", "19.3", Move.TOO_FAST),
        (0.5, "20.0", "20.7", Move.TOO_FAST),
        (0.5, "-0.2", "0.4", Move.POSSIBLE),
        (inf, "20.0", "-99.9", Move.POSSIBLE),
    ],
)
def test_both_ways(rate: float, old: str, new: str, move: Move) -> None:
    """What may decrease goes either way at its pace, or at any."""
    rules = meter_rules(may_decrease=True, max_rate=rate)
    assert rules.move(Decimal(old), Decimal(new), HOUR) is move


@given(st.integers(0, 10**12), st.integers(1, 10**6))
def test_no_drift(units: int, more: int) -> None:
    """A counter that moves exactly at its highest rate is never too fast, however large it is."""
    rules = meter_rules(0, max_rate=0.1)
    old, new = (Decimal(n).scaleb(-3) for n in (units, units + more))
    assert rules.move(old, new, more * 36) is Move.POSSIBLE
    assert rules.move(old, new + Decimal("0.002"), more * 36) is Move.TOO_FAST


@given(st.integers(-(10**9), 10**9), st.integers(-6, 6), st.integers(0, 6))
def test_written(digits: int, exponent: int, decimals: int) -> None:
    """A value gets the rules' places where that takes no digit from it, and else stays as it is."""
    value = Decimal(digits).scaleb(exponent)
    written = meter_rules(decimals=decimals).written(value)
    assert written == value
    is_exact = value.scaleb(decimals) == int(value.scaleb(decimals))
    assert f"{written:f}" == (f"{value:.{decimals}f}" if is_exact else f"{value:f}")


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "1E+999999", "1E-999999"])
def test_never_written(value: str) -> None:
    """What can't be written with any places stays as it is."""
    assert str(meter_rules().written(Decimal(value))) == value


def test_knows() -> None:
    """A value with another number of decimals, or out of range, is of another number."""
    rules = meter_rules(max_value=90)
    assert rules.knows(Decimal("12.345"))
    for value in ("12.34", "91.000", "NaN", "Infinity", "1E+999999", "1E-999999"):
        assert not rules.knows(Decimal(value))
    free = Rules.from_config(load_config().judge)
    for value in ("12.34", "-7", "0." + "9" * 100):
        assert free.knows(Decimal(value))
    for value in ("NaN", "1E+1", "1E-999999", "9" * 300):
        assert not free.knows(Decimal(value))
