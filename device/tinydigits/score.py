"""How well pictures with known content are read: the measure behind every claim about reading."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from pathlib import Path
from typing import Final

import msgspec

from tinydigits.classifier import DIGITS
from tinydigits.files import printable
from tinydigits.reader import Reading

MISSED: Final = len(DIGITS)
"""Column of the confusion matrix for digits that were not found."""

MOST: Final = 0.9
"""Share of the readable pictures that a threshold accepts at which models can be compared."""

_WORST: Final = 20


class Outcome(msgspec.Struct, frozen=True):
    """One picture: what it shows (``None``: not one whole digit) and what was read.

    ``reading`` is ``None`` where the picture could not be read at all.
    """

    path: Path
    truth: str | None
    reading: Reading | None

    @property
    def text(self) -> str:
        """The digits that were read, rejected or not, line breaks and the like left out."""
        text = self.reading.text if self.reading else ""
        return "".join(c for c in text if c in DIGITS)

    @property
    def accepted(self) -> bool:
        """Whether the reader stands by the reading."""
        return self.reading is not None and not self.reading.rejected

    @property
    def confidence(self) -> float:
        """The reading's; 0 where there is none."""
        return self.reading.confidence if self.reading else 0.0

    @property
    def right(self) -> bool:
        """Whether every digit is right, or a picture without one was rejected."""
        return not self.accepted if self.truth is None else self.text == self.truth


class Worst(msgspec.Struct, frozen=True):
    """A picture that was read wrong, and how sure the reader was."""

    file: str
    truth: str
    read: str
    confidence: float
    rejected: bool


class Score(msgspec.Struct, frozen=True):
    """The figures of a set of pictures; shares are fractions, ``None`` where there is no case.

    ``exact`` (the whole number right, rejected or not), ``count_right`` (as many digits found as
    there are), ``digit_accuracy``, ``rejected`` and ``error_among_accepted`` are over the pictures
    that show digits; ``none_accepted`` is the share of the others that was accepted, and
    ``none_among_most`` the share that would be by the confidence that :data:`MOST` of the readable
    reach, whatever is accepted now. Rows of
    ``confusion`` are the true digits 0 to 9; columns what they were read as, the last one: missed.
    """

    n: int
    exact: float | None
    count_right: float | None
    digit_accuracy: float | None
    rejected: float | None
    error_among_accepted: float | None
    none_accepted: float | None
    none_among_most: float | None
    confusion: list[list[int]]
    worst: list[Worst]
    unreadable: list[str]


def score(outcomes: Iterable[Outcome]) -> Score:
    """The figures over all outcomes."""
    everything = list(outcomes)
    shown = [outcome for outcome in everything if outcome.truth is not None]
    others = [outcome for outcome in everything if outcome.truth is None]
    confusion = [[0] * (MISSED + 1) for _ in DIGITS]
    for outcome in shown:
        for true, read in align(outcome.truth or "", outcome.text):
            confusion[int(true)][MISSED if read is None else int(read)] += 1
    digits = sum(map(sum, confusion))
    return Score(
        n=len(everything),
        exact=_share(sum(o.right for o in shown), len(shown)),
        count_right=_share(sum(len(o.text) == len(o.truth or "") for o in shown), len(shown)),
        digit_accuracy=_share(sum(row[i] for i, row in enumerate(confusion)), digits),
        rejected=_share(sum(not o.accepted for o in shown), len(shown)),
        error_among_accepted=_share(
            sum(o.accepted and not o.right for o in shown), sum(o.accepted for o in shown)
        ),
        none_accepted=_share(sum(o.accepted for o in others), len(others)),
        none_among_most=_among_most(shown, others),
        confusion=confusion,
        worst=_worst(everything),
        unreadable=[printable(o.path) for o in everything if o.reading is None],
    )


def align(truth: str, read: str) -> list[tuple[str, str | None]]:
    """Each true digit with the digit it was read as, or ``None`` where it was missed.

    The alignment with the fewest changes, insertions and omissions (Wagner & Fischer 1974); digits
    that were read where there are none have no place in it.
    """
    rows, columns = len(truth) + 1, len(read) + 1
    cost = [[i + j if not (i and j) else 0 for j in range(columns)] for i in range(rows)]
    for i in range(1, rows):
        for j in range(1, columns):
            changed = cost[i - 1][j - 1] + (truth[i - 1] != read[j - 1])
            cost[i][j] = min(changed, cost[i - 1][j] + 1, cost[i][j - 1] + 1)
    pairs: list[tuple[str, str | None]] = []
    i, j = len(truth), len(read)
    while i:
        if j and cost[i][j] == cost[i - 1][j - 1] + (truth[i - 1] != read[j - 1]):
            pairs.append((truth[i - 1], read[j - 1]))
            i, j = i - 1, j - 1
        elif j and cost[i][j] == cost[i][j - 1] + 1:
            j -= 1
        else:
            pairs.append((truth[i - 1], None))
            i -= 1
    return pairs[::-1]


def _among_most(shown: list[Outcome], others: list[Outcome]) -> float | None:
    if not shown:
        return None
    ranked = sorted((outcome.confidence for outcome in shown), reverse=True)
    least = ranked[ceil(MOST * len(ranked)) - 1]
    return _share(sum(outcome.confidence >= least for outcome in others), len(others))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _worst(outcomes: list[Outcome]) -> list[Worst]:
    """The wrong readings that the reader was surest of."""
    wrong = [
        Worst(
            printable(outcome.path.name),
            outcome.truth or "none",
            outcome.text,
            outcome.reading.confidence,
            outcome.reading.rejected,
        )
        for outcome in outcomes
        if outcome.reading is not None and not outcome.right
    ]
    return sorted(wrong, key=lambda worst: -worst.confidence)[:_WORST]


def render_score(result: Score, title: str) -> str:
    """The figures as text for a terminal."""
    lines = [f"{title}: {result.n} picture{'s' if result.n != 1 else ''}"]
    for name, share in (
        ("whole number right", result.exact),
        ("number of digits right", result.count_right),
        ("digits right", result.digit_accuracy),
        ("rejected", result.rejected),
        ("accepted numbers wrong", result.error_among_accepted),
        ("without digit, yet accepted", result.none_accepted),
        (f"if {100 * MOST:.0f} % of the rest were", result.none_among_most),
    ):
        if share is not None:
            lines.append(f"  {name:<28}{100 * share:6.2f} %")
    if result.unreadable:
        lines.append(f"  {'unreadable pictures':<28}{len(result.unreadable):6d}")
    if any(map(sum, result.confusion)):
        lines += ["", "  true    read as", *_matrix(result.confusion)]
    if result.worst:
        lines += ["", "  surest among the wrong", *map(_worst_line, result.worst[:8])]
    return "\n".join(lines)


def _matrix(confusion: list[list[int]]) -> list[str]:
    width = max(5, len(str(max(map(max, confusion)))) + 1)
    header = "     " + "".join(f"{name:>{width}}" for name in DIGITS) + "  missed"
    rows = (
        f"  {digit}  "
        + "".join(f"{count or '.':>{width}}" for count in row[:-1])
        + f"{row[-1] or '.':>8}"
        for digit, row in zip(DIGITS, confusion, strict=True)
    )
    return [header, *rows]


def _worst_line(worst: Worst) -> str:
    rejected = ", rejected" if worst.rejected else ""
    return (
        f"  {worst.truth} read as {worst.read or 'nothing'} "
        f"({worst.confidence:.2f}{rejected})  {worst.file}"
    )
