"""What is measured: which runners, in which scenarios, on what, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

from tinydigits.bench.growth import DIGITS, SIZE
from tinydigits.bench.inputs import COUNTS, SIZES
from tinydigits.bench.result import FLOOR, Scenario, Subject
from tinydigits.bench.runners import ONCE, OWN, RUNNERS, Runner
from tinydigits.bench.scenario import Length

Mode = Literal["quick", "default", "mlperf"]

SCENARIOS: Final[tuple[Scenario, ...]] = get_args(Scenario)
SUBJECTS: Final[tuple[Subject, ...]] = get_args(Subject)

SECONDS: Final[dict[Mode, float]] = {"quick": 0.25, "default": 1.0, "mlperf": 600.0}
"""Length of a run. With it everything takes ten seconds, or a minute, or as long as MLPerf's rules
ask for at least."""

STARTS: Final = 5
"""Of a process, to tell how long a cold start takes."""

STEADY_SECONDS: Final = 2.0
"""For which the program runs at each steady rate; with one frame a second it takes some more."""

MLPERF: Final[dict[Scenario, tuple[int, int]]] = {
    "SingleStream": (1, 0),
    "MultiStream": (662, 0),
    "Server": (1, 0),
    "Offline": (1, 24_576),
}
"""Queries and samples that MLPerf's rules ask for at least, in LoadGen's mlperf.conf. In others its
early stopping says how many are enough."""

BOUNDS: Final[dict[Subject, float]] = {"glyph": 0.015, "frame": 0.1}
"""Seconds within which Server answers: MLPerf's own for the tasks that are like these, to say what
a picture shows (ResNet-50) and to find things in one (RetinaNet)."""

OFFLINE_GLYPHS: Final = 1000
"""Glyphs that a query of Offline asks about, as far as a part of a run has time for them."""


GENERATED: Final[dict[Subject, Sequence[Scenario]]] = {
    "glyph": SCENARIOS,
    "frame": ("SingleStream", "Offline"),
}
"""What LoadGen measures where no scenario is named: for the others it asks until it is sure of p99,
662 queries at least, which of frames takes up to a minute."""


class Round(NamedTuple):
    """Runners that are measured in turn, in one scenario, with the same input.

    ``size`` is the width and height of frames, ``None`` of glyphs and of pictures of any size;
    ``digits`` how many each shows, 0 of pictures that show any number. With ``loadgen`` the
    device's own way is measured by LoadGen too.
    """

    subject: Subject
    size: tuple[int, int] | None
    digits: int
    scenario: Scenario
    runners: tuple[Runner, ...]
    loadgen: bool

    @property
    def bound(self) -> float:
        """Of Server, in seconds."""
        return BOUNDS[self.subject]

    @property
    def what(self) -> str:
        """For people."""
        sides = f" {self.size[0]}x{self.size[1]}, {self.digits} digits" if self.size else ""
        return f"{self.subject}{sides}, {self.scenario}"


@dataclass(frozen=True)
class Plan:
    """What the command line asks for; where that is nothing, what gives an overview."""

    mode: Mode = "default"
    seconds: float | None = None
    subjects: Sequence[Subject] = SUBJECTS
    scenarios: Sequence[Scenario] = ()
    runners: Sequence[str] = ()
    sizes: Sequence[tuple[int, int]] = ()
    digits: Sequence[int] = ()
    pictures: bool = False
    loadgen: bool = False

    @property
    def each(self) -> float:
        """Seconds of a run."""
        return SECONDS[self.mode] if self.seconds is None else self.seconds

    def length(self, scenario: Scenario) -> Length:
        """Of a run."""
        return Length(self.each, *(MLPERF[scenario] if self.mode == "mlperf" else ()))

    @property
    def around(self) -> bool:
        """Whether starts, memory and steady rates are measured: where all is, and there is time."""
        chosen = (self.scenarios, self.runners, self.sizes, self.digits, self.pictures)
        return self.mode != "quick" and set(self.subjects) == set(SUBJECTS) and not any(chosen)

    def rounds(self) -> Iterator[Round]:
        """All rounds; those of the same input follow each other."""
        if "glyph" in self.subjects:
            for scenario in self.scenarios or SCENARIOS:
                yield self._round("glyph", None, 1, scenario, usual=True)
        if "frame" in self.subjects:
            for place, (size, digits) in enumerate(self._frames()):
                for scenario in self.scenarios or self._frame_scenarios(usual=not place):
                    yield self._round("frame", size, digits, scenario, usual=not place)

    def _frames(self) -> list[tuple[tuple[int, int] | None, int]]:
        """Size and digits of all frames, the usual ones first."""
        if self.pictures:
            return [(None, 0)]
        if self.sizes or self.digits:
            sizes, counts = self.sizes or [SIZE], self.digits or [DIGITS]
            return [(size, digits) for size in sizes for digits in counts]
        if self.mode == "mlperf":
            return [(SIZE, DIGITS)]
        others = SIZES[:-1] if self.mode == "quick" else SIZES
        return [
            (SIZE, DIGITS),
            *((size, DIGITS) for size in others if size != SIZE),
            *((SIZE, digits) for digits in COUNTS if digits != DIGITS),
        ]

    def _frame_scenarios(self, *, usual: bool) -> Sequence[Scenario]:
        """Frames that are not the usual ones show how time grows; one scenario tells that."""
        return SCENARIOS if usual and self.mode != "quick" else SCENARIOS[:1]

    def _round(
        self,
        subject: Subject,
        size: tuple[int, int] | None,
        digits: int,
        scenario: Scenario,
        *,
        usual: bool,
    ) -> Round:
        runners = tuple(
            runner
            for runner in RUNNERS
            if runner.subject == subject
            and runner.name in (self.runners or self._names(subject, scenario, usual=usual))
        )
        named = self.mode == "mlperf" or bool(self.scenarios)
        loadgen = self.loadgen and usual and (named or scenario in GENERATED[subject])
        return Round(subject, size, digits, scenario, runners, loadgen)

    def _names(self, subject: Subject, scenario: Scenario, *, usual: bool) -> Sequence[str]:
        """Who is measured where nobody is named: all where people look first, else the device."""
        if self.pictures and subject == "frame":
            # they show different places, in which there is nothing to remember
            every = self.mode == "default" and scenario == "SingleStream"
            return [runner.name for runner in RUNNERS if runner.name != OWN] if every else (ONCE,)
        if self.mode == "mlperf":
            return (OWN,)
        if scenario == "SingleStream" and usual:
            return (OWN, FLOOR) if self.mode == "quick" else [runner.name for runner in RUNNERS]
        return (OWN, FLOOR) if self.mode == "default" and usual else (OWN,)
