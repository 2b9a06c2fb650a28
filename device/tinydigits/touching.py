"""Ink that is too wide for one digit, cut into the several that touch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from tinydigits.pieces import Box, DigitInk

MAX_ASPECT: Final = 1.3
"""A digit is at most this many times as wide as it is high; wider ink is several that touch."""

TOUCHING_ASPECT: Final = 0.7
"""The width that one of several touching digits has on average, as a share of the height."""

MAX_TOUCHING: Final = 8
"""Wider ink than this many digits is a bar, a shadow or an edge."""


def split_touching(line: Sequence[DigitInk]) -> list[DigitInk]:
    """A line of digits in which none is wider than a digit."""
    split: list[DigitInk] = []
    for ink in line:
        if ink.width <= MAX_ASPECT * ink.height:
            split.append(ink)
        elif ink.width <= MAX_TOUCHING * TOUCHING_ASPECT * ink.height:
            split.extend(_split(ink, max(2, round(ink.width / (TOUCHING_ASPECT * ink.height)))))
    return split


def _split(ink: DigitInk, parts: int) -> list[DigitInk]:
    """Cut ink into parts where its columns hold least, near where equal widths would end."""
    columns = ink.mask.sum(axis=0)
    step = ink.width / parts
    cuts = [0]
    for part in range(1, parts):
        first = round((part - 0.3) * step)
        cuts.append(first + int(np.argmin(columns[first : round((part + 0.3) * step) + 1])))
    cuts.append(ink.width)
    boxes = [(start, 0, stop, ink.height) for start, stop in pairwise(cuts)]
    return [_cropped(ink, box) for box in boxes if ink.mask[:, box[0] : box[2]].any()]


def _cropped(ink: DigitInk, box: Box) -> DigitInk:
    """The ink inside a box, counted from the ink's own corner, cropped to what is there."""
    left, top, right, bottom = box
    y, x = np.nonzero(ink.mask[top:bottom, left:right])
    left, right = left + int(x.min()), left + int(x.max()) + 1
    top, bottom = top + int(y.min()), top + int(y.max()) + 1
    across, down = ink.box[:2]
    return DigitInk(
        (across + left, down + top, across + right, down + bottom), ink.mask[top:bottom, left:right]
    )
