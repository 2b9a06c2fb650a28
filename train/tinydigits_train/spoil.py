"""Test glyphs as a worse pen, a worse camera or a careless cut would give them.

All of it is on the bits that the model sees, so a pixel is a pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation, binary_erosion

from tinydigits.classifier import Glyphs

SHIFT: Final = 2
"""Pixels."""

SPECKS: Final = 0.02
"""Share of the pixels that is turned to ink: sixteen of them."""

_INK: Final = 255
_CROSS: Final = np.array([[[0, 1, 0], [1, 1, 1], [0, 1, 0]]], np.bool_)
"""The four neighbours within each glyph, which is what SciPy takes for the plane by default."""

Bits = npt.NDArray[np.bool_]
Spoil = Callable[[Bits, np.random.Generator], Bits]


def shifted(bits: Bits, rng: np.random.Generator) -> Bits:
    """Each glyph moved by two pixels to one of four sides; what enters is paper."""
    moved = np.zeros_like(bits)
    side = rng.integers(0, 4, len(bits))
    rest = slice(None, -SHIFT), slice(SHIFT, None)
    for k, (to, of) in enumerate((rest, rest[::-1])):
        moved[side == k, to] = bits[side == k, of]
        moved[side == k + 2, :, to] = bits[side == k + 2, :, of]
    return moved


def dilated(bits: Bits, _rng: np.random.Generator) -> Bits:
    """A pixel more ink on every side."""
    return np.asarray(binary_dilation(bits, _CROSS))


def eroded(bits: Bits, _rng: np.random.Generator) -> Bits:
    """A pixel less in width and height: ink with paper to the left, above or between goes."""
    return np.asarray(binary_erosion(bits, np.ones((1, 2, 2), np.bool_)))


def specked(bits: Bits, rng: np.random.Generator) -> Bits:
    """One pixel in fifty turned to ink."""
    return bits | (rng.random(bits.shape) < SPECKS)


def all_at_once(bits: Bits, rng: np.random.Generator) -> Bits:
    """Dilated, then shifted, then specked."""
    return specked(shifted(dilated(bits, rng), rng), rng)


SPOILS: Final[dict[str, Spoil]] = {
    "shifted": shifted,
    "dilated": dilated,
    "eroded": eroded,
    "specked": specked,
    "all at once": all_at_once,
}
"""By name; erosion, which undoes the dilation, is not part of all at once."""


def spoiled(glyphs: Glyphs, threshold: int, spoil: Spoil, seed: int = 0) -> Glyphs:
    """Two-level glyphs ``uint8[N, 28, 28]`` after a spoil, the same for the same seed."""
    bits = spoil(glyphs >= threshold, np.random.default_rng(seed))
    return np.where(bits, np.uint8(_INK), np.uint8(0))
