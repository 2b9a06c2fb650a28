"""The one digit that a frame is about, where it is known to show one."""

from __future__ import annotations

from math import exp
from typing import Final

import numpy as np

from tinydigits.clock import StageClock
from tinydigits.components import Components, Ints, find_components
from tinydigits.ink import Ink, Paper, Polarity, Recipe, Scene
from tinydigits.pieces import MIN_HEIGHT, Box, DigitInk, Mask, draw, gather, largest, sizeable

SIDE: Final = 1280
"""Longer frames are averaged down: a digit that can be read there can be read here."""

LOOKS: Final[tuple[tuple[Paper, float, float], ...]] = (
    ("mean", 0.4, 0.25),
    ("mean", 0.8, 0.25),
    ("mean", 1.2, 0.25),
    ("around", 0.3, 0.4),
    ("around", 0.6, 0.4),
    ("around", 1.2, 0.4),
)
"""Paper, window and level of the inks that a digit is looked for in: one digit fills more of its
frame than those of a number do."""

IMPROBABLE: Final = 0.2
"""Odds of a polarity under which it is looked at only where nothing was found in the other."""

OFF_MIDDLE: Final = 0.15
"""Share of the frame's height by which a digit may be above or below the middle before the odds
that it is the one that is meant fall to 1 in e: a drum between two positions shows one that is."""

Sighting = tuple[Ink, DigitInk, float]


def single_sightings(
    scene: Scene,
    polarities: tuple[Polarity, ...],
    clock: StageClock,
    improbable: float = IMPROBABLE,
) -> list[Sighting]:
    """The digit as each ink shows it, with the odds of the ink's polarity, the likelier first.

    :param improbable: odds under which a polarity is looked at only where the other shows nothing.
    """
    odds = {
        polarity: scene.odds(polarity) if len(polarities) > 1 else 1.0 for polarity in polarities
    }
    seen: list[Sighting] = []
    for polarity in sorted(odds, key=lambda polarity: -odds[polarity]):
        if seen and odds[polarity] < improbable:
            break
        for paper, window, level in LOOKS:
            with clock.stage("ink"):
                ink = scene.ink(Recipe(polarity, paper, window, level, SIDE))
            with clock.stage("segment"):
                digit = locate_digit(ink.mask)
            if digit:
                seen.append((ink, digit, odds[polarity]))
    return seen


def in_middle(top: float, bottom: float, height: float) -> float:
    """The odds that a digit is the one that is meant, by how far it is above or below the middle.

    :param top: of the digit; as ``bottom`` and the frame's ``height`` in frame pixels.
    """
    off = (top + bottom) / 2 / height - 0.5
    return exp(-((off / OFF_MIDDLE) ** 2))


def locate_digit(mask: Mask) -> DigitInk | None:
    """The most prominent digit in the ink of a frame, ``bool[H, W]``."""
    components = find_components(mask)
    groups = gather(components.boxes, _digit_like(components, mask.shape))
    groups = [group for group in groups if group.height >= MIN_HEIGHT]
    if not groups:
        return None
    return draw(components, max(groups, key=lambda g: _prominence(g.box, mask.shape)).members)


def _digit_like(components: Components, shape: tuple[int, ...]) -> Ints:
    """Indices of the components that may be the digit or a piece of it.

    Dropped are specks, and what a digit in full view never is: ink that runs along the frame's
    edge, rulers, and solid blocks. If nothing else is there, it is kept all the same.
    """
    height, width = shape
    left, top, right, bottom = components.boxes.T
    wide, high = right - left, bottom - top
    large = sizeable(components, shape)
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
    return largest(components, kept if kept.size else np.flatnonzero(large))


def _prominence(box: Box, shape: tuple[int, ...]) -> float:
    """How likely this is the one that a person who photographs a single digit means."""
    left, top, right, bottom = box
    high = bottom - top
    wide = max(right - left, high / 3)  # a 1 is no less a digit
    off_x = (left + right) / 2 / shape[1] - 0.5
    off_y = (top + bottom) / 2 / shape[0] - 0.5
    return high * wide * (1 - off_x**2 - off_y**2)
