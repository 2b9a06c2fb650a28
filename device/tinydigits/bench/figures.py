"""Numbers as people read them: three digits that count, and a unit that suits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

MIB: Final = 2**20
GIB: Final = 2**30
KB: Final = 1000


class Unit(NamedTuple):
    """Of time; ``seconds`` are one of it."""

    seconds: float
    name: str

    def figure(self, seconds: float) -> str:
        """A time in this unit, without its name."""
        return three_digits(seconds / self.seconds)


UNITS: Final = (Unit(1.0, "s"), Unit(1e-3, "ms"), Unit(1e-6, "µs"), Unit(1e-9, "ns"))

_BELOW: Final = 0.9995
"""Of a unit: what would be rounded up to it is told in it."""


def unit_of(seconds: float) -> Unit:
    """The unit in which a time has one to three digits before its point."""
    return next((unit for unit in UNITS if seconds >= _BELOW * unit.seconds), UNITS[-1])


def decimals_of(value: float) -> int:
    """Behind the point, so that three digits count; none from 100 on."""
    size = abs(value)
    if size >= 99.95:
        return 0
    return 1 if size >= 9.995 else 2 if size >= 0.9995 else 3


def three_digits(value: float) -> str:
    """A number with three digits that count, as long as it isn't far below 1."""
    rounded = float(f"{value:.3g}") if abs(value) >= 1000 else value
    return f"{rounded:,.{decimals_of(value)}f}"


def time_text(seconds: float) -> str:
    """A time with its unit."""
    unit = unit_of(seconds)
    return f"{unit.figure(seconds)} {unit.name}"


def energy_text(joules: float) -> str:
    """An energy with its unit."""
    for size, name in ((1.0, "J"), (1e-3, "mJ"), (1e-6, "µJ")):
        if joules >= _BELOW * size:
            return f"{three_digits(joules / size)} {name}"
    return f"{three_digits(joules / 1e-9)} nJ"


def rate_text(rate: float) -> str:
    """How many a second, rounded to three digits."""
    if rate >= 999_500:
        return f"{three_digits(rate / 1e6)} M"
    rounded = float(f"{rate:.3g}")
    return f"{rounded:,.0f}" if rate >= 99.95 else three_digits(rounded)


def share_text(share: float) -> str:
    """In percent; never 100 % where something is missing."""
    text = f"{100 * share:.3g}"
    if share < 1 and text == "100":
        text = "99.9"
    return f"{text}%"


def memory_text(count: float) -> str:
    """Bytes of memory."""
    if count >= _BELOW * GIB:
        return f"{three_digits(count / GIB)} GiB"
    return f"{three_digits(count / MIB)} MiB"


def size_text(count: int) -> str:
    """Bytes of a file."""
    return f"{three_digits(count / KB)} kB"


def middle(values: Sequence[float]) -> float:
    """The median; of an even number, the upper of the two."""
    return sorted(values)[len(values) // 2]
