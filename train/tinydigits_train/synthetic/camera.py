"""What a camera makes of a sheet: seen askew, unevenly lit, out of focus, with noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from tinydigits.frame import Luma
from tinydigits.pieces import Box, overlap
from tinydigits_train.datasets import Indices
from tinydigits_train.synthetic.lettering import HEIGHT
from tinydigits_train.synthetic.sheet import Sheet, Window

_SPOT: Final = 24
"""Side of the small picture that glare and shadows are drawn in: they have no sharp edges."""

_LARGEST: Final = 900
"""Longer side of a photograph of a sheet in pixels, at most."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Photo:
    """A photograph of a sheet.

    ``luma`` and ``owner`` are ``uint8[H, W]``, the latter and ``labels`` as on the sheet; a digit
    that the edge of the photograph cuts is unclear.
    """

    luma: Luma
    owner: npt.NDArray[np.uint8]
    labels: tuple[int, ...]

    @cached_property
    def boxes(self) -> dict[int, Box]:
        """Where each digit's ink is, by its number in ``owner``."""
        found = {}
        for number in np.unique(self.owner[self.owner > 0]).tolist():
            y, x = np.nonzero(self.owner == number)
            found[number] = (int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1)
        return found

    @cached_property
    def areas(self) -> Indices:
        """Pixels of each digit's ink, by its number in ``owner``."""
        return np.bincount(self.owner.ravel())

    def nearest(self, box: npt.NDArray[np.float64]) -> tuple[int, float]:
        """The digit that overlaps a box most, intersection over union; 0 where there is no digit.

        :param box: left, top, right and bottom in pixels of the photograph.
        """
        own = np.array(list(self.boxes.values()), np.float64).reshape(-1, 4)
        shares = dict(zip(self.boxes, overlap(own, box).tolist(), strict=True))
        number = max(shares, key=lambda key: shares[key], default=0)
        return number, shares.get(number, 0.0)


@dataclass(frozen=True)
class Shot:
    """How a photograph is taken.

    ``digit_height`` is that of a digit in its pixels, ``tilt`` is in degrees, ``askew`` how far
    each corner of the view is off, as a share of its shorter side, ``blur`` the standard deviation
    of the blur as a share of the digit's height, ``noise`` that of the noise in grey levels;
    ``uneven`` is how much the light changes over the picture, ``glare`` how many grey levels the
    brightest reflection adds; ``quality`` is JPEG's.
    """

    digit_height: float
    tilt: float
    askew: float
    blur: float
    noise: float
    uneven: float
    glare: float
    quality: int | None

    @classmethod
    def drawn(cls, rng: np.random.Generator, least: float, most: float) -> Shot:
        """A random one, in which digits are between ``least`` and ``most`` pixels high."""
        steady = rng.random() < 0.4
        return cls(
            digit_height=float(np.exp(rng.uniform(np.log(least), np.log(most)))),
            tilt=0.0 if steady else rng.normal(0, 4),
            askew=0.0 if steady else rng.uniform(0, 0.06),
            blur=abs(rng.normal(0, 0.025)),
            noise=abs(rng.normal(0, 4)) if rng.random() < 0.8 else rng.uniform(8, 25),
            uneven=abs(rng.normal(0, 0.25)),
            glare=rng.uniform(20, 160) if rng.random() < 0.15 else 0.0,
            quality=int(rng.integers(25, 95)) if rng.random() < 0.6 else None,
        )


def photograph(sheet: Sheet, view: Window, shot: Shot, rng: np.random.Generator) -> Photo:
    """The part of a sheet that ``view`` names, as a camera sees it."""
    left, top, right, bottom = view
    scale = shot.digit_height / HEIGHT
    scale = min(scale, _LARGEST / max(right - left, bottom - top))
    size = (max(8, round((right - left) * scale)), max(8, round((bottom - top) * scale)))
    quad = _corners(view, shot, rng)
    grey = _seen(sheet.grey, quad, size, scale)
    owner = Image.fromarray(sheet.owner).transform(
        size, Image.Transform.QUAD, quad, Image.Resampling.NEAREST
    )
    sigma = float(shot.blur * HEIGHT * scale)
    if sigma > 0.2:
        grey = grey.filter(ImageFilter.GaussianBlur(sigma))
    luma = _lit(np.asarray(grey, np.float32), shot, rng)
    luma += rng.normal(0, shot.noise, luma.shape).astype(np.float32)
    seen = np.asarray(luma.clip(0, 255).round(), np.uint8)
    if shot.quality is not None:
        seen = _compressed(seen, shot.quality)
    return Photo(seen, np.asarray(owner), tuple(sheet.labels))


def _corners(view: Window, shot: Shot, rng: np.random.Generator) -> tuple[float, ...]:
    """Where the picture's corners lie on the sheet: left upper, then against the clock."""
    left, top, right, bottom = view
    centre = np.array([(left + right) / 2, (top + bottom) / 2])
    corners = np.array([(left, top), (left, bottom), (right, bottom), (right, top)]) - centre
    angle = np.deg2rad(shot.tilt)
    turned = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    reach = shot.askew * min(right - left, bottom - top)
    return tuple((turned + centre + rng.uniform(-reach, reach, (4, 2))).ravel().tolist())


def _seen(
    grey: Floats, quad: tuple[float, ...], size: tuple[int, int], scale: float
) -> Image.Image:
    """The sheet's grey levels in the view, each pixel the mean of what it covers."""
    finer = max(1, min(4, int(np.ceil(0.75 / scale))))
    image = Image.fromarray(np.asarray(grey.clip(0, 255), np.uint8))
    large = (size[0] * finer, size[1] * finer)
    seen = image.transform(large, Image.Transform.QUAD, quad, Image.Resampling.BILINEAR)
    return seen.reduce(finer) if finer > 1 else seen


def _lit(grey: Floats, shot: Shot, rng: np.random.Generator) -> Floats:
    """Light from one side, and perhaps a reflection."""
    y, x = np.mgrid[-0.5 : 0.5 : _SPOT * 1j, -0.5 : 0.5 : _SPOT * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 + shot.uneven * (x * np.cos(angle) + y * np.sin(angle))
    lit = grey * _enlarged(light, grey.shape)
    if shot.glare:
        across, down = rng.uniform(-0.6, 0.6, 2)
        width, height = rng.uniform(0.05, 0.5, 2)
        spot = np.exp(-(((x - across) / width) ** 2) - ((y - down) / height) ** 2)
        lit += shot.glare * _enlarged(spot, grey.shape)
    return np.asarray(lit, np.float32)


def _enlarged(values: npt.NDArray[np.float64], shape: tuple[int, ...]) -> Floats:
    image = Image.fromarray(values.astype(np.float32))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


def _compressed(luma: Luma, quality: int) -> Luma:
    file = BytesIO()
    Image.fromarray(luma).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))
