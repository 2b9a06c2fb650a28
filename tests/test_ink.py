"""Ink is found in any light, dark and light; where there is none, none is found."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from drawing import boxes, on_paper, photographed, typed
from tinydigits.frame import Luma
from tinydigits.ink import POLARITIES, Ink, Polarity, find_ink
from tinydigits.segment import locate_digits

TEXTS = st.text("0123456789", min_size=1, max_size=5)


def boxes_in(ink: Ink) -> list[list[float]]:
    """The boxes of the digits in a candidate, in pixels of the frame."""
    digits = [digit for line in locate_digits(ink.mask) for digit in line]
    return [[side / ink.scale for side in digit.box] for digit in digits]


@given(
    TEXTS,
    st.integers(24, 90),
    st.floats(80, 140) | st.floats(-140, -80),
    st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
    st.floats(0, 8),
)
@settings(max_examples=40, deadline=None)
def test_first_candidate(
    text: str, size: int, contrast: float, gradient: tuple[float, float], noise: float
) -> None:
    """The first candidate shows a number's digits where they are, in uneven light and noise."""
    labels = on_paper(typed(text, size), size // 2)
    paper = 190 if contrast < 0 else 60
    frame = photographed(labels, paper=paper, contrast=contrast, gradient=gradient, noise=noise)
    ink = next(find_ink(frame))
    assert ink.polarity == ("dark" if contrast < 0 else "light")
    tolerance = max(2, 0.06 * size)
    located = boxes_in(ink)
    assert len(located) == len(text)
    for box, known in zip(located, boxes(labels), strict=True):
        assert box == pytest.approx(known, abs=tolerance)


@pytest.mark.parametrize(("size", "margin"), [(12, 6), (40, 15), (300, 100), (900, 300)])
@pytest.mark.parametrize("polarity", POLARITIES)
def test_scale(size: int, margin: int, polarity: Polarity) -> None:
    """In a tiny frame and in a huge one, the scale leads from the mask back to the frame."""
    labels = on_paper(typed("407", size), margin)
    paper, contrast = (200, -150) if polarity == "dark" else (40, 150)
    ink = next(find_ink(photographed(labels, paper=paper, contrast=contrast)))
    assert ink.mask.shape == tuple(math.ceil(side * ink.scale) for side in labels.shape)
    located = boxes_in(ink)
    assert len(located) == 3
    for box, known in zip(located, boxes(labels), strict=True):
        assert box == pytest.approx(known, abs=1 + 0.04 * size)


@given(st.integers(0, 255), array_shapes(min_dims=2, max_dims=2, min_side=8, max_side=200))
@settings(max_examples=60, deadline=None)
def test_blank(level: int, shape: tuple[int, int]) -> None:
    """A frame of one brightness has no ink."""
    assert list(find_ink(np.full(shape, level, np.uint8))) == []


@given(st.integers(0, 2**32 - 1), st.integers(20, 230), st.floats(0, 25))
@settings(max_examples=40, deadline=None)
def test_noise(seed: int, level: int, sigma: float) -> None:
    """Noise alone is no ink."""
    blank = np.zeros((120, 160), np.bool_)
    frame = photographed(blank, paper=level, noise=sigma, seed=seed)
    assert list(find_ink(frame)) == []


SHAPES = array_shapes(min_dims=2, max_dims=2, min_side=8, max_side=80)
FRAMES = st.one_of(
    arrays(np.uint8, SHAPES),
    arrays(np.uint8, SHAPES, elements=st.sampled_from([0, 254, 255])),
    st.tuples(TEXTS, st.integers(15, 60), st.floats(0, 30)).map(
        lambda drawn: photographed(on_paper(typed(drawn[0], drawn[1]), 9), noise=drawn[2])
    ),
)


@given(FRAMES)
@settings(max_examples=40, deadline=None)
def test_candidates(frame: Luma) -> None:
    """Candidates come with the likelier polarity first; the odds of both are one in sum."""
    frame.setflags(write=False)
    inks = list(find_ink(frame))
    assert [ink.weight for ink in inks] == sorted((ink.weight for ink in inks), reverse=True)
    for ink in inks:
        assert ink.mask.dtype == np.bool_
        assert ink.mask.any()
        assert 0 < ink.weight < 1
        expected = [side * ink.scale for side in frame.shape]
        assert ink.mask.shape == pytest.approx(expected, abs=1)
    weights = {ink.polarity: ink.weight for ink in inks}
    assert [weights[ink.polarity] for ink in inks] == [ink.weight for ink in inks]
    if len(weights) == 2:
        assert sum(weights.values()) == pytest.approx(1)


@given(FRAMES, st.sampled_from(POLARITIES))
@settings(max_examples=40, deadline=None)
def test_one_polarity(frame: Luma, polarity: Polarity) -> None:
    """Where the polarity is known, the other is not looked for, and what is found is the same."""
    alone = list(find_ink(frame, (polarity,)))
    among = [ink for ink in find_ink(frame) if ink.polarity == polarity]
    assert [(ink.polarity, ink.weight) for ink in alone] == [(polarity, 1.0)] * len(among)
    for one, other in zip(alone, among, strict=True):
        assert np.array_equal(one.mask, other.mask)


@pytest.mark.parametrize("shape", [(8, 8), (8, 6000), (6000, 8), (1281, 9), (9, 1281), (63, 65)])
def test_any_shape(shape: tuple[int, int]) -> None:
    """A frame may be as narrow and as long as it likes."""
    rng = np.random.default_rng(3)
    frame = rng.choice(np.array([20, 230], np.uint8), shape)
    for ink in find_ink(frame):
        assert ink.mask.ndim == 2
        assert 0 < ink.weight < 1


@pytest.mark.parametrize("edge", [0, 255])
@pytest.mark.parametrize("step", [0, 1, 2])
def test_border(edge: int, step: int) -> None:
    """A border far outside the picture's own range leaves both polarities possible."""
    frame = np.full((640, 900), 128, np.uint8)
    frame[:, ::8] += step
    frame[[0, -1]] = edge
    frame[:, [0, -1]] = edge
    inks = list(find_ink(frame))
    assert inks
    assert all(0 < ink.weight < 1 for ink in inks)
