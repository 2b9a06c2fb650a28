"""Which readings are worth keeping for years.

A meter stands still most of the time, and a display that nobody can read says the same once a
second. So of a region's readings one is kept

- where its verdict has another status, or another reason, than the one kept before: why readings
  are rejected, and since when. One that waits for others that agree is no news, as every new value
  does, unless nothing is decided for long;
- where the accepted value has changed, and with it the last reading that showed the old one, as
  process historians do it: drawn as a line, the number stands as long as it stood;
- where nothing was kept for an hour: a number that stands is not a day without readings.

Changes are limited: a display that counts all the time, or flickers between being read and not,
must not take the place of a year.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from tinydigits.history import Past
from tinydigits.outputs.history_file import Kept

STILL_SECONDS: Final = 3600.0
"""After these a reading is kept that says nothing new."""

TURNS: Final = 4
"""Changes of the verdict that are kept in the time in which one of the value is: two readings that
went wrong, and where they end."""


class Worth:
    """Chooses among one region's readings, in their order.

    :param seconds: in which one new value is kept; 0 keeps every reading.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._still = max(seconds, STILL_SECONDS)
        self._kept: Past | None = None
        self._kept_at = 0.0
        self._stood: Kept | None = None
        self._decided_at = 0.0
        self._turns: deque[float] = deque(maxlen=TURNS)

    def kept(self, new: Kept, now: float) -> Iterator[Kept]:
        """What is to be kept, at a time in seconds on a clock that no correction moves.

        That is nothing, the new reading, or an earlier one and the new one.
        """
        past, last = new.past, self._kept
        if last is None or not self._seconds or now - self._kept_at >= self._still:
            yield self._keep(new, now)
        elif _kind(past) != _kind(last):
            if self._is_news(past, now) and self._has_turn(now):
                self._turns.append(now)
                yield self._keep(new, now)
        elif past.value == last.value:
            self._stood = new
        elif now - self._kept_at >= self._seconds:
            if self._stood:
                yield self._stood
            yield self._keep(new, now)
        if past.status != "waiting":
            self._decided_at = now

    def _is_news(self, past: Past, now: float) -> bool:
        return past.status != "waiting" or now - self._decided_at >= self._seconds

    def _has_turn(self, now: float) -> bool:
        return len(self._turns) < TURNS or now - self._turns[0] >= self._seconds

    def _keep(self, new: Kept, now: float) -> Kept:
        self._kept, self._kept_at, self._stood = new.past, now, None
        return new


def _kind(past: Past) -> tuple[str, str]:
    return past.status, past.reason.partition(":")[0]
