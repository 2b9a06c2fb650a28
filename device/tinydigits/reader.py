"""From a frame to a reading: candidates for the ink are segmented, read, and the best is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Final

import msgspec
import numpy as np

from tinydigits.classifier import DIGITS, NONE_LABEL, Classifier, Probabilities
from tinydigits.clock import StageClock
from tinydigits.doubt import line_doubts, single_doubts, size_doubts
from tinydigits.errors import UsageError
from tinydigits.frame import Frame, Luma
from tinydigits.glyph import Glyph, normalize_glyph
from tinydigits.ink import POLARITIES, Polarity, Scene
from tinydigits.memory import Memory
from tinydigits.pieces import DigitInk
from tinydigits.search import Search, classify, number_recipes
from tinydigits.single import IMPROBABLE, in_middle, single_sightings

SURELY_NONE: Final = 0.8
"""Probability of "none" from which on there is no guess what digit it might be. With 0.5 a 50th of
the digits of meters, that are rejected but guessed right, would be lost."""

LEAST_WEIGHT: Final = 1e-6
"""Of an ink in a vote, so that one is taken even where all of them show what is surely none."""

WHOLE_FRAME: Final = "frame"
"""Name of the region that is the whole frame."""


class Digit(msgspec.Struct, frozen=True):
    """One digit: what it was read as, how surely, and where it stands.

    ``value`` is 0 to 9, or ``None`` where the model is sure that this is no digit. ``box`` is left,
    top, width and height in pixels of the frame; ``probability`` has one entry a label.
    """

    value: int | None
    confidence: float
    rejected: bool
    box: tuple[int, int, int, int]
    probability: tuple[float, ...]


class Reading(msgspec.Struct, frozen=True):
    """The number in one region: its digits in reading order, lines parted by a line break.

    ``confidence`` is the probability that all digits are right, if their errors are independent.
    A rejected reading says why in ``reasons``; its text is the best guess all the same.
    """

    region: str
    text: str
    confidence: float
    rejected: bool
    reasons: tuple[str, ...]
    digits: tuple[Digit, ...]


class FrameReadings(msgspec.Struct, frozen=True):
    """All readings of one frame, and the milliseconds that each stage took.

    ``monotonic`` and ``wall`` are the frame's own, in seconds on the monotonic and the Unix clock.
    """

    source: str
    sequence: int
    monotonic: float
    wall: float
    readings: tuple[Reading, ...]
    timing_ms: dict[str, float]


_Row = tuple[list[Digit], set[int]]
"""A line's digits, and the indices of those before a decimal point."""

_Found = tuple[list[_Row], list[str]]
"""The lines of a number, and what speaks against it."""


