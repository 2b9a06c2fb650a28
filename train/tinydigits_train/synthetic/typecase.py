"""All the ways to write that scenes choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinydigits.classifier import DIGITS, Glyphs
from tinydigits_train.datasets import Labels, enlarge
from tinydigits_train.synthetic.fonts import draw_character
from tinydigits_train.synthetic.lettering import HEIGHT, Coverage, Lettering, cropped, resized
from tinydigits_train.synthetic.segments import Dots, Segments
from tinydigits_train.synthetic.strokes import Hand, scribble


@dataclass(frozen=True, eq=False)
class Typecase:
    """Fonts and handwriting; displays and drawn digits are always at hand.

    ``fonts`` may be empty. ``glyphs`` is ``uint8[N, 28, 28]`` of handwritten digits, ``labels``
    tells which: 0 to 9.
    """

    fonts: Sequence[Path] = ()
    glyphs: Glyphs | None = None
    labels: Labels | None = None

    def type(self, rng: np.random.Generator) -> Lettering:
        """One of the fonts; without fonts, a steady pen."""
        if not self.fonts:
            return self.pen(rng)
        path = self.fonts[int(rng.integers(len(self.fonts)))]

        def sign(character: str, _: np.random.Generator) -> Coverage:
            return draw_character(path, character)

        return Lettering(sign, rng.uniform(0.02, 0.6), rng.normal(0, 0.05))

    def words(self, rng: np.random.Generator) -> Lettering:
        """A way to write letters."""
        return self.type(rng) if self.fonts else Lettering(lambda _, own: scribble(own), 0.1, 0.0)

    def segments(self, rng: np.random.Generator) -> Lettering:
        """A seven-segment display."""
        shape = Segments.drawn(rng)
        return Lettering(
            lambda digit, own: shape.draw(int(digit), own),
            rng.uniform(0.08, 0.5),
            rng.choice([0.0, rng.uniform(0.02, 0.22)]),
        )

    def dots(self, rng: np.random.Generator) -> Lettering:
        """A dot-matrix display."""
        shape = Dots.drawn(rng)
        return Lettering(
            lambda digit, own: shape.draw(int(digit), own), rng.uniform(0.08, 0.3), 0.0
        )

    def pen(self, rng: np.random.Generator) -> Lettering:
        """Someone's hand, drawn by rule."""
        hand = Hand.drawn(rng)
        return Lettering(
            lambda digit, own: hand.draw(int(digit), own), rng.uniform(0.1, 0.7), rng.normal(0, 0.2)
        )

    def hand(self, rng: np.random.Generator) -> Lettering:
        """Handwritten digits of many hands; without any, someone's drawn by rule."""
        if self.glyphs is None:
            return self.pen(rng)
        return Lettering(self._handwritten, rng.uniform(0.1, 0.7), rng.normal(0, 0.05))

    def _handwritten(self, digit: str, rng: np.random.Generator) -> Coverage:
        glyphs = self._by_digit[int(digit)]
        glyph = cropped(glyphs[rng.integers(len(glyphs))])
        large = resized(cropped(enlarge(np.pad(glyph, 1), 4)), HEIGHT)
        # a digit written flat, a 1 drawn lying, is not to become a giant
        return large if large.shape[1] <= 2 * HEIGHT else large[:, : 2 * HEIGHT]

    @cached_property
    def _by_digit(self) -> list[npt.NDArray[np.uint8]]:
        if self.glyphs is None or self.labels is None:
            return []
        return [self.glyphs[self.labels == int(digit)] for digit in DIGITS]
