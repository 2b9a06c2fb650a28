"""Pictures prepared as the tutorial prepares them, and in the ways it only suggests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageFilter
from sklearn.preprocessing import Binarizer, MinMaxScaler

from examples import costly
from tinydigits.classifier import Glyphs
from tinydigits_train.datasets import DataSet, through_device
from tinydigits_train.preparations import (
    AS_GIVEN,
    MOVED,
    PREPARATIONS,
    RECENTRED,
    binarized,
    edges_enhanced,
    glyph_sets,
    min_max_scaled,
    moved_at_random,
    raw,
    reduced,
    with_edges,
)

Glyph = npt.NDArray[np.uint8]
some_glyphs = arrays(np.uint8, (3, 28, 28))


@pytest.fixture(scope="module")
def glyphs(bundled: DataSet) -> Glyphs:
    """The first forty of scikit-learn's digits."""
    return bundled.glyphs[:40]


@given(some_glyphs)
@costly(0.2)
def test_raw(glyphs: Glyphs) -> None:
    """Raw is every pixel's brightness as it is."""
    assert np.array_equal(raw(glyphs).reshape(glyphs.shape), glyphs)


def test_scaled_as_scikit_learn_scales(glyphs: Glyphs) -> None:
    """Brightness over the whole range is what scikit-learn's scaler gives from 0 to 255."""
    scaler = MinMaxScaler().fit(np.repeat([[0.0], [255.0]], 784, axis=1))
    assert np.allclose(min_max_scaled(glyphs), scaler.transform(raw(glyphs)))


def test_binarized_as_scikit_learn_does(glyphs: Glyphs) -> None:
    """A pixel is ink from the threshold on, which scikit-learn's binarizer excludes."""
    assert np.array_equal(binarized(glyphs, 96), Binarizer(threshold=95).transform(raw(glyphs)))


@pytest.mark.parametrize("levels", [2, 4, 16])
def test_reduced(levels: int) -> None:
    """So many levels are left, evenly from 0 to 255, and brighter never becomes darker."""
    every = np.resize(np.arange(256, dtype=np.uint8), (1, 28, 28))
    seen = reduced(every, levels)[0, :256]
    assert np.array_equal(np.unique(seen), np.arange(levels) * (255 // (levels - 1)))
    assert np.all(np.diff(seen) >= 0)
    assert np.unique(seen, return_counts=True)[1].tolist() == [256 // levels] * levels


def test_edges(glyphs: Glyphs) -> None:
    """The edges stand behind the brightness, as Pillow finds them in each picture by itself."""
    seen = with_edges(glyphs)
    assert seen.shape == (40, 1568)
    assert np.array_equal(seen[:, :784], raw(glyphs))
    found = Image.fromarray(glyphs[7]).filter(ImageFilter.FIND_EDGES)
    assert np.array_equal(seen[7, 784:].reshape(28, 28), np.asarray(found))


def test_edges_enhanced(glyphs: Glyphs) -> None:
    """Enhanced is what Pillow's filter makes of each picture by itself."""
    enhanced = Image.fromarray(glyphs[7]).filter(ImageFilter.EDGE_ENHANCE)
    assert np.array_equal(edges_enhanced(glyphs)[7].reshape(28, 28), np.asarray(enhanced))


@given(some_glyphs, st.integers(0, 99))
@costly(0.3)
def test_moved(glyphs: Glyphs, seed: int) -> None:
    """A moved digit is the same digit somewhere else: no ink is lost, added or turned over."""
    # ink inside of a frame of paper, that it has room
    glyphs[:, :9] = glyphs[:, -4:] = glyphs[:, :, :6] = glyphs[:, :, -7:] = 0
    moved = moved_at_random(glyphs, np.random.default_rng(seed))
    for before, after in zip(glyphs, moved, strict=True):
        assert np.array_equal(ink_alone(before), ink_alone(after))


def ink_alone(glyph: Glyph) -> Glyph:
    """The smallest part of a picture that has all its ink."""
    rows, columns = (np.flatnonzero(glyph.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return glyph[:0, :0]
    return glyph[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def test_moves_everywhere() -> None:
    """A dot in the middle comes to every side of the field."""
    dots = np.zeros((2000, 28, 28), np.uint8)
    dots[:, 14, 14] = 255
    _, rows, columns = np.nonzero(moved_at_random(dots, np.random.default_rng(0)))
    for places in (rows, columns):
        assert (places.min(), places.max()) == (0, 27)


def test_glyph_sets(glyphs: Glyphs) -> None:
    """The device's own glyph step brings moved digits back to where it brings unmoved ones."""
    sets = glyph_sets(glyphs, 1)
    assert np.array_equal(sets[AS_GIVEN], glyphs)
    assert not np.array_equal(sets[MOVED], glyphs)
    unmoved = through_device(glyphs).astype(int)
    differing = np.abs(sets[RECENTRED] - unmoved) > 64
    assert differing.mean() < 0.01


def test_every_preparation(glyphs: Glyphs) -> None:
    """Every preparation has a name of its own and gives as many numbers for test as for train."""
    assert len({preparation.name for preparation in PREPARATIONS}) == len(PREPARATIONS) == 10
    for preparation in PREPARATIONS:
        train = preparation.features(glyphs)
        test = (preparation.test_features or preparation.features)(glyphs)
        assert train.dtype == test.dtype == np.float32
        assert train.shape == test.shape
        assert len(np.unique(test)) <= 2**preparation.bits
