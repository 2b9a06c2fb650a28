"""Energy: what one answer takes, where the machine counts it or the user has measured its power."""

from __future__ import annotations

from tinydigits.bench.machine import Moment


def joules_a_sample(
    before: Moment, after: Moment, samples: int, watts: float | None = None
) -> float | None:
    """Joules for each of the samples answered between two moments; ``None`` where nothing tells.

    :param watts: of the whole machine during the run, by a meter in its supply; it goes before what
        the processor counts of itself.
    """
    if not samples:
        return None
    if watts is not None:
        return watts * (after.monotonic - before.monotonic) / samples
    if before.energy is None or after.energy is None or after.energy < before.energy:
        return None  # the counter has begun anew, which it does about once an hour
    return (after.energy - before.energy) / samples
