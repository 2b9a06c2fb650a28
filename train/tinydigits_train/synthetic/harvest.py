"""What the device makes of a made-up photograph: glyphs, each with what it truly shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np

from tinydigits.glyph import Glyph, normalize_glyph
from tinydigits.ink import POLARITIES, Ink, Recipe, Scene
from tinydigits.lines import find_lines
from tinydigits.pieces import DigitInk, Mask
from tinydigits.search import number_recipes
from tinydigits.single import LOOKS, SIDE, locate_digit
from tinydigits_train.datasets import NONE
from tinydigits_train.synthetic.camera import Photo
from tinydigits_train.synthetic.sheet import UNCLEAR

SAME: Final = 0.62
"""Overlap of two boxes, intersection over union, above which ink may be a digit's,"""

OTHER: Final = 0.5
"""and below which it is none. Both were measured on photographs of meters."""

COVERED: Final = 0.85
"""Share of a digit's ink that a candidate covers, and of the candidate's ink that is the digit's:
with less it lacks a stroke, or has one too many."""

FOREIGN: Final = 0.5
"""With less than this share it is another thing in the same place, such as a 0's inside."""

NEAR: Final = 0.06
"""Share of the height by which ink may be off: how thick strokes look hangs on the threshold."""

NEARLY: Final = 0.5
"""What a pixel of a digit's ink outside a candidate's box counts for: its rim is seldom seen."""

RECIPES: Final = 4
"""Ways to see a scene's ink, of the many that the device has: more scenes teach more than more
views of the same ones."""

DIGITS_OF_A_SCENE: Final = 8
"""Glyphs of digits that are kept of one scene, at most,"""

NONES_OF_A_SCENE: Final = 3
"""and of what is none: junk is plentiful."""


@dataclass(frozen=True)
class Found:
    """A glyph and what it shows: 0 to 9, or 10 for none."""

    glyph: Glyph
    label: int


def harvest(photo: Photo, rng: np.random.Generator, *, single: bool) -> list[Found]:
    """Glyphs that the device makes of a photograph, each once, with what they are.

    What is neither surely a digit nor surely none is left out.
    """
    digits: dict[bytes, Found] = {}
    others: dict[bytes, Found] = {}
    truth = _Truth(photo)
    for ink, candidate in _candidates(photo, rng, single=single):
        label = truth.label(ink, candidate)
        if label == UNCLEAR:
            continue
        glyph = normalize_glyph(candidate.mask)
        (others if label == NONE else digits)[glyph.tobytes()] = Found(glyph, label)
    return _some(digits, DIGITS_OF_A_SCENE, rng) + _some(others, NONES_OF_A_SCENE, rng)


def _some(found: dict[bytes, Found], most: int, rng: np.random.Generator) -> list[Found]:
    kept = list(found.values())
    chosen = rng.permutation(len(kept))[:most]
    return [kept[k] for k in chosen]


def _candidates(
    photo: Photo, rng: np.random.Generator, *, single: bool
) -> Iterator[tuple[Ink, DigitInk]]:
    """What the device takes for digits in a few of the inks that it looks at."""
    scene = Scene(photo.luma)
    if single:
        recipes = [Recipe(p, *look, SIDE) for look in LOOKS for p in POLARITIES]
    else:
        recipes = scene.distinct(number_recipes(POLARITIES))
    for k in rng.permutation(len(recipes))[:RECIPES]:
        ink = scene.ink(recipes[k])
        if single:
            digit = locate_digit(ink.mask)
            found = [digit] if digit else []
        else:
            found = list(chain.from_iterable(line.digits for line in find_lines(ink.mask)))
        for digit in found:
            yield ink, digit


class _Truth:
    """Where the digits of a photograph truly are."""

    def __init__(self, photo: Photo) -> None:
        self._photo = photo

    def label(self, ink: Ink, candidate: DigitInk) -> int:
        """What a candidate is: 0 to 9, 10 for none, or unclear."""
        number, shared = self._photo.nearest(np.array(candidate.box) / ink.scale)
        if shared < OTHER:
            return NONE
        share = self._agreement(ink, candidate, number)
        if share < FOREIGN:
            return NONE
        if shared <= SAME or share < COVERED or self._cut(number):
            return UNCLEAR
        return self._photo.labels[number - 1]

    def _cut(self, number: int) -> bool:
        left, top, right, bottom = self._photo.boxes[number]
        height, width = self._photo.owner.shape
        return left == 0 or top == 0 or right == width or bottom == height

    def _agreement(self, ink: Ink, candidate: DigitInk, number: int) -> float:
        """The smaller of two shares: of the digit's ink in the candidate, and the other way."""
        left, top, right, bottom = candidate.box
        height, width = self._photo.owner.shape
        y = ((np.arange(top, bottom) + 0.5) / ink.scale).astype(int).clip(0, height - 1)
        x = ((np.arange(left, right) + 0.5) / ink.scale).astype(int).clip(0, width - 1)
        own = self._photo.owner[y[:, None], x] == number
        reach = max(1, round(NEAR * candidate.height))
        missed = np.count_nonzero(own & ~_grown(candidate.mask, reach))
        foreign = np.count_nonzero(candidate.mask & ~_grown(own, reach))
        whole = self._photo.areas[number] * ink.scale**2
        beyond = max(0.0, whole - np.count_nonzero(own))  # outside of the candidate's box
        missing = (missed + NEARLY * beyond) / max(whole, 1.0)
        return float(1 - max(missing, foreign / np.count_nonzero(candidate.mask)))


def _grown(mask: Mask, reach: int) -> Mask:
    """Ink grown by so many pixels to all sides: what has some ink in the square around it."""
    for _ in range(2):
        sums = np.cumsum(np.pad(mask, ((reach + 1, reach), (0, 0))), axis=0, dtype=np.int32)
        mask = (sums[2 * reach + 1 :] > sums[: -2 * reach - 1]).T
    return mask
