"""What is known of a number beforehand: how it is written, its range, its pace and direction."""

from __future__ import annotations

import re
from decimal import Context, Decimal, InvalidOperation
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from tinydigits.config import MAX_DIGITS, JudgeConfig

if TYPE_CHECKING:  # who asks for the status needs no reader
    from tinydigits.reader import Reading

EXACT: Final = Context(prec=4 * MAX_DIGITS)
"""Arithmetic without rounding on all numbers that have at most this many digits on each side."""

SECONDS: Final = 3600
"""Of an hour, as rates are by the hour."""

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")

Code = Literal[
    "no_number",
    "unsure",
    "low_confidence",
    "out_of_range",
    "not_agreed",
    "backwards",
    "too_fast",
    "held",
    "rolled_over",
    "recovered",
]


class Reason(msgspec.Struct, frozen=True):
    """Why a reading was judged as it was: a code for programs, and words for people."""

    code: Code
    text: str


class Move(Enum):
    """How a number got from one value to another."""

    POSSIBLE = auto()
    """No further, and nowhere else, than it can."""
    ROLLED_OVER = auto()
    """Past its end, to start again at 0."""
    HELD = auto()
    """Back by one unit of its last digit, as a drum half turned reads now and then."""
    BACKWARDS = auto()
    """Back, though it only counts up."""
    TOO_FAST = auto()
    """Further than it can in that time."""

    @property
    def plausible(self) -> bool:
        """Whether the number can have moved so."""
        return self not in {Move.BACKWARDS, Move.TOO_FAST}


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What :class:`~tinydigits.judge.Judge` goes by; ``default.toml`` explains the fields.

    ``decimals`` is ``None`` where the reading's own point counts, ``max_rate`` where the number may
    move at any pace, ``rollover`` and ``digits`` where they are not known.
    """

    agree: int
    of: int
    min_confidence: float
    decimals: int | None
    min_value: Decimal
    max_value: Decimal
    max_rate: Decimal | None
    may_decrease: bool
    rollover: Decimal | None
    digits: int | None
    recover_readings: int
    recover_seconds: float

    @classmethod
    def from_config(cls, config: JudgeConfig, digits: int = 0) -> Rules:
        """The rules for a number of so many digits, 0 if that is not known."""
        max_rate = _decimal(config.max_rate)
        return cls(
            agree=config.agree,
            of=config.of,
            min_confidence=config.min_confidence,
            decimals=None if config.decimals < 0 else config.decimals,
            min_value=_decimal(config.min_value),
            max_value=_decimal(config.max_value),
            max_rate=max_rate if max_rate.is_finite() else None,
            may_decrease=config.may_decrease,
            rollover=_decimal(config.rollover) or None,
            digits=digits or None,
            recover_readings=config.recover_readings,
            recover_seconds=config.recover_hours * SECONDS,
        )

    def value_of(self, reading: Reading) -> Decimal | Reason:
        """The number that a reading shows, or why it has no say."""
        if not _NUMBER.fullmatch(reading.text):
            return Reason("no_number", _no_number(reading))
        if reading.rejected:
            return Reason("unsure", "; ".join(reading.reasons))
        if reading.confidence < self.min_confidence:
            return Reason(
                "low_confidence",
                f"its confidence is {reading.confidence:.4f} "
                f"where {self.min_confidence:g} is asked for",
            )
        value = self.number(reading.text)
        if not self.in_range(value):
            return Reason("out_of_range", f"{value:f} is outside of what is possible")
        return value

    def number(self, text: str) -> Decimal:
        """The number that digits stand for, with the point where these rules have it.

        :raises ValueError: where they stand for none.
        """
        if not _NUMBER.fullmatch(text):
            raise ValueError(f"'{text}' is no number")
        if self.decimals is None:
            return Decimal(text)
        return EXACT.scaleb(Decimal(text.replace(".", "")), -self.decimals)

    def in_range(self, value: Decimal) -> bool:
        """Whether the number can have this value at all."""
        beyond = self.rollover is not None and not 0 <= value < self.rollover
        return self.min_value <= value <= self.max_value and not beyond

    def written(self, value: Decimal) -> Decimal:
        """A value as these rules write it, 472.1 as 472.100, where that takes no digit from it."""
        if self.decimals is None:
            return value
        try:
            same = EXACT.quantize(value, Decimal(1).scaleb(-self.decimals))
        except InvalidOperation:  # it has no end, or far too many digits
            return value
        return same if same == value else value

    def knows(self, value: Decimal) -> bool:
        """Whether these rules can have let this value pass; those of another number can't."""
        if not value.is_finite() or len(value.as_tuple().digits) > 2 * MAX_DIGITS:
            return False
        places = -_exponent(value)
        written = 0 <= places <= MAX_DIGITS if self.decimals is None else places == self.decimals
        return written and self.in_range(value)

    def move(self, old: Decimal, new: Decimal, seconds: float) -> Move:
        """How the number got from an old value to a new one, so many seconds later."""
        unit = Decimal(1).scaleb(max(_exponent(old), _exponent(new)))
        ahead = EXACT.subtract(new, old)
        if self.may_decrease:
            return self._pace(abs(ahead), unit, seconds)
        end = self._end(old)
        if 0 < -ahead <= unit or (end is not None and 0 < EXACT.subtract(end, ahead) <= unit):
            return Move.HELD
        if ahead >= 0:
            return self._pace(ahead, unit, seconds)
        over = None if end is None else EXACT.add(end, ahead)
        if over is None or over < 0 or not self._pace(over, unit, seconds).plausible:
            return Move.BACKWARDS
        return Move.ROLLED_OVER

    def _pace(self, way: Decimal, unit: Decimal, seconds: float) -> Move:
        """A number is cut after its last digit, so it may show one unit more than it moved."""
        if way <= unit or self.max_rate is None:
            return Move.POSSIBLE
        moved = EXACT.multiply(self.max_rate, Decimal(max(0.0, seconds))) / SECONDS
        return Move.POSSIBLE if way <= EXACT.add(moved, unit) else Move.TOO_FAST

    def _end(self, value: Decimal) -> Decimal | None:
        """The largest value, and one unit more."""
        if self.rollover is None and self.digits is not None:
            return Decimal(1).scaleb(self.digits + _exponent(value))
        return self.rollover


def _decimal(number: float) -> Decimal:
    """A number as it was written: 0.1 is meant exactly."""
    return Decimal(repr(float(number)))


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _no_number(reading: Reading) -> str:
    if "\n" in reading.text:
        return f"there are {reading.text.count(chr(10)) + 1} lines where one number is due"
    return "; ".join(reading.reasons) or "it shows no number"
