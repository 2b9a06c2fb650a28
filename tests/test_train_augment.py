"""Augmentation changes glyphs as a writer, a pen or dirt would, the same way for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from examples import costly
from samples import sample_glyphs
from tinydigits.classifier import Glyphs
from tinydigits_train.augment import Augmentation, grown

STILL = Augmentation(turn=0, shear=0, scale=0, shift=0, bend=0, level=0)
EVERYTHING = Augmentation(thickened=0.5, thinned=0.3, soiled=0.5, broken=0.5)


def digits() -> Glyphs:
    """Two hundred of them."""
    return sample_glyphs()[0][:200]


def test_nothing_to_change() -> None:
    """Without any strength a glyph stays what it is."""
    assert np.array_equal(STILL(digits(), np.random.default_rng(0)), digits())


@given(st.integers(0, 5).flatmap(lambda n: arrays(np.uint8, (n, 28, 28))), st.integers(0, 9))
@costly(0.3)
def test_any_glyphs(glyphs: Glyphs, seed: int) -> None:
    """Any number of any glyphs gives as many, the same ones for the same seed."""
    one, two = (EVERYTHING(glyphs, np.random.default_rng(seed)) for _ in range(2))
    assert one.shape == glyphs.shape
    assert one.dtype == np.uint8
    assert np.array_equal(one, two)


def test_leaves_what_it_was_given() -> None:
    """The glyphs that come in are not written to."""
    before = digits().copy()
    EVERYTHING(digits(), np.random.default_rng(0))
    assert np.array_equal(digits(), before)


@pytest.mark.parametrize(
    ("strength", "due"),
    [({"shift": 2.0}, (2.0, 2.0)), ({"turn": 0.01}, (0, 0)), ({"shear": 0.001}, (0, 0))],
)
def test_shift(strength: dict[str, float], due: tuple[float, float]) -> None:
    """A centred dot moves as far as was asked for, and not at all when it is only turned."""
    dot = np.zeros((500, 28, 28), np.uint8)
    dot[:, 12:16, 12:16] = 255
    changed = Augmentation(**{**vars(STILL), **strength})(dot, np.random.default_rng(0))
    weights = changed / changed.sum(axis=(1, 2), keepdims=True)
    moved = [(weights * axis).sum(axis=(1, 2)) - 13.5 for axis in np.mgrid[0:28, 0:28]]
    assert np.std(moved, axis=1) == pytest.approx(due, abs=0.25)


def test_thickness() -> None:
    """Strokes are grown to both sides by up to a pixel, or shrunk."""
    bar = np.zeros((300, 28, 28), np.float32)
    bar[:, 4:24, 12:15] = 255
    share = np.linspace(0, 1, 300, dtype=np.float32)
    width = grown(bar, share)[:, 14].sum(axis=1) / 255
    np.testing.assert_allclose(width, 3 + 2 * share, rtol=1e-5)
    thick, thin = (
        Augmentation(**{**vars(STILL), name: 1.0})(bar.astype(np.uint8), np.random.default_rng(0))
        for name in ("thickened", "thinned")
    )
    assert 3 * 255 < thick[:, 14].sum(axis=1).mean() < 5 * 255
    assert 2 * 255 < thin[:, 14].sum(axis=1).mean() < 3 * 255


def test_specks() -> None:
    """On average half of the largest share of pixels turns to ink, where specks are asked for."""
    paper = np.zeros((400, 28, 28), np.uint8)
    soil = Augmentation(**{**vars(STILL), "soiled": 0.5, "specks": 0.04})
    soiled = soil(paper, np.random.default_rng(0)) == 255
    assert soiled.mean() == pytest.approx(0.01, rel=0.15)
    assert 0.4 < soiled.any(axis=(1, 2)).mean() < 0.6


def test_breaks() -> None:
    """A gap takes ink from every glyph, and at most a square of four pixels."""
    breaking = Augmentation(**{**vars(STILL), "broken": 1.0})
    before, after = digits() >= 96, breaking(digits(), np.random.default_rng(0)) >= 96
    lost = (before & ~after).sum(axis=(1, 2))
    assert not (after & ~before).any()
    assert lost.min() >= 1
    assert lost.max() <= 16
