"""How much a line of digits looks like a number, judged by how it is read and by how even it is.

The digits of one number are printed or written with the same pen: about as high, with strokes about
as wide, about as much darker than their paper. What isn't, beside them, is a shadow, an edge or a
label, however surely it is read: a classifier that knows ten digits calls everything one.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from tinydigits.classifier import DIGITS, Probabilities
from tinydigits.glyph import stroke_width
from tinydigits.ink import Ink, Recipe
from tinydigits.lines import Line
from tinydigits.median import median
from tinydigits.pieces import Box, DigitInk, Mask

Floats = npt.NDArray[np.float64]

EVEN: Final = 0.36
"""Confidence from which on a digit speaks for its line, below which against it. Between 0.30 and
0.45 the share of right numbers in photographs hardly changes."""

HEIGHT: Final = (0.1, 2.0)
"""Natural logarithm of the ratio to the line's median that a digit's height may have, and what each
unit beyond costs of its confidence."""

STROKE: Final = (0.3, 1.5)
"""The same for the width of its strokes. Without it a tenth fewer numbers are found."""

CONTRAST: Final = (0.4, 1.0)
"""The same for the contrast between its ink and its paper. Without it as many fewer."""

ASPECT: Final = (0.9, 1.0)
"""The same for its width as a share of its height, not of the median's, the slant taken back."""

CROWDED: Final = (0.3, 0.3)
"""The same for the share of its width that has other ink close above or below, as halves of digits
and what is cut off by an edge have."""

CLEARANCE: Final = 0.12
"""How close that is, as a share of its height."""

MOST: Final = 0.5
"""What each of these costs at most."""

CUT: Final = 0.3
"""What it costs a digit to touch the frame's upper or lower edge: there, lettering is cut off."""

LEFT_OUT: Final = (0.3, 0.3)
"""What a digit of the line that is left out of the number speaks against leaving it out: this share
of its confidence above this. With 0.1 instead of 0.3 two numbers fewer are found in 48 photographs.
"""


CLEAR: Final = 0.25
"""What a digit speaks for its line from which on it can't be left out of a number of known length.
"""


class Seen(msgspec.Struct, frozen=True):
    """A line in one ink and what its digits are read as, ``float32[N, K]``.

    Of the ink itself there is the recipe, the scale, and the shorter ``side`` of its mask: many are
    looked at, and the masks of all would take megabytes.

    ``worth`` is ``float64[N]``: what each digit speaks for the line. ``height`` is the digits' in
    frame pixels, ``centres`` is ``float64[N, 2]``: their x and y there.
    """

    recipe: Recipe
    scale: float
    side: int
    line: Line
    probabilities: Probabilities
    worth: Floats
    height: float
    centres: Floats


class Run(msgspec.Struct, frozen=True):
    """The digits of a line from ``start`` up to ``stop``, and how much they look like a number."""

    seen: Seen
    start: int
    stop: int
    score: float

    @property
    def digits(self) -> list[DigitInk]:
        """Their ink."""
        return self.seen.line.digits[self.start : self.stop]

    @property
    def probabilities(self) -> Probabilities:
        """``float32[N, K]``."""
        return self.seen.probabilities[self.start : self.stop]

    @property
    def evenness(self) -> float:
        """How alike its digits are: the share of their confidence that unevenness leaves."""
        left = self.seen.worth[self.start : self.stop] + EVEN
        return float((left / confidences(self.probabilities)).mean())

    @property
    def centres(self) -> Floats:
        """``float64[N, 2]`` in frame pixels."""
        return self.seen.centres[self.start : self.stop]

    @property
    def boxes(self) -> Floats:
        """``float64[N, 4]``: left, top, right, bottom in frame pixels."""
        return np.array([digit.box for digit in self.digits]) / self.seen.scale

    @property
    def points(self) -> set[int]:
        """Indices within the run of the digits before a decimal point."""
        last = self.stop - self.start - 1
        return {k for k in (p - self.start for p in self.seen.line.points) if 0 <= k < last}


