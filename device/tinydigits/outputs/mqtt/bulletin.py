"""What there is to be told of a region, and when."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from math import ceil
from typing import Final

import msgspec

from tinydigits.clock import period_of
from tinydigits.config import Config
from tinydigits.judge import Verdict
from tinydigits.outputs.mqtt.outbox import Message
from tinydigits.outputs.mqtt.topics import RegionTopics
from tinydigits.reader import FrameReadings, Reading
from tinydigits.status.document import NUMBERS

PATIENCE: Final = 3
"""Times that a value isn't told again before it is not to be believed: two may get lost."""

RATED: Final = 100
"""Readings, the last ones, of which the share of rejected ones is told."""

ON: Final = b"ON"
OFF: Final = b"OFF"
"""As Home Assistant has them if it isn't told otherwise."""


def patience(config: Config) -> int:
    """Seconds after which a value that no reading confirmed is not to be believed any more.

    Frames may be further apart than values are to be told again.
    """
    return ceil(PATIENCE * max(config.mqtt.refresh, period_of(config.camera.fps)))


class Told(msgspec.Struct, frozen=True):
    """A reading as it is published; its names are those of `tinydigits run`'s lines."""

    wall: float
    sequence: int
    region: str
    text: str
    confidence: float
    rejected: bool
    reasons: tuple[str, ...]
    verdict: Verdict


class Diagnostics(msgspec.Struct, frozen=True):
    """How well a region is read: the last confidence, and the share of readings rejected lately."""

    confidence: float
    reject_rate: float


class Bulletin:
    """What is published of one region.

    Times are in seconds on the monotonic clock.

    :param refresh: after which a value that is confirmed is told again.
    :param patience: after which a value that isn't confirmed is a problem.
    """

    def __init__(
        self, region: str, topics: RegionTopics, refresh: float, patience: float, now: float
    ) -> None:
        self._region = region
        self._topics = topics
        self._refresh = refresh
        self._patience = patience
        self._confirmed = now
        self._value: Decimal | None = None
        self._told = self._diagnosed = now - refresh
        self._problem: bool | None = None
        self._confidence = 0.0
        self._rejected: deque[bool] = deque(maxlen=RATED)

    def of(self, result: FrameReadings, reading: Reading, verdict: Verdict) -> Iterator[Message]:
        """What is to be added to what others know: the reading, and perhaps the value."""
        now = result.monotonic
        self._confidence = reading.confidence
        self._rejected.append(verdict.status == "rejected")
        if verdict.age is not None:
            self._confirmed = max(self._confirmed, now - verdict.age)
        told = Told(
            result.wall,
            result.sequence,
            reading.region,
            reading.text,
            reading.confidence,
            reading.rejected,
            reading.reasons,
            verdict,
        )
        yield Message(self._topics.reading, NUMBERS.encode(told))
        if verdict.value is not None and self._is_due(verdict, now):
            self._value, self._told = verdict.value, now
            yield Message(self._topics.value, f"{verdict.value:f}".encode())

    def _is_due(self, verdict: Verdict, now: float) -> bool:
        """Whether the value is another than the one told, or is confirmed after a while.

        One that was remembered from before, and is not confirmed yet, isn't told.
        """
        if verdict.value != self._value:
            return verdict.age is not None and verdict.age <= self._patience
        return verdict.status == "accepted" and now - self._told >= self._refresh

    def states(self, now: float) -> Iterator[Message]:
        """Whether the value is to be believed, where that changed; how well it is read, if due."""
        problem = now - self._confirmed > self._patience
        if problem != self._problem and (problem or self._value is not None):
            self._problem = problem
            yield Message(self._topics.problem, ON if problem else OFF)
        if self._rejected and now - self._diagnosed >= self._refresh:
            self._diagnosed = now
            rate = round(sum(self._rejected) / len(self._rejected), 4)
            told = Diagnostics(self._confidence, rate)
            yield Message(self._topics.diagnostics, msgspec.json.encode(told))
