"""Ink is found in any light, dark and light; where there is none, none is found."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from drawing import on_paper, photographed, typed
from examples import costly
from tinydigits.frame import Luma
from tinydigits.ink import POLARITIES, Ink, Paper, Polarity, Recipe, Scene

TEXTS = st.text("0123456789", min_size=1, max_size=5)
PAPERS: tuple[Paper, ...] = ("around", "mean")
RECIPES = st.builds(
    Recipe,
    st.sampled_from(POLARITIES),
    st.sampled_from(PAPERS),
    st.sampled_from([0.08, 0.2, 0.5, 1.2]),
    st.sampled_from([0.25, 0.4]),
    st.sampled_from([320, 640, 1280]),
)


def ink_of(frame: Luma, polarity: Polarity, window: float = 0.5, side: int = 1280) -> Ink:
    """The ink of a frame with paper around it."""
    return Scene(frame).ink(Recipe(polarity, "around", window, 0.4, side))


def agreement(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> float:
    """Intersection over union."""
    return float((one & other).sum() / (one | other).sum())


@given(
    TEXTS,
    st.integers(24, 90),
    st.floats(80, 140) | st.floats(-140, -80),
    st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
    st.floats(0, 8),
)
@costly(0.4)
def test_uneven_light(
    text: str, size: int, contrast: float, gradient: tuple[float, float], noise: float
) -> None:
    """A number's ink is found where it is, in uneven light and noise."""
    labels = on_paper(typed(text, size), size // 2)
    paper = 190 if contrast < 0 else 60
    frame = photographed(labels, paper=paper, contrast=contrast, gradient=gradient, noise=noise)
    ink = ink_of(frame, "dark" if contrast < 0 else "light")
    if ink.scale == 1:
        assert agreement(ink.mask, labels > 0) > 0.75


@pytest.mark.parametrize("panel", [60, 120, 240])
def test_panel(panel: int) -> None:
    """A faint number on a dark panel is ink, the panel and bold print outside it don't hide it."""
    labels = on_paper(typed("407", 60), 40)
    frame = np.pad(photographed(labels, paper=panel, contrast=-40), 60, constant_values=255)
    frame[10:30, 100:110] = 0
    ink = ink_of(frame, "dark", window=0.2)
    found = ink.mask[60:-60, 60:-60]
    inside = np.s_[15:-15, 15:-15]
    assert agreement(found[inside], labels[inside] > 0) > 0.7


@pytest.mark.parametrize(("size", "margin"), [(12, 6), (40, 15), (300, 100), (900, 300)])
@pytest.mark.parametrize("polarity", POLARITIES)
def test_scale(size: int, margin: int, polarity: Polarity) -> None:
    """In a tiny frame and in a huge one, the scale leads from the mask back to the frame."""
    labels = on_paper(typed("407", size), margin)
    paper, contrast = (200, -150) if polarity == "dark" else (40, 150)
    ink = ink_of(photographed(labels, paper=paper, contrast=contrast), polarity)
    assert ink.mask.shape == ink.luma.shape
    assert ink.mask.shape == tuple(math.ceil(side * ink.scale) for side in labels.shape)
    rows, columns = np.nonzero(ink.mask)
    known_rows, known_columns = np.nonzero(labels)
    for found, known in ((rows, known_rows), (columns, known_columns)):
        assert found.min() / ink.scale == pytest.approx(known.min(), abs=1 + 0.04 * size)
        assert found.max() / ink.scale == pytest.approx(known.max(), abs=1 + 0.04 * size)


@given(st.integers(0, 255), array_shapes(min_dims=2, max_dims=2, min_side=8, max_side=200), RECIPES)
@costly(0.6)
def test_blank(level: int, shape: tuple[int, int], recipe: Recipe) -> None:
    """A frame of one brightness has no ink."""
    assert not Scene(np.full(shape, level, np.uint8)).ink(recipe).mask.any()


@given(st.integers(-120, 120), st.integers(-120, 120), st.sampled_from(POLARITIES))
@costly(0.4)
def test_gradient(right: int, down: int, polarity: Polarity) -> None:
    """Nor has one in which nothing but the light changes, but for its edge."""
    blank = np.zeros((120, 160), np.bool_)
    frame = photographed(blank, paper=127, gradient=(right, down))
    assert not ink_of(frame, polarity, window=0.2).mask[20:-20, 20:-20].any()


@given(st.integers(0, 2**32 - 1), st.integers(20, 230), st.floats(0, 25), RECIPES)
@costly(0.4)
def test_noise(seed: int, level: int, sigma: float, recipe: Recipe) -> None:
    """Noise is next to no ink."""
    blank = np.zeros((120, 160), np.bool_)
    frame = photographed(blank, paper=level, noise=sigma, seed=seed)
    assert Scene(frame).ink(recipe).mask.mean() < 0.002


SHAPES = array_shapes(min_dims=2, max_dims=2, min_side=8, max_side=80)
FRAMES = st.one_of(
    arrays(np.uint8, SHAPES),
    arrays(np.uint8, SHAPES, elements=st.sampled_from([0, 254, 255])),
    st.tuples(TEXTS, st.integers(15, 60), st.floats(0, 30)).map(
        lambda drawn: photographed(on_paper(typed(drawn[0], drawn[1]), 9), noise=drawn[2])
    ),
)


@given(FRAMES, RECIPES)
@costly(0.4)
def test_any_frame(frame: Luma, recipe: Recipe) -> None:
    """Whatever a frame shows, its ink is a mask of its size, and the odds are one in sum."""
    frame.setflags(write=False)
    scene = Scene(frame)
    ink = scene.ink(recipe)
    assert ink.mask.dtype == np.bool_
    assert ink.mask.shape == pytest.approx([side * ink.scale for side in frame.shape], abs=1)
    assert np.array_equal(Scene(frame).ink(recipe).mask, ink.mask)
    assert scene.odds("dark") + scene.odds("light") == pytest.approx(1)
    assert 0 < scene.odds("dark") < 1


@given(TEXTS, st.integers(60, 90), st.floats(0, 30), st.sampled_from([0.08, 0.2, 0.5]))
@costly(0.2)
def test_inverse(text: str, size: int, noise: float, window: float) -> None:
    """Light ink is the dark ink of the inverse frame, but for rounding at the threshold."""
    # no smaller frame, as enlarging rounds too
    frame = photographed(on_paper(typed(text, size), 30), noise=noise)
    light = ink_of(frame, "light", window).mask
    dark = ink_of(255 - frame, "dark", window).mask
    assert (light != dark).mean() < 0.02


def test_distinct() -> None:
    """Recipes that average a small frame down to the same size are one."""
    recipes = [Recipe("dark", "around", 0.2, 0.4, side) for side in (640, 320)]
    assert Scene(np.zeros((100, 300), np.uint8)).distinct(recipes) == recipes[:1]
    assert Scene(np.zeros((100, 600), np.uint8)).distinct(recipes) == recipes


@pytest.mark.parametrize("shape", [(8, 8), (8, 6000), (6000, 8), (1281, 9), (9, 1281), (63, 65)])
def test_any_shape(shape: tuple[int, int]) -> None:
    """A frame may be as narrow and as long as it likes."""
    rng = np.random.default_rng(3)
    frame = rng.choice(np.array([20, 230], np.uint8), shape)
    for polarity in POLARITIES:
        assert ink_of(frame, polarity).mask.ndim == 2


@pytest.mark.parametrize("edge", [0, 255])
@pytest.mark.parametrize("step", [0, 1, 2])
def test_border(edge: int, step: int) -> None:
    """A border far outside the picture's own range leaves both polarities possible."""
    frame = np.full((640, 900), 128, np.uint8)
    frame[:, ::8] += step
    frame[[0, -1]] = edge
    frame[:, [0, -1]] = edge
    assert 0 < Scene(frame).odds("dark") < 1


@given(FRAMES, RECIPES, st.tuples(*[st.floats(-20, 220)] * 4))
@costly(0.6)
def test_part(frame: Luma, recipe: Recipe, corners: tuple[float, float, float, float]) -> None:
    """A part of a frame shows the ink that the whole frame shows there."""
    left, right = sorted(corners[::2])
    top, bottom = sorted(corners[1::2])
    whole, part = Scene(frame).ink(recipe), Scene(frame).ink(recipe, (left, top, right, bottom))
    inside = np.s_[part.part[1] : part.part[3], part.part[0] : part.part[2]]
    assert part.mask.size
    assert part.shape == whole.mask.shape
    assert np.array_equal(part.mask, whole.mask[inside])
    assert np.array_equal(part.luma, whole.luma[inside])
