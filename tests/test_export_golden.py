"""The golden glyphs are ten digits, the same on every machine."""

from __future__ import annotations

import hashlib

import numpy as np

from tinydigits_export.golden import _STROKES, _draw, golden_glyphs


def test_form() -> None:
    """There are ten glyphs of paper and full ink, each another one."""
    glyphs = golden_glyphs()
    assert glyphs.dtype == np.uint8
    assert glyphs.shape == (10, 28, 28)
    assert set(np.unique(glyphs).tolist()) == {0, 255}
    assert len({glyph.tobytes() for glyph in glyphs}) == 10


def test_same_everywhere() -> None:
    """Every machine draws these very pixels."""
    drawn = np.stack([_draw(strokes) for strokes in _STROKES])
    digest = hashlib.sha256(np.packbits(drawn).tobytes()).hexdigest()
    assert digest == "8525c2f0af7aabd9eb973801ce78537e21e30a151e24ffdf8c878ed6570f81c2"


def test_holes() -> None:
    """They have the holes that digits have: one in 0, 6 and 9, two in 8; the 4 is open."""
    assert [_holes(glyph > 0) for glyph in golden_glyphs()] == [1, 0, 0, 0, 0, 0, 1, 0, 2, 1]


def _holes(ink: np.typing.NDArray[np.bool_]) -> int:
    """Areas of paper that the glyph's edge can't reach in steps along rows and columns."""
    paper = {(int(y), int(x)) for y, x in np.argwhere(~ink)}
    areas = 0
    while paper:
        areas += 1
        front = [paper.pop()]
        while front:
            y, x = front.pop()
            near = {(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)} & paper
            paper -= near
            front.extend(near)
    return areas - 1
