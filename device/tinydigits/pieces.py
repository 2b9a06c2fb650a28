"""Which components of ink may be digits, and which of them are pieces of one and the same.

Lengths are judged against the pieces themselves, never in pixels, so that it does not matter how
large digits appear.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from tinydigits.components import Components, Ints

Mask = npt.NDArray[np.bool_]
Box = tuple[int, int, int, int]
Pairs = npt.NDArray[np.bool_]

MIN_HEIGHT: Final = 8
"""Ink lower than this many mask pixels has too little shape to be a digit."""

SPECK: Final = 0.02
"""What is smaller than this share of the frame's shorter side is dirt or noise."""

SLENDER: Final = 0.05
"""What is thinner than this share of its length is an edge or a ruled line: the thinnest 1 of the
photographed displays has 0.15."""

MAX_PIECES: Final = 250
"""Only the largest are looked at: more is texture, and the time must stay bounded."""

GAP: Final = 0.12
"""Pieces of one digit lie closer than this share of the smaller piece's longer side."""

STACKED_GAP: Final = 0.3
"""The same for pieces above one another, as the top stroke of a 5 often is."""

PIECE: Final = 0.75
"""What is lower than this share of a digit is a piece of it, what is higher may be a digit."""

STACK_ASPECT: Final = 0.4
"""The halves of a digit that stand above each other are together wider than this, as a share of
their height; two digits in two lines are not."""

BAR_ASPECT: Final = 0.5
"""But for the two upright segments of a 1: each is at most this wide, as a share of its height."""

PAIR_ASPECT: Final = 0.8
"""Two whole digits that stand beside each other are together wider than this, as a share of their
height; the halves of a broken one are not."""


class DigitInk(msgspec.Struct, frozen=True):
    """The ink of one digit: ``mask`` is ``bool[h, w]`` and fills ``box``.

    A box is left, top, right, bottom in mask pixels, right and bottom excluded.
    """

    box: Box
    mask: Mask

    @property
    def width(self) -> int:
        """In mask pixels."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """In mask pixels."""
        return self.box[3] - self.box[1]


class Group(msgspec.Struct, frozen=True):
    """The components that are taken for one digit, not yet drawn: most never will be."""

    box: Box
    members: list[int]

    @property
    def height(self) -> int:
        """In mask pixels."""
        return self.box[3] - self.box[1]


def draw(components: Components, members: Sequence[int]) -> DigitInk:
    """The ink of some components."""
    box = enclosing(components.boxes[members])
    return DigitInk(box, components.draw(members, box))


def enclosing(boxes: Ints) -> Box:
    """The box around all of ``int64[N, 4]``."""
    if len(boxes) == 1:
        left, top, right, bottom = boxes[0].tolist()
        return left, top, right, bottom
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = boxes[:, 2:].max(axis=0).tolist()
    return left, top, right, bottom


def overlap(
    boxes: npt.NDArray[np.floating], other: npt.NDArray[np.floating]
) -> npt.NDArray[np.floating]:
    """Intersection over union of ``float[N, 4]`` with another box, ``float[4]``: ``float[N]``."""
    low, high = np.maximum(boxes[:, :2], other[:2]), np.minimum(boxes[:, 2:], other[2:])
    common = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) + np.prod(other[2:] - other[:2])
    return np.asarray(common / (areas - common))


def sizeable(components: Components, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Which components are more than specks and hairs: ``bool[N]``."""
    left, top, right, bottom = components.boxes.T
    longer = np.maximum(right - left, bottom - top)
    shorter = np.minimum(right - left, bottom - top)
    return np.asarray((longer >= max(3, SPECK * min(shape))) & (shorter >= SLENDER * longer))


def largest(components: Components, chosen: Ints) -> Ints:
    """Of the chosen components as many as may be looked at, in their own order."""
    by_area = np.argsort(components.areas[chosen], kind="stable")[::-1]
    return np.sort(chosen[by_area[:MAX_PIECES]])


def gather(boxes: Ints, pieces: Ints) -> list[Group]:
    """Groups of pieces that are near enough to be one digit."""
    left, top, right, bottom = boxes[pieces].T
    longer = np.maximum(right - left, bottom - top)
    smaller = np.minimum(longer[:, None], longer)
    gap_x = np.maximum(left[:, None], left) - np.minimum(right[:, None], right)
    gap_y = np.maximum(top[:, None], top) - np.minimum(bottom[:, None], bottom)
    beside = (gap_x <= GAP * smaller) & (gap_y <= GAP * smaller)
    narrower = np.minimum((right - left)[:, None], right - left)
    stacked = (-gap_x >= 0.5 * narrower) & (gap_y <= STACKED_GAP * smaller)
    near = (beside & ~_side_by_side(boxes[pieces])) | (stacked & ~_in_two_lines(boxes[pieces]))
    groups = [sorted(pieces[members].tolist()) for members in connected(near)]
    return [Group(enclosing(boxes[members]), members) for members in sorted(groups)]


def connected(near: Pairs) -> list[list[int]]:
    """The indices ``0`` to ``N - 1`` in classes, given which pairs belong together."""
    classes: list[list[int]] = []
    waiting = set(range(len(near)))
    while waiting:
        frontier = [waiting.pop()]
        members = list(frontier)
        while frontier:
            found = waiting.intersection(np.flatnonzero(near[frontier.pop()]).tolist())
            waiting -= found
            frontier.extend(found)
            members.extend(found)
        classes.append(members)
    return classes


def _side_by_side(boxes: Ints) -> Pairs:
    """Pairs that stand beside each other as two whole digits do, and not as pieces of one."""
    wide, high = _joint(boxes)
    left, top, right, bottom = boxes.T
    lower = np.minimum((bottom - top)[:, None], bottom - top)
    apart = np.maximum(left[:, None], left) >= np.minimum(right[:, None], right)
    return np.asarray(apart & (wide > PAIR_ASPECT * high) & (lower > PIECE * high))


def _in_two_lines(boxes: Ints) -> Pairs:
    """Pairs that stand above each other as digits of two lines do, and not as pieces of one."""
    wide, high = _joint(boxes)
    left, top, right, bottom = boxes.T
    longer = np.maximum(right - left, bottom - top)
    alike = np.minimum(longer[:, None], longer) > PIECE * np.maximum(longer[:, None], longer)
    bar = (right - left) <= BAR_ASPECT * (bottom - top)
    return np.asarray(alike & (wide < STACK_ASPECT * high) & ~(bar[:, None] & bar))


def _joint(boxes: Ints) -> tuple[Ints, Ints]:
    """Width and height, ``int64[N, N]`` each, of the box around each pair."""
    left, top, right, bottom = boxes.T
    wide = np.maximum(right[:, None], right) - np.minimum(left[:, None], left)
    high = np.maximum(bottom[:, None], bottom) - np.minimum(top[:, None], top)
    return wide, high
