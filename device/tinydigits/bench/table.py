"""A result as a table in a terminal, of 80 columns too."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final, NamedTuple

from tinydigits.bench.agreement import HEAD, TITLE, agreement
from tinydigits.bench.figures import (
    Unit,
    energy_text,
    memory_text,
    middle,
    rate_text,
    share_text,
    size_text,
    three_digits,
    time_text,
    unit_of,
)
from tinydigits.bench.groups import (
    Group,
    Kind,
    Notes,
    at_share,
    energy_source,
    groups,
    kind_name,
    left_out,
    meanwhile,
    median,
    right,
    runner_name,
    with_stages,
)
from tinydigits.bench.machine import Machine
from tinydigits.bench.result import (
    ColdStart,
    Duty,
    Growth,
    LoadGenRun,
    Measurement,
    Memory,
    ModelFile,
    Result,
)
from tinydigits.bench.stats import Percentile

WIDTH: Final = 80
SHARES: Final = (0.5, 0.9, 0.99)

_LEGEND: Final = (
    "p50 p90 p99: half, 90%, 99% of the queries took at most that; ±: 95% interval",
    "× floor: times what can't be left out, which is the row floor (docs/bench.md)",  # noqa: RUF001
    "right: share of right answers; [1]: why a run is in doubt is told at the end",
)
"""What the columns mean, for who sees them for the first time."""

_EARLY: Final = "claimed: p90 in SingleStream, else p99, by MLPerf's early stopping"

BAR: Final = 30
"""Columns of the longest bar."""

_WHOLE: Final = "━"
_HALF: Final = "╸"
_NOTHING: Final = "–"  # noqa: RUF001  an empty cell

Cells = list[str]


def render_table(result: Result, width: int = WIDTH) -> str:
    """The result as text, in lines of at most so many columns where that can be."""
    notes = Notes(result)
    parts = [_heading(result, width), _legend(result, width)]
    early = result.settings.mode == "mlperf"
    parts += [_group(group, notes, width, early=early) for group in groups(result.measurements)]
    parts += _stages(result.measurements)
    parts += [_models(result.models), _energy(result)]
    if result.cold_start:
        parts.append(_cold_start(result.cold_start, notes))
    if result.memory:
        parts.append(_memory(result.memory))
    if result.duty:
        parts.append(_duty(result.duty, notes))
    if result.growths:
        parts.append([_growth(growth) for growth in result.growths])
    parts.append(_loadgen(result.loadgen))
    skipped = (f"{who}: {why}" for who, why in left_out(result.skipped))
    parts.append(_wrapped("not measured:", skipped, width))
    parts.append(_wrapped("not to be trusted:", map(str, notes), width))
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def machine_lines(machine: Machine) -> Iterator[str]:
    """What was measured on, in two lines."""
    count = f"{machine.processors} processor{'s' * (machine.processors != 1)}"
    clock = f" at up to {machine.frequency / 1e9:.3g} GHz" if machine.frequency else ""
    what = ": ".join(dict.fromkeys((machine.name, machine.processor)))
    yield f"{what}, {count}{clock}, {memory_text(machine.memory)}"
    yield ", ".join([machine.system, *(f"{name} {of}" for name, of in machine.versions.items())])


def _heading(result: Result, width: int) -> list[str]:
    settings = result.settings
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(result.wall))
    threads = f"{settings.threads} thread{'s' * (settings.threads != 1)}"
    lines = [f"tinydigits bench, {when}: {settings.seconds:g} s a run, {threads}"]
    lines += machine_lines(result.machine)
    lines.append(f"what was read: {settings.input}")
    if result.measurements:
        lines.append(f"meanwhile: {meanwhile(result.measurements)}")
    return [part for line in lines for part in textwrap.wrap(line, width, subsequent_indent="  ")]


def _legend(result: Result, width: int) -> list[str]:
    if not result.measurements:
        return []
    lines = [*_LEGEND, *([_EARLY] if result.settings.mode == "mlperf" else [])]
    return [part for line in lines for part in textwrap.wrap(line, width, subsequent_indent="  ")]


class _Columns(NamedTuple):
    """Which percentiles are told, which of these with their intervals, and whether the one that
    MLPerf judges by is too; how many columns are between.
    """

    shares: tuple[float, ...]
    sure: tuple[float, ...]
    early: bool
    unit: Unit
    gap: int


_LAYOUTS: Final = ((SHARES, 2), (SHARES, 1), (SHARES[1:], 1), ((), 1))
"""Which percentiles are told with intervals, and the gap: the first with which lines are short."""


def _group(group: Group, notes: Notes, width: int, *, early: bool) -> list[str]:
    every = sorted(median(one) for kind in group.kinds for one in kind.rows)
    unit = unit_of(every[len(every) // 2])
    shares = SHARES if group.scenario != "Offline" else ()  # of which the rate alone counts
    for sure, gap in _LAYOUTS:
        columns = _Columns(shares, sure, early and bool(shares), unit, gap)
        lines = _group_lines(group, notes, columns)
        if max(map(len, lines)) <= width:
            break
    return [group.title, *lines]


def _group_lines(group: Group, notes: Notes, columns: _Columns) -> list[str]:
    with_floor = any(kind.ratio(one) for kind in group.kinds for one in kind.rows)
    head = ["", *(f"p{100 * share:g} {columns.unit.name}" for share in columns.shares)]
    head += [f"claimed {columns.unit.name}"] if columns.early else []
    head += ["a second", "right"]
    rows: list[Cells | str] = [[*head, *(["× floor"] if with_floor else [])]]  # noqa: RUF001
    marks = [""]
    for kind in group.kinds:
        if kind.name:
            rows.append(f"  {kind.name}")
            marks.append("")
        for one in kind.rows:
            cells = _cells(one, kind, columns)
            rows.append(cells if with_floor else cells[:-1])
            marks.append(notes.mark(one))
    lines = _aligned(rows, columns.gap)
    return [f"{line} {mark}".rstrip() for line, mark in zip(lines, marks, strict=True)]


def _cells(one: Measurement, kind: Kind, columns: _Columns) -> Cells:
    share, ratio, claimed = right(one), kind.ratio(one), one.early_stopping
    return [
        ("    " if kind.name else "  ") + runner_name(one),
        *(_percentile(at_share(one, share), columns) for share in columns.shares),
        *([_NOTHING if claimed is None else columns.unit.figure(claimed)] if columns.early else []),
        rate_text(one.rate),
        _NOTHING if share is None else share_text(share),
        _NOTHING if ratio is None else three_digits(ratio),
    ]


def _percentile(told: Percentile | None, columns: _Columns) -> str:
    """A percentile, and how far it may be off; a question mark where that isn't known."""
    if told is None:
        return _NOTHING
    value = columns.unit.figure(told.seconds)
    if told.share not in columns.sure:
        return value
    if told.low is None or told.high is None:
        return f"{value} ±?"
    off = max(told.seconds - told.low, told.high - told.seconds) / told.seconds
    # the finest that is told
    return f"{value} ±{max(1, ceil(100 * off))}%"


