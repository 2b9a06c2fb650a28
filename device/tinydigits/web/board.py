"""What was read last, from the loop's thread to the server's, and word of it for who waits."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

from tinydigits.history import Past
from tinydigits.outputs.told import Told

PAST: Final = 500
"""Readings that are kept where there is no history: 150 kB."""

NEWS_SECONDS: Final = 0.05
"""Between two words of something new: nobody sees more than twenty a second, and each one takes
time of the processor that the loop may want."""


class Board:
    """The last frame with its readings, and the last readings.

    :meth:`put` is for the loop's thread, all else for the server's.
    """

    def __init__(self) -> None:
        self._last: tuple[int, Told | None] = (0, None)
        self._past: deque[Past] = deque(maxlen=PAST)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._fresh: asyncio.Event | None = None
        self._waiting = 0
        self._called = False

    def put(self, told: Told) -> None:
        """Put up a new one; takes microseconds."""
        self._last = (self._last[0] + 1, told)
        self._past.extend(
            Past.from_verdict(told.result.wall, reading, verdict)
            for reading, verdict in told.pairs()
        )
        if self._waiting and not self._called and self._loop:
            self._called = True
            with suppress(RuntimeError):  # the server has just ended
                self._loop.call_soon_threadsafe(self._tell)

    @property
    def last(self) -> tuple[int, Told | None]:
        """What is up, and its number, which counts from 1."""
        return self._last

    @property
    def past(self) -> list[Past]:
        """The last readings, the oldest first."""
        return list(self._past)

    def open(self) -> None:
        """Begin, in the server's loop."""
        self._loop, self._fresh = asyncio.get_running_loop(), asyncio.Event()

    async def newer(self, number: int, seconds: float) -> bool:
        """Wait until there is a newer one than that, but only so long; whether there is."""
        self._waiting += 1  # before looking, so that none is missed
        try:
            async with asyncio.timeout(seconds):
                while self._last[0] <= number and self._fresh:
                    await self._fresh.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True

    def _tell(self) -> None:
        told = self._last[0]
        if self._fresh and self._loop:
            self._fresh.set()
            self._fresh = asyncio.Event()
            self._loop.call_later(NEWS_SECONDS, self._rearm, told)

    def _rearm(self, told: int) -> None:
        self._called = False
        if self._waiting and self._last[0] > told:
            self._called = True
            self._tell()