class Reader:
    """Reads frames with one model and one set of expectations.

    :param digits: how many digits a frame shows; ``None`` where that is to be found.
    :param max_error: the share of wrong digits among the accepted that is acceptable; digits whose
        confidence can't promise it are rejected.
    :param memory: what is remembered from frame to frame, where they show the same place again and
        again; without one, no reading depends on an earlier frame.
    """

    def __init__(
        self,
        classifier: Classifier,
        *,
        digits: int | None = None,
        polarities: tuple[Polarity, ...] = POLARITIES,
        max_error: float = 1.0,
        memory: Memory | None = None,
    ) -> None:
        if digits is not None and digits < 1:
            raise UsageError(f"the number of digits is {digits}: it must be at least 1")
        self._classifier = classifier
        self._digits = digits
        self._polarities = polarities
        self._memory = memory
        self._knows_none = NONE_LABEL in classifier.card.labels
        self._reject_below = classifier.card.reject_below(max_error)

    def read(self, frame: Frame) -> FrameReadings:
        """Everything that is to be read in a frame."""
        clock = StageClock()
        with clock.stage("total"):
            reading = self.reading(frame.luma, clock)
        return frame_readings(frame, [reading], clock)

    def reading(self, luma: Luma, clock: StageClock) -> Reading:
        """The number in a picture; boxes are in its pixels."""
        rows, doubts = self._vote(luma, clock) if self._digits == 1 else self._number(luma, clock)
        return self._reading(rows, doubts)

    def _vote(self, luma: Luma, clock: StageClock) -> _Found:
        """The one digit, by the mean of all inks.

        On photographs the mean errs less than the surest ink does: a model without a "none" class
        is as sure of a wrong piece of ink as of the right one. One that knows "none" tells itself
        which inks are wrong, better than their polarity does.
        """
        least = 0.0 if self._knows_none else IMPROBABLE
        seen = single_sightings(Scene(luma), self._polarities, clock, least)
        if not seen:
            return [], []
        votes = classify(self._classifier, [digit for _, digit, _ in seen], clock)
        weights = np.array([weight for _, _, weight in seen], np.float32)
        if self._knows_none:
            weights = np.sqrt(weights) * votes[:, : len(DIGITS)].sum(axis=1) + LEAST_WEIGHT
        probability = (weights[:, None] * votes).sum(axis=0) / weights.sum()
        best = int(np.argmax(weights * votes[:, probability[: len(DIGITS)].argmax()]))
        ink, digit, _ = seen[best]
        boxes = [np.array(digit.box) / ink.scale for ink, digit, _ in seen]
        doubts = list(single_doubts(np.stack(boxes), weights, best))
        _, top, _, bottom = boxes[best].tolist()
        meant = in_middle(top, bottom, luma.shape[0]) if self._knows_none else 1.0
        return [([self._digit(digit, ink.scale, luma, probability, meant)], set())], doubts

    def _number(self, luma: Luma, clock: StageClock) -> _Found:
        """The digits of the lines that look most like a number."""
        recipes = number_recipes(self._polarities)
        search = Search(self._classifier, luma, self._digits, clock)
        if self._memory:
            lines = search.recalling(self._memory, recipes)
        else:
            lines = search.thorough(recipes)
        rows = [
            (
                [
                    self._digit(digit, line.best.seen.scale, luma, probability)
                    for digit, probability in zip(line.best.digits, line.probabilities, strict=True)
                ],
                line.points,
            )
            for line in lines
        ]
        return rows, list(line_doubts(lines))

    def _digit(
        self,
        digit: DigitInk,
        scale: float,
        luma: Luma,
        probability: Probabilities,
        meant: float = 1.0,
    ) -> Digit:
        """What is read, if only as the best guess; ``meant`` are the odds that it is to be read."""
        value = int(probability[: len(DIGITS)].argmax())
        none = float(probability[len(DIGITS) :].sum())
        confidence = float(probability[value]) * meant
        return Digit(
            value=None if none > SURELY_NONE else value,
            confidence=round(confidence, 6),
            rejected=bool(none > probability[value]) or confidence < self._reject_below,
            box=_frame_box(digit, scale, luma.shape),
            probability=tuple(round(float(p), 6) for p in probability),
        )

    def _reading(self, rows: list[_Row], doubts: list[str]) -> Reading:
        digits = tuple(digit for row, _ in rows for digit in row)
        reasons = [*self._reasons(digits), *doubts, *size_doubts(digit.box for digit in digits)]
        return Reading(
            region=WHOLE_FRAME,
            text="\n".join(_text(row, points) for row, points in rows),
            confidence=round(prod(digit.confidence for digit in digits), 6) if digits else 0.0,
            rejected=bool(reasons),
            reasons=tuple(reasons),
            digits=digits,
        )

    def _reasons(self, digits: Sequence[Digit]) -> Iterator[str]:
        """Why the reading is not to be trusted."""
        if not digits:
            yield "no digit was found"
            return
        if self._digits is not None and len(digits) != self._digits:
            yield f"the number of digits is {len(digits)} where {self._digits} is due"
        for place, digit in enumerate(digits, start=1):
            if _likelier_none(digit):
                yield f"digit {place} is not one whole digit"
            elif digit.rejected and self._reject_below > 1:
                yield f"digit {place}: this model is never as sure as max_error asks"
            elif digit.rejected:
                yield (
                    f"digit {place} has confidence {digit.confidence:.4f} "
                    f"where {self._reject_below:.4f} is asked for"
                )


def _likelier_none(digit: Digit) -> bool:
    """Whether the model takes it for no digit rather than for any."""
    return max(digit.probability[len(DIGITS) :], default=0) > max(digit.probability[: len(DIGITS)])


def frame_readings(frame: Frame, readings: Sequence[Reading], clock: StageClock) -> FrameReadings:
    """The readings of a frame, with what its stages took."""
    timing = {stage: round(1000 * seconds, 3) for stage, seconds in clock.seconds.items()}
    return FrameReadings(
        frame.source, frame.sequence, frame.monotonic, frame.wall, tuple(readings), timing
    )


def _text(digits: Sequence[Digit], points: set[int]) -> str:
    """A line's values and its decimal points."""
    return "".join(
        ("" if digit.value is None else str(digit.value)) + ("." if k in points else "")
        for k, digit in enumerate(digits)
    )


def _frame_box(digit: DigitInk, scale: float, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Left, top, width and height in the frame, of which the last mask pixel may hold a part."""
    left, top, right, bottom = (round(side / scale) for side in digit.box)
    height, width = shape
    left, top = min(left, width - 1), min(top, height - 1)
    return left, top, max(1, min(right, width) - left), max(1, min(bottom, height) - top)


def single_glyph(frame: Frame) -> Glyph | None:
    """The glyph of the one digit that a frame shows, as seen in its most probable ink.

    ``None`` where no ink is found. Training makes its glyphs of labelled pictures with this.
    """
    seen = single_sightings(Scene(frame.luma), POLARITIES, StageClock())
    return normalize_glyph(seen[0][1].mask) if seen else None
