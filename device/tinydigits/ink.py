"""Which pixels of a frame are ink: one bit each, for dark and for light digits.

Light falls unevenly, so a pixel is judged against its surroundings: ink is what differs from the
mean of a window around it. No single level and no single rule for the polarity is safe on
photographs, hence a few candidates; the reader lets the classifier judge between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageFilter

from tinydigits.frame import Luma

Polarity = Literal["dark", "light"]
POLARITIES: Final[tuple[Polarity, ...]] = ("dark", "light")

MAX_SIDE: Final = 1280
"""Longer frames are averaged down: a digit that can be read there can be read here."""

MIN_SIDE: Final = 64
"""Smaller pictures are enlarged smoothly, so that a stroke is more than a pixel wide."""

WINDOWS: Final = (0.2, 0.6)
"""Radii of the window as shares of the frame's shorter side: one wider than the strokes of a number
in a frame, one wider than those of a digit that fills it."""

LEVEL: Final = 0.25
"""Ink differs from its surroundings by at least this share of the frame's strongest contrast."""

STRONGEST: Final = 0.001
"""Share of the pixels that the strongest contrast is taken from."""

NOISE_SIGMAS: Final = 4.0
"""Ink differs by so many standard deviations of the noise; of what is left of it, a third, after
smoothing over nine pixels."""

MIN_CONTRAST: Final = 10
"""Grey levels under which nothing is ink, however quiet the frame."""

ODDS_STEEPNESS: Final = 4.0
"""How fast the odds of a polarity grow with what the frame's edge says of it."""


@dataclass(frozen=True)
class Ink:
    """One candidate for the ink of a frame.

    ``mask`` is ``bool[h, w]``, at ``scale`` mask pixels a frame pixel. ``weight`` is how probable
    its polarity is, 0 to 1; ``window`` the radius it was found with, as a share.
    """

    mask: npt.NDArray[np.bool_]
    polarity: Polarity
    weight: float
    scale: float


def find_ink(luma: Luma, polarities: tuple[Polarity, ...] = POLARITIES) -> Iterator[Ink]:
    """Candidates for the ink of a frame, ``uint8[H, W]``, the most probable polarity first.

    A frame without contrast has none.
    """
    image, scale = _working_size(Image.fromarray(luma))
    smooth = image.filter(ImageFilter.BoxBlur(1))
    floor = max(MIN_CONTRAST, NOISE_SIGMAS * _noise(np.asarray(image)) / 3)
    dark = _dark_odds(image)
    weights = {"dark": dark, "light": 1 - dark} if len(polarities) > 1 else {polarities[0]: 1.0}

    @cache
    def around(window: float) -> Image.Image:
        return image.filter(ImageFilter.BoxBlur(max(4, round(window * min(image.size)))))

    for polarity in sorted(polarities, key=lambda polarity: -weights[polarity]):
        for window in WINDOWS:
            pair = (around(window), smooth)
            contrast = ImageChops.subtract(*(pair if polarity == "dark" else pair[::-1]))
            strongest = _strongest(contrast)
            if strongest >= floor:
                mask = np.asarray(contrast) >= np.uint8(ceil(max(floor, LEVEL * strongest)))
                yield Ink(mask, polarity, weights[polarity], scale)


def _dark_odds(image: Image.Image) -> float:
    """Probability that ink is darker than paper, from the frame's edge, where paper is likelier.

    Of 1,806 photographed meter digits 92 % have the polarity that the median along the edge says,
    against 82 % for the best rule that looks at the whole picture.
    """
    luma = np.asarray(image)
    edge = np.concatenate((luma[0], luma[-1], luma[:, 0], luma[:, -1]))
    shares = np.cumsum(image.histogram()) / luma.size
    darkest, brightest = np.searchsorted(shares, (0.01, 0.99)).tolist()
    if brightest <= darkest:
        return 0.5
    paper = float(np.median(edge))
    lean = ((paper - darkest) - (brightest - paper)) / (brightest - darkest)
    # an edge far outside the picture's own range makes neither polarity impossible
    return float(1 / (1 + np.exp(-ODDS_STEEPNESS * max(-4.0, min(4.0, lean)))))


def _working_size(image: Image.Image) -> tuple[Image.Image, float]:
    factor = -(-max(image.size) // MAX_SIDE)
    if factor > 1:
        return image.reduce(factor), 1 / factor
    factor = -(-MIN_SIDE // min(image.size))
    if factor > 1:
        enlarged = (image.width * factor, image.height * factor)
        return image.resize(enlarged, Image.Resampling.BICUBIC), float(factor)
    return image, 1.0


def _noise(luma: Luma) -> float:
    """Standard deviation of the noise in grey levels: Immerkaer 1996, on every eighth row.

    The second difference along a row hides edges less than his two-dimensional mask does, so the
    median takes the place of the mean.
    """
    rows = luma[::8].astype(np.int16)
    if rows.shape[1] < 3:
        return 0.0
    second = np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:])
    # the median of |x| is 0.6745 sigma, and the mask's weights multiply the variance by 6
    return float(np.median(second)) / (0.6745 * 6**0.5)


def _strongest(contrast: Image.Image) -> int:
    """The contrast that a thousandth of the pixels, or thirty, exceed."""
    histogram = np.array(contrast.histogram())
    wanted = max(30, STRONGEST * histogram.sum())
    return int(255 - np.argmax(np.cumsum(histogram[::-1]) >= wanted))
