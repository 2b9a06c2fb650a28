"""Scenes without a digit: letters, empty places, texture, light and shadow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from tinydigits_train.synthetic.lettering import HEIGHT, resized
from tinydigits_train.synthetic.row import Row
from tinydigits_train.synthetic.surroundings import LETTERS, display, drums, grey, words

Floats = npt.NDArray[np.float32]


def letters(row: Row) -> None:
    """Letters where digits are due."""
    for place in range(row.count):
        letter = row.letter(str(row.rng.choice(LETTERS)))
        row.put(resized(letter, HEIGHT * row.rng.uniform(0.8, 1.1)), place)


def half_turned(row: Row) -> None:
    """Drums that all stand between two digits."""
    drums(row, float(row.rng.choice([-1, 1]) * row.rng.uniform(0.33, 0.5)))


def empty(row: Row) -> None:
    """A display without its digits, or nothing but paper and what stands beside."""
    row.signs = [np.zeros((HEIGHT, HEIGHT // 2), np.uint8) for _ in row.signs]
    if row.rng.random() < 0.7:
        display(row)
    row.sheet.labels.clear()
    row.sheet.owner[:] = 0


def texture(row: Row) -> None:
    """Stripes, squares, blots or cloudy noise over everything."""
    grey_levels = row.sheet.grey
    y, x = np.mgrid[: grey_levels.shape[0], : grey_levels.shape[1]].astype(np.float32)
    pattern = _PATTERNS[row.rng.integers(len(_PATTERNS))](x, y, row.rng)
    grey_levels += (row.tones.ink - grey_levels) * pattern


def edges(row: Row) -> None:
    """Rectangles and lines: edges of things, shadows, scratches."""
    rng, sheet = row.rng, row.sheet
    for _ in range(rng.integers(1, 5)):
        x0, x1 = np.sort(rng.uniform(-0.2, 1.2, 2)) * sheet.width
        y0, y1 = np.sort(rng.uniform(-0.2, 1.2, 2)) * sheet.height
        if rng.random() < 0.6:
            sheet.fill((x0, y0, max(0, x1), max(0, y1)), grey(rng))
        else:
            ends = [(x0, y0), (x1, y1)] if rng.random() < 0.5 else [(x0, y1), (x1, y0)]
            sheet.rule(ends, grey(rng), rng.uniform(0.02, 0.3) * HEIGHT)


def borders(row: Row) -> None:
    """The rim of something empty, where a view ends: wide or narrow, of one to four sides."""
    rng, sheet = row.rng, row.sheet
    left, top, right, bottom = row.window(0, row.count, 0.3, 0.3)
    if rng.random() < 0.6:  # around the middle place, which a picture of one digit is about
        left, top, right, bottom = row.window(row.count // 2, row.count // 2 + 1, 0.3, 0.3)
    level = grey(rng)
    for side in (
        (0, 0, left, sheet.height),
        (right, 0, sheet.width, sheet.height),
        (0, 0, sheet.width, top),
        (0, bottom, sheet.width, sheet.height),
    ):
        if rng.random() < 0.7:
            sheet.fill(side, level)


def lettering_only(row: Row) -> None:
    """Words on a panel."""
    words(row)
    words(row)


def _stripes(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    angle, period = rng.uniform(0, np.pi), rng.uniform(0.1, 1.5) * HEIGHT
    wave = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period)
    return np.asarray(wave > rng.uniform(-0.8, 0.8), np.float32)


def _squares(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    return np.asarray(_stripes(x, y, rng) != _stripes(x, y, rng), np.float32)


def _blots(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    cloud = _clouds(x, y, rng)
    return np.asarray(cloud > np.quantile(cloud[::4, ::4], rng.uniform(0.5, 0.97)), np.float32)


def _clouds(x: Floats, _: Floats, rng: np.random.Generator) -> Floats:
    """Noise blurred to patches of any size, from grain to shadows: 0 to 1."""
    size = rng.uniform(0.01, 0.3) * HEIGHT
    noise = rng.uniform(0, 255, (x.shape[0] // 4 + 1, x.shape[1] // 4 + 1)).astype(np.uint8)
    small = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(size / 4))
    cloud = np.asarray(small.resize(x.shape[::-1], Image.Resampling.BICUBIC), np.float32)
    low, high = float(cloud.min()), float(cloud.max())
    return np.asarray((cloud - low) / max(1.0, high - low), np.float32)


_PATTERNS: Final[tuple[Callable[[Floats, Floats, np.random.Generator], Floats], ...]] = (
    _stripes,
    _squares,
    _blots,
    _clouds,
)
