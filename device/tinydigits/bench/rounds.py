"""Several runners measured in turn, a short part each, so that all meet the same machine.

A machine that slows down, or does something else for a second, then hits all alike; and as their
order changes from round to round, nobody always comes after the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tinydigits.bench.colleague import Colleague, CrashError
from tinydigits.bench.course import Course
from tinydigits.bench.messages import Part, Skipped
from tinydigits.bench.runners import Runner


@dataclass(frozen=True, eq=False)
class Entrant:
    """A runner with one model, ``""`` where it reads with none, in its process."""

    runner: Runner
    model: str
    colleague: Colleague

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.runner.name} {self.model}".strip()


def interleave(
    courses: Mapping[Entrant, Course], progress: Callable[[float], None]
) -> dict[Entrant, str]:
    """Measure until every course is at its end; returns why somebody didn't get there.

    :param progress: is told the seconds of each part.
    """
    rng = np.random.default_rng(0)
    racing = list(courses)
    dropped: dict[Entrant, str] = {}
    while racing:
        for place in rng.permutation(len(racing)).tolist():
            entrant = racing[place]
            ended = _advance(entrant, courses[entrant], progress)
            if ended is not None:
                dropped[entrant] = ended
        racing = [one for one in racing if one not in dropped and courses[one].next() is not None]
    return dropped


def _advance(entrant: Entrant, course: Course, progress: Callable[[float], None]) -> str | None:
    """Measure one part; why it couldn't be, if so."""
    ask = course.next()
    if ask is None:
        return None
    try:
        reply = entrant.colleague.ask(ask, ask.seconds)
    except CrashError as error:
        return str(error)
    if isinstance(reply, Part):
        course.take(reply)
        progress(reply.seconds)
        return None
    return reply.why if isinstance(reply, Skipped) else "crashed: it answers something else"
