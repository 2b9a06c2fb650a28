"""Scales of plots: from a value to a place, and the values that are written at them."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log, log10
from typing import Final, NamedTuple

MOST: Final = 5
"""Numbers along an axis: five have room on a phone."""

LEAST: Final = 3
"""Fewer don't tell a scale."""

_STEPS: Final = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0))
"""Of each power of ten, ever finer."""


class LogScale(NamedTuple):
    """Equal ratios are equally far apart; from ``low`` at ``start`` to ``high`` at ``end``."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def around(cls, values: Sequence[float], start: float, end: float, margin: float) -> LogScale:
        """One that holds all values, and so many times as much to each side."""
        return cls(min(values) / margin, max(values) * margin, start, end)

    def place(self, value: float) -> float:
        """Where a value is; those off the scale are at its ends."""
        share = log(value / self.low) / log(self.high / self.low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values on the scale, not too many."""
        powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        found: list[float] = []
        for steps in _STEPS:
            found = [step * 10.0**power for power in powers for step in steps]
            found = [value for value in found if self.low <= value <= self.high]
            if len(found) >= LEAST:
                break
        return _thinned(found)


def _thinned(values: list[float]) -> list[float]:
    return values[:: ceil(len(values) / MOST)] if values else []
