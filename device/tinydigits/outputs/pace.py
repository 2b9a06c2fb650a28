"""How often frames are looked at for doubtful digits: seldom, where nothing is new in them."""

from __future__ import annotations

from typing import Final

FIRST_PAUSE: Final = 0.1
"""Seconds after a look that found nothing new; each such look doubles it, up to"""

LONGEST_PAUSE: Final = 60.0
"""so many seconds: a display that is hard to read costs a look in a minute."""

_HOUR: Final = 3600.0


class Pace:
    """Times are seconds on one clock that only goes forward.

    :param per_hour: new crops in an hour; so many may come at once when none came for an hour.
    """

    def __init__(self, per_hour: int) -> None:
        self._per_hour = per_hour
        self._left = float(per_hour)
        self._at = float("-inf")
        self._pause = 0.0
        self._next = float("-inf")

    def is_due(self, now: float) -> bool:
        """Whether it is time for a look."""
        return now >= self._next

    def take(self, now: float) -> bool:
        """Whether one more crop may be kept; it counts as kept then."""
        ahead = max(0.0, now - self._at) * self._per_hour / _HOUR
        self._left, self._at = min(float(self._per_hour), self._left + ahead), max(now, self._at)
        if self._left < 1:
            self._next = now + (1 - self._left) * _HOUR / self._per_hour
            return False
        self._left -= 1
        return True

    def looked(self, now: float, *, found: bool) -> None:
        """Note a look, and whether anything new was found."""
        self._pause = 0.0 if found else min(LONGEST_PAUSE, max(FIRST_PAUSE, 2 * self._pause))
        self._next = max(self._next, now + self._pause)

    def failed(self, now: float) -> None:
        """Nothing can be kept at the moment: try again as seldom as that."""
        self._next = now + LONGEST_PAUSE
