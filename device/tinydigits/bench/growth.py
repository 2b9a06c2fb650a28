"""How the time of a frame grows with its pixels and with its digits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np

from tinydigits.bench.result import Growth, Measurement

DIGITS: Final = 5
"""In the frames whose sizes are compared."""

SIZE: Final = (640, 480)
"""Width and height of the frames whose numbers of digits are compared."""

LEAST: Final = 3
"""Amounts to fit an exponent to: through two points goes every power."""


class _Subject(NamedTuple):
    """What an exponent is told of."""

    runner: str
    model: str
    amount: Literal["pixels", "digits"]


def fit_exponent(amounts: Sequence[int], seconds: Sequence[float]) -> float:
    """The e of c amount**e that is closest to the seconds, by least squares of their logarithms.

    A part that doesn't grow makes it smaller: it tells how cost grows over the amounts measured,
    and not what it comes to with infinitely many.

    :raises ValueError: where there are fewer than two amounts.
    """
    x, y = np.log(amounts), np.log(seconds)
    x -= x.mean()
    spread = float(x @ x)
    if not spread:
        raise ValueError("an exponent needs two different amounts")
    return float(x @ y) / spread


def growths(measurements: Iterable[Measurement]) -> tuple[Growth, ...]:
    """Exponents of the median time of a frame, for each runner and model that read enough kinds.

    Against pixels at five digits, and against digits at 640x480.
    """
    points: dict[_Subject, dict[int, float]] = defaultdict(dict)
    for one in measurements:
        for subject, amount, seconds in _points(one):
            points[subject][amount] = seconds
    found = []
    for subject, measured in points.items():
        if len(measured) >= LEAST:
            amounts = tuple(sorted(measured))
            medians = tuple(measured[amount] for amount in amounts)
            found.append(Growth(*subject, amounts, medians, fit_exponent(amounts, medians)))
    return tuple(found)


def _points(one: Measurement) -> Iterator[tuple[_Subject, int, float]]:
    if one.subject != "frame" or one.scenario != "SingleStream" or not one.width or not one.height:
        return
    median = next((p.seconds for p in one.percentiles if p.share == 0.5), None)
    if median is None:
        return
    if one.digits == DIGITS:
        yield _Subject(one.runner, one.model, "pixels"), one.width * one.height, median
    if (one.width, one.height) == SIZE:
        yield _Subject(one.runner, one.model, "digits"), one.digits, median
