"""What is asked about: glyphs and frames whose digits are known, so that answers can be checked.

Drawn from the golden glyphs that a model file carries, or taken from labelled pictures, which may
be as real as one likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from tinydigits.classifier import DIGITS, Glyphs, ModelCard
from tinydigits.errors import DataError
from tinydigits.frame import Frame, Luma
from tinydigits.glyph import GLYPH_SIZE, Glyph
from tinydigits.labels import list_pictures
from tinydigits.reader import single_glyph

SIZES: Final = ((320, 240), (640, 480), (1280, 720), (1920, 1080))
"""Width and height of frames, in pixels."""

COUNTS: Final = (1, 5, 50)
"""Digits in a frame."""

PICTURES: Final = 20
LEAST_PICTURES: Final = 4
PIXELS: Final = 20 * 640 * 480
"""Different frames of each kind: at most, at least, and in between as many as have so many pixels
together, which all processes share. The smallest computers draw a million a second."""

MOST_PIXELS: Final = 16_000_000
"""Of a frame: a Raspberry Pi camera has 12 million, and drawing one takes 40 bytes each."""

PER_LINE: Final = 10
LEAST_PLACES: Final = 5
LEAST_LINES: Final = 2
"""For so many digits in a line, and lines, there is room at least: a single digit doesn't fill the
frame."""

PAPER: Final = 190.0
INK: Final = 70.0
SHADOW: Final = 50.0
NOISE: Final = 4.0
"""Grey levels: of what lies before the camera, of a shadow to the right, and of the sensor."""

TREMBLE: Final = 2
"""Pixels by which the camera is never quite where it was."""

MOVES: Final = 2
"""Pixels by which a glyph is moved to each side."""


@dataclass(frozen=True)
class GlyphSet:
    """Glyphs, ``uint8[N, 28, 28]``, and what they show, ``int64[N]``; where they come from."""

    glyphs: Glyphs
    labels: npt.NDArray[np.int64]
    origin: str


@dataclass(frozen=True)
class FrameSet:
    """Frames, ``uint8[H, W]``, and the digits of each, in reading order."""

    frames: tuple[Luma, ...]
    digits: tuple[str, ...]
    origin: str


def drawn_glyphs(card: ModelCard) -> GlyphSet:
    """The model's golden digits, each moved by up to two pixels in every direction."""
    steps = range(-MOVES, MOVES + 1)
    glyphs, labels = [], []
    for value, glyph in _golden(card).items():
        for down in steps:
            for right in steps:
                glyphs.append(np.roll(glyph, (down, right), (0, 1)))
                labels.append(value)
    return GlyphSet(np.stack(glyphs), np.array(labels), "the model's golden glyphs, moved")


