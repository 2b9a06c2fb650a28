"""A new model stays if enough of its readings are accepted before too many are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinydigits.models.trial import PATIENCE, Outcome, Trial


def test_confirmed() -> None:
    """The good reading that was still due confirms it, whatever lay between."""
    trial = Trial(3)
    assert [trial.note(good=good) for good in (True, False, True, False)] == [Outcome.RUNNING] * 4
    assert trial.note(good=True) is Outcome.CONFIRMED
    assert str(trial) == "3 of 5 readings were accepted where 3 are due"


def test_failed() -> None:
    """Too many readings that are no good end it, however many were good before."""
    trial = Trial(3)
    trial.note(good=True)
    for _ in range(3 * PATIENCE - 1):
        assert trial.note(good=False) is Outcome.RUNNING
    assert trial.note(good=False) is Outcome.FAILED
    assert str(trial) == "1 of 61 readings were accepted where 3 are due"


@given(due=st.integers(1, 5), readings=st.lists(st.booleans(), max_size=300))
def test_ends_once(due: int, readings: list[bool]) -> None:
    """It ends at the first moment that decides it, and what comes after changes nothing."""
    trial = Trial(due)
    outcomes = [trial.note(good=good) for good in readings]
    for n, outcome in enumerate(outcomes, start=1):
        good = sum(readings[:n])
        if outcome is Outcome.RUNNING:
            assert good < due
            assert n - good < PATIENCE * due
        else:
            assert set(outcomes[n:]) <= {outcome}
    assert len(readings) < due + PATIENCE * due or Outcome.RUNNING not in outcomes[-1:]


@pytest.mark.parametrize("due", [1, 30, 100_000])
def test_always_good(due: int) -> None:
    """A model whose every reading is accepted needs exactly as many as are due."""
    trial = Trial(due)
    for _ in range(due - 1):
        trial.note(good=True)
    assert trial.outcome is Outcome.RUNNING
    assert trial.note(good=True) is Outcome.CONFIRMED
