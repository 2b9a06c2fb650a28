"""What of a result is drawn, and how it is explained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tinydigits.bench.figures import (
    memory_text,
    middle,
    rate_text,
    share_text,
    size_text,
    time_text,
    unit_of,
)
from tinydigits.bench.groups import (
    Group,
    Kind,
    at_share,
    groups,
    kind_name,
    median,
    runner_name,
    with_stages,
)
from tinydigits.bench.growth import DIGITS, SIZE
from tinydigits.bench.markup import Html, tag
from tinydigits.bench.result import FLOOR, ColdStart, Duty, Growth, Measurement, Memory, Result
from tinydigits.bench.svg import Bar, Curve, Dot, bars, distributions, scatter

Named = tuple[str, Result]
"""A result, and what its machine is called on the page."""

MARKS: Final = "The line is the median, the orange one p99; the scale is of equal ratios."


def figure(title: str, drawn: Html, caption: str) -> Html:
    """A plot with its title and what it shows."""
    return tag("figure", tag("p", title, class_="title"), drawn, tag("figcaption", caption))


def plots(figures: Iterator[Html]) -> Html:
    """Plots beside each other where there is room; nothing where there is none."""
    shown = list(figures)
    return tag("div", *shown, class_="plots") if shown else Html()


def usual_frame(result: Result) -> Measurement | None:
    """The device's own way at 640x480 with five digits, one after the other."""
    own = [one for one in with_stages(result.measurements) if one.subject == "frame"]
    if own:
        return own[0]
    usual = [
        one
        for one in result.measurements
        if (one.width, one.height, one.digits, one.scenario) == (*SIZE, DIGITS, "SingleStream")
        and one.runner != FLOOR
    ]
    return usual[0] if usual else None


def machine_figures(results: Sequence[Named]) -> Iterator[Html]:
    """Machines side by side, at what they are for."""
    runs = {name: usual_frame(result) for name, result in results}
    # names of machines are long
    curves = [
        _curve(one, name)._replace(text=time_text(median(one))) for name, one in runs.items() if one
    ]
    if curves:
        what = next(kind_name(one) for one in runs.values() if one)
        title = f"From frame to number, {what}"
        yield figure(title, distributions(title, curves, axis_time), MARKS)


def latency_figures(result: Result) -> Iterator[Html]:
    """How long a query takes, one after the other, by runner, and by the kind of frame."""
    for group in groups(result.measurements):
        if group.scenario != "SingleStream":
            continue
        if group.subject == "glyph":
            yield from _glyphs(group.kinds[0])
        else:
            yield from _frames(group)


def _glyphs(kind: Kind) -> Iterator[Html]:
    """Each model's, beside the floor."""
    floors = [one for one in kind.rows if one.runner == FLOOR]
    for model in dict.fromkeys(one.model for one in kind.rows if one.runner != FLOOR):
        mine = [one for one in kind.rows if one.runner != FLOOR and one.model == model]
        title = f"One glyph, {model}" if model else "One glyph"
        rows = sorted([*floors, *mine], key=median)
        curves = [_curve(one, one.runner) for one in rows]
        yield figure(title, distributions(title, curves, axis_time), MARKS)


def _frames(group: Group) -> Iterator[Html]:
    for kind in group.kinds:
        if len(kind.rows) > 1:
            title = f"A frame of {kind.name}"
            curves = [_curve(one, runner_name(one)) for one in sorted(kind.rows, key=median)]
            yield figure(title, distributions(title, curves, axis_time), MARKS)
    for name in dict.fromkeys(runner_name(one) for kind in group.kinds for one in kind.rows):
        mine = [(k.name, one) for k in group.kinds for one in k.rows if runner_name(one) == name]
        if len(mine) > 1:
            title = f"Frames of all kinds, {name}"
            curves = [_curve(one, kind) for kind, one in mine]
            yield figure(title, distributions(title, curves, axis_time), MARKS)


def _curve(one: Measurement, name: str) -> Curve:
    slow = at_share(one, 0.99)
    text = time_text(median(one))
    if slow:
        text += f", p99 {time_text(slow.seconds)}"
    return Curve(name, text, one.histogram, median(one), slow.seconds if slow else None)


def stage_figures(result: Result) -> Iterator[Html]:
    """Time of each stage, of the usual frame."""
    for one in with_stages(result.measurements):
        whole = sum(one.stages.values()) or 1.0
        rows = [
            Bar(stage, f"{time_text(seconds)}, {seconds / whole:.0%}", seconds)
            for stage, seconds in one.stages.items()
        ]
        title = ", ".join(filter(None, (kind_name(one) or "one glyph", runner_name(one))))
        told = f"{time_text(whole)} on average, from the frame to its number."
        yield figure(title, bars(f"Time per stage, {title}", rows), told)