def drawn_frames(card: ModelCard, size: tuple[int, int], count: int) -> FrameSet:
    """Numbers of so many golden digits on paper, in a shadow, as a small camera sees them.

    :raises DataError: where there is no room for them.
    """
    hold_room(size, count)
    rng = np.random.default_rng(count)
    golden = _golden(card)
    pictures = max(LEAST_PICTURES, min(PICTURES, PIXELS // (size[0] * size[1])))
    numbers = rng.integers(0, len(DIGITS), (pictures, count))
    frames = tuple(_frame([golden[value] for value in row], size, rng) for row in numbers.tolist())
    digits = tuple("".join(map(str, row)) for row in numbers.tolist())
    return FrameSet(frames, digits, "the model's golden glyphs, drawn into frames")


def hold_room(size: tuple[int, int], count: int) -> None:
    """See to it that a frame has room for so many digits, and the machine for the frame.

    :raises DataError: where there is none.
    """
    if size[0] * size[1] > MOST_PIXELS:
        raise DataError(
            f"a frame of {size[0]}x{size[1]} has more than {MOST_PIXELS // 10**6} million pixels, "
            "which are not drawn"
        )
    width, height = least_size(count)
    if size[0] < width or size[1] < height:
        raise DataError(
            f"a frame of {size[0]}x{size[1]} has no room for {count} digits: they take "
            f"{width}x{height}"
        )


def least_size(count: int) -> tuple[int, int]:
    """Width and height of the smallest frame that has room for so many digits."""
    places = max(LEAST_PLACES, min(PER_LINE, count))
    lines = max(LEAST_LINES, ceil(count / PER_LINE))
    return places * GLYPH_SIZE + 2 * TREMBLE, lines * GLYPH_SIZE + 2 * TREMBLE


def pictured_glyphs(folder: Path) -> GlyphSet:
    """The glyphs of labelled pictures that show one digit.

    :raises DataError: where there is none.
    """
    glyphs, labels = [], []
    for picture in list_pictures(folder):
        if picture.digits is not None and len(picture.digits) == 1:
            glyph = single_glyph(Frame.from_file(picture.path))
            if glyph is not None:
                glyphs.append(glyph)
                labels.append(int(picture.digits))
    if not glyphs:
        raise DataError(f"{folder}: no picture in it shows one digit")
    return GlyphSet(np.stack(glyphs), np.array(labels), str(folder))


def pictured_frames(folder: Path) -> FrameSet:
    """Labelled pictures, of any size, that show digits.

    :raises DataError: where there is none.
    """
    shown = [
        (Frame.from_file(picture.path).luma, picture.digits)
        for picture in list_pictures(folder)
        if picture.digits
    ]
    if not shown:
        raise DataError(f"{folder}: no picture in it shows a digit")
    frames, digits = zip(*shown, strict=True)
    return FrameSet(frames, digits, str(folder))


def _golden(card: ModelCard) -> dict[int, Glyph]:
    """The card's glyph of each digit: they are drawn in the digits' order, whatever the model takes
    them for.

    :raises DataError: where there are others.
    """
    if len(card.golden) != len(DIGITS):
        raise DataError(
            f"model {card.name}: it carries {len(card.golden)} golden glyphs where one of each "
            "digit is due: ask about --pictures"
        )
    return {value: golden.glyph() for value, golden in enumerate(card.golden)}


def _frame(digits: Sequence[Glyph], size: tuple[int, int], rng: np.random.Generator) -> Luma:
    """Digits in lines, as large as fits, in the middle but for a tremble."""
    width, height = size
    lines = [digits[first : first + PER_LINE] for first in range(0, len(digits), PER_LINE)]
    places = max(LEAST_PLACES, len(lines[0]))
    fits = width // (places * GLYPH_SIZE), height // (max(LEAST_LINES, len(lines)) * GLYPH_SIZE)
    factor = max(1, min(fits))
    ink = np.concatenate([_line(line, len(lines[0])) for line in lines])
    ink = np.kron(ink, np.ones((factor, factor), np.uint8))
    down, right = (rng.integers(-TREMBLE, TREMBLE + 1, 2)).tolist()
    top, left = (height - ink.shape[0]) // 2 + down, (width - ink.shape[1]) // 2 + right
    seen = np.zeros((height, width))
    rows, columns = slice(max(0, top), top + ink.shape[0]), slice(max(0, left), left + ink.shape[1])
    seen[rows, columns] = ink[-min(top, 0) :, -min(left, 0) :][: height - max(0, top), :]
    luma = PAPER - (PAPER - INK) * seen / 255 - np.linspace(0, SHADOW, width)
    return np.asarray((luma + rng.normal(0, NOISE, luma.shape)).clip(0, 255), np.uint8)


def _line(digits: Sequence[Glyph], places: int) -> npt.NDArray[np.uint8]:
    """Glyphs side by side, and paper where a line is not full."""
    empty = np.zeros((GLYPH_SIZE, GLYPH_SIZE * (places - len(digits))), np.uint8)
    return np.concatenate([*digits, empty], axis=1)
