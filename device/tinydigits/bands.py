"""Where lines of digits may run: things of like height that stand beside each other.

Most of the bands that are found hold no number. What stands in them is put together and judged
later; here it only matters that the number's own band is among them.
"""

from __future__ import annotations

from itertools import chain
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from tinydigits.components import Components, Ints
from tinydigits.median import median
from tinydigits.pieces import MIN_HEIGHT, Box, Group, Pairs, gather, largest, sizeable

MIN_LINE: Final = 0.06
"""Height of a line as a share of the frame's shorter side, at least: lower is small print."""

WIDEST: Final = 0.75
"""Ink wider than this share of the frame is a ruler, an edge or a panel."""

FRAMED: Final = 0.25
"""What has this share of a component's height and stands inside its box is framed by it."""

FRAME_ASPECT: Final = 1.2
"""A digit's box may hold one such thing by chance, but then it isn't wider than this."""

OVERLAP: Final = 0.5
"""Neighbours in a line have at least this share of the lower one's height in common."""

UNLIKE: Final = 1.8
"""And the higher one is less than this many times as high."""

FAR: Final = 2.5
"""And the gap between them is smaller than this many heights."""

RELEVANT: Final = 0.1
"""Bands with less to see than this share of the plainest are lettering and dirt beside it."""

ALIKE: Final = (0.75, 1.3)
"""Shares of the median height between which things tell where their line runs."""

MAX_TILT: Final = 0.3
"""Rows to a column that a line rises or falls at most: 17 degrees."""


class Band(msgspec.Struct, frozen=True):
    """A line's course: its middle is at ``middle + tilt * x``, it goes from ``left`` to ``right``.

    All in mask pixels.
    """

    middle: float
    tilt: float
    height: float
    left: float
    right: float


def possible_pieces(components: Components, shape: tuple[int, ...]) -> Ints:
    """Indices of the components that may be digits of a line or pieces of some."""
    height, width = shape
    left, top, right, bottom = components.boxes.T
    sides = (left == 0).astype(int) + (top == 0) + (right == width) + (bottom == height)
    possible = sizeable(components, shape) & (right - left <= WIDEST * width) & (sides < 3)
    chosen = np.flatnonzero(possible)
    chosen = largest(components, chosen)
    return chosen[~_frames(components.boxes[chosen])]


def find_bands(components: Components, pieces: Ints, shape: tuple[int, ...]) -> list[Band]:
    """The bands in which pieces stand, those with most to see first.

    Both the pieces themselves and what they make when they are put together begin bands: glare and
    dirt between whole digits would join them, and broken digits are none before they are joined.
    """
    boxes = components.boxes
    alone = [Group(_box(boxes[piece]), [piece]) for piece in pieces.tolist()]
    least = max(MIN_HEIGHT, MIN_LINE * min(shape))
    seeds = [
        tuple(group.box for group in groups if group.height >= least)
        for groups in (gather(boxes, pieces), alone)
    ]
    # where nothing was put together, both are the same
    chained = chain.from_iterable(
        _chains(np.array(boxes, np.int64).reshape(-1, 4)) for boxes in dict.fromkeys(seeds)
    )
    bands = [(_shown(things), _course(things)) for things in chained]
    most = max((shown for shown, _ in bands), default=0.0)
    bands = [(shown, band) for shown, band in bands if shown >= RELEVANT * most]
    ordered = sorted(bands, key=lambda entry: -entry[0])
    return list(dict.fromkeys(band for _, band in ordered))  # both ways often give the same


def _box(row: Ints) -> Box:
    left, top, right, bottom = row.tolist()
    return left, top, right, bottom


def _frames(boxes: Ints) -> npt.NDArray[np.bool_]:
    """Which of these things stand around others, as a bezel does around a number."""
    left, top, right, bottom = boxes.T
    high = bottom - top
    around = (
        (left[:, None] <= left)
        & (top[:, None] <= top)
        & (right[:, None] >= right)
        & (bottom[:, None] >= bottom)
        & (high >= FRAMED * high[:, None])
    )
    held = around.sum(axis=1) - 1  # itself
    return np.asarray((held >= 2) | ((held == 1) & (right - left > FRAME_ASPECT * high)))


def _chains(boxes: Ints) -> list[Ints]:
    """Things of like height chained from left to right, each to the nearest that it continues."""
    boxes = boxes[np.argsort(boxes[:, 0], kind="stable")]
    continues = _continues(boxes)
    chains: list[list[int]] = []
    for index in range(len(boxes)):
        ends = np.array([chain[-1] for chain in chains], np.int64)
        fitting = np.flatnonzero(continues[ends, index])
        if fitting.size:
            nearest = fitting[np.argmax(boxes[ends[fitting], 2])]
            chains[nearest].append(index)
        else:
            chains.append([index])
    return [boxes[chain] for chain in chains]


def _continues(boxes: Ints) -> Pairs:
    """Entry i, j: whether thing j may come after i in a line."""
    left, top, right, bottom = boxes.T
    high = bottom - top
    common = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    lower, higher = np.minimum(high[:, None], high), np.maximum(high[:, None], high)
    gap = left - right[:, None]
    return np.asarray((common > OVERLAP * lower) & (higher < UNLIKE * lower) & (gap < FAR * higher))


def _shown(chain: Ints) -> float:
    """How much there is to see in a chain: heights summed, the larger the line the more so."""
    high = chain[:, 3] - chain[:, 1]
    return float(high.sum()) * median(high)


def _course(chain: Ints) -> Band:
    """The band around those of the chain that are about as high as most."""
    high = chain[:, 3] - chain[:, 1]
    height = median(high)
    alike = (high >= ALIKE[0] * height) & (high <= ALIKE[1] * height)
    boxes = chain[alike] if alike.any() else chain
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    tilt = _slope(x, y)
    middle = median(y - tilt * x)
    return Band(middle, tilt, height, float(boxes[:, 0].min()), float(boxes[:, 2].max()))


def _slope(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    """Of the line through these points with the least squared errors, as steep as may be."""
    x = x - x.mean()
    spread = float((x * x).sum())
    if not spread:
        return 0.0
    return max(-MAX_TILT, min(MAX_TILT, float((x * (y - y.mean())).sum()) / spread))
