"""Ways to write digits: a scene keeps to one, as a meter, a display and a hand do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Coverage = npt.NDArray[np.uint8]
"""``uint8[h, w]``: how much of each pixel ink covers, 0 to 255."""

HEIGHT: Final = 80
"""Height of a digit in pixels of its coverage: about as many as a good photograph shows."""

_HALF: Final = 128


@dataclass(frozen=True)
class Lettering:
    """A way to write.

    ``sign`` gives the coverage of a character; ``spacing`` is what is left free between two
    digits, as a share of their height; ``slant`` is how many columns to a row they lean.
    """

    sign: Callable[[str, np.random.Generator], Coverage]
    spacing: float
    slant: float


def altered(coverage: Coverage, *, width: float, slant: float, weight: float) -> Coverage:
    """Ink drawn wider or narrower, slanted to the right, and bolder or lighter, cropped to itself.

    :param width: factor on the width.
    :param slant: columns to a row.
    :param weight: what strokes grow by on each side, as a share of the height; negative: shrink.
    """
    reach = round(abs(weight) * HEIGHT)
    aside = round(abs(slant) * coverage.shape[0] / 2) + reach + 1
    image = Image.fromarray(np.pad(coverage, ((reach + 1, reach + 1), (aside, aside))))
    if reach:
        grown = ImageFilter.MaxFilter if weight > 0 else ImageFilter.MinFilter
        changed = image.filter(grown(2 * reach + 1))
        # what is thinner than it would shrink by stays as it is
        image = changed if np.asarray(changed).max() >= _HALF else image
    step = 1 / width
    # where a pixel of the result comes from: the middle row stays
    source = (step, slant * step, -slant * step * image.height / 2, 0, 1, 0)
    size = (max(1, round(image.width * width)), image.height)
    turned = image.transform(size, Image.Transform.AFFINE, source, Image.Resampling.BILINEAR)
    return cropped(np.asarray(turned))


def resized(coverage: Coverage, height: float) -> Coverage:
    """Ink scaled to a height in pixels, its aspect kept."""
    scale = height / coverage.shape[0]
    size = (max(1, round(coverage.shape[1] * scale)), max(1, round(height)))
    return np.asarray(Image.fromarray(coverage).resize(size, Image.Resampling.BICUBIC))


def cropped(coverage: Coverage) -> Coverage:
    """The part with ink; one pixel of paper where there is none."""
    rows, columns = np.flatnonzero(coverage.any(axis=1)), np.flatnonzero(coverage.any(axis=0))
    if not rows.size:
        return np.zeros((1, 1), np.uint8)
    return coverage[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