def consider(ink: Ink, line: Line, probabilities: Probabilities) -> Seen:
    """Weigh what the digits of a line are read as by how alike they are."""
    boxes = np.array([digit.box for digit in line.digits], np.float64)
    high = boxes[:, 3] - boxes[:, 1]
    wide = (boxes[:, 2] - boxes[:, 0]) / high - abs(line.lean)
    stroke = np.array([stroke_width(digit.mask) for digit in line.digits]) / high
    contrast = np.array([_contrast(ink, digit) for digit in line.digits])
    odd = _beyond(_unlike(high), *HEIGHT) + _beyond(_unlike(stroke), *STROKE)
    odd += _beyond(_unlike(contrast), *CONTRAST) + _beyond(wide, *ASPECT)
    odd += _beyond(np.array([_crowded(ink, digit) for digit in line.digits]), *CROWDED)
    cut = (boxes[:, 1] <= 0) | (boxes[:, 3] >= ink.shape[0])
    worth = confidences(probabilities) * (1 - odd) - EVEN - CUT * cut
    centres = np.stack((boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]), axis=1) / 2
    height = median(high)
    return Seen(
        ink.recipe,
        ink.scale,
        min(ink.shape),
        line,
        probabilities,
        worth,
        height / ink.scale,
        centres / ink.scale,
    )


def confidences(probabilities: Probabilities) -> Floats:
    """How surely each is read as some digit: what a model gives to "none" speaks against it."""
    return np.asarray(probabilities[:, : len(DIGITS)].max(axis=1), np.float64)


def best_run(seen: Seen) -> Run | None:
    """The neighbouring digits of a line that look most like a number.

    ``None`` where nothing speaks for any.
    """
    speaks, gain = LEFT_OUT
    left_out = gain * np.maximum(confidences(seen.probabilities) - speaks, 0)
    sums = np.concatenate(([0.0], np.cumsum(seen.worth + left_out)))
    scores = sums[None, :] - sums[:, None] - left_out.sum()
    scores[np.tri(len(sums), dtype=np.bool_)] = -np.inf  # nothing stops before it starts
    start, stop = divmod(int(scores.argmax()), len(sums))
    return _run(seen, start, stop, float(scores[start, stop]))


def run_of(seen: Seen, count: int) -> Run | None:
    """So many neighbouring digits of a line, if nothing else there is clearly a digit of it."""
    sums = np.concatenate(([0.0], np.cumsum(seen.worth)))
    if count >= len(sums):
        return None
    scores = sums[count:] - sums[:-count]
    start = int(scores.argmax())
    others = np.delete(seen.worth, slice(start, start + count))
    if others.max(initial=0) >= CLEAR:
        return None
    return _run(seen, start, start + count, float(scores[start]))


def _run(seen: Seen, start: int, stop: int, score: float) -> Run | None:
    size = seen.height * seen.scale / seen.side
    return Run(seen, start, stop, score * size) if score > 0 else None


def _unlike(values: Floats) -> Floats:
    """How far each is from the median, as the natural logarithm of their ratio."""
    known = values[np.isfinite(values) & (values > 0)]
    if not known.size:
        return np.zeros(len(values))
    middle = median(known)
    ratio = np.where(np.isfinite(values), np.maximum(values, 1e-6), middle)
    return np.asarray(np.abs(np.log(ratio / middle)))


def _beyond(values: Floats, tolerance: float, cost: float) -> Floats:
    return np.asarray(np.clip((values - tolerance) * cost, 0, MOST))


def _contrast(ink: Ink, digit: DigitInk) -> float:
    """Grey levels between ink and paper in the digit's box; unknown where ink fills it."""
    left, top, right, bottom = _in_part(ink, digit)
    luma = ink.luma[top:bottom, left:right]
    count = int(np.count_nonzero(digit.mask))
    if count == luma.size:
        return float("nan")
    under = _sum(luma, digit.mask)
    return max(1.0, abs(under / count - (int(luma.sum()) - under) / (luma.size - count)))


def _crowded(ink: Ink, digit: DigitInk) -> float:
    """Share of the digit's columns that have other ink above or below, the larger one."""
    left, top, right, bottom = _in_part(ink, digit)
    reach = max(1, round(CLEARANCE * digit.height))
    above = ink.mask[max(0, top - reach) : top, left:right].any(axis=0)
    below = ink.mask[bottom : bottom + reach, left:right].any(axis=0)
    return max(np.count_nonzero(above), np.count_nonzero(below)) / digit.width


def _in_part(ink: Ink, digit: DigitInk) -> Box:
    """The digit's box in the mask and the luma of the part that was looked at."""
    across, down = ink.part[:2]
    left, top, right, bottom = digit.box
    return left - across, top - down, right - across, bottom - down


def _sum(luma: npt.NDArray[np.uint8], mask: Mask) -> int:
    return int((luma * mask).sum())
