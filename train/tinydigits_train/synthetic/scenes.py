"""A scene from a seed and a number: which kind, what is written how, and how it is photographed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tinydigits_train.synthetic import clutter, surroundings
from tinydigits_train.synthetic.camera import Photo, Shot, photograph
from tinydigits_train.synthetic.lettering import HEIGHT, Lettering
from tinydigits_train.synthetic.row import Row
from tinydigits_train.synthetic.sheet import Window
from tinydigits_train.synthetic.typecase import Typecase

SINGLE: Final = 0.65
"""Share of scenes that are about one digit; the others are about a number."""

FINEST: Final = {True: (14.0, 120.0), False: (18.0, 110.0)}
"""Digits in photographs of one digit, and of numbers, are so many pixels high."""


@dataclass(frozen=True)
class Kind:
    """A kind of scene: how often it comes, how its digits are written, what is around them."""

    name: str
    share: float
    lettering: Callable[[Typecase, np.random.Generator], Lettering]
    surround: Callable[[Row], None]


KINDS: Final = (
    Kind("drum", 0.26, Typecase.type, surroundings.drums),
    Kind("display", 0.20, Typecase.segments, surroundings.display),
    Kind("dots", 0.04, Typecase.dots, surroundings.display),
    Kind("print", 0.12, Typecase.type, surroundings.printed),
    Kind("pen", 0.11, Typecase.pen, surroundings.written),
    Kind("hand", 0.11, Typecase.hand, surroundings.written),
    Kind("half-turned", 0.05, Typecase.type, clutter.half_turned),
    Kind("letters", 0.04, Typecase.words, clutter.letters),
    Kind("words", 0.01, Typecase.words, clutter.lettering_only),
    Kind("empty", 0.02, Typecase.segments, clutter.empty),
    Kind("texture", 0.05, Typecase.words, clutter.texture),
    Kind("edges", 0.03, Typecase.words, clutter.edges),
    Kind("borders", 0.03, Typecase.words, clutter.borders),
)
"""What meters, displays, labels and paper show, about as often as people ask to have it read."""


@dataclass(frozen=True)
class Scene:
    """A photograph that was made up, and whether it is about a single digit."""

    kind: str
    photo: Photo
    single: bool


FOLDS: Final = 10
"""One scene in ten is in the test part, one in the validation part: to make them takes longest, and
a tenth says enough."""


@dataclass(frozen=True, eq=False)
class Scenery:
    """The scenes that a data set's glyphs are of: the first ``count`` of a seed."""

    typecase: Typecase
    seed: int
    count: int

    def scene(self, number: int) -> Scene:
        """One of them."""
        return make_scene(self.typecase, self.seed, number)

    def test_numbers(self) -> npt.NDArray[np.int64]:
        """Of those in the test part."""
        return np.arange(0, self.count, FOLDS)


def make_scene(typecase: Typecase, seed: int, number: int) -> Scene:
    """Scene ``number`` of a seed: the same whatever other scenes were made before."""
    rng = np.random.default_rng((seed, number))
    shares = np.array([kind.share for kind in KINDS])
    kind = KINDS[int(rng.choice(len(KINDS), p=shares / shares.sum()))]
    single = bool(rng.random() < SINGLE)
    # a single digit has neighbours, which the view may show a part of
    count = 3 if single else int(rng.integers(2, 9))
    row = Row(kind.lettering(typecase, rng), typecase.words(rng), count, rng)
    kind.surround(row)
    view = _view_of_one(row) if single else _view_of_all(row)
    return Scene(
        kind.name, photograph(row.sheet, view, Shot.drawn(rng, *FINEST[single]), rng), single
    )


def _view_of_one(row: Row) -> Window:
    """The middle place, cut out by a person: some paper on each side."""
    rng = row.rng
    wide = rng.uniform(-0.08, 0.2, 2) if rng.random() < 0.75 else rng.uniform(0.1, 0.8, 2)
    left, top, right, bottom = row.window(1, 2, *rng.uniform(0.0, 0.45, 2))
    return left - wide[0] * HEIGHT, top, right + wide[1] * HEIGHT, bottom


def _view_of_all(row: Row) -> Window:
    rng = row.rng
    above, below = rng.uniform(0.05, 1.8, 2)
    left, top, right, bottom = row.window(0, row.count, above, below)
    beside = rng.uniform(0.05, 1.8, 2) * HEIGHT
    return left - beside[0], top, right + beside[1], bottom
