"""Readings of the past, one row each."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from tinydigits.judge import Status


class Past(msgspec.Struct, frozen=True):
    """What was read in a region, and what the judge said of it.

    ``wall`` is when the frame was taken, in seconds on the Unix clock; ``value`` what was to be
    believed after it; ``reason`` is empty where there was nothing to say.
    """

    wall: float
    region: str
    text: str
    value: Decimal | None
    status: Status
    confidence: float
    reason: str
