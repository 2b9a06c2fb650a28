"""The places of a number, and the picture of each: cut out of the frame as the reader saw it."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import msgspec

from tinydigits.frame import MIN_SIDE, Luma
from tinydigits.reader import Digit, Reading
from tinydigits.region import Box, Rectifier
from tinydigits.regions import cell_edges

PAPER_ABOVE: Final = 0.2
"""Of a digit's height, kept above it and below."""

PAPER_BESIDE: Final = 0.1
"""Of its height, kept to each side. With these two all of 178 digits of photographed numbers are
read by themselves as they were in the number; with 0.5 each 95 %, as parts of others come in."""


class Place(msgspec.Struct, frozen=True):
    """A place of a number, from 1, and the digit that was read there, ``None`` for none at all."""

    number: int
    digit: Digit | None

    @property
    def read(self) -> str:
        """What was read there, as text; empty for nothing."""
        return "" if self.digit is None or self.digit.value is None else str(self.digit.value)

    @property
    def confidence(self) -> float:
        """How surely."""
        return self.digit.confidence if self.digit else 0.0

    @property
    def rejected(self) -> bool:
        """Whether the reader doubts it."""
        return self.digit is None or self.digit.rejected


class Cutting:
    """A number in a frame, upright.

    :param rectifier: of the region as it was placed in this frame; ``None`` for the whole frame.
    :param cells: how many the region has, each of which is a place whatever was read in it; 0 where
        digits have no fixed places, and each one that was found is a place.
    """

    def __init__(
        self, luma: Luma, reading: Reading, rectifier: Rectifier | None = None, cells: int = 0
    ) -> None:
        self._upright = rectifier.rectify(luma) if rectifier else luma
        self._rectifier = rectifier
        self._edges = cell_edges(self._upright.shape[1], cells) if cells else []
        self.places = self._in_cells(reading) if cells else _in_order(reading)

    def picture(self, place: Place) -> Luma | None:
        """What is to be seen in a place, some paper around it; ``None`` where that is nothing."""
        if self._edges:
            picture = self._upright[:, self._edges[place.number - 1] : self._edges[place.number]]
        elif place.digit:
            left, top, wide, high = self._box(place.digit)
            above, beside = round(PAPER_ABOVE * high), max(1, round(PAPER_BESIDE * high))
            picture = self._upright[
                max(0, top - above) : max(0, top + high + above),
                max(0, left - beside) : max(0, left + wide + beside),
            ]
        else:
            return None
        return picture if min(picture.shape) >= MIN_SIDE else None

    def _box(self, digit: Digit) -> Box:
        return self._rectifier.box_in_upright(digit.box) if self._rectifier else digit.box

    def _in_cells(self, reading: Reading) -> list[Place]:
        middles = [
            (left + wide / 2, d) for d in reading.digits for left, _, wide, _ in [self._box(d)]
        ]
        return [
            Place(number, next((digit for x, digit in middles if start <= x < end), None))
            for number, (start, end) in enumerate(pairwise(self._edges), start=1)
        ]


def _in_order(reading: Reading) -> list[Place]:
    return [Place(number, digit) for number, digit in enumerate(reading.digits, start=1)]