def _aligned(rows: Sequence[Cells | str], gap: int = 2) -> list[str]:
    """Cells below each other, the first to the left; a row that is text stays as it is."""
    tabular = [row for row in rows if not isinstance(row, str)]
    widths = [max(map(len, column)) for column in zip(*tabular, strict=True)]
    return [row if isinstance(row, str) else _line(row, widths, gap) for row in rows]


def _line(cells: Cells, widths: Sequence[int], gap: int) -> str:
    first, *rest = [
        cell.rjust(width) if place else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return (" " * gap).join([first, *rest]).rstrip()


def _bars(rows: Sequence[tuple[str, str, float]]) -> list[str]:
    """Names, figures and bars, the longest of which is as long as a bar may be."""
    longest = max(amount for _, _, amount in rows) or 1
    lines = _aligned([[f"  {name}", figure] for name, figure, _ in rows])
    return [
        f"{line}  {_bar(amount / longest)}".rstrip()
        for line, (_, _, amount) in zip(lines, rows, strict=True)
    ]


def _bar(share: float) -> str:
    whole, half = divmod(round(2 * share * BAR), 2)
    return _WHOLE * whole + _HALF * half


def _stages(measurements: Sequence[Measurement]) -> list[list[str]]:
    parts = []
    for one in with_stages(measurements):
        whole = sum(one.stages.values()) or 1.0
        rows = [
            (stage, f"{time_text(seconds)}  {100 * seconds / whole:3.0f}%", seconds)
            for stage, seconds in one.stages.items()
        ]
        what = ", ".join(filter(None, (kind_name(one) or "glyphs", runner_name(one))))
        parts.append([f"Time per stage: {what}", *_bars(rows)])
    return parts


def _models(models: Sequence[ModelFile]) -> list[str]:
    rows: list[Cells | str] = [["  ", "size", "of its test digits right"]]
    for one in models:
        told = one.name.endswith(f" {one.weights}")
        name = f"  {one.name}" if told else f"  {one.name}, {one.weights}"
        rows.append([name, size_text(one.bytes), share_text(one.accuracy)])
    return ["Models", *_aligned(rows)] if models else []


def _energy(result: Result) -> list[str]:
    rows: list[Cells | str] = [
        [
            f"  {', '.join(filter(None, (kind_name(one), runner_name(one))))}",
            energy_text(one.joules),
        ]
        for one in result.measurements
        if one.joules is not None and one.scenario == "SingleStream"
    ]
    title = f"Energy for one answer, SingleStream, {energy_source(result)}"
    return [title, *_aligned(rows)] if rows else []


def _loadgen(runs: Sequence[LoadGenRun]) -> list[str]:
    rows: list[Cells | str] = [list(HEAD)]
    for one in runs:
        what, *cells = agreement(one)
        rows.append([f"  {what}", *cells])
    return [TITLE, *_aligned(rows)] if runs else []


def _cold_start(cold: ColdStart, notes: Notes) -> list[str]:
    total, floor = middle(cold.total), middle(cold.floor)
    parts = {name: middle(seconds) for name, seconds in cold.parts.items()}
    times = f"{total / floor:.2f} × floor"  # noqa: RUF001
    return [
        f"Cold start: {time_text(total)} from nothing to the first reading, {times} "
        f"{notes.mark(cold)}".rstrip(),
        *_bars([(name, time_text(seconds), seconds) for name, seconds in parts.items()]),
        f"  floor: {time_text(floor)} for import numpy, PIL.Image, onnxruntime",
    ]


def _memory(memory: Memory) -> list[str]:
    steps = {f"after {name}": count for name, count in memory.after.items()}
    steps |= {"at its peak": memory.peak, "steady": memory.steady}
    rows = [(name, memory_text(count), float(count)) for name, count in steps.items()]
    return [f"Memory: {memory_text(memory.steady)} while it reads", *_bars(rows)]


def _duty(duty: Sequence[Duty], notes: Notes) -> list[str]:
    head = ["  frames", "a second", "read", "missed", "wrong", "of a processor", "memory"]
    rows: list[Cells | str] = [head]
    for one in duty:
        counts = f"{one.frames:,}", f"{one.missed:,}", f"{one.wrong:,}"
        size, share = f"  {one.width}x{one.height}", f"{100 * one.processor:.1f}%"
        rows.append([size, f"{one.fps:g}", *counts, share, memory_text(one.memory)])
    lines = _aligned(rows)
    marks = ["", *map(notes.mark, duty)]
    shown = [f"{line} {mark}".rstrip() for line, mark in zip(lines, marks, strict=True)]
    return ["Steady rate: tinydigits run", *shown]


def _growth(growth: Growth) -> str:
    first, last = growth.amounts[0], growth.amounts[-1]
    return (
        f"Time grows as {growth.amount}^{growth.exponent:.2f} from {first:,} to {last:,}: "
        f"{growth.runner} {growth.model}".rstrip()
    )


def _wrapped(title: str, texts: Iterator[str], width: int) -> list[str]:
    lines = [
        line
        for text in texts
        for line in textwrap.wrap(
            text, width, initial_indent="  ", subsequent_indent="      ", break_long_words=False
        )
    ]
    return [title, *lines] if lines else []
