"""What the report of the tutorial tells beyond the others, as figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Final

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from tinydigits_train.measure import percent
from tinydigits_train.plots import (
    COOL,
    MUTED,
    PAPER,
    RULE,
    SMALL,
    TEXT,
    WARM,
    WIDTH,
    dress,
    legend,
    panel,
    percent_ticks,
)
from tinydigits_train.report import Blanked, IterationPoint, Variant
from tinydigits_train.svg import STYLE
from tinydigits_train.variants import MAX_ITERATIONS

_FAR: Final = 0.15
"""A variant that is so much below the middle one stands at the edge, with its number: drawn to
scale it would press all others together."""

_ROW: Final = 40

_SIDES: Final = (
    ("bright areas blanked", WARM, "bright_blanked", "others_blanked"),
    ("dark areas inked", COOL, "dark_inked", "others_inked"),
)

_MARKS: Final[tuple[Callable[[str], dict[str, Any]], ...]] = (
    lambda _: {"marker": "|", "color": TEXT, "markersize": 15, "markeredgewidth": 1.8},
    lambda c: {"marker": "o", "color": PAPER, "markeredgecolor": c, "markersize": 7},
    lambda c: {"marker": "o", "color": c, "markersize": 8},
)
"""Untouched, changed elsewhere, changed there."""

_styled = rc_context(STYLE)


@_styled
def variant_dots(variants: Sequence[Variant]) -> Figure:
    """The accuracy of every variant, a dot for each order of the samples, with its interval."""
    names = list(dict.fromkeys(v.name for v in variants))
    orders = list(dict.fromkeys(v.order for v in variants))
    figure, axes = panel(
        "", "accuracy, with its 95 % interval", height=92 + _ROW * len(names), left=24
    )
    low = median(v.accuracy for v in variants) - _FAR
    shown = [v for v in variants if v.accuracy >= low]
    ends = min(v.accuracy_interval[0] for v in shown), max(v.accuracy_interval[1] for v in shown)
    room = 0.05 * (ends[1] - ends[0])
    axes.set(xlim=(ends[0] - room, ends[1] + room), ylim=(len(names) - 0.4, -0.6))
    for row, name in enumerate(names):
        axes.text(0, row - 0.1, name, transform=axes.get_yaxis_transform(), va="bottom", color=TEXT)
    for k, order in enumerate(orders):
        colour, marker, shift = (COOL, "o", 0.07) if k == 0 else (WARM, "D", 0.25)
        chosen = [v for v in shown if v.order == order]
        rows = [names.index(v.name) + shift for v in chosen]
        intervals = [v.accuracy_interval for v in chosen]
        axes.hlines(rows, *zip(*intervals, strict=True), color=colour, linewidth=1.6, alpha=0.55)
        axes.plot(
            [v.accuracy for v in chosen],
            rows,
            marker,
            color=colour,
            markersize=8 - 1.5 * k,
            markeredgecolor=PAPER,
            label=order,
        )
    _far_ones(axes, [v for v in variants if v.accuracy < low], names)
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=RULE, linewidth=1)
    axes.yaxis.set_major_locator(NullLocator())
    percent_ticks(axes, "x")
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="upper left",
        ncols=2,
        fontsize=SMALL,
        borderaxespad=0,
        handletextpad=0.3,
    )
    best = max(variants, key=lambda v: v.accuracy)
    worst = min(variants, key=lambda v: v.accuracy)
    figure.set_label(
        f"Accuracy of {len(names)} variants in {len(orders)} orders of the samples: best is "
        f"{best.name} in {best.order} order with {percent(best.accuracy)}, worst {worst.name} in "
        f"{worst.order} order with {percent(worst.accuracy)}."
    )
    return figure


def _far_ones(axes: Axes, far: Sequence[Variant], names: Sequence[str]) -> None:
    """Those off the scale, by their numbers at its edge."""
    for name in dict.fromkeys(v.name for v in far):
        values = " and ".join(percent(v.accuracy, 1) for v in far if v.name == name)
        axes.text(
            1,
            names.index(name) - 0.1,
            f"◂ {values}",
            transform=axes.get_yaxis_transform(),
            va="bottom",
            ha="right",
            color=MUTED,
            fontsize=SMALL,
        )


@_styled
def iteration_curves(name: str, points: Sequence[IterationPoint], lowest: float) -> Figure:
    """Accuracy on train and test part against iterations, from the accuracy ``lowest`` on."""
    figure, axes = panel(f"accuracy, {name}", "iterations of the solver")
    across = [p.iterations for p in points]
    train, test = [p.train_accuracy for p in points], [p.test_accuracy for p in points]
    axes.plot(across, train, color=WARM, linewidth=2, dashes=(5, 2), label="train part")
    axes.plot(
        across, test, color=COOL, linewidth=2.2, marker="o", markersize=4.5, label="test part"
    )
    axes.set(xscale="log", xlim=(min(across) / 1.2, max(across) * 1.25))
    axes.set_ylim(lowest - 0.22 * (1 - lowest), 1 + 0.12 * (1 - lowest))
    axes.xaxis.set_major_locator(FixedLocator([1, 4, 16, 64, 256, 1024, 4096]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    percent_ticks(axes, "y")
    axes.axvline(MAX_ITERATIONS, color=MUTED, linewidth=1.2, dashes=(2, 2), zorder=0)
    legend(axes, "lower right")
    ended = next((p for p in points if p.converged), None)
    if ended:
        axes.plot(
            [ended.iterations],
            [ended.test_accuracy],
            "o",
            markersize=12,
            fillstyle="none",
            color=TEXT,
            markeredgewidth=1.6,
            label="converged",
            clip_on=False,
        )
        legend(axes, "lower right")
    best = max(points, key=lambda p: p.test_accuracy)
    where = f"converged after {ended.iterations:,}" if ended else "not converged"
    figure.set_label(
        f"Accuracy of {name} against iterations: on the test part {percent(best.test_accuracy)} at "
        f"best, after {best.iterations:,}; in the end {percent(train[-1])} on the train part and "
        f"{percent(test[-1])} on the test part, {where}."
    )
    return figure


@_styled
def blanked_dots(blanked: Sequence[Blanked]) -> Figure:
    """How many of each digit are still read where ink is taken away, and where ink is put."""
    height, left, gap = 104 + 26 * len(blanked), 22, 26
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    share = (WIDTH - left - gap - 18) / 2
    for k, (title, colour, there, elsewhere) in enumerate(_SIDES):
        begin = left + k * (share + gap)
        axes = figure.add_axes((begin / WIDTH, 44 / height, share / WIDTH, 1 - 96 / height))
        dress(axes)
        axes.set(xlim=(-0.06, 1.06), ylim=(len(blanked) - 0.4, -0.6))
        axes.yaxis.set_major_locator(FixedLocator(list(range(len(blanked)))))
        axes.set_yticklabels([b.label if k == 0 else "" for b in blanked], color=TEXT)
        percent_ticks(axes, "x", [0, 0.5, 1])
        for row, b in enumerate(blanked):
            ends = getattr(b, there), getattr(b, elsewhere)
            axes.plot(ends, (row, row), color=colour, linewidth=1.4, alpha=0.5)
            for value, look in zip((b.untouched, *reversed(ends)), _MARKS, strict=True):
                axes.plot([value], [row], linestyle="", **look(colour))
        figure.text(begin / WIDTH, 1 - 28 / height, title, va="top", color=colour)
    figure.text(0.5, 4 / height, "share still read right", ha="center", color=MUTED, fontsize=SMALL)
    handles = [
        Line2D([], [], linestyle="", label=name, **look(MUTED))
        for name, look in zip(("untouched", "elsewhere", "there"), _MARKS, strict=True)
    ]
    figure.legend(
        handles=handles[::-1],
        loc="upper left",
        ncols=3,
        fontsize=SMALL,
        borderaxespad=0.1,
        handletextpad=0.2,
        columnspacing=1.4,
    )
    means = {
        name: percent(sum(getattr(b, name) for b in blanked) / len(blanked), 1)
        for name in ("untouched", "bright_blanked", "others_blanked", "dark_inked", "others_inked")
    }
    figure.set_label(
        f"Share of each digit still read right, on average: untouched {means['untouched']}; bright "
        f"areas blanked {means['bright_blanked']}, others {means['others_blanked']}; dark areas "
        f"inked {means['dark_inked']}, others {means['others_inked']}."
    )
    return figure
