"""What a report tells, as figures: for the page, and for whoever looks at a report in a notebook.

A figure is small, so that it is read on a phone as it is. Its label says in words what it shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from tinydigits.classifier import CoveragePoint
from tinydigits_train.measure import Measures, percent
from tinydigits_train.portrait import DataView, ThresholdPoint
from tinydigits_train.svg import PALETTE, STYLE

WIDTH: Final = 360
"""In the pixels of a page, as all sizes here: a figure's point is a pixel of its SVG."""

HEIGHT: Final = 270

RIGHT: Final = 24
"""Room for half of the last number below."""

TEXT, MUTED, RULE, PAPER, COOL, WARM = (
    PALETTE[name] for name in ("text", "muted", "rule", "paper", "cool", "warm")
)

SMALL: Final = 12.0
"""Of ticks and notes; a phone of 360 pixels shows it as 11."""

_styled = rc_context(STYLE)


@_styled
def brightness_histogram(data: DataView) -> Figure:
    """How many pixels are how bright, with the line between paper and ink."""
    figure, axes = panel("pixels, each line ten times the one below", "brightness of a pixel")
    counts = np.array(data.brightness)
    edges = np.linspace(0, 256, len(counts) + 1)
    middle, width = (edges[:-1] + edges[1:]) / 2, edges[1] - edges[0]
    colours = [WARM if x >= data.threshold else MUTED for x in middle]
    axes.bar(middle, counts, 0.78 * width, color=colours)
    # powers of ten around all that is drawn, and room for the words above
    least, most = np.log10((counts[counts > 0].min(), counts.max()))
    powers = range(max(int(least) - 1, 0), int(most) + 2)
    axes.set(yscale="log", ylim=(0.6 * 10.0 ** powers[0], 9 * 10.0 ** powers[-1]), xlim=(0, 256))
    axes.yaxis.set_major_locator(FixedLocator([10.0**power for power in powers]))
    axes.yaxis.set_minor_locator(FixedLocator([]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: _short(y)))
    axes.xaxis.set_major_locator(FixedLocator([0, 64, 128, 192, 255]))
    axes.axvline(data.threshold, color=TEXT, linewidth=1.5)
    for side, what in (
        ("right", f"paper {percent(1 - data.ink_share, 1)}"),
        ("left", f"ink {percent(data.ink_share, 1)}"),
    ):
        offset = 6 if side == "left" else -6
        axes.annotate(
            what,
            (data.threshold, 1),
            (offset, -2),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha=side,
            va="top",
            fontsize=SMALL,
            color=WARM if side == "left" else MUTED,
        )
    figure.set_label(
        f"Histogram of the brightness of {counts.sum():,} pixels, 0 to 255. From the threshold "
        f"{data.threshold} on a pixel is ink: {percent(data.ink_share, 1)} of all pixels."
    )
    return figure


@_styled
def reliability_diagram(measures: Measures) -> Figure:
    """How often the model is right against how sure it is, and how many digits that is."""
    figure, axes = panel("share read right", "", height=390, bottom=132)
    bins = [b for b in measures.reliability if b.count]
    axes.plot((0, 1), (0, 1), color=MUTED, linewidth=1.2, dashes=(4, 3))
    axes.vlines(
        [b.confidence for b in bins],
        [b.confidence for b in bins],
        [b.accuracy for b in bins],
        color=WARM,
        linewidth=2,
    )
    axes.plot(
        [b.confidence for b in bins],
        [b.accuracy for b in bins],
        "o",
        color=COOL,
        markersize=7,
        markeredgecolor=PAPER,
        clip_on=False,
        label="bins",
    )
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    percent_ticks(axes, "y", [0, 0.25, 0.5, 0.75, 1])
    percent_ticks(axes, "x", [0, 0.25, 0.5, 0.75, 1])
    axes.tick_params(axis="x", labelbottom=False)
    _counts_below(figure, measures)
    error = percent(measures.calibration_error)
    figure.text(
        1 - RIGHT / WIDTH,
        1 - 4 / 390,
        f"calibration error {error}",
        ha="right",
        va="top",
        fontsize=SMALL,
        color=WARM,
    )
    figure.set_label(
        f"Reliability diagram of {measures.n:,} digits: the share read right against the "
        f"confidence, in {len(bins)} bins that hold any. The calibration error, the mean distance "
        f"from the diagonal, is {error}."
    )
    return figure


def _counts_below(figure: Figure, measures: Measures) -> None:
    """The number of digits in each bin, under the diagram and on its scale."""
    width, height = figure.get_size_inches() * 72
    axes = figure.add_axes((46 / width, 46 / height, 1 - (46 + RIGHT) / width, 62 / height))
    bins = [b for b in measures.reliability if b.count]
    axes.bar(
        [(b.low + b.high) / 2 for b in bins],
        [b.count for b in bins],
        [0.82 * (b.high - b.low) for b in bins],
        color=COOL,
    )
    dress(axes)
    largest = max(b.count for b in bins)
    axes.set(yscale="log", xlim=(0, 1), ylim=(0.6, 2 * largest))
    marks = [1.0, 10.0 ** np.floor(np.log10(largest))]
    axes.yaxis.set_major_locator(FixedLocator(marks[: 1 if marks[1] == 1 else 2]))
    axes.yaxis.set_minor_locator(FixedLocator([]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: _short(y)))
    percent_ticks(axes, "x", [0, 0.25, 0.5, 0.75, 1])
    axes.set_xlabel("confidence, and digits in each bin", color=MUTED, fontsize=SMALL)


