"""MLPerf's two ways to put questions: one after the other is answered, and at random moments.

Names and rules are those of MLPerf Inference (Reddi et al. 2020, arXiv 1911.02549, and the rules
that MLCommons publishes since): what counts is the time from a query's being due to its answer.
Answers are checked when no time is taken.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from tinydigits.bench.stats import Times

Indices = npt.NDArray[np.int64]
"""Which samples a query asks about."""

SPIN_SECONDS: Final = 0.0005
"""Before a query of Server is due, for which waiting would take too long: the system's timers are
late by a tenth of a millisecond."""

LEAD_SECONDS: Final = 0.005
"""For which is asked before anything counts. Another program ran on this processor before, and what
it needs has to come back into the caches: a millisecond's work."""

LONG_SECONDS: Final = 0.05
"""Whoever takes so long for a sample is led in once: that millisecond is a fiftieth of it."""

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

    ``seconds`` is how long all of it took.
    """

    times: Times
    samples: int
    wrong: int
    seconds: float


@dataclass(frozen=True)
class Length:
    """How long a run has to be: so many seconds, so many queries, about so many samples."""

    seconds: float
    queries: int = 1
    samples: int = 0


def lead_in(system: System[Answer], each: int) -> float:
    """Ask for a moment, and once as all later queries do; returns the seconds of one sample.

    Twice at least, as the first query may make what all others find.
    """
    run = one_after_the_other(system, Length(LEAD_SECONDS, 2), 1)
    if each > 1:
        one_after_the_other(system, Length(0.0), each)
    return float(run.times[1:].min())


def one_after_the_other(system: System[Answer], length: Length, each: int, first: int = 0) -> Run:
    """Ask about so many samples a query, the next when the last is answered.

    :param first: how many samples were asked about before, where this goes on.
    """
    times: list[float] = []
    order = np.random.default_rng(0).permutation(system.samples)
    asked = wrong = 0
    clock = time.perf_counter
    began = clock()
    while (spent := clock() - began) < length.seconds or len(times) < length.queries:
        place = first + asked
        samples = np.take(order, np.arange(place, place + each), mode="wrap")
        start = clock()
        answer = system.answer(samples)
        times.append(clock() - start)
        wrong += system.wrong(samples, answer)
        asked += each
    return Run(np.array(times), asked, wrong, spent)


def one_at_random(system: System[Answer], length: Length, rate: float, seed: int = 0) -> Run:
    """Ask about one sample a query, due at so many a second on average, as a Poisson process.

    It begins with the first query, for which a low rate would have it wait. A query that waits for
    others is late from the moment it was due. What is answered is looked at afterwards: it would
    keep the next query waiting.
    """
    rng = np.random.default_rng(seed)
    count = max(length.queries, round(length.seconds * rate))
    due = np.concatenate(([0.0], rng.exponential(1 / rate, count - 1).cumsum()))
    asked = rng.integers(0, system.samples, (count, 1))
    times: list[float] = []
    answers: list[Answer] = []
    clock = time.perf_counter
    began = clock()
    for samples, moment in zip(asked, due.tolist(), strict=True):
        _wait_until(began + moment)
        answers.append(system.answer(samples))
        times.append(clock() - began - moment)
    spent = clock() - began
    wrong = sum(system.wrong(*pair) for pair in zip(asked, answers, strict=True))
    return Run(np.array(times), count, wrong, spent)


def _wait_until(moment: float) -> None:
    while (left := moment - time.perf_counter()) > 0:
        if left > SPIN_SECONDS:
            time.sleep(left - SPIN_SECONDS)
