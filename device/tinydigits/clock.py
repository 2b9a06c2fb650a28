"""How long each stage of a longer work takes, how far apart frames are, and the wall clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

LONGEST_PERIOD: Final = 86_400.0
"""Seconds; the operating system refuses to wait for much more than a lifetime."""


class StageClock:
    """Wall time of each stage in ``seconds``, summed over all the times that it is entered."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens inside towards this stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def period_of(fps: float) -> float:
    """Seconds from a frame to the next where so many a second are asked for; 0 is no limit."""
    return min(1 / fps, LONGEST_PERIOD) if fps else 0.0


def wall_offset() -> float:
    """Seconds that the wall clock is ahead of the time since the computer started.

    It is the same for years, but for moments in which somebody sets the wall clock.
    """
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def wall_offset_at(wall: float, monotonic: float) -> float:
    """The same at a moment that has just passed, in seconds on the Unix and the monotonic clock.

    The monotonic clock stands while the computer sleeps, which it has not done since that moment.
    """
    asleep = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
    return wall - (monotonic + asleep)
