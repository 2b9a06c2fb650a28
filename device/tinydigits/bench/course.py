"""MLPerf's four scenarios, each in parts that are measured one at a time, others' in between."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from tinydigits.bench.judge import Span
from tinydigits.bench.messages import Ask, Part
from tinydigits.bench.result import Scenario
from tinydigits.bench.scenario import Length
from tinydigits.bench.stats import Times, percentile

STREAMS: Final = 8
"""Samples of a query of MultiStream."""

PARTS: Final = 10
"""Of a run, at least."""

LONGEST: Final = 1.0
"""Seconds of a part: a machine that slows down for longer hits everybody."""

TRIALS: Final = 8
"""Runs that look for Server's highest rate: each halves the range in which it lies."""

TRIAL: Final = 0.05
"""Length of such a run, as a share of the run that counts then."""

IN_TIME: Final = 0.99
"""Share of Server's queries that must be answered within the bound."""

QUEUE: Final = 10
"""Bounds that a part of Server lasts at least: a queue takes its time to build up."""

SLOWER: Final = 0.9
"""The rate of the next try, as a share of the one that was too high after all."""

TRIES: Final = 5
"""Beyond that, at less than two thirds of the rate that a trial held, it is the machine."""


@dataclass(frozen=True)
class Finished:
    """A run made of its parts; ``rate`` are samples a second: answered, or due in Server."""

    times: Times
    samples: int
    wrong: int
    seconds: float
    rate: float
    stages: dict[str, float]
    spans: list[Span]


class Course(Protocol):
    """What is measured of one runner in one scenario."""

    def next(self) -> Ask | None:
        """What to ask next; ``None`` when all is done."""

    def take(self, part: Part) -> None:
        """What came of it."""

    def finished(self) -> Finished:
        """All of it."""


def course_of(scenario: Scenario, length: Length, samples: int, bound: float) -> Course:
    """The course of a scenario.

    :param samples: that a query of Offline asks about, or as many as a part has time for.
    :param bound: of Server, in seconds.
    """
    if scenario == "Server":
        return Search(length, bound)
    if scenario == "Offline":
        return Stream(length, 0, samples)
    return Stream(length, STREAMS if scenario == "MultiStream" else 1)


class Stream:
    """Queries of so many samples, one after the other.

    :param each: samples of a query; 0 for as many as a part has time for, but ``most``.
    """

    def __init__(self, length: Length, each: int, most: int = 1) -> None:
        self._length = length
        self._each = each
        self._most = most
        self._parts: list[Part] = []

    def next(self) -> Ask | None:
        """The next part."""
        left = _left(self._length, self._parts)
        if left is None:
            return None
        first = sum(part.samples for part in self._parts)
        seconds = min(left, LONGEST, self._length.seconds / PARTS)
        return Ask(seconds=seconds, each=self._each, most=self._most, first=first)

    def take(self, part: Part) -> None:
        """A part; how many samples the first had time for, all others are asked about."""
        self._parts.append(part)
        self._each = part.each

    def finished(self) -> Finished:
        """All parts."""
        samples = sum(part.samples for part in self._parts)
        return _joined(self._parts, samples / sum(float(part.times.sum()) for part in self._parts))


class Search:
    """Queries at random, at the highest rate at which 99 % are answered within the bound.

    The rate is found by halving, in short trials; then it has to hold for the whole length, or a
    lower one has.
    """

    def __init__(self, length: Length, bound: float) -> None:
        self._length = length
        self._bound = bound
        self._low = self._high = 0.0
        self._rate: float | None = None
        self._trials = self._tries = self._asked = 0
        self._parts: list[Part] = []

    def next(self) -> Ask | None:
        """A trial, or a part at the rate that was found."""
        trial = self._length.seconds * TRIAL
        if not self._high:
            return Ask(seconds=trial)
        if self._trials <= TRIALS and self._rate is None:
            return Ask(seconds=trial, rate=self._middle, seed=self._asked)
        left = _left(self._length, self._parts)
        if left is None:
            return None
        part = max(min(LONGEST, self._length.seconds / PARTS), QUEUE * self._bound)
        return Ask(seconds=min(left, part), rate=self._rate, seed=self._asked)

    def take(self, part: Part) -> None:
        """What came of the trial, or of the part."""
        self._asked += 1
        if not self._high:
            self._high = len(part.times) / float(part.times.sum())
        elif self._rate is None:
            self._trials += 1
            if _in_time(part.times, self._bound):
                self._low = self._middle
            else:
                self._high = self._middle
            if self._trials == TRIALS:
                self._rate = self._low or self._middle
        else:
            self._parts.append(part)
            self._slow_down()

    def _slow_down(self) -> None:
        """See whether the rate is held; try a lower one where it isn't, or can't be any more."""
        if self._rate is None or self._tries == TRIES:
            return
        times = np.concatenate([part.times for part in self._parts])
        if _left(self._length, self._parts) is None:
            lost = not _in_time(times, self._bound)
        else:
            due = max(self._length.queries, self._length.seconds * self._rate)
            lost = int(np.count_nonzero(times > self._bound)) > (1 - IN_TIME) * due
        if lost:
            self._tries += 1
            self._rate *= SLOWER
            self._parts.clear()

    @property
    def _middle(self) -> float:
        return (self._low + self._high) / 2

    def finished(self) -> Finished:
        """The parts at the rate that was held; or, where none was, at the last."""
        return _joined(self._parts, self._rate or 0.0)


def _in_time(times: Times, bound: float) -> bool:
    return percentile(times, IN_TIME).seconds <= bound


def _left(length: Length, parts: list[Part]) -> float | None:
    """Seconds that are to be measured yet; ``None`` where all was long enough."""
    seconds = length.seconds - sum(part.seconds for part in parts)
    queries = length.queries - sum(len(part.times) for part in parts)
    samples = length.samples - sum(part.samples for part in parts)
    return max(seconds, 0.0) if max(seconds, queries, samples) > 0 else None


def _joined(parts: list[Part], rate: float) -> Finished:
    stages: Counter[str] = Counter()
    for part in parts:
        stages.update(part.stages)
    return Finished(
        times=np.concatenate([part.times for part in parts]),
        samples=sum(part.samples for part in parts),
        wrong=sum(part.wrong for part in parts),
        seconds=sum(part.seconds for part in parts),
        rate=rate,
        stages=dict(stages),
        spans=[(part.before, part.after) for part in parts],
    )
