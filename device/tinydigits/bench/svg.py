"""Plots as SVG inside a page: as wide as a phone, in the page's own colours and letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Final, NamedTuple

import numpy as np

from tinydigits.bench.markup import Html, joined, tag
from tinydigits.bench.scale import LogScale
from tinydigits.bench.stats import GROWTH, NANOSECONDS, Histogram

WIDTH: Final = 328
"""Of every plot, in CSS pixels: a phone's 360 without the page's margins."""

SIZE: Final = 12
"""Of text; the smallest that reads well."""

CHARACTER: Final = 6.9
"""Width of one on average, generously: a browser chooses the letters."""

LINE: Final = 17
BAR: Final = 9
ROW: Final = LINE + BAR + 8
"""Heights: of a line of text, of a bar below it, of both with some air."""

RIDGE: Final = 24
"""Height of a distribution."""

AXIS: Final = 26
"""Height of an axis with its numbers."""

BINS: Final = 120
"""Of a distribution at most: narrower ones are hardly seen."""

_EDGE: Final = 1.0
"""Room for what is on the very edge of a plot."""


class Bar(NamedTuple):
    """A bar from ``start`` on; ``kind`` is the name of its colour."""

    name: str
    text: str
    length: float
    start: float = 0.0
    kind: str = "cool"


class Curve(NamedTuple):
    """The times of a run, and two of them that are marked."""

    name: str
    text: str
    histogram: Histogram
    middle: float
    slow: float | None


class Dot(NamedTuple):
    """A place in a plane; ``area`` is its size, as a share of the largest."""

    name: str
    x: float
    y: float
    area: float = 0.1


class Box(NamedTuple):
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether two share a point."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


Figure = Callable[[float], str]
"""How a value is written at an axis."""


def plot(label: str, height: float, *parts: Html) -> Html:
    """An ``<svg>`` of so many pixels; ``label`` says what it shows to those who can't see it."""
    return tag(
        "svg",
        *parts,
        role="img",
        aria_label=label,
        viewBox=f"0 0 {WIDTH} {height:g}",
        width=WIDTH,
        height=height,
    )


def words(x: float, y: float, text: str, kind: str = "text", anchor: str | None = None) -> Html:
    """A line of text that stands on a point."""
    return tag("text", text, x=x, y=y, class_=kind, text_anchor=anchor)


def _fitted(name: str, text: str) -> str:
    """As much of a name as has room beside a text."""
    room = int(WIDTH / CHARACTER) - len(text) - 1
    return name if len(name) <= room else f"{name[: room - 1].rstrip()}…"


def bars(label: str, rows: Sequence[Bar]) -> Html:
    """Bars below each other, each with its name and its figure above it."""
    longest = max((bar.start + bar.length for bar in rows), default=0.0) or 1.0
    parts = []
    for place, bar in enumerate(rows):
        top = place * ROW
        parts += [
            words(0, top + 13, _fitted(bar.name, bar.text)),
            words(WIDTH - _EDGE, top + 13, bar.text, "muted", "end"),
            tag(
                "rect",
                x=WIDTH * bar.start / longest,
                y=top + LINE + 2,
                width=max(1.0, WIDTH * bar.length / longest),
                height=BAR,
                rx=1.5,
                class_=bar.kind,
            ),
        ]
    return plot(label, len(rows) * ROW, *parts)


def distributions(label: str, curves: Sequence[Curve], figure: Figure) -> Html:
    """How often each time was taken, one run below the other, on a scale of equal ratios."""
    scale = _time_scale(curves)
    step = LINE + RIDGE + 9
    parts = []
    for place, curve in enumerate(curves):
        base = place * step + LINE + RIDGE
        parts += [
            words(0, place * step + 12, _fitted(curve.name, curve.text)),
            words(WIDTH - _EDGE, place * step + 12, curve.text, "muted", "end"),
            tag("path", d=_outline(curve.histogram, scale, base), class_="cool ridge"),
            tag("line", x1=0, x2=WIDTH, y1=base, y2=base, class_="rule"),
            _mark(scale.place(curve.middle), base, "text"),
        ]
        if curve.slow is not None:
            parts.append(_mark(scale.place(curve.slow), base, "warm"))
    bottom = len(curves) * step - 5
    return plot(label, bottom + AXIS, *parts, _bottom_axis(scale, bottom, figure))


def _mark(x: float, base: float, kind: str) -> Html:
    return tag("line", x1=x, x2=x, y1=base - RIDGE, y2=base + 3, class_=f"mark {kind}")


