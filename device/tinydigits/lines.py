"""The digits of a line: put together from the pieces that stand in a band, points set apart.

Digits of displays and of many hands are slanted, so that their boxes overlap though their ink does
not. Their pieces are compared where the slant is taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from tinydigits.bands import ALIKE, Band, find_bands, possible_pieces
from tinydigits.components import Components, Ints, find_components
from tinydigits.pieces import PIECE, Box, DigitInk, Mask, Pairs, connected, draw
from tinydigits.touching import split_touching

Outline = tuple[float, float, float, float]
"""Left, top, right and bottom in mask pixels."""

Floats = npt.NDArray[np.float64]

MAX_LINES: Final = 8
"""Lines that are looked at in one ink: those with most to see."""

MAX_DIGITS: Final = 40
"""Digits that are looked at in one line, from the left: more is texture."""

STRAY: Final = 0.25
"""Share of its height by which a line's ink reaches beyond its band: digits aren't all alike, and a
handwritten 7 hangs below its line. With 0.12 a 15th of four-digit numbers lose a digit."""

BESIDE: Final = 1.5
"""Heights beyond the ends of a band in which its line may go on."""

CRUMB: Final = 0.08
"""Ink smaller than this share of the height is no piece of a digit."""

SLANTS: Final = sorted(np.arange(-0.3, 0.71, 0.05).round(2).tolist(), key=abs)
"""Columns to a row that digits may lean: from 17 degrees to the left to 35 to the right."""

UPRIGHT: Final = 0.3
"""Ink of at least this share of the height tells how far digits lean."""

COVERED: Final = 0.5
"""Ink above other ink is of one digit if they have this share of the narrower's width in common."""

CLOSE: Final = 0.08
"""And beside other ink if the gap is at most this share of the height,"""

WIDE: Final = 0.85
"""and if together they are at most this wide, as a share of the height."""

POINT: Final = 0.3
"""Longest side of a decimal point, as a share of the height."""

POINT_BASE: Final = 0.2
"""Share of the height by which a point may be off the base line."""

POINT_COVERED: Final = 0.4
"""Share of a point's width that digits may stand above: in the next digit's slant, not its foot."""

HEIGHTS: Final = (0.62, 1.35)
"""Shares of a line's height between which something may be one of its digits."""


SOLID: Final = (0.76, 0.4)
"""Ink that fills more than this share of its box, and is wider than this share of its height, is a
blot or a panel: a digit has gaps, but for a 1."""


class Line(msgspec.Struct, frozen=True):
    """Digits beside each other, left to right; ``points`` are indices of digits before a point.

    ``lean`` is how many columns to a row the digits are slanted to the right.
    """

    digits: list[DigitInk]
    points: frozenset[int]
    lean: float


def find_lines(
    mask: Mask,
    near: Sequence[Outline] = (),
    part: Box | None = None,
    shape: tuple[int, ...] | None = None,
) -> list[Line]:
    """What may be lines of digits in the ink of a frame, ``bool[h, w]``, the plainest first.

    :param near: where only lines are looked for that run through one of these places.
    :param part: left, top, right and bottom of the mask in the frame, where that is not all of it.
    :param shape: height and width of the frame, where the mask is a part.
    """
    shape = shape or mask.shape
    components = find_components(mask, part[:2] if part else (0, 0))
    pieces = possible_pieces(components, shape)
    if part:
        pieces = pieces[~_cut_off(components.boxes[pieces], part, shape)]
    lines: list[Line] = []
    bands = find_bands(components, pieces, shape)
    if near:
        bands = [band for band in bands if any(_through(band, place) for place in near)]
    for band in bands[: 2 * MAX_LINES]:
        line = _line_in(components, pieces, band)
        if not line or _at_edge(line.digits, shape):
            continue
        if not any(_within(line, other) for other in lines):
            lines.append(line)
    return lines[:MAX_LINES]


