"""What holds for a judge whatever it was shown before."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import ceil
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from examples import costly
from judge_days import meter_rules, reading
from tinydigits.judge import Judge, Verdict
from tinydigits.judge_state import State
from tinydigits.reader import Reading
from tinydigits.rules import Rules

DIGITS = 3

COUNTERS = st.builds(
    lambda votes, rate, readings, hours: meter_rules(
        DIGITS,
        agree=votes[0],
        of=votes[1],
        decimals=0,
        max_rate=rate,
        recover_readings=readings,
        recover_hours=hours,
    ),
    votes=st.sampled_from([(1, 1), (2, 3), (3, 5), (2, 2)]),
    rate=st.sampled_from([1.0, 60.0, 3600.0]),
    readings=st.integers(1, 6),
    hours=st.sampled_from([0.001, 0.01, 0.1]),
)

ANY_RULES = COUNTERS | st.builds(
    lambda rules, **changes: msgspec.structs.replace(rules, may_decrease=True, **changes),
    COUNTERS,
    max_rate=st.sampled_from([None, Decimal(60)]),
    rollover=st.none(),
)

TEXTS = st.one_of(
    st.integers(0, 999).map("{:03d}".format),
    st.integers(490, 510).map("{:03d}".format),  # near each other, so that they may agree
    st.sampled_from(["000", "001", "999", "", "5\n7", "12.5"]),
)


@dataclass
class Shown:
    """A reading, and the seconds since the one before."""

    seen: Reading
    after: int


HISTORIES = st.lists(
    st.lists(
        st.builds(
            Shown,
            st.builds(reading, TEXTS, rejected=st.sampled_from([False, False, False, True])),
            st.sampled_from([0, 1, 1, 10, 300, 5000]),
        ),
        min_size=1,
        max_size=4,
    ).flatmap(
        lambda some: st.integers(1, 6).map(lambda times: [s for s in some for _ in [*range(times)]])
    ),
    max_size=8,
).map(lambda runs: [shown for run in runs for shown in run])


def judged(judge: Judge, history: list[Shown], now: int = 0) -> tuple[list[Verdict], int]:
    """The verdicts on a history, and when it ended."""
    verdicts = []
    for shown in history:
        now += shown.after
        verdicts.append(judge.judge(shown.seen, now))
    return verdicts, now


@given(ANY_RULES, HISTORIES)
@costly(0.4)
def test_replay(rules: Rules, history: list[Shown]) -> None:
    """The same readings at the same times give the same verdicts, whatever the clock began at."""
    verdicts, _ = judged(Judge(rules), history)
    assert judged(Judge(rules), history)[0] == verdicts
    assert judged(Judge(rules), history, now=2**20)[0] == verdicts


@given(ANY_RULES, HISTORIES, st.data())
@costly(0.4)
def test_restored(rules: Rules, history: list[Shown], data: st.DataObject) -> None:
    """A judge whose state was written and read again, on another clock, goes on the same."""
    verdicts, _ = judged(Judge(rules), history)
    cut = data.draw(st.integers(0, len(history)))
    first = Judge(rules)
    before, now = judged(first, history[:cut])
    content = msgspec.json.encode(first.state.shifted(-now))
    state = msgspec.json.decode(content, type=State).shifted(2**20)
    assert state.fits(rules, 2**20)
    after, _ = judged(Judge(rules, state), history[cut:], now=2**20)
    assert before + after == verdicts


@given(ANY_RULES, HISTORIES)
@costly(0.4)
def test_verdict(rules: Rules, history: list[Shown]) -> None:
    """A verdict has a value once one was accepted, tells why not, and its JSON has it all."""
    verdicts, _ = judged(Judge(rules), history)
    accepted = False
    for shown, verdict in zip(history, verdicts, strict=True):
        accepted |= verdict.status == "accepted"
        assert (verdict.value is not None) == (verdict.age is not None) == accepted
        assert verdict.text == shown.seen.text
        assert verdict.reasons or (verdict.status == "accepted" and verdict.event is None)
        content = msgspec.json.Encoder(decimal_format="number").encode(verdict)
        assert msgspec.json.decode(content, type=Verdict) == verdict


@given(COUNTERS, HISTORIES)
@costly(0.4)
def test_never_backwards(rules: Rules, history: list[Shown]) -> None:
    """The value of a counter never gets less, and never moves too fast, without an event."""
    judge = Judge(rules)
    verdicts, _ = judged(judge, history)
    for old, new in pairwise(verdicts):
        if old.value is not None and new.value is not None and not new.event:
            assert new.value >= old.value
    for verdict in verdicts:
        if verdict.event == "recovered":
            assert verdict.status == "accepted"


@given(ANY_RULES, HISTORIES)
@costly(0.4)
def test_only_what_was_voted_for(rules: Rules, history: list[Shown]) -> None:
    """A value that is accepted was itself read, with a say, among the last readings."""
    verdicts, _ = judged(Judge(rules), history)
    for place, verdict in enumerate(verdicts):
        if verdict.value is not None and (place == 0 or verdict.value != verdicts[place - 1].value):
            last = history[max(0, place - rules.of + 1) : place + 1]
            assert verdict.value in {rules.value_of(shown.seen) for shown in last}


def bound(rules: Rules, every: int) -> int:
    """How many readings that fit each other a judge may take to believe them, at the most."""
    longest = rules.recover_seconds / max(1, rules.recover_readings - 1)
    span = min(every, longest)
    hours = ceil(rules.recover_seconds / span)
    return rules.of + ceil(hours / 3) + max(hours, rules.recover_readings) + 2


@given(ANY_RULES, HISTORIES, st.integers(0, 999), st.sampled_from([1, 10, 100, 2000]), st.data())
@costly(0.4)
def test_no_lock(
    rules: Rules, history: list[Shown], start: int, every: int, data: st.DataObject
) -> None:
    """Whatever came before, a true value that is read steadily is believed within the bound.

    It may stand still or move as fast as it can, and is believed within one unit of the last digit,
    as a counter holds a value when its last drum reads one less.
    """
    judge = Judge(rules)
    _, now = judged(judge, history)
    share = data.draw(st.sampled_from([0.0, 0.3, 1.0])) if rules.max_rate else 0.0
    shown: list[int] = []
    for count in range(1, bound(rules, every) + 1):
        moved = int(share * float(rules.max_rate or 0) * count * every / 3600)
        shown.append(start + moved if rules.may_decrease else (start + moved) % 10**DIGITS)
        verdict = judge.judge(reading(f"{shown[-1]:03d}"), now + count * every)
        held = {(value + 1) % 10**DIGITS for value in shown}
        if verdict.status == "accepted" and verdict.value in {*shown, *held}:
            return
    raise AssertionError(f"not accepted: {verdict}")


@given(ANY_RULES, st.integers(0, 999), st.integers(1, 1000))
@costly(0.4)
def test_still(rules: Rules, value: int, every: int) -> None:
    """A judge that knows nothing believes a number that stands still after the votes it needs."""
    judge = Judge(rules)
    verdicts = [judge.judge(reading(f"{value:03d}"), n * every) for n in range(rules.agree + 3)]
    assert [v.value for v in verdicts] == [None] * (rules.agree - 1) + [Decimal(value)] * 4


def test_bound_in_words() -> None:
    """With the defaults and a reading every ten seconds the bound is sixteen hours."""
    defaults: dict[str, Any] = {"agree": 2, "of": 3}
    assert bound(meter_rules(**defaults), 10) * 10 / 3600 < 16.1
    assert bound(meter_rules(**defaults), 3 * 3600) <= 3 + 14 + 2
