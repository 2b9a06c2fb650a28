"""A cupboard with two meters as a small camera sees it, drawn from the project's own digits."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from drawing import seven_segment, written
from tinydigits.frame import Luma

SIZE: Final = (960, 640)
"""Width and height of a frame, in pixels."""

WATER: Final = (172, 174)
POWER: Final = (256, 402)
"""Left and top of the two displays' digits."""

WATER_CORNERS: Final = ((156, 152), (690, 152), (690, 256), (156, 256))
POWER_CORNERS: Final = ((224, 376), (612, 376), (612, 508), (224, 508))
"""Where a person would draw the regions."""

REFERENCE: Final = (720, 390, 150, 130)
"""Left, top, width and height of a rating plate, which never changes."""

NOISE: Final = 3.0
"""Grey levels: the deviation of a small sensor's noise indoors."""

_PLATE: Final = 168
_WINDOW: Final = 34
_LCD: Final = 186

_STEP: Final = 66
"""Pixels from one digit of the upper display to the next."""

Grey = npt.NDArray[np.float64]


def scene(
    water: str,
    power: str,
    seed: int = 0,
    *,
    lamp: int | None = None,
    half: bool = False,
    noise: float = NOISE,
) -> Luma:
    """One frame, ``uint8[640, 960]``.

    :param lamp: which digit of the upper display a lamp shines on, if one does.
    :param half: whether the last drum there is between two digits.
    :param noise: of the sensor, in grey levels.
    """
    image = Image.new("L", SIZE, 92)
    draw = ImageDraw.Draw(image)
    _furniture(draw)
    seen = np.asarray(image, float).copy()
    upper = written(water, 3, 9) > 0
    if half:
        upper[:, -54:] = np.roll(upper[:, -54:], upper.shape[0] // 2, axis=0)
    _put(seen, upper, WATER, 226)
    _put(seen, seven_segment(power, 80, 0.03) > 0, POWER, 52)
    if lamp is not None:
        _shine(seen, lamp)
    return _photographed(seen, seed, noise)


def _furniture(draw: ImageDraw.ImageDraw) -> None:
    """Two meters on a wall: plates, windows, screws, lettering, a rating plate."""
    draw.rounded_rectangle((90, 70, 880, 310), 24, fill=_PLATE, outline=120, width=4)
    draw.rounded_rectangle((148, 144, 698, 264), 8, fill=_WINDOW, outline=210, width=5)
    draw.rounded_rectangle((170, 340, 900, 560), 16, fill=_PLATE - 14, outline=116, width=4)
    draw.rectangle((216, 368, 620, 516), fill=_LCD, outline=84, width=6)
    for x, y in ((116, 96), (854, 96), (116, 284), (854, 284), (196, 366), (874, 534)):
        draw.ellipse((x - 11, y - 11, x + 11, y + 11), fill=140, outline=70, width=2)
        draw.line((x - 7, y - 5, x + 7, y + 5), fill=60, width=3)
    draw.ellipse((732, 130, 842, 240), fill=206, outline=60, width=4)
    draw.line((787, 185, 822, 150), fill=40, width=5)
    for k in range(12):
        x, y = 787 + 46 * np.cos(k * np.pi / 6), 185 + 46 * np.sin(k * np.pi / 6)
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=60)
    rng = np.random.default_rng(5)
    left, top, width, height = REFERENCE
    draw.rectangle((left, top, left + width, top + height), fill=222, outline=90, width=3)
    for row in range(6):
        x = left + 12
        while x < left + width - 30:
            long = int(rng.integers(6, 26))
            draw.rectangle((x, top + 14 + 18 * row, x + long, top + 22 + 18 * row), fill=70)
            x += long + 7


def _put(seen: Grey, ink: npt.NDArray[np.bool_], place: tuple[int, int], level: float) -> None:
    left, top = place
    height, width = ink.shape
    part = seen[top : top + height, left : left + width]
    part[ink] = level


def _shine(seen: Grey, digit: int) -> None:
    """A lamp, seen in the glass of the upper window."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    middle = WATER[0] + 20 + _STEP * digit
    spot = np.exp(-(((x - middle) / 42) ** 2 + ((y - 188) / 34) ** 2))
    seen += np.minimum(1, 1.3 * spot) * (250 - seen)  # the middle of it is only white


def _photographed(seen: Grey, seed: int, noise: float) -> Luma:
    """Light from the upper left, a lens that isn't perfect, a sensor's noise."""
    width, height = SIZE
    y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
    lit = seen * (1.06 - 0.22 * x - 0.16 * y - 0.25 * (x**2 + y**2))
    soft = Image.fromarray(np.asarray(lit.clip(0, 255), np.uint8))
    soft = soft.filter(ImageFilter.GaussianBlur(1.1))
    rough = np.random.default_rng(seed).normal(0, noise, seen.shape)
    return np.asarray((np.asarray(soft, float) + rough).clip(0, 255), np.uint8)


ROUND: Final = 40
"""Frames after which all comes again, but for what the meters have counted."""

SPOILED: Final = {9: 7, 22: 6, 23: 7, 33: 2}
"""By frames: the digit that a lamp shines on; it goes on by one each round."""

HALF_TURNED: Final = (12, 28)
"""Frames in which a drum is just turning."""


def write_scenes(
    folder: Path, *, spoiled: bool = True, count: int = ROUND, noise: float = NOISE
) -> None:
    """Frames in which both meters count, a litre at a time and a tenth of a kilowatt-hour.

    :param spoiled: whether in some of them a lamp shines into the glass, or a drum is just turning.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for place in range(count):
        at = place % ROUND
        water, power = f"{472183 + place // 4:08d}", f"{36842 + place // 10:05d}"
        luma = scene(
            water,
            power,
            place,
            lamp=(SPOILED[at] + place // ROUND) % len(water) if spoiled and at in SPOILED else None,
            noise=noise,
            half=spoiled and at in HALF_TURNED,
        )
        Image.fromarray(luma).save(folder / f"{place:03d}.png", compress_level=1)
