"""More glyphs than were collected: the same digits turned, bent, thickened, soiled and broken.

What a writer, a pen and a camera could have done differently is drawn at random, so that a model
learns to leave it out of account. All of it works on whole batches of ``uint8[N, 28, 28]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates

from tinydigits.classifier import Glyphs
from tinydigits.glyph import GLYPH_SIZE

KNOTS: Final = 6
"""Points to a side at which bending is drawn; between them it is smooth. A digit is 20 pixels high,
so a stroke bends in one or two places and does not tremble."""

_THINNED: Final = np.float32(0.5)
"""Of a pixel: most strokes are little more than two wide."""

_MIDDLE: Final = (GLYPH_SIZE - 1) / 2

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Augmentation:
    """How far a glyph may be changed; each number is drawn for each glyph anew."""

    turn: float = 8.0
    """Degrees, standard deviation."""
    shear: float = 0.1
    """Columns to a row, standard deviation."""
    scale: float = 0.06
    """Share of height and, drawn apart, of width; standard deviation."""
    shift: float = 0.8
    """Pixels, standard deviation."""
    bend: float = 0.8
    """Pixels that a knot is moved by, standard deviation."""
    level: float = 48.0
    """Grey levels that the line between paper and ink may move by, either way."""
    thickened: float = 0.0
    """Share of the glyphs whose strokes are grown, by up to a pixel to each side."""
    thinned: float = 0.0
    """Share whose strokes are shrunk, by up to half a pixel on each side."""
    soiled: float = 0.0
    """Share with specks."""
    specks: float = 0.03
    """Largest share of the pixels that is turned to ink, and half of it to paper."""
    broken: float = 0.0
    """Share with a gap of up to three pixels somewhere in the strokes."""

    def __call__(self, glyphs: Glyphs, rng: np.random.Generator) -> Glyphs:
        """One changed copy of each glyph."""
        ink = self._bent(glyphs, rng)
        kinds = rng.random(len(ink))
        thick, thin = kinds < self.thickened, kinds > 1 - self.thinned
        ink[thick] = grown(ink[thick], rng.random(int(thick.sum()), np.float32))
        ink[thin] = 255 - grown(255 - ink[thin], rng.random(int(thin.sum()), np.float32) * _THINNED)
        broken = rng.random(len(ink)) < self.broken
        ink[broken] = _broken(ink[broken], rng)
        ink += rng.uniform(-self.level, self.level, (len(ink), 1, 1)).astype(np.float32)
        changed = np.asarray(ink.clip(0, 255), np.uint8)
        soiled = rng.random(len(ink)) < self.soiled
        changed[soiled] = _soiled(changed[soiled], self.specks, rng)
        return changed

    def _bent(self, glyphs: Glyphs, rng: np.random.Generator) -> Floats:
        """Moved and bent, ``float32[N, 28, 28]``: bilinear, paper outside the field."""
        count = len(glyphs)
        matrix = self._matrices(count, rng)
        field = np.mgrid[0:GLYPH_SIZE, 0:GLYPH_SIZE].reshape(2, -1).astype(np.float32) - _MIDDLE
        place = matrix @ field
        place += rng.normal(0, self.shift, (count, 2, 1)).astype(np.float32) + _MIDDLE
        basis = _basis()
        knots = rng.normal(0, self.bend, (count, 2, KNOTS, KNOTS)).astype(np.float32)
        place += (basis @ knots @ basis.T).reshape(place.shape)
        which = np.broadcast_to(np.arange(count, dtype=np.float32)[:, None], place[:, 0].shape)
        # a whole number along the first axis: no glyph mixes with the next
        where = np.stack((which, place[:, 0], place[:, 1]))
        bent = map_coordinates(glyphs, where, np.float32, order=1, prefilter=False)
        return np.asarray(bent.reshape(glyphs.shape))

    def _matrices(self, count: int, rng: np.random.Generator) -> Floats:
        """``float32[N, 2, 2]``, from places in the copy to places in the glyph, rows first."""
        angle = np.deg2rad(rng.normal(0, self.turn, count))
        slant = rng.normal(0, self.shear, count)
        down, across = np.exp(rng.normal(0, self.scale, (2, count)))
        cos, sin = np.cos(angle), np.sin(angle)
        rows = np.stack((cos * down, sin * across), axis=1)
        columns = np.stack((-sin * down + slant, cos * across), axis=1)
        return np.stack((rows, columns), axis=1).astype(np.float32)


def _basis() -> Floats:
    """``float32[28, KNOTS]``: what each knot has to say in each row; straight lines between."""
    knots = np.linspace(0, GLYPH_SIZE - 1, KNOTS)
    shares = [np.interp(np.arange(GLYPH_SIZE), knots, row) for row in np.eye(KNOTS)]
    # a raised cosine in place of the straight line: no kinks at the knots
    return np.asarray((1 - np.cos(np.pi * np.stack(shares, axis=1))) / 2, np.float32)


def grown(ink: Floats, share: Floats) -> Floats:
    """Strokes grown by this share of a pixel to each side: ``float32[N]`` between 0 and 1."""
    framed = np.pad(ink, ((0, 0), (1, 1), (1, 1)), mode="edge")
    wide = np.maximum(np.maximum(framed[:, :, :-2], framed[:, :, 2:]), framed[:, :, 1:-1])
    most = np.maximum(np.maximum(wide[:, :-2], wide[:, 2:]), wide[:, 1:-1])
    return np.asarray(ink + share[:, None, None] * (most - ink), np.float32)


def _soiled(glyphs: Glyphs, most: float, rng: np.random.Generator) -> Glyphs:
    share = rng.uniform(0, most, (len(glyphs), 1, 1))
    drawn = rng.random(glyphs.shape, np.float32)
    return np.where(drawn < share, 255, np.where(drawn > 1 - share / 2, 0, glyphs)).astype(np.uint8)


def _broken(ink: Floats, rng: np.random.Generator) -> Floats:
    """With a square of up to three pixels blanked, its middle on ink where there is any."""
    count = len(ink)
    chance = ink.reshape(count, GLYPH_SIZE**2) * rng.random((count, GLYPH_SIZE**2), np.float32)
    y, x = np.divmod(chance.argmax(axis=1), GLYPH_SIZE)
    reach = rng.uniform(0.5, 2, (count, 1, 1))
    rows = np.abs(np.arange(GLYPH_SIZE)[:, None] - y[:, None, None]) < reach
    columns = np.abs(np.arange(GLYPH_SIZE) - x[:, None, None]) < reach
    return np.asarray(np.where(rows & columns, 0, ink), np.float32)
