"""What keeps a source from giving frames: told once, and tried again ever more rarely."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 20.0
"""Seconds; a camera that comes back is seen so much later at most, as by programs that record."""


class Trouble:
    """How a source stands at the moment; ``clock`` gives seconds.

    ``told`` is what is wrong, or empty; ``times`` is how often something was.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.told = ""
        self.times = 0
        self._pause = 0.0
        self._until = -1.0
        self._since = 0.0

    def failed(self, error: Exception) -> None:
        """Tell what is wrong, unless that was told already, and pause twice as long as before."""
        now = self._clock()
        if not self._pause:
            self._since = now
            self.times += 1
        if str(error) != self.told:
            self.told = str(error)
            log.warning("no frames: %s", self.told)
        self._pause = min(max(FIRST_PAUSE, 2 * self._pause), LONGEST_PAUSE)
        self._until = now + self._pause

    def over(self) -> None:
        """Tell that there are frames again, where there were none."""
        if self._pause:
            log.info("frames again after %.1f s", self._clock() - self._since)
        self.told = ""
        self._pause = 0.0
        self._until = -1.0

    @property
    def pausing(self) -> bool:
        """Whether it is too early to try again."""
        return bool(self._pause) and self._clock() < self._until
