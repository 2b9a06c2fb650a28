"""Figures draw the numbers of a report, and say in words what they draw."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports import sample_article, sample_evaluation, sample_fit
from tinydigits_train.article_plots import blanked_dots, iteration_curves, variant_dots
from tinydigits_train.plots import (
    brightness_histogram,
    coverage_curve,
    reliability_diagram,
    threshold_curve,
)
from tinydigits_train.svg import PALETTE, inline_svg


def drawn(axes: Axes) -> list[list[tuple[float, float]]]:
    """The points of every line, in the order of drawing."""
    return [
        list(zip(np.ravel(x).tolist(), np.ravel(y).tolist(), strict=True))
        for x, y in (line.get_data() for line in axes.lines)
    ]


def bars(axes: Axes) -> list[float]:
    """The heights of all bars."""
    return [patch.get_height() for patch in axes.patches]  # type: ignore[attr-defined]


def words(figure: Figure) -> list[str]:
    """Every text of a figure that is not empty, ticks and legends too."""
    found: list[Any] = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return [text for text in (artist.get_text() for artist in found) if text]


def test_brightness() -> None:
    """Each bin of brightness has a bar, and the line is at the threshold."""
    data = sample_fit().data
    figure = brightness_histogram(data)
    assert bars(figure.axes[0]) == list(data.brightness)
    assert drawn(figure.axes[0])[0][0][0] == data.threshold
    assert f"ink {100 * data.ink_share:.1f} %" in words(figure)
    assert f"{sum(data.brightness):,} pixels" in str(figure.get_label())


def test_reliability() -> None:
    """Each bin that holds digits has a dot at its means, and a bar as high as its number."""
    measures = sample_fit().measures
    figure = reliability_diagram(measures)
    bins = [b for b in measures.reliability if b.count]
    diagonal, dots = drawn(figure.axes[0])
    assert diagonal == [(0, 0), (1, 1)]
    assert dots == [(b.confidence, b.accuracy) for b in bins]
    assert bars(figure.axes[1]) == [b.count for b in bins]
    error = f"{100 * measures.calibration_error:.2f} %"
    assert f"calibration error {error}" in words(figure)
    assert error in str(figure.get_label())


def test_coverage() -> None:
    """A curve for each way of reading, of what is rejected and what is wrong among the rest."""
    report = sample_fit()
    curves = {"as given": report.measures.coverage, "as the device reads": report.device_coverage}
    figure = coverage_curve(curves)
    assert drawn(figure.axes[0]) == [
        [(1 - point.coverage, point.error) for point in curve] for curve in curves.values()
    ]
    assert set(curves) <= set(words(figure))
    assert f"{100 * report.device_coverage[0].error:.2f} % errors" in str(figure.get_label())


def test_coverage_of_one() -> None:
    """A single curve needs no legend."""
    figure = coverage_curve({"as given": sample_evaluation().measures.coverage})
    assert len(figure.axes[0].lines) == 1
    assert figure.axes[0].get_legend() is None


@pytest.mark.parametrize("own", [96, 100])
def test_thresholds(own: int) -> None:
    """All thresholds are drawn; the model's own is marked, with its accuracy where it was tried."""
    points = sample_fit().portrait.thresholds
    figure = threshold_curve(points, own)
    curve, line, *mark = drawn(figure.axes[0])
    assert curve == [(p.threshold, p.accuracy) for p in points]
    assert line[0][0] == own
    tried = [(p.threshold, p.accuracy) for p in points if p.threshold == own]
    assert mark == ([tried] if tried else [])
    said = f"{own}: {100 * tried[0][1]:.2f} %" if tried else f"{own}"
    assert said in words(figure)


