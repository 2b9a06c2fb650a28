"""A comparison of models as a figure."""

from __future__ import annotations

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from tinydigits_train.compare import Comparison
from tinydigits_train.measure import percent
from tinydigits_train.plots import COOL, MUTED, SMALL, WARM, panel
from tinydigits_train.svg import STYLE

_UNITS = ((1e6, "MB"), (1e3, "kB"), (1, "B"))


@rc_context(STYLE)
def cost_plot(comparison: Comparison) -> Figure:
    """Error against size, both on scales of equal ratios."""
    figure, axes = panel("share read wrong", "size of the model")
    for model in comparison.models:
        place = model.bytes, max(1 - model.accuracy.value, 0.5 / comparison.n)
        axes.plot(*place, "o", color=MUTED if model.reference else WARM, markersize=8)
        axes.annotate(
            model.name,
            place,
            (0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=SMALL,
            color=MUTED if model.reference else COOL,
        )
    sizes = [model.bytes for model in comparison.models]
    errors = [max(1 - model.accuracy.value, 0.5 / comparison.n) for model in comparison.models]
    axes.set(xscale="log", yscale="log")
    axes.set(xlim=(min(sizes) / 4, 4 * max(sizes)), ylim=(min(errors) / 1.5, 2 * max(errors)))
    axes.xaxis.set_major_locator(FixedLocator([10.0**k for k in range(3, 9)]))
    axes.yaxis.set_major_locator(FixedLocator([0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(FixedLocator([]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _size(x)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:g} %"))
    said = [
        f"{m.name}: {percent(1 - m.accuracy.value)} at {m.bytes:,} bytes" for m in comparison.models
    ]
    figure.set_label("Errors against size. " + "; ".join(said) + ".")
    return figure


def _size(count: float) -> str:
    unit, name = next((unit, name) for unit, name in _UNITS if count >= unit)
    return f"{count / unit:g} {name}"
