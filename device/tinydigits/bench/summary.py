"""What a page begins with: what matters most, of one machine or of several side by side."""

from __future__ import annotations

from collections.abc import Sequence

from tinydigits.bench.charts import Named, machine_figures, plots, usual_frame
from tinydigits.bench.figures import energy_text, memory_text, middle, rate_text, time_text
from tinydigits.bench.groups import at_share, energy_source, kind_name, median
from tinydigits.bench.markup import Html, joined, tag
from tinydigits.bench.result import FLOOR, Result
from tinydigits.bench.runs import NOTHING, scrolled


def summary(named: Sequence[Named]) -> Html:
    """A sentence and three figures of one machine, or machines side by side."""
    if len(named) > 1:
        return joined(
            tag("p", _many_sentence(named), class_="lead"),
            _side_by_side(named),
            plots(machine_figures(named)),
        )
    result = named[0][1]
    return joined(tag("p", _sentence(result), class_="lead"), _key_figures(result))


def _sentence(result: Result) -> str:
    one = usual_frame(result)
    trusted = _trust(result)
    if one is None:
        return trusted
    slow = at_share(one, 0.99)
    beyond = f", one in a hundred in more than {time_text(slow.seconds)}" if slow else ""
    what = kind_name(one).replace(", ", " with ")
    return f"A frame of {what} is read in {time_text(median(one))}{beyond}. {trusted}"


def _trust(result: Result) -> str:
    doubtful = _in_doubt(result)
    if not doubtful:
        return "Nothing speaks against any run."
    many = f"{doubtful} of {len(result.measurements)} runs are"
    return f"{many if doubtful > 1 else '1 run is'} not to be trusted: see below why."


def _many_sentence(named: Sequence[Named]) -> str:
    times = {name: median(one) for name, result in named if (one := usual_frame(result))}
    if len(times) < 2:
        return f"{len(named)} machines, each measured by itself."
    fast, slow = min(times, key=times.__getitem__), max(times, key=times.__getitem__)
    return (
        f"{fast} reads a frame in {time_text(times[fast])}, {slow} in {time_text(times[slow])}: "
        f"{times[slow] / times[fast]:.3g} times as long."
    )


def _key_figures(result: Result) -> Html:
    shown: list[tuple[str, str, str]] = []
    frame = usual_frame(result)
    if frame:
        shown.append(
            (time_text(median(frame)), "from frame to number", f"median, {kind_name(frame)}")
        )
    if result.cold_start:
        total, floor = middle(result.cold_start.total), middle(result.cold_start.floor)
        shown.append(
            (time_text(total), "to the first reading", f"{total / floor:.2f} times the floor")
        )
    if result.memory:
        peak = f"{memory_text(result.memory.peak)} at its peak"
        shown.append((memory_text(result.memory.steady), "of memory", peak))
    if frame and frame.joules is not None:
        shown.append((energy_text(frame.joules), "for a frame", energy_source(result)))
    entries = [
        tag(
            "div",
            tag("dt", name),
            tag("dd", value, class_="value"),
            tag("dd", note, class_="note"),
        )
        for value, name, note in shown
    ]
    return tag("dl", *entries, class_="figures") if entries else Html()


def _side_by_side(named: Sequence[Named]) -> Html:
    columns = ("a frame", "p99", "glyphs a second", "cold start", "memory", "runs in doubt")
    head = tag(
        "tr",
        tag("th", "machine", scope="col"),
        *(tag("th", name, scope="col", class_="number") for name in columns),
    )
    rows = [
        tag(
            "tr",
            tag("th", name, scope="row"),
            *(tag("td", cell, class_="number") for cell in _cells(result)),
        )
        for name, result in named
    ]
    caption = tag("caption", "Medians; glyphs with the fastest model and runner.")
    table = tag("table", caption, tag("thead", head), tag("tbody", *rows))
    return scrolled("Machines side by side", table)


def _cells(result: Result) -> list[str]:
    frame = usual_frame(result)
    slow = at_share(frame, 0.99) if frame else None
    rates = [
        one.rate for one in result.measurements if one.subject == "glyph" and one.runner != FLOOR
    ]
    cold, memory = result.cold_start, result.memory
    return [
        time_text(median(frame)) if frame else NOTHING,
        time_text(slow.seconds) if slow else NOTHING,
        rate_text(max(rates)) if rates else NOTHING,
        time_text(middle(cold.total)) if cold else NOTHING,
        memory_text(memory.steady) if memory else NOTHING,
        f"{_in_doubt(result)} of {len(result.measurements)}",
    ]


def _in_doubt(result: Result) -> int:
    return sum(1 for one in result.measurements if one.doubts or not one.valid)
