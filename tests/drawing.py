"""Numbers drawn for tests, of which every digit's pixels are known."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from tinydigits.frame import Luma
from tinydigits_export.golden import golden_glyphs

Mask = npt.NDArray[np.bool_]
Box = tuple[int, int, int, int]
Labels = npt.NDArray[np.uint8]
"""``uint8[H, W]``: 0 is paper, k the ink of the k-th digit in reading order."""

_SEGMENTS = {
    "0": "abcdef",
    "1": "bc",
    "2": "abged",
    "3": "abgcd",
    "4": "fgbc",
    "5": "afgcd",
    "6": "afgedc",
    "7": "abc",
    "8": "abcdefg",
    "9": "abcdfg",
}


def boxes(labels: Labels) -> list[Box]:
    """Left, top, right and bottom of each digit, right and bottom excluded."""
    found = []
    for label in range(1, int(labels.max()) + 1):
        y, x = np.nonzero(labels == label)
        found.append((int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1))
    return found


def cropped(mask: Mask) -> Mask:
    """The mask without the rows and columns around its ink."""
    y, x = np.nonzero(mask)
    return mask[y.min() : y.max() + 1, x.min() : x.max() + 1]


@cache
def font_digit(digit: str, size: int) -> Mask:
    """A digit in Pillow's own font, cropped to its columns and standing on the last row."""
    image = Image.new("L", (2 * size, 2 * size))
    ImageDraw.Draw(image).text(
        (size // 2, size), digit, 255, ImageFont.load_default(size), anchor="ls"
    )
    mask = np.asarray(image) > 127
    # round digits reach below the base line
    rows, columns = slice(size // 4, size + size // 10), mask.any(axis=0)
    return mask[rows][:, columns]


@cache
def golden_digit(digit: str) -> Mask:
    """One of the digits that the project draws itself, and every model reads right, cropped."""
    return cropped(golden_glyphs()[int(digit)] > 0)


def in_line(digits: Sequence[Mask], gap: int) -> Labels:
    """Digits beside one another, as many columns between them."""
    height = max(digit.shape[0] for digit in digits)
    pieces = []
    for label, digit in enumerate(digits, start=1):
        above = height - digit.shape[0]
        pieces.append(np.pad(digit * np.uint8(label), ((above, 0), (0, gap))))
    return np.concatenate(pieces, axis=1)[:, : -gap or None]


def in_lines(lines: Sequence[Labels], gap: int) -> Labels:
    """Lines below one another, starting at the left, as many rows between them."""
    width = max(line.shape[1] for line in lines)
    pieces = []
    count = 0
    for line in lines:
        counted = np.where(line > 0, line + count, 0).astype(np.uint8)
        pieces.append(np.pad(counted, ((0, gap), (0, width - line.shape[1]))))
        count += int(line.max())
    return np.concatenate(pieces)[: -gap or None]


def typed(text: str, size: int, gap: float = 0.3) -> Labels:
    """A number in Pillow's own font; the gap is a share of the font's size."""
    lines = [
        in_line([font_digit(digit, size) for digit in line], round(gap * size))
        for line in text.split("\n")
    ]
    return in_lines(lines, round(0.4 * size))


def written(text: str, factor: int, gap: int = 6) -> Labels:
    """A number of the project's golden digits, enlarged."""
    digits = [golden_digit(digit) for digit in text]
    return np.kron(in_line(digits, gap), np.ones((factor, factor), np.uint8))


def seven_segment(text: str, height: int, cut: float) -> Labels:
    """A number as displays show it; between segments is a cut, a share of the height."""
    return in_line([_segments(digit, height, cut) for digit in text], round(0.4 * height))


def _segments(digit: str, height: int, cut: float) -> Mask:
    half = height / 2
    thick = 0.06 * height
    left, right = thick, half - thick
    corners = {
        "a": ((left, thick), (right, thick)),
        "b": ((right, thick), (right, half)),
        "c": ((right, half), (right, height - thick)),
        "d": ((left, height - thick), (right, height - thick)),
        "e": ((left, half), (left, height - thick)),
        "f": ((left, thick), (left, half)),
        "g": ((left, half), (right, half)),
    }
    image = Image.new("1", (round(half) + 1, height + 1))
    draw = ImageDraw.Draw(image)
    for name in _SEGMENTS[digit]:
        start, end = (np.array(corner) for corner in corners[name])
        along = (end - start) / np.linalg.norm(end - start)
        across = along[::-1] * thick
        start, end = start + along * cut * height / 2, end - along * cut * height / 2
        inner, outer = start + along * thick, end - along * thick
        points = (start, inner + across, outer + across, end, outer - across, inner - across)
        draw.polygon([(float(x), float(y)) for x, y in points], fill=1)
    mask = np.asarray(image)
    return mask[:, mask.any(axis=0)]


def on_paper(labels: Labels, margin: int) -> Labels:
    """The number with paper around it."""
    return np.pad(labels, margin)


def tilted(labels: Labels, degrees: float) -> Labels:
    """The number turned counter-clockwise, on as much paper as it then needs."""
    image = Image.fromarray(labels).rotate(degrees, Image.Resampling.NEAREST, expand=True)
    return np.asarray(image)


def photographed(
    ink: npt.NDArray[np.bool_ | np.uint8],
    *,
    paper: float = 190,
    contrast: float = -120,
    gradient: tuple[float, float] = (0, 0),
    noise: float = 0,
    seed: int = 0,
) -> Luma:
    """The brightness that a camera sees where there is ink.

    A negative contrast is dark ink. The gradient is in grey levels from edge to edge, to the right
    and downwards; the noise is its standard deviation.
    """
    height, width = ink.shape
    down, right = np.mgrid[0:height, 0:width]
    light: npt.NDArray[np.float64] = (
        paper + gradient[0] * (right / width - 0.5) + gradient[1] * (down / height - 0.5)
    )
    rough = np.random.default_rng(seed).normal(0, noise, ink.shape)
    return np.asarray((light + contrast * (ink > 0) + rough).clip(0, 255), np.uint8)
