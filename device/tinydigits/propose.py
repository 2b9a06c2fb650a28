"""Regions for a picture of what is to be read, so that nobody measures pixels by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from tinydigits.annotate import ACCEPTED, REJECTED, large_copy, write_picture, written
from tinydigits.choice import Place
from tinydigits.classifier import DIGITS, Classifier
from tinydigits.clock import StageClock
from tinydigits.drawn import DrawnRegion, config_block
from tinydigits.drift import MAX_SHIFT, MIN_CONTRAST, MIN_PATCH, Reference
from tinydigits.errors import ConfigError
from tinydigits.files import atomic_write, make_folder
from tinydigits.frame import Frame, Luma
from tinydigits.ink import POLARITIES
from tinydigits.region import Box, Corners, Point
from tinydigits.search import Search, number_recipes

MARGIN: Final = (0.6, 0.45)
"""Of a digit's height: what a region has beside and above its digits. So digits that change their
width, and a camera that is bumped by a little, stay inside."""

WORTH: Final = 0.35
"""Share of the best line's score that a line needs to be proposed."""

CONVINCED: Final = 0.5
"""Share of what a digit of a better line speaks for it that each of a further line has to: small
print is told by that, which has a high score by its length alone. A number half as high as another
and read as surely just stays."""

PATCH: Final = 0.2
"""Side of the reference patch as a share of the frame's longer side."""

CONFIG_NAME: Final = "regions.toml"
PATCH_NAME: Final = "reference.png"
PICTURE_NAME: Final = "regions.png"

_LETTERS: Final = 18
"""Pixels: their height in the picture."""

STEPS: Final = 7
"""Places along each side of the frame where a patch is tried."""


@dataclass(frozen=True)
class Proposal:
    """A region as it would be configured, and what is read in it now."""

    name: str
    corners: Corners
    digits: int
    text: str

    @property
    def drawn(self) -> DrawnRegion:
        """The same, as a person would draw it."""
        return DrawnRegion(self.name, self.corners, self.digits)


def propose_regions(classifier: Classifier, luma: Luma) -> list[Proposal]:
    """A region for each line of digits that looks like a number, downwards."""
    search = Search(classifier, luma, None, StageClock())
    chosen: list[Place] = []
    for place in search.places(number_recipes(POLARITIES)):
        if chosen and place.score < WORTH * chosen[0].score:
            break
        if not chosen or _is_number(place, chosen):
            chosen.append(place)
    chosen.sort(key=lambda place: float(place.best.centres[:, 1].mean()))
    return [
        Proposal(
            f"number{k}" if len(chosen) > 1 else "number",
            _around(place, luma.shape),
            len(place.best.digits),
            "".join(map(str, place.probabilities[:, : len(DIGITS)].argmax(axis=1).tolist())),
        )
        for k, place in enumerate(chosen, start=1)
    ]


def _is_number(place: Place, better: Sequence[Place]) -> bool:
    """Whether a line looks like one number more, beside those that look more like numbers."""
    least = CONVINCED * max(_each(other) for other in better)
    enough = len(place.best.digits) > 1 and _each(place) >= least
    return enough and not any(_overlap(place, other) for other in better)


def _each(place: Place) -> float:
    """What speaks for a line, a digit."""
    return place.score / len(place.best.digits)


def _overlap(place: Place, other: Place) -> bool:
    (a, b), (c, d) = (
        (p.best.boxes[:, :2].min(axis=0), p.best.boxes[:, 2:].max(axis=0)) for p in (place, other)
    )
    return bool((np.minimum(b, d) > np.maximum(a, c)).all())


def _around(place: Place, shape: tuple[int, ...]) -> Corners:
    """The corners of a place with its margins, along its baseline, inside of the frame."""
    centres, height = place.best.centres, place.best.seen.height
    first, last = centres[0], centres[-1]
    length = hypot(*(last - first))
    along = (last - first) / length if length else np.array([1.0, 0.0])
    across = np.array([-along[1], along[0]])
    beside, above = MARGIN
    half = (place.best.boxes[[0, -1], 2] - place.best.boxes[[0, -1], 0]) / 2
    start = first - along * (half[0] + beside * height)
    end = last + along * (half[1] + beside * height)
    reach = across * height * (0.5 + above)
    corners = (start - reach, end - reach, end + reach, start + reach)
    limits = (shape[1], shape[0])
    a, b, c, d = (
        Point(*(round(float(np.clip(v, 0, e)), 1) for v, e in zip(corner, limits, strict=True)))
        for corner in corners
    )
    return a, b, c, d


