"""Which of the lines that were seen are the number: the inks vote.

The same number is seen in several inks, dirt and shadows in one or two. Lines that were seen with
as many digits in the same places are one; what speaks for it is the mean of its three best
sightings, and its digits are read as the mean of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from tinydigits.classifier import Probabilities
from tinydigits.evidence import Run

SAME_PLACE: Final = 0.4
"""Share of the height within which digits of two inks are the same one."""

PART: Final = 0.2
"""A line of pieces of higher digits counts only where it scores so many times more than they do:
the share of its score that theirs has to be for them to win."""

HOLE: Final = 0.5
"""The same for holes and pieces that only other inks show."""

SIGHTINGS: Final = 3
"""That speak for a line. With one, the surest of all inks, half as many numbers are right; with
more, what only some windows show is lost."""

LIKE_HEIGHT: Final = 0.6
"""Further lines of a number have at least this share of the best one's height, or it of theirs."""

LIKE_WORTH: Final = 0.4
"""And a digit of theirs speaks for them at least this share of what one of the best line does."""

BELOW: Final = 0.5
"""And they stand above or below it with this share of the narrower one's width."""


class Place(msgspec.Struct, frozen=True):
    """A line as several inks saw it, the best sighting first.

    ``searched`` is how many inks showed it when all were looked at, where this is a mere glance.
    """

    runs: list[Run]
    searched: int = 0

    @property
    def sightings(self) -> int:
        """How many inks show it."""
        return max(self.searched, len({run.seen.recipe for run in self.runs}))

    @property
    def agreement(self) -> float:
        """Share of its sightings that read a digit as it is read, the better weighing more.

        Of the digit that they agree least on.
        """
        weights = np.array([run.score for run in self.runs])
        votes = np.stack([run.probabilities.argmax(axis=1) for run in self.runs])
        same = votes == self.probabilities.argmax(axis=1)
        return float((weights[:, None] * same).sum(axis=0).min() / weights.sum())

    @property
    def best(self) -> Run:
        """The sighting with the highest score."""
        return self.runs[0]

    @property
    def score(self) -> float:
        """What speaks for it: a line that was seen once counts a third of one seen thrice."""
        return sum(run.score for run in self.runs[:SIGHTINGS]) / SIGHTINGS

    @property
    def probabilities(self) -> Probabilities:
        """What its digits are read as, the better sightings weighing more: ``float32[N, K]``."""
        weights = np.array([run.score for run in self.runs], np.float32)
        votes = np.stack([run.probabilities for run in self.runs])
        return np.asarray((weights[:, None, None] * votes).sum(axis=0) / weights.sum())

    @property
    def points(self) -> set[int]:
        """Indices of the digits before a decimal point, as most of its sightings have it."""
        total = sum(run.score for run in self.runs)
        return {
            k
            for k in range(len(self.best.digits) - 1)
            if 2 * sum(run.score for run in self.runs if k in run.points) > total
        }

    def shows(self, run: Run) -> bool:
        """Whether a run has as many digits in the same places."""
        own = self.best.centres
        if own.shape != run.centres.shape:
            return False
        return bool(np.abs(own - run.centres).max() < SAME_PLACE * self.best.seen.height)

    def is_part_of(self, run: Run) -> bool:
        """Whether a run has more digits, and each of these digits in its place."""
        own, its = self.best.centres, run.centres
        if len(its) <= len(own):
            return False
        off = np.abs(own[:, None] - its).max(axis=2).min(axis=1)
        return bool(off.max() < SAME_PLACE * self.best.seen.height)


def places(runs: Sequence[Run]) -> list[Place]:
    """What was seen, line by line, the likeliest number first."""
    found: list[Place] = []
    for run in sorted(runs, key=lambda run: -run.score):
        place = next((place for place in found if place.shows(run)), None)
        if place:
            place.runs.append(run)
        else:
            found.append(Place([run]))
    return [
        place
        for place in sorted(found, key=lambda place: -place.score)
        if not any(_holds(other, place) for other in found)
    ]


def _holds(place: Place, inner: Place) -> bool:
    """Whether a line only shows the holes of another one's digits."""
    if len(place.best.digits) < 2 or place.score < HOLE * inner.score:
        return False  # a single thing that holds a line is a panel
    return _made_of(place.best, inner.best)


def without_parts(runs: Sequence[Run]) -> list[Run]:
    """What one ink shows, without lines that are pieces of a line of higher digits.

    Upper and lower halves of seven-segment digits look like many ones.
    """
    return [
        run
        for run in runs
        if not any(other.score >= PART * run.score and _made_of(other, run) for other in runs)
    ]


def _made_of(line: Run, parts: Run) -> bool:
    """Whether each digit of ``parts`` lies within one of the line's, which are higher."""
    if line.seen.height <= parts.seen.height:
        return False
    whole, inner = line.boxes, parts.boxes
    within = (whole[:, None, :2] <= inner[:, :2]) & (whole[:, None, 2:] >= inner[:, 2:])
    return bool(within.all(axis=2).any(axis=0).all())


def number_lines(found: Sequence[Place]) -> list[Place]:
    """The best line and those that belong to the same number, downwards."""
    if not found:
        return []
    lines = [found[0]]
    for place in found[1:]:
        if _belongs(place, found[0]) and all(_below_or_above(place, line) for line in lines):
            lines.append(place)
    return sorted(lines, key=lambda place: float(place.best.centres[:, 1].mean()))


def _belongs(place: Place, best: Place) -> bool:
    """Whether a line is of the same number as the best one."""
    low, high = sorted((place.best.seen.height, best.best.seen.height))
    worth, its_worth = (each.score / len(each.best.digits) for each in (place, best))
    # a single thing above or below a line of digits is seldom a digit
    enough = len(place.best.digits) >= min(2, len(best.best.digits))
    return enough and low >= LIKE_HEIGHT * high and worth >= LIKE_WORTH * its_worth


def _below_or_above(place: Place, other: Place) -> bool:
    """Whether two lines stand below each other, with paper between them."""
    (left, top, right, bottom), (left2, top2, right2, bottom2) = outline(place), outline(other)
    common = min(right, right2) - max(left, left2)
    overlap = min(bottom, bottom2) - max(top, top2)
    return common >= BELOW * min(right - left, right2 - left2) and overlap <= 0


def outline(place: Place) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a line in frame pixels."""
    half = place.best.seen.height / 2
    (left, top), (right, bottom) = place.best.centres.min(axis=0), place.best.centres.max(axis=0)
    # digits reach beyond their centres by half their size, less where the line is tilted
    return left - half / 2, top - 0.8 * half, right + half / 2, bottom + 0.8 * half
