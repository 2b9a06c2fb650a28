"""Digits in a row on a sheet, as a counter, a display or a line of writing shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tinydigits_train.synthetic.lettering import HEIGHT, Coverage, Lettering, altered
from tinydigits_train.synthetic.sheet import Sheet, Window

MARGIN: Final = 2 * HEIGHT
"""Sheet left free around a row, so that hardly a view ends beyond the sheet."""

NARROWEST: Final = 0.4
"""Of a place in the row, as a share of the height: a 1 alone may be narrower."""


@dataclass(frozen=True)
class Tones:
    """Grey levels of paper, ink and the panel around them."""

    paper: float
    ink: float
    panel: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Tones:
        """Random ones, dark on light or light on dark, strong or faint."""
        contrast = rng.uniform(70, 220) if rng.random() < 0.75 else rng.uniform(22, 70)
        low = rng.uniform(0, 255 - contrast)
        paper, ink = (low + contrast, low) if rng.random() < 0.6 else (low, low + contrast)
        panel = rng.choice([paper, ink, rng.uniform(0, 255)], p=[0.4, 0.2, 0.4])
        return cls(paper, ink, float(panel))


class Row:
    """Places for ``count`` digits, and the sheet they are on.

    :param lettering: of the digits.
    :param words: of letters beside them.
    """

    def __init__(
        self, lettering: Lettering, words: Lettering, count: int, rng: np.random.Generator
    ) -> None:
        self.rng = rng
        self.count = count
        self.tones = Tones.drawn(rng)
        self._lettering = lettering
        self._words = words
        self._width = rng.uniform(0.8, 1.25)
        self._weight = rng.uniform(-0.03, 0.05) if rng.random() < 0.5 else 0.0
        self.digits: list[int] = rng.integers(0, 10, count).tolist()
        self.signs = [self.sign(str(digit)) for digit in self.digits]
        widest = max(sign.shape[1] for sign in self.signs)
        self.pitch = float(max(NARROWEST * HEIGHT, widest + lettering.spacing * HEIGHT))
        size = (round(self.pitch * count) + 2 * MARGIN, HEIGHT + 2 * MARGIN)
        self.sheet = Sheet(*size, self.tones.paper)

    def sign(self, digit: str) -> Coverage:
        """A digit as this row shows it."""
        coverage = self._lettering.sign(digit, self.rng)
        slant = self._lettering.slant
        return altered(coverage, width=self._width, slant=slant, weight=self._weight)

    def letter(self, character: str) -> Coverage:
        """A letter as it stands beside this row."""
        return self._words.sign(character, self.rng)

    def left_of(self, place: float) -> float:
        """Where a place begins."""
        return MARGIN + place * self.pitch

    def window(self, first: float, stop: float, above: float = 0.0, below: float = 0.0) -> Window:
        """The room of some places, and shares of the height above and below them."""
        top, bottom = MARGIN - above * HEIGHT, MARGIN + (1 + below) * HEIGHT
        return self.left_of(first), top, self.left_of(stop), bottom

    def put(
        self,
        sign: Coverage,
        place: float,
        *,
        drop: float = 0.0,
        label: int | None = None,
        window: Window | None = None,
    ) -> None:
        """A sign in the middle of a place, ``drop`` heights below it, where a window shows it."""
        left = self.left_of(place) + (self.pitch - sign.shape[1]) / 2
        top = MARGIN + (HEIGHT - sign.shape[0]) / 2 + drop * HEIGHT
        self.sheet.stamp(sign, (left, top), self.tones.ink, label, window)
