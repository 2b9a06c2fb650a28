"""One picture a stage of how a frame is read, so that a person sees where it goes wrong.

Every picture shows what the stage's own function gives: nothing is found here a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from tinydigits.annotate import write_picture
from tinydigits.bands import possible_pieces
from tinydigits.choice import Place
from tinydigits.classifier import Classifier
from tinydigits.clock import StageClock
from tinydigits.components import find_components
from tinydigits.evidence import Seen
from tinydigits.files import make_folder
from tinydigits.frame import Frame
from tinydigits.glyph import GLYPH_SIZE, normalize_glyph
from tinydigits.ink import POLARITIES, Ink, Recipe, Scene
from tinydigits.pieces import DigitInk
from tinydigits.search import choose, look, number_recipes
from tinydigits.single import single_sightings

# from Okabe & Ito's palette, which colour-blind people can tell apart too
COLOURS: Final = (
    *((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233)),
)
DROPPED: Final = (150, 150, 150)

_TILE: Final = 420
"""Width of one ink's picture."""

_ACROSS: Final = 4
"""Such pictures beside each other."""

_ENLARGED: Final = 4
"""Times that a glyph is enlarged."""

_CAPTION: Final = 14
"""Height of a line of writing, in pixels."""

Picture = Image.Image


def explain(frame: Frame, classifier: Classifier, digits: int | None) -> dict[str, Picture]:
    """Pictures of the stages by name, in the order of reading."""
    scene = Scene(frame.luma)
    if digits == 1:
        return _explain_single(frame, scene)
    inks = [scene.ink(recipe) for recipe in scene.distinct(number_recipes(POLARITIES))]
    seen = [look(classifier, ink, StageClock()) for ink in inks]
    lines = choose(seen, digits)
    labels = classifier.card.labels
    return {
        "1-frame": Image.fromarray(frame.luma),
        "2-ink": _sheet([_captioned(_ink(ink), _name(ink.recipe)) for ink in inks]),
        "3-components": _sheet([_captioned(_components(ink), _name(ink.recipe)) for ink in inks]),
        "4-lines": _sheet(
            [
                _captioned(_lines(ink, found, labels), _name(ink.recipe))
                for ink, found in zip(inks, seen, strict=True)
            ]
        ),
        "5-glyphs": _glyphs(lines, labels),
    }


def _explain_single(frame: Frame, scene: Scene) -> dict[str, Picture]:
    """The same where one digit is due: each ink with the digit found in it, and its glyph."""
    seen = single_sightings(scene, POLARITIES, StageClock())
    glyphs = [Image.fromarray(255 - normalize_glyph(digit.mask)) for _, digit, _ in seen]
    return {
        "1-frame": Image.fromarray(frame.luma),
        "2-ink": _sheet(
            [_captioned(_one(ink, digit), _name(ink.recipe)) for ink, digit, _ in seen]
        ),
        "5-glyphs": _sheet(glyphs),
    }


def _one(ink: Ink, digit: DigitInk) -> Picture:
    picture = _ink(ink)
    _outline(ImageDraw.Draw(picture), digit.box, COLOURS[1])
    return picture


def write_explanation(
    frame: Frame, classifier: Classifier, digits: int | None, folder: Path
) -> None:
    """Write the pictures into a folder, which is made if need be."""
    make_folder(folder)
    for name, picture in explain(frame, classifier, digits).items():
        write_picture(picture, folder / f"{name}.png")


def _name(recipe: Recipe) -> str:
    return f"{recipe.polarity}, window {recipe.window}, level {recipe.level}, side {recipe.side}"


def _ink(ink: Ink) -> Picture:
    return Image.fromarray(np.where(ink.mask, np.uint8(60), np.uint8(255))).convert("RGB")


def _components(ink: Ink) -> Picture:
    """Boxes around what may be digits or pieces of some; what can't be is grey."""
    components = find_components(ink.mask)
    pieces = set(possible_pieces(components, ink.mask.shape).tolist())
    picture = _ink(ink)
    draw = ImageDraw.Draw(picture)
    for index, box in enumerate(components.boxes.tolist()):
        _outline(draw, box, COLOURS[index % len(COLOURS)] if index in pieces else DROPPED)
    return picture


def _lines(ink: Ink, seen: Sequence[Seen], labels: Sequence[str]) -> Picture:
    """Boxes around the digits of each line, what they are read as, and what they speak for it."""
    picture = _ink(ink)
    draw = ImageDraw.Draw(picture)
    for index, line in enumerate(seen):
        colour = COLOURS[index % len(COLOURS)]
        for digit, probability, worth in zip(
            line.line.digits, line.probabilities, line.worth, strict=True
        ):
            _outline(draw, digit.box, colour)
            value = labels[int(probability.argmax())]
            draw.text(digit.box[:2], f"{value} {worth:+.2f}", colour)
    return picture


def _glyphs(lines: Sequence[Place], labels: Sequence[str]) -> Picture:
    """The glyphs of the digits that were chosen, with what they are read as, line by line."""
    side = _ENLARGED * GLYPH_SIZE
    rows = [list(_read_glyphs(line, labels)) for line in lines]
    width = max([len(row) for row in rows], default=1) * (side + 4)
    sheet = Image.new("RGB", (width, max(1, len(rows)) * (side + _CAPTION + 4)), "white")
    for down, row in enumerate(rows):
        for across, (glyph, caption) in enumerate(row):
            large = Image.fromarray(255 - glyph).resize((side, side), Image.Resampling.NEAREST)
            place = (across * (side + 4), down * (side + _CAPTION + 4))
            sheet.paste(_captioned(large, caption), place)
    return sheet


def _read_glyphs(line: Place, labels: Sequence[str]) -> Iterator[tuple[npt.NDArray[np.uint8], str]]:
    digits: Sequence[DigitInk] = line.best.digits
    for digit, probability in zip(digits, line.probabilities, strict=True):
        value = labels[int(probability.argmax())]
        yield normalize_glyph(digit.mask), f"{value} {100 * probability.max():.0f}%"


def _outline(draw: ImageDraw.ImageDraw, box: Sequence[int], colour: tuple[int, int, int]) -> None:
    left, top, right, bottom = box
    draw.rectangle((left, top, right - 1, bottom - 1), outline=colour)


def _captioned(picture: Picture, caption: str) -> Picture:
    """The picture with a line of writing above it."""
    whole = Image.new("RGB", (picture.width, picture.height + _CAPTION), "white")
    whole.paste(picture, (0, _CAPTION))
    ImageDraw.Draw(whole).text((1, 1), caption, "black")
    return whole


def _sheet(pictures: Sequence[Picture]) -> Picture:
    """Pictures of one width beside and below each other."""
    tiles = [p.resize((_TILE, max(1, p.height * _TILE // p.width))) for p in pictures]
    rows: list[list[Picture]] = []
    remaining = iter(tiles)
    while row := list(islice(remaining, _ACROSS)):
        rows.append(row)
    heights = [max(tile.height for tile in row) for row in rows]
    size = (_ACROSS * (_TILE + 4), max(1, sum(heights) + 4 * len(rows)))
    sheet = Image.new("RGB", size, "grey")
    top = 0
    for row, height in zip(rows, heights, strict=True):
        for across, tile in enumerate(row):
            sheet.paste(tile, (across * (_TILE + 4), top))
        top += height + 4
    return sheet
