"""A benchmark from its first process to its last measurement."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import numpy as np

from tinydigits.bench.candidates import Candidate
from tinydigits.bench.colleague import Colleague, CrashError
from tinydigits.bench.course import course_of
from tinydigits.bench.loadgen import LEAST_QUERIES
from tinydigits.bench.measure import loadgen_run, measurement
from tinydigits.bench.messages import Ask, Generate, Generated, Open, Part, Skipped
from tinydigits.bench.plan import OFFLINE_GLYPHS, Plan, Round
from tinydigits.bench.result import LoadGenRun, Measurement
from tinydigits.bench.rounds import Entrant, interleave
from tinydigits.bench.runners import NONLINEAR, OWN, Runner
from tinydigits.bench.supply import Supply

LOADGEN_TIMES: Final = 20
"""As long as it is told to ask, LoadGen may take: it asks on until there are enough queries."""

FEWER: Final = 0.5
"""Of the highest rate of Server, what LoadGen asks at: that one is held just so, and its early
stopping wants to be sure."""


class Progress(Protocol):
    """Is told what is being measured, and the seconds of what was."""

    def say(self, what: str) -> None:
        """What comes now."""

    def add(self, seconds: float) -> None:
        """So much was measured."""


class Measured(NamedTuple):
    """What was measured, and why something was not, by the runner's name."""

    measurements: list[Measurement]
    skipped: dict[str, str]
    loadgen: list[LoadGenRun]


class Session:
    """Measures rounds; runners that can't go on are left out of those that follow.

    :param watts: that the whole machine takes.
    """

    def __init__(
        self, plan: Plan, models: Sequence[Candidate], supply: Supply, watts: float | None
    ) -> None:
        self._plan = plan
        self._models = models
        self._supply = supply
        self._watts = watts
        self._measured = Measured([], {}, [])

    def run(self, progress: Progress) -> Measured:
        """Measure everything.

        :raises DataError: where there is nothing to be asked about.
        """
        for _, rounds in groupby(self._plan.rounds(), lambda one: one.subject):
            with ExitStack() as stack:
                self._subject(list(rounds), stack, progress)
        return self._measured

    def _subject(self, rounds: list[Round], stack: ExitStack, progress: Progress) -> None:
        progress.say(f"{rounds[0].subject}: starting")
        wanted = dict.fromkeys(runner for one in rounds for runner in one.runners)
        entrants = self._opened(list(wanted), stack)
        for _, same in groupby(rounds, lambda one: (one.size, one.digits)):
            alike = list(same)
            self._given(entrants, alike)
            for one in alike:
                progress.say(one.what)
                self._measure(one, entrants, progress)

    def _opened(self, runners: Sequence[Runner], stack: ExitStack) -> list[Entrant]:
        """All processes, which start at the same time, as far as they can be used."""
        entrants = []
        for runner in runners:
            for model in self._models if runner.fitted else self._models[:1]:
                name = model.file.name if runner.fitted else ""
                if runner.linear and not model.is_linear:
                    self._measured.skipped[f"{runner.name} {name}"] = NONLINEAR
                    continue
                entrant = Entrant(runner, name, stack.enter_context(Colleague()))
                entrant.colleague.send(Open(runner.subject, runner.name, str(model.path)))
                entrants.append(entrant)
        for entrant in entrants[:]:
            self._expect_ready(entrant, entrants)
        return entrants

    def _given(self, entrants: list[Entrant], rounds: Sequence[Round]) -> None:
        """Give all that are in these rounds what they ask about."""
        gives = self._supply.gives(rounds[0])
        first = self._models[0].file.name
        due = {runner for one in rounds for runner in one.runners}
        for entrant in [one for one in entrants if one.runner in due]:
            entrant.colleague.send(gives[entrant.model or first])
            self._expect_ready(entrant, entrants)

    def _expect_ready(self, entrant: Entrant, entrants: list[Entrant]) -> None:
        """Wait until it has done what it was told; else it is left out."""
        try:
            reply = entrant.colleague.receive()
        except CrashError as error:
            self._leave_out(entrant, str(error), entrants)
        else:
            if isinstance(reply, Skipped):
                self._leave_out(entrant, reply.why, entrants)

    def _leave_out(self, entrant: Entrant, why: str, entrants: list[Entrant]) -> None:
        self._measured.skipped[entrant.name] = why
        entrants.remove(entrant)
        entrant.colleague.end()

    def _measure(self, one: Round, entrants: list[Entrant], progress: Progress) -> None:
        length = self._plan.length(one.scenario)
        courses = {
            entrant: course_of(one.scenario, length, OFFLINE_GLYPHS, one.bound)
            for entrant in entrants
            if entrant.runner in one.runners
        }
        for entrant, why in interleave(courses, progress.add).items():
            self._leave_out(entrant, why, entrants)
            del courses[entrant]
        for entrant, course in courses.items():
            made = measurement(
                one, entrant.runner.name, entrant.model, course.finished(), self._watts
            )
            self._measured.measurements.append(made)
            if one.loadgen and entrant.runner.name == OWN:
                progress.say(f"{one.what}, LoadGen")
                self._generate(one, made, entrant.colleague)

    def _generate(self, one: Round, made: Measurement, colleague: Colleague) -> None:
        """The same by LoadGen, which leaves out itself alone if it can't."""
        seconds = self._plan.length(one.scenario).seconds
        in_server = one.scenario == "Server"
        rate = made.rate * FEWER if in_server else made.rate
        again = np.empty(0)
        try:
            asked = Generate(one.scenario, seconds, rate, one.bound)
            reply = colleague.ask(asked, LOADGEN_TIMES * seconds)
            if in_server and isinstance(reply, Generated):
                ask = Ask(seconds, LEAST_QUERIES["Server"], rate=rate)
                part = colleague.ask(ask, LOADGEN_TIMES * seconds)
                again = part.times if isinstance(part, Part) else again
        except CrashError as error:
            self._measured.skipped["loadgen"] = str(error)
        else:
            if isinstance(reply, Generated):
                self._measured.loadgen.append(loadgen_run(made, reply, again))
            elif isinstance(reply, Skipped):
                self._measured.skipped["loadgen"] = reply.why


def measure(
    plan: Plan,
    models: Sequence[Candidate],
    pictures: Path | None,
    watts: float | None,
    progress: Progress,
) -> Measured:
    """Measure all that is planned.

    :raises DataError: where there is nothing to be asked about.
    """
    with tempfile.TemporaryDirectory(prefix="tinydigits-") as folder:
        supply = Supply(Path(folder), models, pictures)
        for one in plan.rounds():
            supply.check(one)
        return Session(plan, models, supply, watts).run(progress)
