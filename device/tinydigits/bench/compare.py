"""``tinydigits bench compare``: how many times as long it takes, and whether that is sure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import exp, log, sqrt
from pathlib import Path
from statistics import NormalDist
from typing import Final, Literal, NamedTuple, get_args

import msgspec

from tinydigits.bench.agreement import judged_by
from tinydigits.bench.figures import three_digits, time_text
from tinydigits.bench.groups import BY_RATE, kind_name, runner_name
from tinydigits.bench.result import LoadGenRun, Measurement, Result, load_result
from tinydigits.bench.runners import OWN
from tinydigits.bench.stats import GROWTH, LEVEL, percentile
from tinydigits.command import indented_json
from tinydigits.errors import UsageError

SHARES: Final = (0.5, 0.9, 0.99)

CHANCE: Final = 1 - LEVEL
"""That something is called significant in a comparison of two files that are alike."""

_LEGEND: Final = "same: not significantly different; × above 1: slower, with its 95% interval"  # noqa: RUF001

SLOWER: Final = 1
"""The exit code where something is significantly slower."""

_Z: Final = NormalDist().inv_cdf((1 + LEVEL) / 2)

Verdict = Literal["slower", "faster", "same", "untested", "doubtful"]
"""Same is not significantly different, untested what no interval can be given for."""


class Key(NamedTuple):
    """What two measurements must share to answer the same question."""

    subject: str
    scenario: str
    runner: str
    model: str
    width: int | None
    height: int | None
    digits: int

    @classmethod
    def of(cls, one: Measurement | LoadGenRun) -> Key:
        """A measurement's; LoadGen asks the device's own way."""
        told = {name: getattr(one, name) for name in cls._fields if name != "runner"}
        return cls(**told, runner=one.runner if isinstance(one, Measurement) else OWN)


class Change(msgspec.Struct, frozen=True):
    """Something that isn't the same in both files, and may be what one wants to compare."""

    name: str
    first: str
    second: str


class Difference(msgspec.Struct, frozen=True):
    """A percentile of a run in both files, in seconds, or its rate, in samples a second.

    A ``ratio`` above 1 is slower. ``low`` and ``high`` are ``None`` where a run is too short for an
    interval, or where none can be given: of rates.
    """

    run: str
    what: str
    first: float
    second: float
    ratio: float
    low: float | None
    high: float | None
    verdict: Verdict


class Comparison(msgspec.Struct, frozen=True):
    """Two results side by side."""

    first: str
    second: str
    changed: tuple[Change, ...]
    differences: tuple[Difference, ...]


class _Ratio(NamedTuple):
    """Of two percentiles; ``error`` is the standard error of its logarithm."""

    first: float
    second: float
    error: float | None
    trusted: bool

    @property
    def size(self) -> float:
        """How far its logarithm is from 0, beyond what buckets may have made of it."""
        return max(0.0, abs(log(self.second / self.first)) - log(GROWTH))

    @property
    def chance(self) -> float:
        """Of a difference like this, or a larger one, where there is none."""
        if not self.error:
            return 1.0 if self.error is None or not self.size else 0.0
        return 2 * NormalDist().cdf(-self.size / self.error)


def compare_command(first: Path, second: Path, *, as_json: bool) -> int:
    """Print how the second result differs from the first; returns the exit code.

    :raises DataError: where a file is no result.
    :raises UsageError: where the two are not comparable.
    """
    names = str(first), str(second)
    compared = compare(load_result(first), load_result(second), names)
    print(indented_json(compared) if as_json else render_comparison(compared))
    return SLOWER if any(one.verdict == "slower" for one in compared.differences) else 0


def compare(
    first: Result, second: Result, names: tuple[str, str] = ("the first", "the second")
) -> Comparison:
    """Each percentile of each run that both have.

    :raises UsageError: where settings differ, or no run is in both.
    """
    _hold_settings(first, second, names)
    others = {Key.of(one): one for one in second.measurements}
    pairs = [(one, others[Key.of(one)]) for one in first.measurements if Key.of(one) in others]
    if not pairs:
        raise UsageError(f"{names[0]} and {names[1]} have no run in common")
    for one, other in pairs:
        if one.bound != other.bound:
            raise UsageError(
                f"not comparable: the bound of {_run_name(one)} is {one.bound} s in {names[0]} and "
                f"{other.bound} s in {names[1]}"
            )
    differences = (*_differences(pairs), *_loadgen(first, second))
    return Comparison(*names, tuple(_changes(first, second)), differences)


def _hold_settings(first: Result, second: Result, names: tuple[str, str]) -> None:
    for name in first.settings.__struct_fields__:
        one, other = getattr(first.settings, name), getattr(second.settings, name)
        if one != other:
            raise UsageError(
                f"not comparable: {name} is {one} in {names[0]} and {other} in {names[1]}"
            )


def _changes(first: Result, second: Result) -> Iterator[Change]:
    """Of machine, versions and models."""
    one, other = _described(first), _described(second)
    for name in {**one, **other}:
        if one.get(name) != other.get(name):
            yield Change(name, one.get(name, "none"), other.get(name, "none"))


