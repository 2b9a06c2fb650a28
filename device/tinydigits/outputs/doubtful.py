"""Which digits of a reading are worth being labelled: those that may have been misread."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from tinydigits.judge import Verdict
from tinydigits.learn.crop_file import Why
from tinydigits.learn.cutting import Place
from tinydigits.reader import Reading
from tinydigits.rules import Code

CONTRADICTED: Final[frozenset[Code]] = frozenset({"backwards", "too_fast"})
"""Codes of verdicts that hold a number against the one that was accepted before."""


def doubtful(
    places: Sequence[Place], verdict: Verdict, unsure: float, decimals: int
) -> dict[int, Why]:
    """The numbers of the places that are doubtful, and why.

    :param unsure: confidence below which one is, though it was accepted.
    :param decimals: digits after the point, as the judge is told; -1 where the text has the point.
    """
    found: dict[int, Why] = {}
    for place in places:
        if place.rejected:
            found[place.number] = "rejected"
        elif place.confidence < unsure:
            found[place.number] = "unsure"
    if any(reason.code in CONTRADICTED for reason in verdict.reasons):
        found |= dict.fromkeys(
            differing(places, verdict.text, verdict.value, decimals), "contradicted"
        )
    return found


def differing(
    places: Sequence[Place], text: str, value: Decimal | None, decimals: int
) -> list[int]:
    """The numbers of the places that show another digit than a value has there."""
    due = digits_due(text, value, decimals)
    if due is None or len(due) != len(places):
        return []
    return [place.number for place, digit in zip(places, due, strict=True) if place.read != digit]


def digits_due(text: str, value: Decimal | None, decimals: int) -> str | None:
    """The digits that a display should show which reads as ``text``, if it shows a value.

    ``None`` where that can't be told: it has another number of digits, or its point elsewhere.
    """
    if value is None or "\n" in text:
        return None
    shown = text.replace(".", "")
    places = decimals if decimals >= 0 else len(text.partition(".")[2])
    exponent = value.as_tuple().exponent
    due = f"{abs(value):f}".replace(".", "").zfill(len(shown))
    return due if exponent == -places and len(due) == len(shown) else None


def lies_between(text: str, old: Decimal | None, new: Decimal | None, decimals: int) -> bool:
    """Whether a number may have been shown on the way from one accepted value to the next."""
    ends = [digits_due(text, value, decimals) for value in (old, new)]
    if None in ends:
        return True  # nothing is known that speaks against it
    first, last = sorted(int(end or 0) for end in ends)
    return first <= int(text.replace(".", "") or 0) <= last


def is_worth_a_look(
    readings: Sequence[Reading], verdicts: Sequence[Verdict], unsure: float
) -> bool:
    """Whether anything of a frame may be doubtful, told in a moment."""
    return any(
        verdict.status != "accepted"
        or reading.rejected
        or any(digit.confidence < unsure for digit in reading.digits)
        for reading, verdict in zip(readings, verdicts, strict=True)
    )
