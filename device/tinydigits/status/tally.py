"""What the daemon counts for those who ask how it is."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tinydigits.judge import Status as Verdicts
from tinydigits.judge import Verdict
from tinydigits.reader import FrameReadings
from tinydigits.status.document import Shown

RATE_FRAMES: Final = 60
"""Frames, the last ones, over which their rate is taken."""


class Tally:
    """Counts what is read; the loop writes it, another thread reads it.

    ``clock`` gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._times: deque[float] = deque(maxlen=RATE_FRAMES + 1)
        self._last: tuple[tuple[str, Verdict], ...] = ()
        self.frames = 0
        self.reloads = 0
        self.verdicts: Counter[Verdicts] = Counter()
        self.rejected: Counter[str] = Counter()

    def count(self, result: FrameReadings, verdicts: Sequence[Verdict]) -> None:
        """Count a frame."""
        self.frames += 1
        self._times.append(self._clock())
        for verdict in verdicts:
            self.verdicts[verdict.status] += 1
            if verdict.status != "accepted":
                self.rejected.update(reason.code for reason in verdict.reasons)
        regions = [reading.region for reading in result.readings]
        self._last = tuple(zip(regions, verdicts, strict=True))

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return round(self._clock() - self._start, 3)

    @property
    def last_frame(self) -> float | None:
        """Seconds since a frame was read."""
        return round(self._clock() - self._times[-1], 3) if self._times else None

    @property
    def fps(self) -> float:
        """Frames a second, of the last ones; it falls when none comes any more."""
        times = tuple(self._times)
        if len(times) < 2:
            return 0.0
        each = (times[-1] - times[0]) / (len(times) - 1)
        return round(1 / max(each, self._clock() - times[-1], 1e-6), 4)

    def shown(self) -> tuple[Shown, ...]:
        """The last reading of every region."""
        since = self.last_frame or 0.0
        return tuple(
            Shown(
                region,
                verdict.text,
                verdict.status,
                verdict.value,
                None if verdict.age is None else round(verdict.age + since, 3),
                tuple(reason.text for reason in verdict.reasons),
            )
            for region, verdict in self._last
        )


def memory() -> int:
    """Bytes that this process holds in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")