def propose_patch(luma: Luma, regions: Sequence[Proposal]) -> Box | None:
    """The part of a frame that stands out most and is found again nowhere else.

    ``None`` where nothing does: all parts are smooth, or like their neighbours, or regions.
    """
    side = max(MIN_PATCH, round(PATCH * max(luma.shape)))
    edge = round(MAX_SHIFT * max(luma.shape) / 2)
    places = [
        (left, top, side, side)
        for left in _steps(edge, luma.shape[1] - side - edge)
        for top in _steps(edge, luma.shape[0] - side - edge)
    ]
    free = [box for box in places if not any(_hits(box, region.corners) for region in regions)]
    # digits change: a patch with them in it is better than none, but the last to be tried
    ranked = sorted(free or places, key=lambda box: -_detail(luma, box))
    return next((box for box in ranked if _stands_out(luma, box)), None)


def _steps(first: int, last: int) -> list[int]:
    return [] if last < first else sorted({int(x) for x in np.linspace(first, last, STEPS)})


def _hits(box: Box, corners: Corners) -> bool:
    left, top, width, height = box
    xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
    across = min(max(xs), left + width) - max(min(xs), left)
    down = min(max(ys), top + height) - max(min(ys), top)
    return across > 0 and down > 0


def cut_out(luma: Luma, box: Box) -> Luma:
    """The part of a frame that is inside of a box, ``uint8[height, width]``."""
    left, top, width, height = box
    return luma[top : top + height, left : left + width]


def _detail(luma: Luma, box: Box) -> float:
    """Mean brightness step in both directions, the smaller one: an edge alone can slide along."""
    part = cut_out(luma, box).astype(np.int16)
    return min(float(np.abs(np.diff(part, axis=axis)).mean()) for axis in (0, 1))


def _stands_out(luma: Luma, box: Box) -> bool:
    """Whether the patch is found nowhere else in its own frame, when it is painted over there."""
    part = cut_out(luma, box)
    if float(part.std()) < 2 * MIN_CONTRAST:
        return False
    try:
        reference = Reference(part.copy(), box)
    except ConfigError:
        return False
    without = luma.copy()
    left, top, width, height = box
    without[top : top + height, left : left + width] = int(np.median(part))
    return reference.drift(without) is None


def draw_proposal(frame: Frame, regions: Sequence[Proposal], patch: Box | None) -> Image.Image:
    """The frame with the regions' outlines and names, and the patch's."""
    image, factor = large_copy(frame.luma)
    draw = ImageDraw.Draw(image)
    for region in regions:
        outline = [(factor * corner.x, factor * corner.y) for corner in region.corners]
        draw.line([*outline, outline[0]], ACCEPTED, 3)
        written(draw, outline[0], f"{region.name}: {region.text}", _LETTERS, ACCEPTED)
    if patch:
        left, top, width, height = (factor * side for side in patch)
        draw.rectangle((left, top, left + width, top + height), outline=REJECTED, width=3)
        written(draw, (left, top), "reference", _LETTERS, REJECTED)
    return image


def write_proposal(frame: Frame, classifier: Classifier, folder: Path) -> list[Proposal]:
    """Propose regions for a frame, and write what a configuration needs, and a picture of it.

    Where nothing looks like a number, nothing is written.

    :raises OutputError: where the folder can't be written to.
    :raises UsageError: where a configuration can't have the folder's name.
    """
    regions = propose_regions(classifier, frame.luma)
    if not regions:
        return []
    patch = propose_patch(frame.luma, regions)
    # wherever the daemon runs
    name = str((folder / PATCH_NAME).resolve())
    texts = {region.name: region.text for region in regions}
    block = config_block([region.drawn for region in regions], patch, name, texts)
    make_folder(folder)
    if patch:
        cut = Image.fromarray(np.ascontiguousarray(cut_out(frame.luma, patch)))
        write_picture(cut, folder / PATCH_NAME)
    write_picture(draw_proposal(frame, regions, patch), folder / PICTURE_NAME)
    atomic_write(folder / CONFIG_NAME, block.encode())
    return regions
