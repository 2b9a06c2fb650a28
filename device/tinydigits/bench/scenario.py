"""MLPerf's four ways to put a question: one after the other, eight at once, at random, all at once.

Names and rules are those of MLPerf Inference (Reddi et al. 2020, arXiv 1911.02549, and the rules
that MLCommons publishes since): what counts is the time from a query's being due to its answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from tinydigits.bench.stats import Times, percentile

Indices = npt.NDArray[np.int64]
"""Which samples a query asks about."""

STREAMS: Final = 8
"""Samples of a query of MultiStream."""

SPIN_SECONDS: Final = 0.0005
"""Before a query of Server is due, for which waiting would take too long: the system's timers are
late by a tenth of a millisecond."""

TRIALS: Final = 9
"""Runs of Server: each halves the range in which the highest rate lies."""

BOUND: Final = 0.99
"""Share of Server's queries that must be answered in time."""


Answer = TypeVar("Answer")


class System(Protocol[Answer]):
    """What is measured."""

    samples: int
    """How many there are to ask about."""

    def answer(self, samples: Indices) -> Answer:
        """Answer a query; this is what is timed."""

    def wrong(self, samples: Indices, answer: Answer) -> int:
        """How many of a query's samples were answered wrongly; not timed."""


@dataclass(frozen=True)
class Run:
    """A run of queries: the seconds each took, how many samples were asked about and got wrong.

    ``seconds`` is how long all of it took, ``rate`` at how many queries a second they were due.
    """

    times: Times
    samples: int
    wrong: int
    seconds: float
    rate: float | None = None


@dataclass(frozen=True)
class Length:
    """How long a run has to be: so many seconds, and so many queries."""

    seconds: float
    queries: int


Progress = Callable[[float], None]
"""Is told the share of a run that is done."""


def single_stream(system: System[Answer], length: Length, progress: Progress) -> Run:
    """One sample a query, the next when the last is answered."""
    return _one_after_the_other(system, length, 1, progress)


def multi_stream(system: System[Answer], length: Length, progress: Progress) -> Run:
    """Eight samples a query, the next when the last is answered."""
    return _one_after_the_other(system, length, STREAMS, progress)


def offline(system: System[Answer], length: Length, progress: Progress) -> Run:
    """All samples in each query: what counts is how many are answered in a second."""
    return _one_after_the_other(system, length, system.samples, progress)


def server(system: System[Answer], length: Length, bound: float, progress: Progress) -> Run:
    """Queries come at random, at the highest rate at which 99 % are answered within the bound.

    The rate is found by halving, in runs that share the length; the last that was in time counts.

    :param bound: seconds.
    """
    short = Length(length.seconds / TRIALS, max(1, length.queries // TRIALS))
    alone = one_at_random(system, short, 0.1 / bound, lambda _: None)
    low, high = 0.0, 1 / float(np.mean(alone.times))
    best = alone
    for trial in range(TRIALS):
        rate = (low + high) / 2
        run = one_at_random(system, short, rate, lambda _: None)
        progress((trial + 1) / TRIALS)
        if percentile(run.times, BOUND).seconds <= bound:
            best, low = run, rate
        else:
            high = rate
    return best


def one_at_random(system: System[Answer], length: Length, rate: float, progress: Progress) -> Run:
    """One sample a query, due at so many a second on average, as a Poisson process has them.

    A query that waits for others is late from the moment it was due.
    """
    rng = np.random.default_rng(0)
    count = max(length.queries, int(length.seconds * rate))
    due = rng.exponential(1 / rate, count).cumsum()
    asked = rng.integers(0, system.samples, count)
    times = np.empty(count)
    wrong = 0
    began = time.perf_counter()
    for query, moment in enumerate(due.tolist()):
        samples = asked[query : query + 1]
        _wait_until(began + moment)
        answer = system.answer(samples)
        times[query] = time.perf_counter() - began - moment
        wrong += system.wrong(samples, answer)
        if query % 64 == 0:
            progress(query / count)
    return Run(times, count, wrong, time.perf_counter() - began, rate)


def _wait_until(moment: float) -> None:
    while (left := moment - time.perf_counter()) > 0:
        if left > SPIN_SECONDS:
            time.sleep(left - SPIN_SECONDS)


def _one_after_the_other(
    system: System[Answer], length: Length, each: int, progress: Progress
) -> Run:
    times: list[float] = []
    rng = np.random.default_rng(0)
    order = rng.permutation(system.samples)
    asked = wrong = 0
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < length.seconds or len(times) < length.queries:
        first = asked % system.samples
        samples = np.take(order, np.arange(first, first + each), mode="wrap")
        start = time.perf_counter()
        answer = system.answer(samples)
        times.append(time.perf_counter() - start)
        wrong += system.wrong(samples, answer)
        asked += each
        progress(min(spent / length.seconds, len(times) / max(1, length.queries)))
    return Run(np.array(times), asked, wrong, spent)