def _described(result: Result) -> dict[str, str]:
    told = {
        name: str(getattr(result.machine, name))
        for name in result.machine.__struct_fields__
        if name != "versions"
    }
    told |= result.machine.versions
    return told | {f"model {one.name}": one.sha256[:12] for one in result.models}


def _differences(pairs: Sequence[tuple[Measurement, Measurement]]) -> Iterator[Difference]:
    found = [
        (one, f"p{100 * share:g}", _ratio(one, other, share))
        for one, other in pairs
        for share in SHARES
        if one.scenario not in BY_RATE
    ]
    significant = holm([ratio.chance if ratio.trusted else 1.0 for _, _, ratio in found], CHANCE)
    for (one, what, ratio), sure in zip(found, significant, strict=True):
        yield _difference(one, what, ratio, sure=sure)
    for one, other in pairs:
        if one.scenario in BY_RATE:
            trusted = _trusted(one) and _trusted(other)
            # seconds a sample, so that a ratio above 1 is slower here too
            ratio = _Ratio(1 / one.rate, 1 / other.rate, None, trusted)
            told = _difference(one, "rate", ratio, sure=False)
            yield msgspec.structs.replace(told, first=one.rate, second=other.rate)


def _loadgen(first: Result, second: Result) -> Iterator[Difference]:
    """What LoadGen tells in both, which gives no intervals."""
    others = {Key.of(one): one for one in second.loadgen}
    for one in first.loadgen:
        other = others.get(Key.of(one))
        if other is None or not one.theirs or not other.theirs:
            continue
        by_rate = one.scenario == "Offline"
        ratio = one.theirs / other.theirs if by_rate else other.theirs / one.theirs
        what = kind_name(one) or one.subject
        yield Difference(
            run=f"{OWN} {one.model}, {what}, {one.scenario}, by LoadGen",
            what=judged_by(one),
            first=one.theirs,
            second=other.theirs,
            ratio=ratio,
            low=None,
            high=None,
            verdict="untested" if one.valid and other.valid else "doubtful",
        )


def _ratio(one: Measurement, other: Measurement, share: float) -> _Ratio:
    """The method of Price and Bonett, 2002, for any percentile; see docs/bench.md.

    Distribution-free confidence intervals for difference and ratio of medians, Journal of
    Statistical Computation and Simulation 72, 119-124.
    """
    told = [percentile(run.histogram.times(), share) for run in (one, other)]
    errors = [
        None if p.low is None or p.high is None else log(p.high / p.low) / (2 * _Z) for p in told
    ]
    known = [error for error in errors if error is not None]
    error = sqrt(sum(error**2 for error in known)) if len(known) == len(errors) else None
    return _Ratio(told[0].seconds, told[1].seconds, error, _trusted(one) and _trusted(other))


def _difference(one: Measurement, what: str, ratio: _Ratio, *, sure: bool) -> Difference:
    times = ratio.second / ratio.first
    reach = None if ratio.error is None else exp(_Z * ratio.error) * GROWTH
    verdict: Verdict = "same"
    if not ratio.trusted:
        verdict = "doubtful"
    elif ratio.error is None:
        verdict = "untested"
    elif sure:
        verdict = "slower" if times > 1 else "faster"
    return Difference(
        run=_run_name(one),
        what=what,
        first=ratio.first,
        second=ratio.second,
        ratio=times,
        low=None if reach is None else times / reach,
        high=None if reach is None else times * reach,
        verdict=verdict,
    )


def holm(chances: Sequence[float], level: float) -> list[bool]:
    """Which of several chances are small enough, so that all are right but once in 1 / ``level``.

    Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    found = [False] * len(chances)
    for place, k in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        if chances[k] > level / (len(chances) - place):
            break
        found[k] = True
    return found


def _trusted(one: Measurement) -> bool:
    return one.valid and not one.doubts


def _run_name(one: Measurement) -> str:
    what = kind_name(one) or "glyph"
    return f"{runner_name(one)}, {what}, {one.scenario}"


def render_comparison(compared: Comparison) -> str:
    """A comparison as text, in 80 columns if the names of files allow that."""
    lines = [f"first   {compared.first}", f"second  {compared.second}"]
    lines += [f"{one.name}: {one.first} -> {one.second}" for one in compared.changed]
    run = ""
    for one in compared.differences:
        if one.run != run:
            lines += ["", one.run]
            run = one.run
        lines.append(_line(one))
    counts: dict[str, int] = dict.fromkeys(get_args(Verdict), 0)
    for one in compared.differences:
        counts[one.verdict] += 1
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return "\n".join([*lines, "", f"the second is: {told}", _LEGEND])


def _line(one: Difference) -> str:
    figure: Callable[[float], str] = _rate if one.what == "rate" else time_text
    interval = "" if one.low is None or one.high is None else f"({one.low:.3f} to {one.high:.3f})"
    return (
        f"  {one.what:<4} {figure(one.first):>10} -> {figure(one.second):>10}  "
        f"× {one.ratio:<7.3f} {interval:<18}  {one.verdict}"  # noqa: RUF001
    )


def _rate(rate: float) -> str:
    return f"{three_digits(rate)}/s"
