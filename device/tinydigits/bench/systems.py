"""What is measured: a classifier that is asked about glyphs, and a reader about frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinydigits.bench.inputs import FrameSet, GlyphSet
from tinydigits.bench.scenario import Indices, System
from tinydigits.classifier import Glyphs, Probabilities
from tinydigits.clock import StageClock
from tinydigits.frame import Luma
from tinydigits.reader import Reader, Reading

Classify = Callable[[Glyphs], Probabilities]
"""Whatever gives ``float32[N, K]`` for ``uint8[N, 28, 28]``."""

ReadText = Callable[[Luma], str]
"""Whatever reads the digits of a frame, in reading order."""


class GlyphSystem:
    """A classifier by itself."""

    def __init__(self, classify: Classify, asked: GlyphSet) -> None:
        self._classify = classify
        self._asked = asked
        self.samples = len(asked.glyphs)

    def answer(self, samples: Indices) -> Probabilities:
        """The probabilities of some glyphs."""
        return self._classify(self._asked.glyphs[samples])

    def wrong(self, samples: Indices, answer: Probabilities) -> int:
        """How many of them were read as something else than they show."""
        labels = answer.argmax(axis=1)
        return int(np.count_nonzero(labels != self._asked.labels[samples]))


class FrameSystem:
    """The whole way from a frame to what is read in it."""

    def __init__(self, read: ReadText, asked: FrameSet) -> None:
        self._read = read
        self._asked = asked
        self.samples = len(asked.frames)

    def answer(self, samples: Indices) -> Sequence[str]:
        """The texts of some frames."""
        return [self._read(self._asked.frames[sample]) for sample in samples.tolist()]

    def wrong(self, samples: Indices, answer: Sequence[str]) -> int:
        """In how many of them the number is another."""
        truth = [self._asked.digits[sample] for sample in samples.tolist()]
        return sum(text != digits for text, digits in zip(answer, truth, strict=True))


class Unchecked:
    """A system that gives no answers worth the name."""

    def __init__(self, system: System[Any]) -> None:
        self.answer = system.answer  # the same function: no call is added to what is timed
        self.samples = system.samples

    def wrong(self, _: Indices, __: object) -> int:
        """None of them."""
        return 0


class OwnReader:
    """The device's own reader; ``clock`` sums the seconds of its stages."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.clock = StageClock()

    def __call__(self, luma: Luma) -> str:
        """The digits of a frame, without its line breaks and decimal points."""
        reading: Reading = self._reader.reading(luma, self.clock)
        return "".join(character for character in reading.text if character.isdigit())
