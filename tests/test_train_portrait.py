"""The pictures of a report show what the data and the model have."""

from __future__ import annotations

import numpy as np
import pytest

from tinydigits.classifier import DIGITS
from tinydigits_train.datasets import DataSet
from tinydigits_train.measure import measure
from tinydigits_train.portrait import (
    EXAMPLES_SHOWN,
    MOST_CONFIDENT,
    THRESHOLDS,
    read_glyph,
    read_signed,
    show_mistakes,
    try_thresholds,
    two_levels,
    view_coefficients,
    view_data,
)


def test_data(bundled: DataSet) -> None:
    """Counts, mean digits and brightness are those of the glyphs."""
    half = np.arange(900)
    view = view_data(bundled, {"half": half, "rest": np.arange(900, 1797)}, 96)
    assert view.source == bundled.source()
    assert sum(view.counts["half"]) == 900
    assert sum(view.counts["rest"]) == 897
    assert view.counts["half"][3] == (bundled.labels[half] == 3).sum()
    mean = bundled.glyphs[bundled.labels == 7].mean(axis=0)
    assert np.abs(read_glyph(view.mean_digits[7]) - mean).max() <= 0.5
    assert sum(view.brightness) == bundled.glyphs.size
    assert view.brightness[-1] == (bundled.glyphs >= 248).sum()
    assert view.ink_share == pytest.approx((bundled.glyphs >= 96).mean())


def test_data_without_some_digits(bundled: DataSet) -> None:
    """A set to measure with need not show every digit: the mean of none is empty paper."""
    only = bundled.take(np.flatnonzero(bundled.labels == 4))
    view = view_data(only, {"all": np.arange(len(only))}, 96)
    assert view.counts["all"] == (0, 0, 0, 0, len(only), 0, 0, 0, 0, 0)
    assert not read_glyph(view.mean_digits[0]).any()


def test_mistakes(bundled: DataSet) -> None:
    """Mistakes come most confident first, pairs most frequent first, each with its own glyphs."""
    rng = np.random.default_rng(0)
    glyphs, truth = bundled.glyphs[:600], bundled.labels[:600]
    probabilities = rng.dirichlet(np.ones(10), 600)
    # more certain of themselves, and often right
    probabilities[np.arange(600), truth] += rng.uniform(0, 1, 600)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    measures = measure(probabilities, truth, DIGITS)
    pairs, mistakes = show_mistakes(glyphs, probabilities, truth, measures)
    read = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(read != truth)
    surest = wrong[np.argsort(-probabilities[wrong].max(axis=1))][:MOST_CONFIDENT]
    assert [m.confidence for m in mistakes] == pytest.approx(probabilities[surest].max(axis=1))
    for mistake, k in zip(mistakes, surest, strict=True):
        assert (mistake.truth, mistake.read) == (DIGITS[truth[k]], DIGITS[read[k]])
        assert np.array_equal(read_glyph(mistake.glyph), glyphs[k])
    counts = [(pair.truth, pair.read, pair.count) for pair in pairs]
    assert counts == [(w.truth, w.read, w.count) for w in measures.worst[: len(pairs)]]
    for pair in pairs:
        assert 0 < len(pair.glyphs) <= min(pair.count, EXAMPLES_SHOWN)
        due = {
            glyphs[k].tobytes() for k in wrong if f"{truth[k]}{read[k]}" == pair.truth + pair.read
        }
        assert set(pair.glyphs) <= due


def test_nothing_wrong(bundled: DataSet) -> None:
    """Where everything is read right there is nothing to show."""
    truth = bundled.labels[:50]
    certain = np.eye(10)[truth]
    assert show_mistakes(bundled.glyphs[:50], certain, truth, measure(certain, truth, DIGITS)) == (
        (),
        (),
    )


def test_coefficients() -> None:
    """Each row of weights is a picture, and the largest of all is the scale."""
    weights = np.random.default_rng(0).normal(size=(10, 784))
    seen = view_coefficients(weights, np.arange(10.0), DIGITS)
    pictures = np.stack([read_signed(picture) for picture in seen.pictures])
    assert np.allclose(pictures.reshape(10, 784), weights)
    assert seen.intercepts == tuple(range(10))
    assert seen.largest == np.abs(weights).max()


def test_thresholds(bundled: DataSet) -> None:
    """At each threshold the glyphs are cut there, and nowhere else."""
    glyphs = bundled.glyphs[:30]
    points = try_thresholds(glyphs, lambda cut: float((cut == 255).mean()))
    assert tuple(point.threshold for point in points) == THRESHOLDS
    assert [p.accuracy for p in points] == [(glyphs >= level).mean() for level in THRESHOLDS]


def test_two_levels() -> None:
    """A pixel of the threshold's own value is ink."""
    assert two_levels(np.array([[95, 96, 255]], np.uint8), 96).tolist() == [[0, 255, 255]]
