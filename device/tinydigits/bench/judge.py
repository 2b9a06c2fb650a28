"""A run judges itself, as pyperf's do: what speaks against its times, and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from math import sqrt
from typing import Final

from tinydigits.bench.machine import Moment
from tinydigits.bench.result import Load
from tinydigits.bench.stats import (
    WARM_UP_BATCH,
    Percentile,
    Times,
    drift,
    longest_warm_up,
    unsteadiness,
)
from tinydigits.check.machine import HOT, SINCE_BOOT, THROTTLED

WIDEST: Final = 0.2
"""Of a percentile's interval, as a share of the percentile: a tenth to each side, where pyperf
calls a run unstable too."""

UNSTEADY: Final = 0.05
"""Medians of a twentieth of a run vary by 1 or 2 % on a machine that does nothing else, by 10 %
and more as soon as something else begins or ends."""

DRIFTED: Final = 0.05
"""The least difference that is worth comparing machines for; a processor that slows down for heat
loses a quarter."""

CROWDED: Final = 0.05
"""Share of all processors that other programs may take: what a desktop or a few services do all
the time. Above, they use caches, memory and clock frequency that the times depend on."""

LOST: Final = 0.01
"""Share of the time that may be lost to others: lost in pieces, a hundredth is as much as p99 is
about."""

SWITCHED: Final = 50.0
"""A second. An idle system takes the processor a few times a second for its own threads; another
program that wants it gets it every 3 ms, Linux's shortest slice."""

SLOWED: Final = 0.9
"""Of the frequency before: below, times before and after don't belong to one machine. Turbo modes
move by a step or two of 100 MHz all the time."""

TICKS: Final = 2
"""That a count of processor time may be wrong by: at either end one, of 10 ms mostly."""

TICK_SECONDS: Final = 1 / os.sysconf("SC_CLK_TCK")

_NOW: Final = sum(1 << bit for bit, _ in THROTTLED)
"""Bits of ``vcgencmd get_throttled`` for what goes on at the moment."""


Span = tuple[Moment, Moment]
"""Before and after a part of a run."""


def load_over(spans: Sequence[Span]) -> Load:
    """What a machine went through in the parts of a run, of which there is one at least."""
    seconds = sum(max(after.monotonic - before.monotonic, TICK_SECONDS) for before, after in spans)
    others = sum((a.busy - b.busy) - (a.own - b.own) for b, a in spans)
    waits = [
        None if b.waited is None or a.waited is None else a.waited - b.waited for b, a in spans
    ]
    told = [wait for wait in waits if wait is not None]
    slowed = [_throttled(before.throttled, after.throttled) for before, after in spans]
    return Load(
        others=max(0.0, others) / seconds,
        stolen=max(0.0, sum(a.stolen - b.stolen for b, a in spans)) / seconds,
        waited=sum(told) / seconds if told else None,
        switched=sum(a.switched - b.switched for b, a in spans) / seconds,
        frequency=(spans[0][0].frequency, spans[-1][1].frequency),
        degrees=(spans[0][0].degrees, spans[-1][1].degrees),
        throttled=None if None in slowed else any(slowed),
    )


def _throttled(before: int | None, after: int | None) -> bool | None:
    """Whether it was slowed down meanwhile: now at either end, or for the first time since boot."""
    if before is None or after is None:
        return None
    began = (after & ~before) >> SINCE_BOOT
    return bool((before | after | began) & _NOW)


def load_doubts(
    load: Load, seconds: float, parts: int = 1, processors: int | None = None
) -> Iterator[str]:
    """What speaks against a run of so many seconds, in so many parts, that went through this.

    :param processors: of the machine; by default all that it has.
    """
    processors = processors or os.cpu_count() or 1
    granular = TICKS * sqrt(parts) * TICK_SECONDS / seconds
    crowd = []
    if load.others - granular > CROWDED * processors:
        crowd.append(f"took {load.others:.0%} of a processor")
    if load.waited is not None and load.waited > LOST:
        crowd.append(f"kept this one waiting for {load.waited:.1%} of the time")
    if load.switched > SWITCHED:
        crowd.append(f"came in between {load.switched:.0f} times a second")
    if crowd:
        yield f"other programs {', '.join(crowd)}: stop them, then measure again"
    if load.stolen - granular > LOST:
        yield (
            f"other machines on this hardware took {load.stolen:.1%} of a processor: measure where "
            "they do nothing"
        )
    yield from _slowed(load)


def _slowed(load: Load) -> Iterator[str]:
    before, after = load.frequency
    if before and after and after < SLOWED * before:
        yield (
            f"the clock fell from {before / 1e6:.0f} to {after / 1e6:.0f} MHz: cool the machine, "
            "or set the governor to performance"
        )
    if load.throttled:
        yield (
            "the firmware slowed the processor down, or its supply was too weak: a better supply, "
            "or cooling"
        )
    hottest = max((degrees for degrees in load.degrees if degrees is not None), default=0.0)
    if hottest >= HOT:
        yield f"it was {hottest:.0f} °C hot: cool it, small computers slow down from {HOT:.0f} on"


def time_doubts(
    times: Times, warm_up: int, percentiles: Sequence[Percentile], *, ordered: bool = True
) -> Iterator[str]:
    """What the times of a run say against it.

    :param times: of all queries, warm-up included, in their order.
    :param warm_up: how many of them at the start are left out.
    :param percentiles: of the rest, those that are to be told.
    :param ordered: whether the next query came after the last; where they come at random, their
        times go up and down with the queue.
    """
    counted = times[warm_up:]
    if len(times) < 2:
        yield f"there is only {len(times)} query: measure longer with --seconds"
        return
    if ordered and WARM_UP_BATCH < warm_up >= longest_warm_up(len(times)):  # of 20 or more
        yield (
            f"it warmed up for half of its {len(times):,} queries, perhaps longer: measure longer "
            "with --seconds"
        )
    for one in percentiles:
        yield from _width_doubts(one, len(counted))
    if not ordered:
        return
    moved = drift(counted)
    if abs(moved) > DRIFTED:
        what = "slower: heat, or another program" if moved > 0 else "faster: still warming up"
        yield f"it ended {abs(moved):.0%} {what}; let the machine rest, then measure longer"
    elif (unsteady := unsteadiness(counted)) > UNSTEADY:
        yield (
            f"its median went up and down by {unsteady:.0%}: something else goes on here; stop "
            "other programs, or measure longer"
        )


def _width_doubts(one: Percentile, count: int) -> Iterator[str]:
    name = f"p{100 * one.share:g}"
    if one.low is None or one.high is None:
        yield f"{count:,} queries are too few to be sure of {name}: measure longer with --seconds"
    elif one.high - one.low > WIDEST * one.seconds:
        low, high = one.low / one.seconds - 1, one.high / one.seconds - 1
        yield (
            f"{name} is known from {low:+.0%} to {high:+.0%} only: measure longer with --seconds, "
            "or on a calmer machine"
        )
