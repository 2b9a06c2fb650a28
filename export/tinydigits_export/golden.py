"""Ten digits that the project draws itself, to travel in model files as a self-test.

They are no data set's pictures, so a model file carries nobody's licence with it. Drawing is on
whole numbers alone: every machine draws the same bits.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from tinydigits.classifier import Glyphs
from tinydigits.glyph import GLYPH_SIZE, Mask, normalize_glyph

_HEIGHT: Final = 120
_WIDTH: Final = 100
_RADIUS: Final = 6
"""Of the pen, in pixels."""

_ROUNDS: Final = 2
_SUB: Final = 4**_ROUNDS
"""Steps to a pixel: each round of corner cutting divides by four, so all points stay whole."""

_HALF_INK: Final = 128

_Point = tuple[int, int]


class _Stroke(NamedTuple):
    """A line of points, x to the right and y down.

    A round one has its corners cut; a closed one ends where it begins.
    """

    points: tuple[_Point, ...]
    round: bool = True
    closed: bool = False


_OVAL: Final = (
    *((50, 8), (72, 8), (82, 26), (82, 94), (72, 112)),
    *((50, 112), (28, 112), (18, 94), (18, 26), (28, 8)),
)

_STROKES: Final = (
    (_Stroke(_OVAL, closed=True),),
    (_Stroke(((34, 28), (54, 10), (54, 110)), round=False),),
    (
        _Stroke(((20, 38), (22, 10), (76, 6), (80, 40), (66, 62), (20, 108))),
        _Stroke(((20, 108), (82, 108)), round=False),
    ),
    (
        _Stroke(((20, 24), (36, 8), (78, 8), (80, 54), (42, 56))),
        _Stroke(((42, 56), (84, 56), (88, 110), (38, 114), (16, 96))),
    ),
    (
        _Stroke(((62, 10), (16, 78), (86, 78)), round=False),
        _Stroke(((64, 42), (64, 112)), round=False),
    ),
    (
        _Stroke(((78, 10), (32, 10), (26, 54)), round=False),
        _Stroke(((26, 54), (50, 42), (84, 50), (84, 100), (52, 114), (18, 102))),
    ),
    (
        _Stroke(((68, 8), (40, 30), (18, 64), (20, 112), (54, 112))),
        _Stroke(
            ((50, 54), (80, 56), (84, 84), (78, 112), (50, 112), (22, 112), (18, 84), (24, 56)),
            closed=True,
        ),
    ),
    (_Stroke(((18, 12), (82, 12), (40, 110)), round=False),),
    (
        _Stroke(((50, 8), (76, 10), (78, 50), (50, 56), (22, 50), (24, 10)), closed=True),
        _Stroke(((50, 56), (84, 60), (86, 108), (50, 114), (14, 108), (16, 60)), closed=True),
    ),
    (
        _Stroke(
            ((50, 8), (78, 8), (82, 36), (78, 64), (50, 66), (20, 64), (18, 36), (22, 8)),
            closed=True,
        ),
        _Stroke(((80, 30), (80, 66), (72, 92), (60, 112)), round=False),
    ),
)


@cache
def golden_glyphs() -> Glyphs:
    """``uint8[10, 28, 28]`` of 0 and 255: the digits 0 to 9 in their order, drawn once and for all.

    Nobody can write to them.
    """
    glyphs = np.zeros((len(_STROKES), GLYPH_SIZE, GLYPH_SIZE), np.uint8)
    for glyph, strokes in zip(glyphs, _STROKES, strict=True):
        glyph[normalize_glyph(_draw(strokes)) >= _HALF_INK] = 255
    glyphs.flags.writeable = False
    return glyphs


def _draw(strokes: tuple[_Stroke, ...]) -> Mask:
    """The pixels whose middle is at most the pen's radius away from a stroke."""
    ink = np.zeros((_HEIGHT, _WIDTH), np.bool_)
    for stroke in strokes:
        points = [(x * _SUB, y * _SUB) for x, y in stroke.points]
        if stroke.round:
            for _ in range(_ROUNDS):
                points = _cut_corners(points, closed=stroke.closed)
        if stroke.closed:
            points.append(points[0])
        for start, end in pairwise(points):
            ink |= _near(start, end)
    return ink


def _cut_corners(points: list[_Point], *, closed: bool) -> list[_Point]:
    """One round of Chaikin's rule: each side keeps its middle half; an open line keeps its ends."""
    ends = [*points[1:], points[0]] if closed else points[1:]
    cut = []
    for (x0, y0), (x1, y1) in zip(points, ends, strict=False):
        cut.append(((3 * x0 + x1) // 4, (3 * y0 + y1) // 4))
        cut.append(((x0 + 3 * x1) // 4, (y0 + 3 * y1) // 4))
    return cut if closed else [points[0], *cut, points[-1]]


def _near(start: _Point, end: _Point) -> Mask:
    """``bool[H, W]``: the pixels within the pen's radius of a segment."""
    y, x = (axis * np.int64(_SUB) for axis in np.ogrid[0:_HEIGHT, 0:_WIDTH])
    (x0, y0), (x1, y1) = start, end
    dx, dy = x1 - x0, y1 - y0
    square = (_RADIUS * _SUB) ** 2
    length = dx * dx + dy * dy
    along = (x - x0) * dx + (y - y0) * dy
    across = (x - x0) * dy - (y - y0) * dx
    beside = (along > 0) & (along < length) & (across**2 <= square * length)
    at_start = (x - x0) ** 2 + (y - y0) ** 2 <= square
    at_end = (x - x1) ** 2 + (y - y1) ** 2 <= square
    return np.asarray(beside | at_start | at_end)
