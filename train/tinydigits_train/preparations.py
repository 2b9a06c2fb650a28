"""The ways in which the tutorial prepares pictures, tries to, or could have.

Each turns glyphs, ``uint8[N, 28, 28]``, into the numbers that its classifier sees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from tinydigits.classifier import Glyphs
from tinydigits.glyph import GLYPH_SIZE
from tinydigits_export.graph import to_bits
from tinydigits_train.datasets import through_device
from tinydigits_train.fit import BIT_THRESHOLD

Features = npt.NDArray[np.float32]
"""``float32[N, F]``."""

BRIGHTEST: Final = 255

AS_GIVEN: Final = "as given"
MOVED: Final = "moved"
RECENTRED: Final = "moved, re-centred"

RAW: Final = "raw"
AS_PRINTED: Final = "binarized as printed"
BINARIZED: Final = "binarized"
WITH_EDGES: Final = "raw + edges"


@dataclass(frozen=True)
class Preparation:
    """One way to prepare pictures."""

    name: str
    what: str
    bits: int
    """That are needed to store one number of a prepared image."""
    features: Callable[[Glyphs], Features]
    test_features: Callable[[Glyphs], Features] | None = None
    """Where test images are prepared in another way than those that train."""
    glyphs: str = AS_GIVEN
    """Which of :func:`glyph_sets` is prepared."""


def raw(glyphs: Glyphs) -> Features:
    """Brightness as it is, 0 to 255."""
    return glyphs.reshape(len(glyphs), -1).astype(np.float32)


def min_max_scaled(glyphs: Glyphs) -> Features:
    """Brightness from 0 to 1."""
    return raw(glyphs) / np.float32(BRIGHTEST)


def binarized(glyphs: Glyphs, threshold: int = BIT_THRESHOLD) -> Features:
    """1 where there is ink, else 0."""
    return to_bits(glyphs, threshold)


def reduced(glyphs: Glyphs, levels: int) -> Features:
    """Brightness in so many equal steps, the darkest of them 0 and the brightest 255."""
    steps = glyphs.astype(np.uint16) * levels >> 8
    return raw(np.asarray(steps * BRIGHTEST // (levels - 1), np.uint8))


def with_edges(glyphs: Glyphs) -> Features:
    """Brightness, and beside it the edges that Pillow finds: 1,568 numbers."""
    return np.hstack([raw(glyphs), raw(filtered(glyphs, ImageFilter.FIND_EDGES()))])


def edges_enhanced(glyphs: Glyphs) -> Features:
    """Brightness after Pillow's edge enhancement."""
    return raw(filtered(glyphs, ImageFilter.EDGE_ENHANCE()))


def filtered(glyphs: Glyphs, by: ImageFilter.Filter) -> Glyphs:
    """Each glyph after one of Pillow's filters."""
    pictures = (Image.fromarray(glyph).filter(by) for glyph in glyphs)
    return np.stack([np.asarray(picture, np.uint8) for picture in pictures])


PREPARATIONS: Final = (
    Preparation(RAW, "brightness 0 to 255, as the images are", 8, raw),
    Preparation(
        AS_PRINTED,
        f"train images scaled to 0..1, test images cut at {BIT_THRESHOLD}, as the code has it",
        1,
        min_max_scaled,
        binarized,
    ),
    Preparation(
        BINARIZED, f"all images cut at {BIT_THRESHOLD}, as the text means it", 1, binarized
    ),
    Preparation(WITH_EDGES, "brightness, and the edges that Pillow finds", 8, with_edges),
    Preparation("2 levels", "brightness in 2 steps, 0 and 255", 1, partial(reduced, levels=2)),
    Preparation("4 levels", "brightness in 4 equal steps", 2, partial(reduced, levels=4)),
    Preparation("16 levels", "brightness in 16 equal steps", 4, partial(reduced, levels=16)),
    Preparation("edges enhanced", "brightness after edge enhancement", 8, edges_enhanced),
    Preparation(MOVED, "every digit moved off the centre at random", 8, raw, glyphs=MOVED),
    Preparation(
        RECENTRED,
        "the moved digits, brought back by the device's glyph step",
        8,
        raw,
        glyphs=RECENTRED,
    ),
)


def glyph_sets(glyphs: Glyphs, seed: int) -> Mapping[str, Glyphs]:
    """The glyphs that preparations begin with, by name."""
    moved = moved_at_random(glyphs, np.random.default_rng(seed))
    return {AS_GIVEN: glyphs, MOVED: moved, RECENTRED: through_device(moved, progress=True)}


def moved_at_random(glyphs: Glyphs, rng: np.random.Generator) -> Glyphs:
    """Each glyph somewhere else in its field, wherever its ink has room."""
    moved = np.empty_like(glyphs)
    for glyph, place in zip(glyphs, moved, strict=True):
        down, right = (_shift(glyph.any(axis=axis), rng) for axis in (1, 0))
        place[:] = np.roll(glyph, (down, right), axis=(0, 1))
    return moved


def _shift(has_ink: npt.NDArray[np.bool_], rng: np.random.Generator) -> int:
    """By how much ink along one axis moves: to any place where all of it stays in the field."""
    if not has_ink.any():
        return 0
    first, last = np.flatnonzero(has_ink)[[0, -1]]
    return int(rng.integers(-first, GLYPH_SIZE - last))
