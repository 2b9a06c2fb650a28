"""Whether a new model stays: it must get enough readings accepted before too many are not."""

from __future__ import annotations

from enum import Enum
from typing import Final

PATIENCE: Final = 20
"""Readings that may be no good for each good one that is due. Where things are hard to read, only
one in a few is accepted; with none in twenty there would be no value to speak of."""


class Outcome(Enum):
    """How a trial stands."""

    RUNNING = "running"
    CONFIRMED = "confirmed"
    FAILED = "failed"


class Trial:
    """Counts readings.

    :param due: good readings after which the model stays.
    """

    def __init__(self, due: int) -> None:
        self.due = due
        self.good = 0
        self.readings = 0

    @property
    def limit(self) -> int:
        """Readings that are no good after which the model goes."""
        return PATIENCE * self.due

    def note(self, *, good: bool) -> Outcome:
        """Count a reading. What comes after the trial has ended changes nothing any more."""
        if self.outcome is Outcome.RUNNING:
            self.readings += 1
            self.good += good
        return self.outcome

    @property
    def outcome(self) -> Outcome:
        """How it stands."""
        if self.good >= self.due:
            return Outcome.CONFIRMED
        failed = self.readings - self.good >= self.limit
        return Outcome.FAILED if failed else Outcome.RUNNING

    def __str__(self) -> str:
        return f"{self.good} of {self.readings} readings were accepted where {self.due} are due"