def _cut_off(boxes: Ints, part: Box, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Which boxes reach an edge of a part that is no edge of the frame: they go on beyond it."""
    left, top, right, bottom = boxes.T
    return np.asarray(
        ((left <= part[0]) & (part[0] > 0))
        | ((top <= part[1]) & (part[1] > 0))
        | ((right >= part[2]) & (part[2] < shape[1]))
        | ((bottom >= part[3]) & (part[3] < shape[0]))
    )


def _through(band: Band, place: Outline) -> bool:
    """Whether a band of about its height runs through the middle of a place."""
    left, top, right, bottom = place
    middle = band.middle + band.tilt * (left + right) / 2
    like = ALIKE[0] * (bottom - top) <= band.height <= ALIKE[1] * (bottom - top)
    return like and top < middle < bottom and band.left < right and band.right > left


def _within(line: Line, other: Line) -> bool:
    return {digit.box for digit in line.digits} <= {digit.box for digit in other.digits}


def _line_in(components: Components, pieces: Ints, band: Band) -> Line | None:
    """The digits that the pieces in a band make."""
    members = pieces[_inside(components.boxes[pieces], band)]
    if not members.size:
        return None
    boxes = components.boxes[members]
    lean = _lean(components, members, band)
    left, right = _straightened(components, members, lean, band)
    points = _points(boxes, left, right, band)
    same = _same_digit(boxes, left, right, band) & ~points[:, None] & ~points
    found: list[tuple[float, DigitInk]] = []
    for group in connected(same):
        digit = draw(components, sorted(members[group].tolist()))
        like = HEIGHTS[0] * band.height <= digit.height <= HEIGHTS[1] * band.height
        if like and not _solid(digit):
            found.append((float(left[group].min()), digit))
    found = sorted(found, key=lambda entry: entry[0])[:MAX_DIGITS]
    split = [split_touching([digit]) for _, digit in found]
    digits = [digit for parts in split for digit in parts]
    return Line(digits, _before(points, left, found, split), lean) if digits else None


def _solid(digit: DigitInk) -> bool:
    fill, aspect = SOLID
    wide = digit.width > aspect * digit.height
    return wide and bool(np.count_nonzero(digit.mask) > fill * digit.mask.size)


def _at_edge(digits: Sequence[DigitInk], shape: tuple[int, ...]) -> bool:
    """Whether there is but one, and the frame's edge cuts it: then it is seldom a digit."""
    if len(digits) != 1:
        return False
    left, top, right, bottom = digits[0].box
    return left == 0 or top == 0 or right == shape[1] or bottom == shape[0]


def _inside(boxes: Ints, band: Band) -> npt.NDArray[np.bool_]:
    """Which boxes stand in the band and are no crumbs."""
    left, top, right, bottom = boxes.T
    height = band.height
    middle = band.middle + band.tilt * (left + right) / 2
    reach = (0.5 + STRAY) * height
    return np.asarray(
        (top >= middle - reach)
        & (bottom <= middle + reach)
        & (left >= band.left - BESIDE * height)
        & (right <= band.right + BESIDE * height)
        & (np.maximum(right - left, bottom - top) >= CRUMB * height)
    )


def _lean(components: Components, members: Ints, band: Band) -> float:
    """The slant at which least columns hold ink: there the digits stand clear of each other."""
    high = components.boxes[members, 3] - components.boxes[members, 1]
    tall = members[high >= UPRIGHT * band.height]
    runs = components.runs_of(tall if tall.size else members)
    every = max(1, round(band.height / 24))
    runs = runs[components.run_row[runs] % every == 0]
    if not runs.size:
        return 0.0
    shift = np.outer(SLANTS, components.run_row[runs] - band.middle)
    start = np.rint(components.run_start[runs] + shift).astype(np.int64)
    stop = np.rint(components.run_stop[runs] + shift).astype(np.int64)
    width = int(stop.max()) - int(start.min()) + 1
    place = np.arange(len(SLANTS))[:, None] * width - int(start.min())
    size = len(SLANTS) * width
    edges = np.bincount((start + place).ravel(), minlength=size)
    edges -= np.bincount((stop + place).ravel(), minlength=size)
    inked = np.count_nonzero(np.cumsum(edges.reshape(-1, width), axis=1), axis=1)
    return float(SLANTS[int(inked.argmin())])


def _straightened(
    components: Components, members: Ints, lean: float, band: Band
) -> tuple[Floats, Floats]:
    """Left and right end of each component where the slant is taken back."""
    runs = components.runs_of(members)
    shift = lean * (components.run_row[runs] - band.middle)
    counts = components.first_run[members + 1] - components.first_run[members]
    first = np.cumsum(counts) - counts
    left = np.minimum.reduceat(components.run_start[runs] + shift, first)
    return left, np.maximum.reduceat(components.run_stop[runs] + shift, first)


def _points(boxes: Ints, left: Floats, right: Floats, band: Band) -> npt.NDArray[np.bool_]:
    """Which pieces are decimal points: small, on the base line, and clear of the digits."""
    small = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]) <= POINT * band.height
    base = band.middle + band.tilt * (boxes[:, 0] + boxes[:, 2]) / 2 + band.height / 2
    above = _common(left, right)[:, ~small] > POINT_COVERED * (right - left)[:, None]
    on_base = np.abs(boxes[:, 3] - base) <= POINT_BASE * band.height
    return np.asarray(small & on_base & ~above.any(axis=1))


def _same_digit(boxes: Ints, left: Floats, right: Floats, band: Band) -> Pairs:
    """Which pairs of pieces belong to one digit."""
    high = boxes[:, 3] - boxes[:, 1]
    small = np.maximum(boxes[:, 2] - boxes[:, 0], high) <= POINT * band.height
    whole = high >= PIECE * band.height
    common = _common(left, right)
    narrower = np.minimum((right - left)[:, None], right - left)
    joint = np.maximum(right[:, None], right) - np.minimum(left[:, None], left)
    beside = (common >= -CLOSE * band.height) & (joint <= WIDE * band.height)
    beside &= ~(whole[:, None] & whole) & ~(small[:, None] | small)
    return np.asarray((common >= COVERED * narrower) | beside)


def _common(left: Floats, right: Floats) -> Floats:
    """Width that each pair has in common; the gap, where negative."""
    return np.asarray(np.minimum(right[:, None], right) - np.maximum(left[:, None], left))


def _before(
    points: npt.NDArray[np.bool_],
    left: Floats,
    found: list[tuple[float, DigitInk]],
    split: list[list[DigitInk]],
) -> frozenset[int]:
    """The indices of the digits that have a point behind them and a digit after it."""
    starts = np.array([start for start, _ in found])
    last = np.cumsum([len(parts) for parts in split]) - 1
    behind = np.searchsorted(starts, left[points], side="right") - 1
    return frozenset(int(last[k]) for k in behind if 0 <= k < len(found) - 1)
