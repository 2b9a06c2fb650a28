"""Draw a data set's digits into frames as a camera would see them, with their truth beside them.

The folder that comes out is one that ``tinydigits score`` reads: it measures the whole way from the
camera frame to the number on digits whose truth is known.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter
from tqdm import tqdm

from tinydigits.classifier import Glyphs
from tinydigits.errors import UsageError
from tinydigits.files import atomic_write
from tinydigits.frame import Luma
from tinydigits.glyph import GLYPH_SIZE
from tinydigits.labels import LABELS_FILE
from tinydigits_train.datasets import DataSet, Indices, enlarge

ENLARGED: Final = 3
"""Frame pixels to a glyph pixel."""

SPACING: Final = 25
"""Glyph pixels from one digit to the next: the widest two of MNIST then nearly touch."""

MARGIN: Final = (38, 18)
"""Frame pixels left free beside and above a number."""

MAX_TILT: Final = 3.0
"""Degrees that a frame with a number is turned by at most, either way."""

Coverage = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Light:
    """How a scene is lit and seen: grey levels, but for the gradient, a share of the paper's."""

    paper: float
    ink: float
    gradient: tuple[float, float]
    noise: float

    @classmethod
    def drawn(cls, rng: np.random.Generator, *, dark: bool) -> Light:
        """A random one, with dark digits on light paper or the other way round."""
        low, high = rng.uniform(20, 80), rng.uniform(150, 220)
        paper, ink = (high, low) if dark else (low, high)
        across, down = rng.uniform(-0.25, 0.25, 2)
        return cls(paper, ink, (float(across), float(down)), rng.uniform(2, 8))


def draw_numbers(dataset: DataSet, numbers: Indices, folder: Path, rng: np.random.Generator) -> int:
    """Write a frame for each number, and their ``labels.csv``, to a folder; returns how many.

    Frames take turns in dark on light and light on dark.

    :param numbers: ``int64[frames, digits]``, which of the data set's glyphs each one shows.
    """
    if any(folder.iterdir()):  # or old frames would stand beside new ones
        raise UsageError(f"{folder} is not empty: name a new folder")
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(("file", "digits"))
    for place, chosen in enumerate(tqdm(numbers, "frames", disable=None)):
        text = "".join(map(str, dataset.labels[chosen]))
        name = f"{place:05d}_{text}.png"
        picture = Image.fromarray(draw_frame(dataset.glyphs[chosen], rng, dark=place % 2 == 0))
        content = io.BytesIO()
        picture.save(content, "PNG", compress_level=1)
        atomic_write(folder / name, content.getvalue())
        rows.writerow((name, text))
    # last, so that a folder with a table is complete
    atomic_write(folder / LABELS_FILE, table.getvalue().encode())
    return len(numbers)


def draw_frame(glyphs: Glyphs, rng: np.random.Generator, *, dark: bool) -> Luma:
    """One frame, ``uint8[H, W]``, that shows ``uint8[N, 28, 28]`` as a number."""
    tilt = rng.uniform(-MAX_TILT, MAX_TILT) if len(glyphs) > 1 else 0.0
    coverage = _layout(glyphs, tilt)
    light = Light.drawn(rng, dark=dark)
    height, width = coverage.shape
    across, down = light.gradient
    y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
    scene = (light.paper + coverage * (light.ink - light.paper)) * (1 + across * x + down * y)
    seen = scene + rng.normal(0, light.noise, scene.shape)
    return np.asarray(seen.clip(0, 255).round(), np.uint8)


def _layout(glyphs: Glyphs, tilt: float) -> Coverage:
    """The number's ink on the frame, 0 to 1, out of focus by a pixel's width."""
    beside, above = MARGIN
    side = GLYPH_SIZE * ENLARGED
    step = SPACING * ENLARGED
    size = (beside * 2 + step * (len(glyphs) - 1) + side, above * 2 + side)
    ink = np.zeros(size[::-1], np.uint8)
    for place, glyph in enumerate(glyphs):
        left = beside + place * step
        part = ink[above : above + side, left : left + side]
        np.maximum(part, enlarge(glyph, ENLARGED), out=part)
    image = Image.fromarray(ink).rotate(tilt, Image.Resampling.BICUBIC)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(0.7)), np.float64) / 255
