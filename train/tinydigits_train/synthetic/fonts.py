"""Fonts on this machine, or in a folder, whose digits can be drawn."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tinydigits.classifier import DIGITS
from tinydigits.errors import DataError
from tinydigits_train.synthetic.lettering import HEIGHT, Coverage

PACKAGES: Final = (
    "fonts-dejavu-core",
    "fonts-liberation",
    "fonts-freefont-ttf",
    "fonts-roboto-unhinted",
    "fonts-urw-base35",
)
"""Debian's packages with fonts of many weights and shapes, all under free licences."""

FOLDERS: Final = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("~/.local/share/fonts"),
    Path("~/.fonts"),
)
"""Where Linux keeps fonts."""

SUFFIXES: Final = frozenset({".ttf", ".otf"})

NOT_LETTERS: Final = ("symbol", "dingbat", "weather", "icon", "emoji", "d050000l", "math")
"""Parts of the names of fonts that show something else where digits are due."""

_PROBE: Final = 24
"""Pixels: enough to see whether a font shows ten different digits."""

_MISSING: Final = "\uffff"
"""No font has this character: what it shows is what it shows for all that it lacks."""


def find_fonts(folder: Path | None = None) -> list[Path]:
    """The fonts in a folder, or of this machine, that show ten digits, in order of their names.

    :raises DataError: where there is none, with what to do.
    """
    folders = [folder] if folder else [each.expanduser() for each in FOLDERS]
    if folder and not folder.is_dir():
        raise DataError(f"there is no folder of fonts {folder}")
    # by name, so that two machines with the same packages draw the same
    files = {path.name: path for each in folders for path in sorted(each.rglob("*"))}
    fonts = [files[name] for name in sorted(files) if _shows_digits(files[name])]
    if not fonts:
        where = str(folder) if folder else "this machine's font folders"
        raise DataError(
            f"no font is found in {where}: apt install {' '.join(PACKAGES)}, or name a folder of "
            "fonts with --fonts FOLDER, or do without with --fonts none"
        )
    return fonts


def draw_character(path: Path, character: str) -> Coverage:
    """A character as a font has it, ``uint8[h, w]``: as high as digits are, as wide as it stands.

    What hangs below the line of the digits or stands above them is cut off.
    """
    font, top, bottom = _sized(path)
    width = max(1, round(font.getlength(character)))
    image = Image.new("L", (width, bottom - top))
    ImageDraw.Draw(image).text((0, -top), character, 255, font)
    return np.asarray(image)


def _shows_digits(path: Path) -> bool:
    if path.suffix.lower() not in SUFFIXES:
        return False
    if any(part in path.name.lower() for part in NOT_LETTERS):
        return False
    try:
        font = ImageFont.truetype(path, _PROBE)
        shown = {bytes(font.getmask(character)) for character in (*DIGITS, _MISSING)}
    except OSError:  # damaged, or of a kind that FreeType doesn't know
        return False
    return len(shown) == len(DIGITS) + 1 and all(map(any, shown - {bytes(font.getmask(_MISSING))}))


@lru_cache(maxsize=512)
def _sized(path: Path) -> tuple[ImageFont.FreeTypeFont, int, int]:
    """A font at the size at which its digits are as high as they are drawn, their top, bottom."""
    _, top, _, bottom = ImageFont.truetype(path, HEIGHT).getbbox("".join(DIGITS))
    font = ImageFont.truetype(path, round(HEIGHT * HEIGHT / max(1, bottom - top)))
    _, top, _, bottom = font.getbbox("".join(DIGITS))
    return font, int(top), int(bottom)