def model_figures(result: Result) -> Iterator[Html]:
    """How often each model is wrong, against the time it takes, by the fastest way to run it."""
    seconds: dict[str, float] = {}
    for one in result.measurements:
        if one.subject == "glyph" and one.scenario == "SingleStream" and one.runner != FLOOR:
            seconds[one.model] = min(median(one), seconds.get(one.model, float("inf")))
    shown = [model for model in result.models if model.name in seconds and model.accuracy < 1]
    if len(shown) < 2:  # nothing to weigh against
        return
    largest = max(model.bytes for model in shown)
    dots = [
        Dot(
            f"{model.name}, {size_text(model.bytes)}",
            seconds[model.name],
            1 - model.accuracy,
            model.bytes / largest,
        )
        for model in shown
    ]
    said = "; ".join(
        f"{model.name}: {share_text(1 - model.accuracy)} wrong, {size_text(model.bytes)}, "
        f"{time_text(seconds[model.name])}"
        for model in shown
    )
    drawn = scatter(f"Errors against time. {said}", dots, (axis_time, axis_share))
    told = (
        "Share of its test digits that each reads wrong, by the median time for one glyph, by "
        "whichever runner is fastest. The area of a dot is the size of the file."
    )
    yield figure("Errors, time and size", drawn, told)


def growth_figures(result: Result) -> Iterator[Html]:
    """Time against pixels and digits."""
    for growth in result.growths:
        yield _growth(growth)


def _growth(growth: Growth) -> Html:
    pairs = list(zip(growth.amounts, growth.seconds, strict=True))
    dots = [
        Dot(time_text(seconds) if place in {0, len(pairs) - 1} else "", amount, seconds)
        for place, (amount, seconds) in enumerate(pairs)
    ]
    title = f"Time against {growth.amount}, {growth.runner} {growth.model}".rstrip()
    drawn = scatter(title, dots, (axis_count, axis_time), line=True)
    told = (
        f"It grows as {growth.amount} to the power of {growth.exponent:.2f}, "
        "fitted to the medians; 1 is in proportion."
    )
    return figure(title, drawn, told)


def start_figure(cold: ColdStart, mark: str) -> Html:
    """Each part begins where the one before ends; a mark says that it is in doubt."""
    rows = []
    begun = 0.0
    for name, seconds in cold.parts.items():
        spent = middle(seconds)
        rows.append(Bar(name, time_text(spent), spent, begun))
        begun += spent
    total, floor = middle(cold.total), middle(cold.floor)
    rows += [
        Bar("all of it", f"{time_text(total)}, {total / floor:.2f} × floor", total, kind="warm"),  # noqa: RUF001
        Bar("floor", time_text(floor), floor, kind="faint"),
    ]
    told = (
        f"Medians of {len(cold.total)} starts. The floor is import numpy, PIL.Image, onnxruntime. "
        "The process is cold, its files have been read before."
    )
    drawn = bars("Parts of a cold start", rows)
    return figure("From nothing to the first reading", drawn, _doubted(told, mark))


def memory_figure(memory: Memory) -> Html:
    """What is held after each step."""
    rows = [
        Bar(f"after {name}", memory_text(count), float(count), kind="faint")
        for name, count in memory.after.items()
    ]
    rows.append(Bar("at its peak", memory_text(memory.peak), float(memory.peak), kind="warm"))
    rows.append(Bar("steady", memory_text(memory.steady), float(memory.steady)))
    told = (
        "Held in memory, libraries' files included, after the steps of a start, and by the program."
    )
    return figure("Memory of the process", bars("Memory of the process", rows), told)


def duty_figure(duty: Sequence[Duty], mark: str) -> Html:
    """The share of a processor at each rate; a mark says that one of them is in doubt."""
    rows = [
        Bar(
            f"{one.fps:g} frame{'s' * (one.fps != 1)} a second",
            f"{one.processor:.1%}" + (f", {one.missed:,} missed" if one.missed else ""),
            one.processor,
            kind="warm" if one.missed else "cool",
        )
        for one in duty
    ]
    what = f"{duty[0].width}x{duty[0].height}"
    told = f"Of one processor, with frames of {what}; {memory_text(duty[-1].memory)} of memory."
    drawn = bars("Share of a processor at each rate", rows)
    return figure("What a steady rate takes", drawn, _doubted(told, mark))


def _doubted(told: str, mark: str) -> str:
    return f"{told} Not to be trusted: {mark}." if mark else told


def axis_time(seconds: float) -> str:
    """A time at an axis."""
    unit = unit_of(seconds)
    return f"{seconds / unit.seconds:.3g} {unit.name}"


def axis_share(share: float) -> str:
    """A share at an axis."""
    return f"{100 * share:.3g}%"


def axis_count(count: float) -> str:
    """A number of things at an axis."""
    return (
        f"{count / 1e6:g} M" if count >= 1e6 else rate_text(count) if count >= 100 else f"{count:g}"
    )