@_styled
def coverage_curve(curves: Mapping[str, Sequence[CoveragePoint]]) -> Figure:
    """How many errors are left among the digits accepted, against the share that is rejected."""
    figure, axes = panel("errors among the accepted", "share of the digits rejected")
    most = max(p.error for curve in curves.values() for p in curve)
    reach = max(1 - p.coverage for curve in curves.values() for p in curve)
    styles = ((COOL, "solid"), (WARM, (0, (5, 2))))
    said = []
    for (name, curve), (colour, line) in zip(curves.items(), styles, strict=False):
        rejected, errors = [1 - p.coverage for p in curve], [p.error for p in curve]
        axes.plot(
            rejected,
            errors,
            color=colour,
            linestyle=line,
            linewidth=2.2,
            label=name,
            clip_on=False,
            drawstyle="steps-post",
        )
        said.append(
            f"{name}: {percent(errors[0])} errors with nothing rejected, {percent(errors[-1])} "
            f"with {percent(rejected[-1])} rejected"
        )
    axes.set(xlim=(0, max(reach, 0.01)), ylim=(0, max(1.08 * most, 0.01)))
    percent_ticks(axes, "x")
    percent_ticks(axes, "y")
    if len(curves) > 1:
        legend(axes, "upper right")
    figure.set_label("Error against rejection. " + "; ".join(said) + ".")
    return figure


@_styled
def threshold_curve(points: Sequence[ThresholdPoint], own: int) -> Figure:
    """The accuracy over the line between paper and ink; ``own`` is the model's."""
    figure, axes = panel("accuracy", "a pixel is ink from this brightness on", left=54)
    best = max(points, key=lambda p: p.accuracy)
    low = min(p.accuracy for p in points)
    axes.plot(
        [p.threshold for p in points],
        [p.accuracy for p in points],
        color=COOL,
        linewidth=2.2,
        marker="o",
        markersize=4.5,
        clip_on=False,
    )
    room = max(best.accuracy - low, 0.01)
    axes.set(xlim=(0, 255), ylim=(low - 0.1 * room, best.accuracy + 0.32 * room))
    axes.xaxis.set_major_locator(FixedLocator([0, 64, 128, 192, 255]))
    percent_ticks(axes, "y")
    axes.axvline(own, color=WARM, linewidth=1.5, ymax=0.88)
    at_own = [p.accuracy for p in points if p.threshold == own]
    if at_own:
        axes.plot([own], at_own, "o", color=WARM, markersize=9, markeredgecolor=PAPER)
    found = f": {percent(at_own[0])}" if at_own else ""
    axes.annotate(
        f"{own}{found}",
        (own, 0.89),
        (0, 2),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        fontsize=SMALL,
        color=WARM,
    )
    figure.set_label(
        f"Accuracy for thresholds from {points[0].threshold} to {points[-1].threshold}: between "
        f"{percent(low)} and {percent(best.accuracy)}, best at {best.threshold}; the threshold in "
        f"use is {own}{found}."
    )
    return figure


def panel(
    up: str, across: str, *, height: float = HEIGHT, left: float = 46, bottom: float = 46
) -> tuple[Figure, Axes]:
    """A figure with one pair of axes; what goes up is written above them, where it is read."""
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    box = (left / WIDTH, bottom / height, 1 - (left + RIGHT) / WIDTH, 1 - (bottom + 30) / height)
    axes = figure.add_axes(box)
    dress(axes)
    axes.set_xlabel(across, color=MUTED, fontsize=SMALL)
    figure.text(4 / WIDTH, 1 - 4 / height, up, va="top", color=MUTED, fontsize=SMALL)
    return figure, axes


def dress(axes: Axes) -> None:
    """Give axes the look of all figures here."""
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=RULE, linewidth=1)
    axes.tick_params(length=0, pad=6, labelsize=SMALL, labelcolor=MUTED)
    axes.tick_params(axis="x", pad=8)  # off the lowest number of the other axis


def percent_ticks(axes: Axes, which: str, at: Sequence[float] | None = None) -> None:
    """Mark an axis, ``x`` or ``y``, in percent."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(FixedLocator(at) if at else MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{round(100 * share, 2):g} %"))


def legend(axes: Axes, where: Literal["upper right", "lower right"]) -> None:
    """Name what is drawn, in a corner that is free."""
    axes.legend(loc=where, fontsize=SMALL, handlelength=2.2, borderaxespad=0.2)


def _short(count: float) -> str:
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if count >= unit:
            return f"{count / unit:g}{name}"
    return f"{count:g}"
