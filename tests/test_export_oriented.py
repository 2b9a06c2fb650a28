"""Oriented features tell directions apart, and every runtime computes the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from examples import costly
from samples import THRESHOLD, sample_glyphs
from tinydigits.classifier import Glyphs
from tinydigits_export.features import BITS, Computer, Features, feature_model
from tinydigits_export.graph import to_bits
from tinydigits_export.oriented import CELLS, DIRECTIONS, Oriented, filter_bank
from tinydigits_export.reference import reference

compute = Computer(Oriented(), THRESHOLD)


def test_filters() -> None:
    """A filter says nothing of an even field, and at most 1 of any bits."""
    bank = filter_bank()
    assert bank.shape == (2 * DIRECTIONS, 7, 7)
    assert np.abs(bank.sum(axis=(1, 2))).max() < 1e-6
    np.testing.assert_allclose(bank.clip(0).sum(axis=(1, 2)), 1, atol=1e-6)


@pytest.mark.parametrize("own", range(2 * DIRECTIONS))
def test_a_filter_answers_to_its_own_direction(own: int) -> None:
    """An edge across a filter's direction, or a line's end in it, stirs it more than its kind."""
    angle = np.pi * (own % DIRECTIONS) / DIRECTIONS
    y, x = np.mgrid[-3:4, -3:4]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    shown = along > 0
    kind = range(DIRECTIONS)
    if own >= DIRECTIONS:  # a line as wide as a stroke begins here
        shown, kind = shown & (np.abs(across) < 1.3), range(DIRECTIONS, 2 * DIRECTIONS)
    answers = np.abs((filter_bank() * shown).sum(axis=(1, 2)))
    assert max(kind, key=lambda k: answers[k]) == own


def test_shape() -> None:
    """Sixteen responses in 49 squares to a glyph, and none below the root's offset."""
    glyphs, _ = sample_glyphs()
    found = compute(glyphs[:3])
    assert found.shape == (3, Oriented().size) == (3, 16 * CELLS * CELLS)
    assert found.min() >= 0.03
    assert compute(glyphs[:0]).shape == (0, 784)


def test_batches() -> None:
    """Glyphs one by one give what they give together."""
    glyphs, _ = sample_glyphs()
    together = compute(glyphs[:300])
    for k in (0, 249, 250, 299):
        np.testing.assert_allclose(compute(glyphs[k : k + 1])[0], together[k], rtol=0, atol=1e-6)


def test_moved_digit() -> None:
    """A digit moved by two pixels has the same features: it is centred first."""
    glyph = np.zeros((2, 28, 28), np.uint8)
    glyph[0, 5:21, 10:13] = glyph[0, 5:8, 8:18] = 255
    glyph[1, 7:23, 8:11] = glyph[1, 7:10, 6:16] = 255
    one, two = compute(glyph)
    np.testing.assert_allclose(one, two, rtol=0, atol=1e-5)


def test_specked_digit() -> None:
    """Specks on paper change nothing at all."""
    glyph = np.zeros((2, 28, 28), np.uint8)
    glyph[:, 5:21, 10:13] = 255
    glyph[1, 2, ::3] = glyph[1, 25, ::5] = 255
    one, two = compute(glyph)
    assert np.array_equal(one, two)


@given(st.integers(1, 5).flatmap(lambda n: arrays(np.uint8, (n, 28, 28))))
@costly(0.25)
def test_runtimes_agree(glyphs: Glyphs) -> None:
    """The reference runtime computes the same features of any glyphs."""
    agree(Oriented(), glyphs)


def test_runtimes_agree_on_digits() -> None:
    """And of digits."""
    agree(Oriented(), sample_glyphs()[0][:400])


def agree(features: Features, glyphs: Glyphs) -> None:
    """Compare ONNX Runtime with the reference."""
    found = Computer(features, THRESHOLD)(glyphs)
    outputs = reference(feature_model(features, THRESHOLD)).run(["features"], {"ink": glyphs})
    np.testing.assert_allclose(found, np.asarray(outputs)[0], rtol=0, atol=2e-5)


def test_bits() -> None:
    """The features of the linear model are the bits, in its graph as in NumPy."""
    glyphs, _ = sample_glyphs()
    due = to_bits(glyphs[:50], THRESHOLD)
    assert np.array_equal(Computer(BITS, THRESHOLD)(glyphs[:50]), due)
    (found,) = reference(feature_model(BITS, THRESHOLD)).run(None, {"ink": glyphs[:50]})
    assert np.array_equal(found, due)
