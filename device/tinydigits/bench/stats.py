"""What measured times tell, and how far that can be trusted."""

from __future__ import annotations

from math import ceil, floor, log, log1p, sqrt
from statistics import NormalDist
from typing import Annotated, Final

import msgspec
import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]
"""Seconds that each query took, in the order of the queries."""

LEVEL: Final = 0.95
"""Of every confidence interval."""

STOPPING_LEVEL: Final = 0.99
"""Of MLPerf's early stopping, in its rules for inference."""

GROWTH: Final = 1.01
"""Each bucket of a histogram reaches so many times as far as the one before: 1 %, where runs on one
machine differ by more."""

NANOSECONDS: Final = 1e9

WARM_UP_BATCH: Final = 5
"""Times that are averaged before the warm-up is looked for, as MSER-5 does."""

SLICES: Final = 20
"""Of a run in the order of time, whose medians show whether it was steady."""


Seconds = Annotated[float, msgspec.Meta(ge=1e-12, le=1e9)]
"""Of anything that is measured, in a file: from a picosecond to decades."""

LAST_BUCKET: Final = 5000
"""Of a histogram: it is beyond any run."""

Bucket = Annotated[int, msgspec.Meta(ge=0, le=LAST_BUCKET)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class Percentile(msgspec.Struct, frozen=True):
    """Seconds that a share of the queries stayed below, and the interval that holds the truth.

    A limit is ``None`` where there are too few queries to give one.
    """

    share: float
    seconds: Seconds
    low: Seconds | None
    high: Seconds | None


class Histogram(msgspec.Struct, frozen=True):
    """How many queries took how long: bucket k is from ``GROWTH**k`` nanoseconds to the next."""

    counts: Annotated[dict[Bucket, Count], msgspec.Meta(min_length=1)]

    @classmethod
    def of(cls, times: Times) -> Histogram:
        """The histogram of times."""
        exponents = np.floor(np.log(np.maximum(times * NANOSECONDS, 1.0)) / log(GROWTH))
        buckets, counts = np.unique(exponents.astype(np.int64), return_counts=True)
        return cls(dict(zip(buckets.tolist(), counts.tolist(), strict=True)))

    def times(self) -> Times:
        """The times again, each as the middle of its bucket, in ascending order."""
        buckets = sorted(self.counts)
        middles = GROWTH ** (np.array(buckets, np.float64) + 0.5) / NANOSECONDS
        return np.repeat(middles, [self.counts[bucket] for bucket in buckets])


def percentile(times: Times, share: float) -> Percentile:
    """The smallest time that at least this share of the queries did not exceed.

    The interval is between order statistics, whose ranks follow a binomial distribution whatever
    the times do (Conover, Practical Nonparametric Statistics, 1999, section 3.2).
    """
    ordered = np.sort(times)
    count = len(ordered)
    reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * sqrt(count * share * (1 - share))
    low, high = floor(count * share - reach), ceil(count * share + reach)
    return Percentile(
        share,
        float(ordered[max(0, ceil(count * share) - 1)]),
        float(ordered[low - 1]) if low >= 1 else None,
        float(ordered[high - 1]) if high <= count else None,
    )


def early_stopping_estimate(times: Times, share: float) -> float | None:
    """The percentile that MLPerf lets a short run claim: an upper limit of the true one.

    Of n queries so many of the slowest are left out that, were the true percentile higher than the
    slowest that stays, so few beyond it would be seen in one run of a hundred at most. ``None``
    where not even one may be left out.
    """
    count = len(times)
    beyond = np.arange(ceil(count * (1 - share)) + 1)
    steps = np.log((count - beyond[:-1]) / beyond[1:]) + log(1 - share) - log(share)
    logs = count * log1p(share - 1) + np.concatenate(([0.0], np.cumsum(steps)))
    allowed = int(np.count_nonzero(np.exp(logs).cumsum() <= 1 - STOPPING_LEVEL))
    return float(np.sort(times)[count - allowed]) if allowed else None


def warm_up(times: Times) -> int:
    """How many queries at the start belong to the warm-up.

    The rest is the part whose mean is known best: White 1997, "An effective truncation heuristic
    for bias reduction in simulation output" (MSER), on means of five. Half of the run at most; a
    run of which it takes half was too short.
    """
    batches = len(times) // WARM_UP_BATCH
    if batches < 2:
        return 0
    means = times[: batches * WARM_UP_BATCH].reshape(batches, WARM_UP_BATCH).mean(axis=1)
    left = np.arange(batches, 0, -1)
    # a single outlier, that is no warm-up, would otherwise outweigh all before it
    means = np.minimum(means, 2 * np.median(means))
    total = means[::-1].cumsum()[::-1]
    squares = (means**2)[::-1].cumsum()[::-1]
    error = (squares - total**2 / left) / left**2
    longest = longest_warm_up(len(times)) // WARM_UP_BATCH
    return int(np.argmin(error[: longest + 1])) * WARM_UP_BATCH


def longest_warm_up(count: int) -> int:
    """How many of so many queries :func:`warm_up` may find at most: half of them, in batches."""
    return count // WARM_UP_BATCH // 2 * WARM_UP_BATCH


def unsteadiness(times: Times) -> float:
    """How far the medians of a run's slices lie apart: their standard deviation over their mean."""
    medians = [float(np.median(part)) for part in np.array_split(times, SLICES) if len(part)]
    return float(np.std(medians) / np.mean(medians))


def drift(times: Times) -> float:
    """How much slower the last quarter of a run was than the first: 0.1 is a tenth."""
    quarter = max(1, len(times) // 4)
    return float(np.median(times[-quarter:]) / np.median(times[:quarter])) - 1
