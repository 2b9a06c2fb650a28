"""Why what looks like a number may be none: texture, edges and noise look like digits too.

A classifier that knows ten digits is often sure of what is none. What noise rarely has is
the rest of a number: that several inks show it in the same place, that its digits are alike, that
it has the proportions of digits. With a model that knows ten digits alone, 17 % of 2,700 frames of
noise and texture were accepted without these rules, 0.3 % with them; of 322 numbers that were
accepted and right none was lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from tinydigits.choice import SIGHTINGS, Place
from tinydigits.pieces import overlap

Box = tuple[int, int, int, int]
Floats = npt.NDArray[np.floating]

LEAST_HEIGHT: Final = 8
"""Frame pixels that a digit is high at least: enlarged, even a single pixel looks like an 8."""

WIDEST: Final = 1.4
"""And so many times its height it is wide at most. Of 8,000 digits that were photographed none
comes near; a rim around a picture does."""

EVENNESS: Final = 0.85
"""What unevenness leaves of the confidence in a line, at least: see ``evidence.consider``."""

AGREEMENT: Final = 0.4
"""Share of the inks that show a line which read each digit alike, at least."""

LONE_SIGHTINGS: Final = 6
"""Inks that show a line of one digit, at least: no neighbour speaks for it. It is half of those
that are looked at in any case, all of one polarity."""

SINGLE_SHARE: Final = 0.5
"""Of the inks that show something, weighed by their odds, those that show a single digit in the
same place."""

SINGLE_INKS: Final = 4
"""And how many show something at all: a digit is seen in five or more of twelve."""

SAME_BOX: Final = 0.5
"""Overlap of two boxes, as a share of both together, from which on they hold the same thing."""


def size_doubts(boxes: Iterable[Box]) -> Iterator[str]:
    """What the sizes of digits say against them.

    :param boxes: left, top, width and height in frame pixels.
    """
    for place, (_, _, width, height) in enumerate(boxes, start=1):
        if height < LEAST_HEIGHT:
            yield f"digit {place} is {height} pixels high where {LEAST_HEIGHT} are needed"
        elif width > WIDEST * height:
            yield f"digit {place} is wider than a digit"


def line_doubts(lines: Iterable[Place]) -> Iterator[str]:
    """What speaks against lines of digits."""
    for place, line in enumerate(lines, start=1):
        due = SIGHTINGS if len(line.best.digits) > 1 else LONE_SIGHTINGS
        if line.sightings < due:
            yield f"line {place} shows in {line.sightings} inks where {due} are needed"
        elif line.best.evenness < EVENNESS:
            yield (
                f"line {place} is too uneven for a number: {line.best.evenness:.2f} "
                f"where {EVENNESS} is needed"
            )
        elif line.agreement < AGREEMENT:
            yield f"the inks that show line {place} disagree on what it says"


def single_doubts(boxes: Floats, odds: Floats, best: int) -> Iterator[str]:
    """What speaks against a single digit that several inks show.

    :param boxes: left, top, right and bottom where each ink shows it, in frame pixels:
        ``float64[N, 4]``.
    :param odds: of each ink, ``float[N]``.
    :param best: index of the ink that it is taken from.
    """
    if len(boxes) < SINGLE_INKS:
        yield f"the digit shows in {len(boxes)} inks where {SINGLE_INKS} are needed"
        return
    share = float(odds[overlap(boxes, boxes[best]) > SAME_BOX].sum() / odds.sum())
    if share < SINGLE_SHARE:
        yield (
            f"the inks show digits in different places: {100 * share:.0f} % agree "
            f"where {100 * SINGLE_SHARE:.0f} % are needed"
        )
