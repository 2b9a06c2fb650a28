"""How questions are put: MLPerf's scenarios, in parts, each runner in turn."""

from __future__ import annotations

import time
from itertools import chain
from typing import get_args

import numpy as np
import pytest

from tinydigits.bench.course import STREAMS, Course, Search, Stream, course_of
from tinydigits.bench.machine import Moment
from tinydigits.bench.messages import Ask, Part
from tinydigits.bench.options import SCENARIOS, SUBJECTS
from tinydigits.bench.result import Scenario, Subject
from tinydigits.bench.scenario import (
    Indices,
    Length,
    lead_in,
    one_after_the_other,
    one_at_random,
)

NOW = Moment.now()


class Counting:
    """A system of ten samples, of which it gets the last wrong; it remembers its queries."""

    samples = 10

    def __init__(self, seconds: float = 0.0) -> None:
        self.queries: list[list[int]] = []
        self._seconds = seconds

    def answer(self, samples: Indices) -> list[int]:
        """Which were asked about."""
        until = time.perf_counter() + self._seconds
        self.queries.append(samples.tolist())
        while time.perf_counter() < until:
            pass
        return self.queries[-1]

    def wrong(self, samples: Indices, answer: list[int]) -> int:
        """The tenth."""
        assert answer == samples.tolist()
        return answer.count(9)


def test_one_after_the_other() -> None:
    """All samples are asked about equally often, so many a query, and a later part goes on."""
    system = Counting()
    run = one_after_the_other(system, Length(0.0, 5), 4)
    assert (len(run.times), run.samples, run.wrong) == (5, 20, 2)
    assert sorted(chain(*system.queries)) == sorted([*range(10)] * 2)
    one_after_the_other(system, Length(0.0, 1), 4, first=8)
    assert system.queries[-1] == system.queries[2]


def test_long_enough() -> None:
    """A run has at least its seconds, and at least its queries."""
    run = one_after_the_other(Counting(), Length(0.01, 3), 1)
    assert run.seconds >= 0.01
    assert len(run.times) > 3
    assert run.times.sum() <= run.seconds


def test_at_random() -> None:
    """Queries come at the rate that was asked for; who waits for others is late by that."""
    run = one_at_random(Counting(), Length(0.2), 1000.0)
    assert len(run.times) == 200
    assert run.seconds > 0.1
    crowded = one_at_random(Counting(0.002), Length(0.05), 1000.0)
    assert crowded.times.max() > 0.01
    assert 0 < crowded.wrong < 20


def test_at_random_slowly() -> None:
    """At a rate of one a day, one query is asked at once."""
    run = one_at_random(Counting(), Length(0.1), 1e-5)
    assert len(run.times) == 1
    assert run.seconds < 3600


def test_at_random_otherwise() -> None:
    """Another part has other moments and other samples; the same one has the same."""
    systems = [Counting() for _ in range(3)]
    for system, seed in zip(systems, (1, 2, 1), strict=True):
        one_at_random(system, Length(0.0, 20), 1e6, seed)
    first, second, again = (system.queries for system in systems)
    assert first == again != second


def test_lead_in() -> None:
    """Before a part, some queries are asked that don't count, and tell how long one takes."""
    system = Counting(0.001)
    assert lead_in(system, 8) >= 0.001
    assert len(system.queries[0]) == 1
    assert len(system.queries[-1]) == 8


def part(times: list[float], each: int = 1, seconds: float = 0.0) -> Part:
    """A part of a run in which queries took so long; in all as long, if nothing is said."""
    packed = np.array(times).tobytes()
    stages = {"ink": 0.5 * sum(times)}
    return Part(packed, each, each * len(times), 0, seconds or sum(times), stages, NOW, NOW)


def play(course: Course, seconds: float) -> list[Ask]:
    """Give a course parts until it has enough; one query takes so long, more come with the rate."""
    asked = []
    while (ask := course.next()) is not None:
        asked.append(ask)
        if ask.rate is None:
            each = ask.each or min(ask.most, int(ask.seconds / seconds))
            taken, whole = each * seconds, 0.0
        else:  # as the mean of a queue with random arrivals and one service time
            load = min(ask.rate * seconds, 0.999)
            each, taken, whole = 1, seconds * (1 + load / (1 - load) / 2), ask.seconds
        course.take(part([taken] * max(1, round(ask.seconds / (each * seconds))), each, whole))
    return asked


def test_stream() -> None:
    """A run is made of ten parts or more, and its rate is that of all samples."""
    course = course_of("MultiStream", Length(1.0), 100, 0.1)
    asked = play(course, 0.001)
    assert 10 <= len(asked) <= 11
    assert {ask.each for ask in asked} == {STREAMS}
    assert asked[1].first == asked[0].first + 96
    done = course.finished()
    assert done.seconds == pytest.approx(1.0, rel=0.05)
    assert done.rate == pytest.approx(1000)
    assert done.stages == {"ink": pytest.approx(0.5 * done.seconds)}
    assert len(done.spans) == len(asked)


def test_offline() -> None:
    """A query asks about all samples, or about as many as there is time for, the same each time."""
    fast = play(course_of("Offline", Length(1.0), 40, 0.1), 0.001)
    assert [ask.each for ask in fast[:3]] == [0, 40, 40]
    slow = play(course_of("Offline", Length(1.0), 40, 0.1), 0.03)
    assert [ask.each for ask in slow[:3]] == [0, 3, 3]


def test_least() -> None:
    """However fast, there are as many queries and samples as are asked for."""
    course = Stream(Length(0.01, 100, 1000), 4)
    play(course, 0.001)
    assert len(course.finished().times) >= 250


def test_search() -> None:
    """Server finds the highest rate within the bound, and measures all of its length with it."""
    course = course_of("Server", Length(10.0), 1, 0.01)
    asked = play(course, 0.001)
    done = course.finished()
    # the wait is 10 ms where load / (1 - load) / 2 is 9
    assert done.rate == pytest.approx(1000 * 18 / 19, rel=0.01)
    assert done.seconds == pytest.approx(10.0, rel=0.1)
    assert done.times.max() <= 0.01
    assert asked[0].rate is None
    assert len({ask.seed for ask in asked}) == len(asked)


def test_search_lower() -> None:
    """A rate that held in a trial only gives way to a lower one."""
    course = Search(Length(1.0), 0.01)
    while (ask := course.next()) is not None:
        late = ask.seconds > 0.06 and ask.rate is not None and ask.rate > 800
        course.take(part([0.02 if late else 0.001] * 100))
    assert 700 < course.finished().rate <= 800
    assert course.finished().times.max() == 0.001


def test_search_lost() -> None:
    """A rate that can't be held any more is given up at once."""
    course = Search(Length(10.0), 0.01)
    tried: list[float] = []
    while (ask := course.next()) is not None:
        late = ask.seconds > 0.6 and len(set(tried)) < 3
        tried += [ask.rate] if ask.seconds > 0.6 and ask.rate else []
        course.take(part([0.02 if late else 0.001] * 1000))
    assert [tried.count(rate) for rate in dict.fromkeys(tried)] == [1, 1, 1, 10]


def test_search_in_vain() -> None:
    """Where even one query alone is late, that is what is told, after a few tries."""
    course = Search(Length(1.0), 0.01)
    parts = 0
    while course.next() is not None:
        parts += 1
        course.take(part([0.1]))
    assert parts < 200
    assert course.finished().times.max() == 0.1


def test_names() -> None:
    """The command line knows the scenarios and subjects of results."""
    assert get_args(Scenario) == SCENARIOS
    assert get_args(Subject) == SUBJECTS