def _time_scale(curves: Sequence[Curve]) -> LogScale:
    """From the fastest to the slowest; a hundredth of each run may be off its end."""
    ends: list[float] = []
    for curve in curves:
        low, high = np.quantile(curve.histogram.times(), [0.001, 0.99])
        ends += [float(low), float(high), curve.middle, curve.slow or curve.middle]
    return LogScale.around(ends, _EDGE, WIDTH - _EDGE, 1.05)


def _outline(histogram: Histogram, scale: LogScale, base: float) -> str:
    """The path of a distribution, in steps; as high as a ridge where it is highest."""
    buckets = np.log(np.array([scale.low, scale.high]) * NANOSECONDS) / np.log(GROWTH)
    first, last = np.floor(buckets).astype(int).tolist()
    each = -(-(last - first + 1) // BINS)
    counts = np.zeros((last - first) // each + 1)
    for bucket, count in histogram.counts.items():
        if first <= bucket <= last:
            counts[(bucket - first) // each] += count
    heights = RIDGE * counts / (counts.max() or 1.0)
    path = [f"M{_EDGE:g} {base:g}"]
    for place, height in enumerate(heights.tolist()):
        # empty stretches are one line
        if height or (place and heights[place - 1]):
            left = scale.place(GROWTH ** (first + place * each) / NANOSECONDS)
            right = scale.place(GROWTH ** (first + (place + 1) * each) / NANOSECONDS)
            path.append(f"H{left:.1f}V{base - height:.1f}H{right:.1f}")
    path.append(f"V{base:g}H{WIDTH - _EDGE:g}Z")
    return "".join(path)


def _bottom_axis(scale: LogScale, top: float, figure: Figure) -> Html:
    parts = []
    right = -1.0
    for value in scale.ticks():
        x, text = scale.place(value), figure(value)
        half = (len(text) + 1) * CHARACTER / 2  # with an m it is wider
        middle = min(max(x, half), WIDTH - half)
        if middle - half < right:
            continue
        right = middle + half + CHARACTER
        parts += [
            tag("line", x1=x, x2=x, y1=top, y2=top + 5, class_="muted-line"),
            words(middle, top + AXIS - 8, text, "muted", "middle"),
        ]
    return joined(*parts)


def scatter(
    label: str, dots: Sequence[Dot], figures: tuple[Figure, Figure], *, line: bool = False
) -> Html:
    """Dots in a plane of equal ratios, each with its name; ``line`` joins them in their order."""
    left, top, bottom = 52.0, 16.0, 196.0
    x = LogScale.around([dot.x for dot in dots], left + 14, WIDTH - 14, 1.25)
    y = LogScale.around([dot.y for dot in dots], bottom - 10, top + 10, 1.4)
    places = [(x.place(dot.x), y.place(dot.y), 4 + 12 * sqrt(dot.area)) for dot in dots]
    taken = [Box(a - r, b - r, a + r, b + r) for a, b, r in places]
    parts = []
    for value in y.ticks():
        height = y.place(value)
        parts += [
            tag("line", x1=left, x2=WIDTH, y1=height, y2=height, class_="rule"),
            words(left - 6, height + 4, figures[1](value), "muted", "end"),
        ]
    if line:
        path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b, _ in places)
        parts.append(tag("path", d=path, class_="cool-line"))
    parts += [tag("circle", cx=a, cy=b, r=r, class_="cool dot") for a, b, r in places]
    field = Box(left, 0, WIDTH, bottom)
    for dot, (a, b, r) in zip(dots, places, strict=True):
        if dot.name:
            parts.append(_named(dot.name, (a, b, r), taken, field, beside=not line))
    return plot(label, bottom + AXIS, *parts, _bottom_axis(x, bottom, figures[0]))


def _named(
    name: str, dot: tuple[float, float, float], taken: list[Box], field: Box, *, beside: bool
) -> Html:
    """A dot's name, beside it where nothing is yet, else as near as may be above or below."""
    x, y, radius = dot
    width = len(name) * CHARACTER
    centred = min(max(x - width / 2, field.left), field.right - width)
    sides = [(x + radius + 3, y - 7), (x - radius - 3 - width, y - 7)]
    levels = [
        (centred, y + way * (radius + 9 + LINE * step) - 7) for step in range(6) for way in (-1, 1)
    ]
    box = Box(0, 0, 0, 0)
    for left, top in (sides if beside else []) + levels:
        box = Box(left, top, left + width, top + 14)
        inside = box.left >= field.left and box.right <= field.right
        inside = inside and box.top >= field.top and box.bottom <= field.bottom
        if inside and not any(box.meets(other) for other in taken):
            break
    taken.append(box)
    return words(box.left, box.bottom - 3, name)
