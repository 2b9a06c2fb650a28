"""Energy: what one answer takes, where the machine counts it or the user has measured its power."""

from __future__ import annotations

from collections.abc import Sequence

from tinydigits.bench.judge import Span


def joules_a_sample(
    spans: Sequence[Span], samples: int, watts: float | None = None
) -> float | None:
    """Joules for each of the samples answered in the parts of a run; ``None`` where nothing tells.

    :param watts: of the whole machine during the run, by a meter in its supply; it goes before what
        the processor counts of itself.
    """
    if not samples:
        return None
    if watts is not None:
        return watts * sum(after.monotonic - before.monotonic for before, after in spans) / samples
    joules = 0.0
    for before, after in spans:
        if before.energy is None or after.energy is None or after.energy < before.energy:
            return None  # the counter begins anew about once an hour
        joules += after.energy - before.energy
    return joules / samples
