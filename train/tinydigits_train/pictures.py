"""Small pictures as PNG inside a page: ink and signed numbers as colours of varied opacity.

What has no ink, or the number zero, is transparent: the page's own paper, light or dark.
"""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from tinydigits_train.portrait import read_glyph, read_signed

FOR: Final[tuple[int, ...]] = (224, 105, 26)
"""Red, green and blue of what is above zero; told from :data:`AGAINST` by the colour-blind too, and
seen on white as well as on black."""

AGAINST: Final[tuple[int, ...]] = (42, 120, 200)

Pixels = npt.NDArray[np.uint8]


def ink_uri(glyph: bytes) -> str:
    """A glyph of a report as a data URI: black, as opaque as there is ink."""
    ink = read_glyph(glyph)
    return _data_uri(np.dstack((np.zeros_like(ink), ink)))


def signed_uri(picture: bytes, largest: float) -> str:
    """Numbers with signs as a data URI: two colours, as opaque as the root of a number is large.

    The root, because a few large coefficients leave hardly any colour for all the others.

    :param largest: the absolute value that is wholly opaque.
    """
    return _data_uri(_coloured(read_signed(picture) / (largest or 1.0)))


def scale_uri(steps: int = 201) -> str:
    """The colours of all numbers from the smallest to the largest, in a line."""
    return _data_uri(_coloured(np.linspace(-1, 1, steps, dtype=np.float32)[None]))


def _coloured(values: npt.NDArray[np.float32]) -> Pixels:
    """Colours of -1 to 1."""
    colours = np.array((AGAINST, FOR), np.uint8)[(values > 0).astype(np.intp)]
    alpha = np.asarray((255 * np.sqrt(np.abs(values))).round().clip(0, 255), np.uint8)
    return np.dstack((colours, alpha))


def _data_uri(pixels: Pixels) -> str:
    """``uint8[H, W, 2]`` is grey and alpha, ``uint8[H, W, 4]`` red, green, blue and alpha."""
    content = BytesIO()
    Image.fromarray(pixels).save(content, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(content.getvalue()).decode('ascii')}"
