"""From a frame to a reading: candidates for the ink are segmented, read, and the best is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final

import msgspec
import numpy as np

from tinydigits.classifier import NONE_LABEL, Classifier, Probabilities, steadied
from tinydigits.clock import StageClock
from tinydigits.errors import UsageError
from tinydigits.frame import Frame, Luma
from tinydigits.glyph import Glyph, jittered, normalize_glyph, normalize_glyphs
from tinydigits.ink import POLARITIES, Ink, Polarity, find_ink
from tinydigits.segment import DigitInk, Line, locate_digits

WHOLE_FRAME: Final = "frame"
"""Name of the region that is the whole frame."""

IMPROBABLE: Final = 0.2
"""Weight under which ink is looked at only where nothing was found in any other."""

WRONG_NUMBER: Final = 0.25
"""What a candidate counts for that shows another number of digits than is due."""

CONVINCING: Final = 0.8
"""A mean confidence at which no further candidate is looked at."""


class Digit(msgspec.Struct, frozen=True):
    """One digit: what it was read as, how surely, and where it stands.

    ``value`` is 0 to 9, or ``None`` where the model says that this is no digit. ``box`` is left,
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
    """All readings of one frame, and the milliseconds that each stage took."""

    source: str
    sequence: int
    wall: float
    readings: tuple[Reading, ...]
    timing_ms: dict[str, float]


@dataclass(frozen=True)
class _Candidate:
    """One way to see the digits of a frame, and what the classifier makes of them."""

    ink: Ink
    lines: list[Line]
    probabilities: Probabilities
    frame_shape: tuple[int, ...]

    def score(self, digits: int | None) -> float:
        """The more digits are read at more than even odds, the better.

        Where their number is known, how surely they are read counts instead, and far less if the
        number is another: paper around digits is easily cut into as many pieces as are asked for.
        """
        confidences = self.probabilities.max(axis=1)
        if digits is None:
            return self.ink.weight * float((confidences - 0.5).sum())
        right = len(confidences) == digits
        return self.ink.weight * float(confidences.mean()) * (1.0 if right else WRONG_NUMBER)

    def convincing(self, digits: int | None) -> bool:
        """Whether it isn't worth looking further."""
        confidences = self.probabilities.max(axis=1)
        return digits in {None, len(confidences)} and bool(confidences.mean() >= CONVINCING)


class Reader:
    """Reads frames with one model and one set of expectations.

    :param digits: how many digits a frame shows; ``None`` where that is to be found.
    :param max_error: the share of wrong digits among the accepted that is acceptable; digits whose
        confidence can't promise it are rejected.
    """

    def __init__(
        self,
        classifier: Classifier,
        *,
        digits: int | None = None,
        polarities: tuple[Polarity, ...] = POLARITIES,
        max_error: float = 1.0,
    ) -> None:
        if digits is not None and digits < 1:
            raise UsageError(f"the number of digits is {digits}: it must be at least 1")
        self._classifier = classifier
        self._digits = digits
        self._polarities = polarities
        self._reject_below = classifier.card.reject_below(max_error)

    def read(self, frame: Frame) -> FrameReadings:
        """Everything that is to be read in a frame."""
        clock = StageClock()
        with clock.stage("total"):
            candidates = list(self._candidates(frame.luma, clock))
            digits = self._vote(candidates) if self._digits == 1 else self._best(candidates)
            reading = self._reading(digits)
        timing = {stage: round(1000 * seconds, 3) for stage, seconds in clock.seconds.items()}
        return FrameReadings(frame.source, frame.sequence, frame.wall, (reading,), timing)

    def _candidates(self, luma: Luma, clock: StageClock) -> Iterator[_Candidate]:
        """What the candidates for the ink are read as, until one is convincing."""
        inks = find_ink(luma, self._polarities)
        found = False
        while True:
            with clock.stage("ink"):
                ink = next(inks, None)
            if ink is None or (found and ink.weight < IMPROBABLE):
                return
            with clock.stage("segment"):
                lines = locate_digits(ink.mask, self._digits)
            if not lines:
                continue
            with clock.stage("glyph"):
                glyphs = normalize_glyphs([digit.mask for line in lines for digit in line])
            with clock.stage("classify"):
                probabilities = steadied(self._classifier.probabilities(jittered(glyphs)))
            found = True
            candidate = _Candidate(ink, lines, probabilities, luma.shape)
            yield candidate
            if self._digits != 1 and candidate.convincing(self._digits):
                return

    def _vote(self, candidates: Sequence[_Candidate]) -> list[list[Digit]]:
        """The one digit, by the mean of all candidates.

        On photographs the mean errs less than the surest candidate does: a model without a "none"
        class is as sure of a wrong piece of ink as of the right one.
        """
        if not candidates:
            return []
        weights = np.array([candidate.ink.weight for candidate in candidates])
        votes = np.array([candidate.probabilities[0] for candidate in candidates])
        probability = weights @ votes / weights.sum()
        chosen = candidates[int(np.argmax(weights * votes[:, probability.argmax()]))]
        return [[self._digit(chosen.lines[0][0], chosen, probability)]]

    def _best(self, candidates: Sequence[_Candidate]) -> list[list[Digit]]:
        """The digits of the candidate that the classifier likes best, line by line."""
        if not candidates:
            return []
        best = max(candidates, key=lambda candidate: candidate.score(self._digits))
        rows = iter(best.probabilities)
        return [[self._digit(digit, best, next(rows)) for digit in line] for line in best.lines]

    def _digit(self, ink: DigitInk, seen: _Candidate, probability: Probabilities) -> Digit:
        label = self._classifier.card.labels[int(probability.argmax())]
        confidence = float(probability.max())
        return Digit(
            value=None if label == NONE_LABEL else int(label),
            confidence=round(confidence, 6),
            rejected=label == NONE_LABEL or confidence < self._reject_below,
            box=_frame_box(ink, seen),
            probability=tuple(round(float(p), 6) for p in probability),
        )

    def _reading(self, lines: list[list[Digit]]) -> Reading:
        digits = tuple(digit for line in lines for digit in line)
        reasons = list(self._reasons(digits))
        return Reading(
            region=WHOLE_FRAME,
            text="\n".join(
                "".join(str(digit.value) for digit in line if digit.value is not None)
                for line in lines
            ),
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
            if digit.value is None:
                yield f"digit {place} is not one whole digit"
            elif digit.rejected and self._reject_below > 1:
                yield f"digit {place}: this model is never as sure as max_error asks"
            elif digit.rejected:
                yield (
                    f"digit {place} has confidence {digit.confidence:.4f} "
                    f"where {self._reject_below:.4f} is asked for"
                )


def _frame_box(ink: DigitInk, seen: _Candidate) -> tuple[int, int, int, int]:
    """Left, top, width and height in the frame, of which the last mask pixel may hold a part."""
    left, top, right, bottom = (round(side / seen.ink.scale) for side in ink.box)
    height, width = seen.frame_shape
    left, top = min(left, width - 1), min(top, height - 1)
    return left, top, max(1, min(right, width) - left), max(1, min(bottom, height) - top)


def single_glyph(frame: Frame) -> Glyph | None:
    """The glyph of the one digit that a frame shows, as seen in its most probable ink.

    ``None`` where no ink is found. Training makes its glyphs of labelled pictures with this.
    """
    for ink in find_ink(frame.luma):
        lines = locate_digits(ink.mask, digits=1)
        if lines:
            return normalize_glyph(lines[0][0].mask)
    return None
