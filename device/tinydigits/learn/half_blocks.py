"""Grey pictures in a terminal: two pixels a character, in as many shades as it can show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

import numpy as np
from PIL import Image, ImageOps

from tinydigits.frame import Luma

UPPER: Final = "\N{UPPER HALF BLOCK}"
"""Its foreground is the upper pixel, its background the lower one."""

RESET: Final = "\033[0m"

RAMP: Final = " .:-=+*#%@"
"""From dark to bright on a dark terminal, where there are no colours at all."""

ENLARGED: Final = 8
"""Times at most that a picture is enlarged."""


class Shades(Enum):
    """What a terminal can show."""

    TRUE_COLOUR = "true colour"
    PALETTE = "256 colours"
    PLAIN = "characters"


def shades_of(environment: Mapping[str, str], encoding: str) -> Shades:
    """What a terminal can show, as its environment and its encoding say."""
    terminal = environment.get("TERM", "")
    try:
        UPPER.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return Shades.PLAIN
    if environment.get("NO_COLOR") or terminal in {"", "dumb"}:
        return Shades.PLAIN
    if environment.get("COLORTERM") in {"truecolor", "24bit"}:
        return Shades.TRUE_COLOUR
    return Shades.PALETTE if "256color" in terminal else Shades.PLAIN


def render(luma: Luma, columns: int, rows: int, shades: Shades) -> Iterator[str]:
    """The lines of a picture, as large as fits into so many characters, its sides in proportion.

    :param luma: ``uint8[H, W]``.
    """
    height, width = luma.shape
    factor = min(columns / width, 2 * rows / height, ENLARGED)
    size = max(1, round(width * factor)), max(2, 2 * round(height * factor / 2))
    image = Image.fromarray(np.ascontiguousarray(luma)).resize(size, Image.Resampling.BICUBIC)
    if shades is Shades.PLAIN:
        image = ImageOps.autocontrast(image)  # ten shades are few
    pixels = np.asarray(image)
    for upper, lower in zip(pixels[0::2].tolist(), pixels[1::2].tolist(), strict=True):
        cells = list(zip(upper, lower, strict=True))
        if shades is Shades.PLAIN:
            means = ((above + below) // 2 for above, below in cells)
            yield "".join(RAMP[mean * len(RAMP) // 256] for mean in means).rstrip()
        else:
            code = _true if shades is Shades.TRUE_COLOUR else _palette
            yield "".join(f"\033[38;{code(a)};48;{code(b)}m{UPPER}" for a, b in cells) + RESET


def _true(grey: int) -> str:
    return f"2;{grey};{grey};{grey}"


def _palette(grey: int) -> str:
    """The nearest of xterm's 24 greys, 8 to 238 in steps of 10, or black or white."""
    step = round((grey - 8) / 10)
    return f"5;{16 if grey < 4 else 231 if step > 23 else 232 + max(0, step)}"
