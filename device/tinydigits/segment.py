"""Where the digits are: components of ink gathered into digits, digits into lines.

Lengths are judged against the digits themselves, never in pixels, so that it does not matter how
large they appear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import Final

import numpy as np
import numpy.typing as npt

from tinydigits.components import Components, Ints, find_components

Mask = npt.NDArray[np.bool_]
Box = tuple[int, int, int, int]
Pairs = npt.NDArray[np.bool_]

MIN_HEIGHT: Final = 8
"""Ink lower than this many mask pixels has too little shape to be a digit."""

MAX_COMPONENTS: Final = 800
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

MAX_ASPECT: Final = 1.3
"""A digit is at most this many times as wide as it is high; wider ink is several that touch."""

MIN_SHARE: Final = 0.5
"""Lines lower than this share of the main one, and ink lower than this share of its line, are
something else than digits of the number."""

TOUCHING_ASPECT: Final = 0.7
"""The width that one of several touching digits has on average, as a share of the height."""


@dataclass(frozen=True)
class DigitInk:
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


@dataclass(frozen=True)
class _Group:
    """The components that are taken for one digit, not yet drawn: most never will be."""

    box: Box
    members: list[int]

    @property
    def height(self) -> int:
        return self.box[3] - self.box[1]


Line = list[DigitInk]


def locate_digits(mask: Mask, digits: int | None = None) -> list[Line]:
    """The digits in the ink of a frame, ``bool[H, W]``: lines downwards, each left to right.

    :param digits: how many there are, if that is known.
    """
    components = find_components(mask)
    groups = _gather(components.boxes, _digit_like(components, mask.shape))
    groups = [group for group in groups if group.height >= MIN_HEIGHT]
    if not groups:
        return []
    if digits == 1:
        return [[_draw(components, max(groups, key=lambda g: _prominence(g.box, mask.shape)))]]
    lines = [
        _split_touching([_draw(components, group) for group in line])
        for line in _main_lines(_lines(groups))
    ]
    exact = [line for line in lines if len(line) == digits]
    return exact[:1] or lines


def _draw(components: Components, group: _Group) -> DigitInk:
    return DigitInk(group.box, components.draw(group.members, group.box))


def _digit_like(components: Components, shape: tuple[int, ...]) -> Ints:
    """Indices of the components that may be a digit or a piece of one.

    Dropped are specks, and what a digit in full view never is: ink that runs along the frame's
    edge, rulers, and solid blocks. If nothing else is there, it is kept all the same.
    """
    height, width = shape
    left, top, right, bottom = components.boxes.T
    wide, high = right - left, bottom - top
    large = np.maximum(wide, high) >= max(3, 0.02 * min(shape))
    sides = (left == 0).astype(int) + (top == 0) + (right == width) + (bottom == height)
    centre_x, centre_y = (left + right) / 2 / width - 0.5, (top + bottom) / 2 / height - 0.5
    at_edge = (
        (((left == 0) | (right == width)) & (np.abs(centre_x) > 0.22))
        | (((top == 0) | (bottom == height)) & (np.abs(centre_y) > 0.25))
        | (sides >= 3)
    )
    ruler = (wide > 0.9 * width) & (high < 0.3 * height)
    block = (components.areas > 0.8 * wide * high) & (np.minimum(wide, high) > 0.3 * min(shape))
    kept = np.flatnonzero(large & ~at_edge & ~ruler & ~block)
    if not kept.size:
        kept = np.flatnonzero(large)
    by_area = np.argsort(components.areas[kept], kind="stable")[::-1]
    return np.sort(kept[by_area[:MAX_COMPONENTS]])


def _gather(boxes: Ints, pieces: Ints) -> list[_Group]:
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
    groups: list[_Group] = []
    waiting = set(range(len(pieces)))
    while waiting:
        frontier = [waiting.pop()]
        members = list(frontier)
        while frontier:
            found = waiting.intersection(np.flatnonzero(near[frontier.pop()]).tolist())
            waiting -= found
            frontier.extend(found)
            members.extend(found)
        chosen = sorted(int(pieces[member]) for member in members)
        groups.append(_Group(_enclosing(boxes[chosen]), chosen))
    return sorted(groups, key=lambda group: group.members)


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


def _enclosing(boxes: Ints) -> Box:
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = boxes[:, 2:].max(axis=0).tolist()
    return left, top, right, bottom


def _prominence(box: Box, shape: tuple[int, ...]) -> float:
    """How likely this is the one that a person who photographs a single digit means."""
    left, top, right, bottom = box
    high = bottom - top
    wide = max(right - left, high / 3)  # a 1 is no less a digit
    off_x = (left + right) / 2 / shape[1] - 0.5
    off_y = (top + bottom) / 2 / shape[0] - 0.5
    return high * wide * (1 - off_x**2 - off_y**2)


def _lines(groups: Sequence[_Group]) -> list[list[_Group]]:
    """Neighbours of like height chained from left to right, the chains from top to bottom."""
    chains: list[list[_Group]] = []
    for group in sorted(groups, key=lambda group: group.box[0]):
        for chain in chains:
            if _continues(chain[-1], group):
                chain.append(group)
                break
        else:
            chains.append([group])
    return sorted(chains, key=lambda chain: fmean(group.box[1] for group in chain))


def _main_lines(lines: list[list[_Group]]) -> list[list[_Group]]:
    """The lines about as high as the one with most digits to see, without their low marks.

    What falls away is small print beside a number, and dots and dashes within it.
    """
    heights = [median(group.height for group in line) for line in lines]
    shown = [sum(group.height for group in line) for line in lines]
    least = MIN_SHARE * heights[shown.index(max(shown))]
    return [
        [group for group in line if group.height >= MIN_SHARE * height]
        for line, height in zip(lines, heights, strict=True)
        if height >= least
    ]


def _continues(last: _Group, group: _Group) -> bool:
    overlap = min(last.box[3], group.box[3]) - max(last.box[1], group.box[1])
    smaller, larger = sorted((last.height, group.height))
    gap = group.box[0] - last.box[2]
    return overlap > 0.5 * smaller and larger < 1.8 * smaller and gap < 2.5 * larger


def _split_touching(line: Line) -> Line:
    split: Line = []
    for ink in line:
        if ink.width <= MAX_ASPECT * ink.height:
            split.append(ink)
        else:
            split.extend(_split(ink, max(2, round(ink.width / (TOUCHING_ASPECT * ink.height)))))
    return split


def _split(ink: DigitInk, parts: int) -> Line:
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
