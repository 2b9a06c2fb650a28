"""Looking for a number in a frame: recipe after recipe, until enough of them agree."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain, islice
from typing import Final

import numpy as np
from msgspec.structs import replace

from tinydigits.choice import SIGHTINGS, Place, number_lines, places, without_parts
from tinydigits.classifier import Classifier, Probabilities
from tinydigits.clock import StageClock
from tinydigits.doubt import line_doubts
from tinydigits.evidence import Run, Seen, best_run, confidences, consider, run_of
from tinydigits.frame import Luma
from tinydigits.glyph import normalize_glyphs
from tinydigits.ink import Ink, Polarity, Recipe, Scene
from tinydigits.lines import Line, Outline, find_lines
from tinydigits.memory import Memory
from tinydigits.pieces import DigitInk

SIDES: Final = (640, 320)
"""Longer sides that a frame is averaged down to: strokes that are rough or broken at the one are
whole at the other. With either alone a tenth fewer numbers are found."""

LEVELS: Final = (0.4, 0.25)
"""One that parts touching digits, and one that keeps faint segments."""

WINDOWS: Final = (0.2, 0.08, 0.5)
"""For digits half as high as the frame, a fifth, and such that fill it."""

ROUND: Final = 12
"""Recipes after which the search may end: all windows and levels in both polarities, or what one
window makes of a number would be taken for it."""

MAX_GLYPHS: Final = 60
"""Digits of one ink that are classified: more is texture, and the time must stay bounded."""

SMALLER: Final = 0.7
"""Share of the height of what looks most like a number that a line with as many digits as are due
has at least."""

RIVAL: Final = 0.4
"""And this share of its score: a number that is too long or too short is better told as such than
by something else."""

MARGIN: Final = 1.0
"""Heights above and below a remembered number that are looked at: it may move a little."""

CONVINCING: Final = 0.8
"""Mean confidence of a number at which no further recipe is tried, if enough inks show it."""


Known = dict[tuple[tuple[int, ...], bytes], Probabilities]
"""What digits were read as, ``float32[K]``, by the shape and the pixels of their ink."""


@cache
def number_recipes(polarities: tuple[Polarity, ...]) -> tuple[Recipe, ...]:
    """The recipes for a number, in the order in which they are worth trying."""
    return tuple(
        Recipe(polarity, "around", window, level, side)
        for side in SIDES
        for level in LEVELS
        for window in WINDOWS
        for polarity in polarities
    )


def classify(
    classifier: Classifier, digits: Sequence[DigitInk], clock: StageClock
) -> Probabilities:
    """What digits are read as: ``float32[N, K]``."""
    with clock.stage("glyph"):
        glyphs = normalize_glyphs([digit.mask for digit in digits])
    with clock.stage("classify"):
        return classifier.steady(glyphs)


def _classify_once(
    classifier: Classifier, digits: Sequence[DigitInk], clock: StageClock, known: Known
) -> Probabilities:
    """The same, where inks that show a digit alike have it classified once."""
    shapes = [(digit.mask.shape, digit.mask.tobytes()) for digit in digits]
    new = {shape: digit for shape, digit in zip(shapes, digits, strict=True) if shape not in known}
    if new:
        known.update(zip(new, classify(classifier, list(new.values()), clock), strict=True))
    return np.stack([known[shape] for shape in shapes])


def look(
    classifier: Classifier,
    ink: Ink,
    clock: StageClock,
    near: Sequence[Outline] = (),
    known: Known | None = None,
) -> list[Seen]:
    """The lines of digits in one ink, and what speaks for each.

    :param near: places in the frame; where there are some, only lines through them are looked at.
    :param known: what was read in other inks of the frame; what is read in this one is added.
    """
    with clock.stage("segment"):
        scaled = [_scaled(place, ink.scale) for place in near]
        lines = _affordable(find_lines(ink.mask, scaled, ink.part, ink.shape))
    if not lines:
        return []
    digits = list(chain.from_iterable(line.digits for line in lines))
    rows = iter(_classify_once(classifier, digits, clock, {} if known is None else known))
    with clock.stage("choose"):
        return [
            consider(ink, line, np.stack(list(islice(rows, len(line.digits))))) for line in lines
        ]


def _scaled(place: Outline, scale: float) -> Outline:
    left, top, right, bottom = place
    return left * scale, top * scale, right * scale, bottom * scale


def _around(places: Sequence[Outline], width: float) -> Outline:
    """The rows of the frame that hold some places and what is around them."""
    tops, bottoms = [place[1] for place in places], [place[3] for place in places]
    margin = MARGIN * max(bottom - top for top, bottom in zip(tops, bottoms, strict=True))
    # all columns: a number may grow by digits
    return 0.0, min(tops) - margin, width, max(bottoms) + margin


def _affordable(lines: Sequence[Line]) -> list[Line]:
    sums = np.cumsum([len(line.digits) for line in lines])
    return [line for line, total in zip(lines, sums, strict=True) if total <= MAX_GLYPHS]


class Search:
    """A search for the number in one frame.

    :param digits: how many there are, if that is known.
    """

    def __init__(
        self,
        classifier: Classifier,
        luma: Luma,
        digits: int | None,
        clock: StageClock,
    ) -> None:
        self._classifier = classifier
        self._scene = Scene(luma)
        self._width = luma.shape[1]
        self._digits = digits
        self._clock = clock
        self._known: Known = {}

    def thorough(self, recipes: Sequence[Recipe]) -> list[Place]:
        """The lines of the number, from what the recipes show until that is convincing."""
        seen: list[list[Seen]] = []
        for recipe in self._scene.distinct(recipes):
            seen.append(self._look(recipe))
            if len(seen) % ROUND == 0:
                lines = self._choose(seen)
                if convincing(lines, seen, self._digits):
                    return lines
        return self._choose(seen)

    def places(self, recipes: Sequence[Recipe]) -> list[Place]:
        """All lines that any recipe shows, the likeliest number first."""
        seen = [self._look(recipe) for recipe in self._scene.distinct(recipes)]
        return places(runs_of(seen))

    def recalling(self, memory: Memory, recipes: Sequence[Recipe]) -> list[Place]:
        """The lines of the number as it was seen last, or searched for anew if that fails."""
        recipes = self._scene.distinct(recipes)
        lines = self._glance(memory.recipe, memory) if memory.recipe in recipes else []
        as_before = memory.trusts(lines)
        if as_before and not memory.doubtful:
            if memory.next_frame():
                other = memory.other(recipes)
                memory.adopt(other, self._glance(other, memory))
            return lines
        if not memory.may_search():
            return lines if as_before else []
        lines = self.thorough(recipes)
        memory.keep(lines, doubtful=any(line_doubts(lines)))
        return lines

    def _glance(self, recipe: Recipe, memory: Memory) -> list[Place]:
        """The lines of the number where it was seen last, as one recipe shows them."""
        lines = self._choose([self._look(recipe, memory.outlines)])
        return [replace(line, searched=memory.sightings) for line in lines]

    def _choose(self, seen: Sequence[Sequence[Seen]]) -> list[Place]:
        with self._clock.stage("choose"):
            return choose(seen, self._digits)

    def _look(self, recipe: Recipe, near: Sequence[Outline] = ()) -> list[Seen]:
        with self._clock.stage("ink"):
            ink = self._scene.ink(recipe, _around(near, self._width) if near else None)
        return look(self._classifier, ink, self._clock, near, self._known)


def runs_of(seen: Sequence[Sequence[Seen]]) -> list[Run]:
    """What looks like a number in each line of each ink."""
    inks = ([best_run(line) for line in ink] for ink in seen)
    return list(chain.from_iterable(without_parts([r for r in ink if r]) for ink in inks))


def choose(seen: Sequence[Sequence[Seen]], digits: int | None) -> list[Place]:
    """The lines of the number, downwards: as many digits as are due, if that can be."""
    runs = runs_of(seen)
    lines = number_lines(places(runs))
    if not lines or digits in {None, sum(len(line.best.digits) for line in lines)}:
        return lines
    # not in the holes of the digits, or in small print
    least = SMALLER * max(line.best.seen.height for line in lines)
    exact = [run_of(run.seen, digits or 0) for run in runs if run.seen.height >= least]
    found = places([run for run in exact if run])
    rival = RIVAL * max(line.score for line in lines)
    return [place for place in found[:1] if place.score >= rival] or lines


def convincing(lines: Sequence[Place], seen: Sequence[Sequence[Seen]], digits: int | None) -> bool:
    """Whether it isn't worth looking further.

    It is where any ink shows one digit more: a frame that touches a digit hides it in many inks.
    """
    if not lines or digits not in {None, sum(len(line.best.digits) for line in lines)}:
        return False
    if not all(len(line.runs) >= SIGHTINGS for line in lines):
        return False
    surely = np.concatenate([confidences(line.probabilities) for line in lines])
    if surely.mean() < CONVINCING:
        return False
    return not any(line.is_part_of(run) for run in runs_of(seen) for line in lines)
