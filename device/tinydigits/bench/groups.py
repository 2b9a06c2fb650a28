"""Measurements as people look at them: side by side where they answer the same question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from tinydigits.bench.growth import DIGITS, SIZE
from tinydigits.bench.result import (
    FLOOR,
    ColdStart,
    Duty,
    LoadGenRun,
    Measurement,
    Result,
    Scenario,
    Subject,
)
from tinydigits.bench.stats import Percentile

ORDER: Final[tuple[Scenario, ...]] = ("SingleStream", "MultiStream", "Server", "Offline")

ABOUT: Final[dict[Scenario, str]] = {
    "SingleStream": "one after the other",
    "MultiStream": "eight a query",
    "Server": "at random",
    "Offline": "all of them a query",
}

BY_RATE: Final[frozenset[Scenario]] = frozenset({"Server", "Offline"})
"""In these scenarios the rate is what is measured."""

PARTS: Final[dict[Subject, str]] = {"glyph": "Glyphs", "frame": "Frames"}


class Kind(NamedTuple):
    """Measurements with the same input; ``name`` is that of the frames, and empty for glyphs."""

    name: str
    rows: tuple[Measurement, ...]

    def ratio(self, one: Measurement) -> float | None:
        """How many times as long as the floor it takes; ``None`` where there is no floor.

        A floor with the same model goes before any other.
        """
        floors = {floor.model: floor for floor in self.rows if floor.runner == FLOOR}
        if not floors:
            return None
        floor = floors.get(one.model) or next(iter(floors.values()))
        if one.scenario in BY_RATE:
            return floor.rate / one.rate
        return median(one) / median(floor)


class Group(NamedTuple):
    """A scenario for glyphs or frames."""

    subject: Subject
    scenario: Scenario
    kinds: tuple[Kind, ...]

    @property
    def title(self) -> str:
        """For people."""
        bounds = {one.bound for kind in self.kinds for one in kind.rows if one.bound is not None}
        within = f", 99% within {1e3 * min(bounds):g} ms" if len(bounds) == 1 else ""
        return f"{PARTS[self.subject]}, {self.scenario}: {ABOUT[self.scenario]}{within}"


def groups(measurements: Iterable[Measurement]) -> list[Group]:
    """All of them, glyphs first, in the order of the scenarios, of sizes and of digits."""
    found: dict[tuple[Subject, Scenario], list[Measurement]] = {}
    for one in measurements:
        found.setdefault((one.subject, one.scenario), []).append(one)
    return [
        Group(subject, scenario, _kinds(found[subject, scenario]))
        for subject in PARTS
        for scenario in ORDER
        if (subject, scenario) in found
    ]


def _kinds(measurements: Sequence[Measurement]) -> tuple[Kind, ...]:
    inputs = sorted({(one.width or 0, one.height or 0, one.digits) for one in measurements})
    kinds = []
    for wanted in inputs:
        same = [
            one for one in measurements if (one.width or 0, one.height or 0, one.digits) == wanted
        ]
        same.sort(key=lambda one: one.runner != FLOOR)
        kinds.append(Kind(kind_name(same[0]), tuple(same)))
    return tuple(kinds)


def kind_name(one: Measurement | LoadGenRun) -> str:
    """What frames are like; empty for glyphs."""
    if one.width is None:
        return ""
    return f"{one.width}x{one.height}, {one.digits} digit{'s' * (one.digits != 1)}"


def runner_name(one: Measurement) -> str:
    """The runner, and its model where it has one."""
    return f"{one.runner} {one.model}".strip()


def at_share(one: Measurement, share: float) -> Percentile | None:
    """A percentile, where it was told."""
    return next((p for p in one.percentiles if p.share == share), None)


def median(one: Measurement) -> float:
    """Seconds of a query, by the median; by the histogram where no percentile tells it."""
    told = at_share(one, 0.5)
    if told is not None:
        return told.seconds
    times = one.histogram.times()
    return float(times[len(times) // 2])


def right(one: Measurement) -> float | None:
    """The share of right answers; ``None`` where they are not looked at."""
    return None if one.runner == FLOOR or not one.samples else 1 - one.wrong / one.samples


def with_stages(measurements: Iterable[Measurement]) -> Iterator[Measurement]:
    """One measurement of each runner and model that tells its stages: five digits at 640x480."""
    found: dict[str, list[Measurement]] = {}
    for one in measurements:
        if one.stages:
            found.setdefault(runner_name(one), []).append(one)
    for mine in found.values():
        usual = [one for one in mine if (one.width, one.height, one.digits) == (*SIZE, DIGITS)]
        yield (usual or mine)[0]


def meanwhile(measurements: Iterable[Measurement]) -> str:
    """What the machine went through in all of them, at its extremes."""
    loads = [one.load for one in measurements]
    degrees = [told for load in loads for told in load.degrees if told is not None]
    clocks = [told / 1e9 for load in loads for told in load.frequency if told is not None]
    said = [f"others took {max(load.others for load in loads):.0%} of a processor at most"]
    if degrees:
        said.append(f"{_range(degrees, '.0f')} °C")
    if clocks:
        said.append(f"{_range(clocks, '.3g')} GHz")
    if any(load.throttled is not None for load in loads):
        said.append("throttled" if any(load.throttled for load in loads) else "never throttled")
    return ", ".join(said)


def _range(values: Sequence[float], form: str) -> str:
    return " to ".join(dict.fromkeys((f"{min(values):{form}}", f"{max(values):{form}}")))


def remarks(one: Measurement) -> Iterator[str]:
    """What speaks against a measurement, the worst first."""
    if not one.valid:
        yield (
            f"invalid: {one.wrong:,} of {one.samples:,} answers were wrong; a run counts only if "
            "all are right"
        )
    yield from one.doubts


def left_out(skipped: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names and reason of what was not measured; those with the same reason are told together."""
    for why in dict.fromkeys(skipped.values()):
        names = [name.split(maxsplit=1) for name, told in skipped.items() if told == why]
        runners = list(dict.fromkeys(first for first, *_ in names))
        models = list(dict.fromkeys(" ".join(rest) for _, *rest in names))
        if len(models) > 1 and len(runners) * len(models) != len(names):
            yield ", ".join(" ".join(name) for name in names), why
        else:
            yield f"{', '.join(runners)} {', '.join(models)}".strip(), why


