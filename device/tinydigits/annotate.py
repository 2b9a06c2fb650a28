"""A frame with what was read drawn into it, for people who would rather look."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from tinydigits.errors import UsageError
from tinydigits.files import atomic_write, make_folder
from tinydigits.frame import Frame, Luma
from tinydigits.reader import Digit, Reading

Colour = tuple[int, int, int]

# from Okabe & Ito's palette, which colour-blind people can tell apart too
ACCEPTED: Final = (0, 158, 115)
REJECTED: Final = (213, 94, 0)

_LINE: Final = 2
"""Width of a box's outline in pixels."""

_WRITING: Final = 12
"""Height of what is written below, in pixels."""

_FORMATS: Final = frozenset({"BMP", "JPEG", "PNG", "TIFF", "WEBP"})

_SMALL: Final = 640
"""Pictures with a longer side under this are enlarged, or the writing would not fit."""


def annotate(frame: Frame, reading: Reading) -> Image.Image:
    """The frame in RGB, boxes around its digits, values and confidences, why it is rejected."""
    image, factor = large_copy(frame.luma)
    draw = ImageDraw.Draw(image)
    for digit in reading.digits:
        _draw_digit(draw, digit, factor, image.height)
    for line, reason in enumerate(reversed(reading.reasons), start=1):
        y = image.height - line * (_WRITING + _LINE)
        draw.text(
            (_LINE, y), reason, REJECTED, _font(_WRITING), stroke_width=2, stroke_fill="white"
        )
    return image


def large_copy(luma: Luma) -> tuple[Image.Image, int]:
    """A picture in RGB that is large enough to write into, and how many times it was enlarged."""
    image = Image.fromarray(luma)
    factor = max(1, -(-_SMALL // max(image.size)))
    image = image.resize((image.width * factor, image.height * factor), Image.Resampling.BICUBIC)
    return image.convert("RGB"), factor


def written(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, colour: Colour
) -> None:
    """Write, with white around the letters that makes them readable on any background."""
    draw.text(place, text, colour, _font(size), stroke_width=2, stroke_fill="white")


def _draw_digit(draw: ImageDraw.ImageDraw, digit: Digit, factor: int, bottom_edge: int) -> None:
    left, top, width, height = (factor * side for side in digit.box)
    colour = REJECTED if digit.rejected else ACCEPTED
    draw.rectangle(
        (left - _LINE, top - _LINE, left + width + _LINE - 1, top + height + _LINE - 1),
        outline=colour,
        width=_LINE,
    )
    large = max(14, height // 4)
    small = max(11, large // 2)
    value = "?" if digit.value is None else str(digit.value)
    percent = f"{100 * digit.confidence:.0f}%"
    # in the picture, even where the digit reaches its edge
    above = max(0, top - large - 3 * _LINE)
    below = min(top + height + 2 * _LINE, bottom_edge - small - 2 * _LINE)
    for text, y, size in ((value, above, large), (percent, below, small)):
        written(draw, (left, y), text, size, colour)


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    try:
        return ImageFont.load_default(size)
    except TypeError:  # before Pillow 10.1 there is only its small bitmap font
        return ImageFont.load_default()


def write_picture(image: Image.Image, path: Path) -> None:
    """Write a picture in the format of its suffix, whole or not at all."""
    content = io.BytesIO()
    image.save(content, _format_of(path))
    atomic_write(path, content.getvalue())


def _format_of(path: Path) -> str:
    name = Image.registered_extensions().get(path.suffix.lower())
    if name not in _FORMATS:
        known = ", ".join(sorted(_FORMATS))
        raise UsageError(f"{path}: its suffix is not one of a format written here: {known}")
    return name


class AnnotatedCopies:
    """Where annotated copies are written: to one file, or into a folder, each with its own name.

    :param pictures: what is annotated; no copy may take the place of one of these.
    :raises UsageError: where one might.
    """

    def __init__(self, target: Path, pictures: Sequence[Path], *, folder: bool) -> None:
        self._target = target
        self._folder = folder
        self._written: set[Path] = set()
        taken = {p.resolve().parent if folder else p.resolve() for p in pictures}
        if target.resolve() in taken:
            raise UsageError(f"a copy in {target} could overwrite a picture: name another place")
        if folder:
            make_folder(target)
        else:
            _format_of(target)

    def write(self, frame: Frame, reading: Reading, name: str) -> None:
        """Write a copy, where there are several under this name or, if it is taken, one like it."""
        place = self._place(name) if self._folder else self._target
        write_picture(annotate(frame, reading), place)
        self._written.add(place)

    def _place(self, name: str) -> Path:
        names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
        places = (self._target / f"{candidate}.png" for candidate in names)
        return next(place for place in places if place not in self._written)