def test_variants() -> None:
    """A dot for each variant and order; one far below the others is told in numbers."""
    variants = sample_article().variants
    near = [v for v in variants if v.name != "moved"]
    figure = variant_dots(variants)
    dots = [accuracy for line in drawn(figure.axes[0]) for accuracy, _ in line]
    assert sorted(dots) == sorted(v.accuracy for v in near)
    far = " and ".join(f"{100 * v.accuracy:.1f} %" for v in variants if v.name == "moved")
    assert {"raw", "raw + edges", "moved", f"◂ {far}"} <= set(words(figure))
    assert "moved in OpenML order" in str(figure.get_label())


@pytest.mark.parametrize("name", ["raw", "raw + edges"])
def test_iterations(name: str) -> None:
    """Both parts are drawn, the tutorial's four iterations, and where the solver converged."""
    points = sample_article().iterations[name]
    figure = iteration_curves(name, points, 0.6)
    train, test, four, *ring = drawn(figure.axes[0])
    assert train == [(p.iterations, p.train_accuracy) for p in points]
    assert test == [(p.iterations, p.test_accuracy) for p in points]
    assert four[0][0] == 4
    assert ring == [[(p.iterations, p.test_accuracy)] for p in points if p.converged]
    assert ("converged" in words(figure)) == bool(ring)
    assert ("not converged" in str(figure.get_label())) == (not ring)


def test_blanked() -> None:
    """Each digit has its five shares, those of ink taken left and of ink put right."""
    blanked = sample_article().blanked
    for axes, there, elsewhere in zip(
        blanked_dots(blanked).axes,
        ("bright_blanked", "dark_inked"),
        ("others_blanked", "others_inked"),
        strict=True,
    ):
        dots = [line[0] for line in drawn(axes) if len(line) == 1]
        assert dots == [
            (share, row)
            for row, b in enumerate(blanked)
            for share in (b.untouched, getattr(b, elsewhere), getattr(b, there))
        ]


def figures() -> dict[str, Figure]:
    """One of each."""
    fit, article = sample_fit(), sample_article()
    return {
        "brightness": brightness_histogram(fit.data),
        "reliability": reliability_diagram(fit.measures),
        "coverage": coverage_curve({"as given": fit.measures.coverage, "b": fit.device_coverage}),
        "thresholds": threshold_curve(fit.portrait.thresholds, 96),
        "variants": variant_dots(article.variants),
        "iterations": iteration_curves("raw", article.iterations["raw"], 0.6),
        "blanked": blanked_dots(article.blanked),
    }


@cache
def svgs() -> dict[str, str]:
    """The same as SVG."""
    return {name: inline_svg(figure, name) for name, figure in figures().items()}


def test_svg() -> None:
    """As SVG a figure keeps its text, has a title and no other colours than the page's."""
    for name, figure in figures().items():
        svg = svgs()[name]
        root = ET.fromstring(svg)  # noqa: S314  # our own
        texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
        assert len(texts) >= 4
        assert root[0].text == figure.get_label()
        assert (root.get("role"), root.get("aria-labelledby")) == ("img", root[0].get("id"))
        assert not re.findall(r"#[0-9a-f]{6}\b", svg)
        assert set(re.findall(r"var\(--(\w+)\)", svg)) <= set(PALETTE)
        assert "<style" not in svg
        assert "<metadata" not in svg


def test_ids() -> None:
    """Two figures of a page share no id, and refer to those that are there."""
    ids = [found for svg in svgs().values() for found in re.findall(r'\bid="([^"]+)"', svg)]
    assert len(ids) == len(set(ids))
    for svg in svgs().values():
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= set(ids)
        assert set(re.findall(r'xlink:href="#([^"]+)"', svg)) <= set(ids)


def test_names_are_not_mathematics() -> None:
    """A name with dollars and angle brackets stays what it is."""
    name = "<b>$x_1$</b>"
    figure = iteration_curves(name, sample_article().iterations["raw"], 0.6)
    svg = inline_svg(figure, "hostile")
    assert "&lt;b&gt;$x_1$&lt;/b&gt;" in svg
    assert "<b>" not in svg
