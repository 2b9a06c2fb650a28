"""What is counted of each frame, in the loop's thread: additions, and nothing else."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Final

from tinydigits.outputs.told import Told

CONFIDENCE: Final = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
"""Fine where thresholds are: a number of five digits passes the default ``max_error`` near 0.9."""

SECONDS: Final = (
    *(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
"""From one stage of a small frame on a desktop to a large photograph on a Pi Zero, three steps to
each power of ten: the error of a quantile stays below one in two."""


class Spread:
    """How often values lie between bounds, and their sum."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Count one."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def buckets(self) -> list[tuple[str, float]]:
        """How many lie at each bound or below, as Prometheus has it."""
        bounds = [*map(str, self._bounds), "+Inf"]
        total = 0
        return [
            (bound, total := total + count)
            for bound, count in zip(bounds, list(self._counts), strict=True)
        ]


class Counts:
    """What was read since the start of the page, by region, by reason and by stage.

    The loop's thread counts, the server's thread looks.
    """

    def __init__(self) -> None:
        self.readings: Counter[tuple[str, str]] = Counter()
        self.rejects: Counter[tuple[str, str]] = Counter()
        self.confidence: dict[str, Spread] = {}
        self.seconds: dict[str, Spread] = {}

    def put(self, told: Told) -> None:
        """Count a frame; takes microseconds."""
        for reading, verdict in told.pairs():
            region = reading.region
            self.readings[region, verdict.status] += 1
            if verdict.status != "accepted":
                for reason in verdict.reasons:
                    self.rejects[region, reason.code] += 1
            spread = self.confidence.get(region)
            if spread is None:
                spread = self.confidence[region] = Spread(CONFIDENCE)
            spread.add(reading.confidence)
        for stage, milliseconds in told.result.timing_ms.items():
            spread = self.seconds.get(stage)
            if spread is None:
                spread = self.seconds[stage] = Spread(SECONDS)
            spread.add(milliseconds / 1000)