def has_energy(measurements: Iterable[Measurement]) -> bool:
    """Whether anything told the energy of any of them."""
    return any(one.joules is not None for one in measurements)


def energy_source(result: Result) -> str:
    """Where energies come from."""
    if result.power is not None:
        return f"by the {result.power:g} W that the machine takes"
    return "as the processor counts it"


class Note(NamedTuple):
    """The same remark of several measurements, of which the figures may differ."""

    number: int
    text: str
    runs: int

    def __str__(self) -> str:
        more = f" (and {self.runs - 1} more)" if self.runs > 1 else ""
        return f"[{self.number}] {self.text}{more}"


class Notes:
    """Remarks, each numbered when it is met first; those that differ in figures only are one."""

    def __init__(self, result: Result) -> None:
        self._found: dict[str, Note] = {}
        for group in groups(result.measurements):
            for kind in group.kinds:
                for one in kind.rows:
                    self._add_all(remarks(one))
        for other in (result.cold_start, *result.duty):
            self._add_all(() if other is None else other.doubts)

    def _add_all(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._add(text)

    def _add(self, text: str) -> None:
        key = _without_figures(text)
        note = self._found.get(key) or Note(len(self._found) + 1, text, 0)
        self._found[key] = note._replace(runs=note.runs + 1)

    def __iter__(self) -> Iterator[Note]:
        return iter(self._found.values())

    def mark(self, one: Measurement | ColdStart | Duty) -> str:
        """The numbers of what speaks against it, in brackets; empty where nothing does."""
        texts = remarks(one) if isinstance(one, Measurement) else one.doubts
        numbers = sorted({self._found[_without_figures(text)].number for text in texts})
        return f"[{','.join(map(str, numbers))}]" if numbers else ""


def _without_figures(text: str) -> str:
    # p50, p90 and p99 are one matter too
    return re.sub(r"[-+]?\d[\d.,]*", "#", text)
