"""A run says itself whether it is to be trusted."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from tinydigits.bench.judge import load_doubts, load_over, time_doubts
from tinydigits.bench.machine import Moment
from tinydigits.bench.result import Load
from tinydigits.bench.stats import Times, percentile, warm_up

SECONDS: Final = 10.0

BEFORE: Final = Moment(
    monotonic=1000.0,
    busy=500.0,
    stolen=2.0,
    own=40.0,
    waited=1.0,
    switched=700,
    frequency=1.5e9,
    degrees=50.0,
    throttled=0,
    energy=None,
)
CALM: Final = replace(
    BEFORE, monotonic=1000 + SECONDS, busy=510.05, own=50.0, waited=1.002, switched=720
)
"""After ten seconds in which nobody else did much."""


def load_between(after: Moment) -> Load:
    """What the machine went through until then."""
    return load_over([(BEFORE, after)])


def doubts_after(**changes: object) -> list[str]:
    """What is said against a run on four processors that ended so."""
    return list(load_doubts(load_between(replace(CALM, **changes)), SECONDS, 1, 4))  # type: ignore[arg-type]


def steady_times(count: int, seed: int = 0) -> Times:
    """Times as a calm machine takes them: a millisecond, and now and then a little more."""
    return 1e-3 * (1 + 0.02 * np.random.default_rng(seed).exponential(1.0, count))


def doubts_of(times: Times, *shares: float, ordered: bool = True) -> list[str]:
    """What is said against times."""
    begun = warm_up(times)
    told = [percentile(times[begun:], share) for share in shares]
    return list(time_doubts(times, begun, told, ordered=ordered))


def test_calm() -> None:
    """A machine that does nothing else is not doubted."""
    assert doubts_after() == []


def test_load() -> None:
    """What others took is told as a share of a processor, whatever of its time the run used."""
    load = load_between(replace(CALM, busy=530.0, stolen=3.0, waited=2.0, switched=1700))
    assert load.others == pytest.approx(2.0)
    assert load.stolen == pytest.approx(0.1)
    assert load.waited == pytest.approx(0.1)
    assert load.switched == pytest.approx(100)


def test_parts() -> None:
    """What a run went through in its parts is told of all of them, and not of what was between."""
    later = replace(CALM, monotonic=5000.0, busy=9000.0, own=700.0, stolen=80.0, switched=9720)
    last = replace(later, monotonic=5010.0, busy=9030.0, own=710.0, degrees=70.0)
    load = load_over([(BEFORE, CALM), (later, last)])
    assert load.others == pytest.approx((0.05 + 20) / 20)
    assert load.stolen == 0
    assert load.switched == pytest.approx(1)
    assert load.degrees == (50.0, 70.0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"busy": 512.5}, "other programs took 25% of a processor: stop them"),
        ({"stolen": 2.5}, "other machines on this hardware took 5.0% of a processor"),
        ({"waited": 1.3}, "other programs kept this one waiting for 3.0% of the time: stop them"),
        ({"switched": 1700}, "other programs came in between 100 times a second: stop them"),
        ({"frequency": 1.2e9}, "the clock fell from 1500 to 1200 MHz: cool"),
        ({"throttled": 1 << 2}, "the firmware slowed the processor down"),
        ({"throttled": 1 << 18}, "the firmware slowed the processor down"),
        ({"degrees": 84.6}, "it was 85 °C hot"),
    ],
)
def test_disturbed(changes: dict[str, object], said: str) -> None:
    """Whatever disturbs a run is named, and only that, with what to do."""
    (doubt,) = doubts_after(**changes)
    assert said in doubt


def test_crowded() -> None:
    """What other programs did is one doubt, however it shows."""
    (doubt,) = doubts_after(busy=530.0, waited=6.0, switched=1700)
    assert doubt == (
        "other programs took 200% of a processor, kept this one waiting for 50.0% of the time, "
        "came in between 100 times a second: stop them, then measure again"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"frequency": None},
        {"degrees": None},
        {"throttled": None},
        {"waited": None},
        {"frequency": 2.4e9},
        {"busy": 511.5},
    ],
)
def test_untold(changes: dict[str, object]) -> None:
    """What a machine doesn't tell, a clock that rises and a little work of others are no matter."""
    assert doubts_after(**changes) == []


def test_throttled_before() -> None:
    """That a machine was throttled at some time before the run doesn't speak against the run."""
    before = replace(BEFORE, throttled=1 << 18)
    assert load_over([(before, replace(CALM, throttled=1 << 18))]).throttled is False


def test_short() -> None:
    """A tick of the system's clock is not held against a short run."""
    after = replace(BEFORE, monotonic=1000.1, busy=500.11, own=40.1, stolen=2.01)
    assert list(load_doubts(load_between(after), 0.1, 1, 1)) == []


def test_steady() -> None:
    """Times that stay as they are speak for themselves, after a warm-up too."""
    times = steady_times(4000)
    assert doubts_of(times, 0.5, 0.9, 0.99) == []
    times[:200] *= 2
    assert doubts_of(times, 0.5, 0.9, 0.99) == []


@pytest.mark.parametrize(
    ("factors", "said"),
    [
        (np.where(np.arange(4000) < 2600, 1.0, 1.2), "it ended 20% slower: heat"),
        (np.where(np.arange(4000) < 2600, 1.5, 1.0), "it ended 33% faster: still warming up"),
        (np.tile(np.repeat([1.0, 1.3], 250), 8), "its median went up and down by 1"),
        (np.linspace(1.3, 1.0, 4000), "it warmed up for half of its 4,000 queries"),
    ],
    ids=["slower", "faster", "waves", "warm-up"],
)
def test_unsteady(factors: Times, said: str) -> None:
    """Times that drift, go up and down, or don't settle are doubted."""
    assert any(said in doubt for doubt in doubts_of(steady_times(4000) * factors, 0.5))


def test_at_random() -> None:
    """Where queries come at random, what the queue does to their times is as it should be."""
    times = steady_times(4000) * np.tile(np.repeat([1.0, 1.3], 250), 8)
    assert doubts_of(times, 0.5, ordered=False) == doubts_of(steady_times(4000), 0.5)


def test_too_few() -> None:
    """A percentile that so few queries can't tell is doubted, and one that is told is not."""
    (doubt,) = doubts_of(steady_times(200), 0.5, 0.9, 0.99)
    assert doubt.endswith(" queries are too few to be sure of p99: measure longer with --seconds")
    assert doubts_of(steady_times(200), 0.5, 0.9) == []
    assert doubts_of(steady_times(1), 0.5) == [
        "there is only 1 query: measure longer with --seconds"
    ]


def test_wide() -> None:
    """A percentile whose interval is wide is doubted."""
    times = 1e-3 * np.random.default_rng(0).pareto(1.0, 1000)
    assert any(doubt.startswith("p99 is known from -") for doubt in doubts_of(times, 0.99))
