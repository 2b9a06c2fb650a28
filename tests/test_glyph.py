"""A digit's glyph has MNIST's geometry, however large, thick, slanted or far off its ink is."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image, ImageDraw
from scipy import ndimage

from drawing import cropped, font_digit
from examples import costly
from tinydigits import glyph as module
from tinydigits.glyph import (
    GLYPH_SIZE,
    INK_BOX,
    INK_CENTRE,
    Glyph,
    fingerprint,
    normalize_glyph,
    normalize_glyphs,
    stroke_width,
)
from tinydigits_train.idx import MD5, read_mnist_file

Mask = npt.NDArray[np.bool_]

_, _, TEST_IMAGES, _ = MD5

DIGITS = "0123456789"
THRESHOLD = 96
"""From this value on, a pixel counts as ink."""


def overlap(one: Glyph, other: Glyph) -> float:
    """Ink that two glyphs share, as a share of the ink that either has."""
    both, either = np.minimum(one, other) >= THRESHOLD, np.maximum(one, other) >= THRESHOLD
    return float(both.sum() / either.sum())


def likeness(one: Glyph, other: Glyph) -> float:
    """Share of the ink that lies within a pixel of the other's, of the two shares the lesser."""
    inks = one >= THRESHOLD, other >= THRESHOLD
    return min(
        float(ndimage.binary_dilation(b, np.ones((3, 3)))[a].mean()) for a, b in (inks, inks[::-1])
    )


def centre(glyph: Glyph) -> tuple[float, float]:
    """Centre of mass, right and down, in pixels from the edge."""
    middles = np.arange(GLYPH_SIZE) + 0.5
    mass = glyph / glyph.sum()
    return float(mass.sum(axis=0) @ middles), float(mass.sum(axis=1) @ middles)


def slant(ink: npt.NDArray[np.bool_ | np.uint8]) -> float:
    """Columns to a row by which the ink leans to the left on its way down."""
    y, x = np.nonzero(ink)
    covariance = np.cov(x, y, bias=True, aweights=ink[y, x])
    return float(-covariance[0, 1] / covariance[1, 1])


def bar(width: float, angle: float, length: float = 80) -> Mask:
    """A bar of this width, turned by degrees, its middle between pixels."""
    half = max(50, int(length * 0.6))
    y, x = np.mgrid[-half:half, -half:half]
    u = (x - 0.3) * math.cos(math.radians(angle)) + (y + 0.2) * math.sin(math.radians(angle))
    v = (y + 0.2) * math.cos(math.radians(angle)) - (x - 0.3) * math.sin(math.radians(angle))
    return np.asarray((np.abs(u) < length / 2) & (np.abs(v) < width / 2))


POLYLINES = {
    "1": [[(12, 22), (30, 4), (30, 84)]],
    "2": [[(8, 24), (18, 6), (40, 6), (50, 22), (42, 46), (6, 82), (54, 82)]],
    "4": [[(40, 84), (40, 4), (4, 60), (56, 60)]],
    "5": [[(48, 6), (14, 6), (10, 40), (36, 36), (52, 58), (36, 82), (8, 76)]],
    "7": [[(6, 6), (54, 6), (24, 84)], [(18, 44), (50, 44)]],
    "8": [[(30, 44), (10, 24), (30, 4), (50, 24), (30, 44), (6, 64), (30, 84), (54, 64), (30, 44)]],
}


def pen(digit: str, width: int, lean: float = 0) -> Mask:
    """A digit of straight lines, drawn with a pen of this width and leaning to the right."""
    image = Image.new("L", (160, 110))
    draw = ImageDraw.Draw(image)
    for line in POLYLINES[digit]:
        points = [(x + 50 + lean * (44 - y), y + 10) for x, y in line]
        draw.line(points, fill=255, width=width, joint="curve")
    return np.asarray(image) > 127


@given(st.floats(4, 20), st.floats(0, 180))
def test_stroke_width_of_bars(width: float, angle: float) -> None:
    """A bar's width is found within a tenth at any angle, its two ends counted as strokes are."""
    drawn = bar(width, angle)
    exact = drawn.sum() / (80 + width)
    assert stroke_width(drawn) == pytest.approx(exact, rel=0.1)


@given(st.integers(10, 40), st.integers(4, 30))
def test_stroke_width_of_rings(radius: int, width: int) -> None:
    """A ring's width is found within a tenth or half a pixel."""
    y, x = np.mgrid[-42:43, -42:43]
    inner = max(0, radius - width)
    ring = (np.hypot(x, y) < radius) & (np.hypot(x, y) >= inner)
    assert stroke_width(ring) == pytest.approx(radius - inner, rel=0.1, abs=0.5)


def test_stroke_width_of_nothing() -> None:
    """No ink has no width, and paper around ink doesn't matter."""
    assert stroke_width(np.zeros((5, 9), np.bool_)) == 0
    assert stroke_width(np.pad(bar(9, 20), 7)) == stroke_width(bar(9, 20))


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("size", [20, 45, 150, 400])
def test_geometry(digit: str, size: int) -> None:
    """The longer side is 20 pixels, the centre of mass where MNIST's is, the rest is paper."""
    glyph = normalize_glyph(font_digit(digit, size))
    assert glyph.shape == (28, 28)
    assert glyph.dtype == np.uint8
    assert max(cropped(glyph >= THRESHOLD).shape) == pytest.approx(INK_BOX, abs=1)
    assert centre(glyph) == pytest.approx((INK_CENTRE, INK_CENTRE), abs=0.2)
    assert glyph.max() == 255
    assert np.median(glyph) == 0


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("factor", [2, 3, 4, 5, 6])
def test_any_size(digit: str, factor: int) -> None:
    """The same digit drawn larger is the same glyph, but for the finer edge."""
    small = font_digit(digit, 40)
    usual = normalize_glyph(small)
    larger = np.kron(small, np.ones((factor, factor))) > 0
    assert likeness(normalize_glyph(larger), usual) > 0.98
    assert likeness(normalize_glyph(font_digit(digit, 40 * factor)), usual) > 0.9


@given(st.sampled_from(DIGITS), st.tuples(*[st.integers(0, 90)] * 4))
@costly(0.6)
def test_any_place(digit: str, around: tuple[int, int, int, int]) -> None:
    """Paper around the ink is of no account."""
    above, below, left, right = around
    ink = font_digit(digit, 60)
    beside = np.pad(ink, ((0, below), (left, right)))
    assert np.array_equal(normalize_glyph(beside), normalize_glyph(ink))
    # where the first row lies decides how the shear is rounded
    padded = normalize_glyph(np.pad(beside, ((above, 0), (0, 0))))
    assert likeness(padded, normalize_glyph(ink)) > 0.95


@pytest.mark.parametrize("digit", POLYLINES)
@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_any_pen(digit: str, width: int) -> None:
    """Lines of 1 to 5 pixels become strokes of one width, and nearly the same glyph."""
    glyph, usual = normalize_glyph(pen(digit, width)), normalize_glyph(pen(digit, 4))
    assert likeness(glyph, usual) > 0.95
    assert stroke_width(glyph >= THRESHOLD) == pytest.approx(
        stroke_width(usual >= THRESHOLD), abs=0.4
    )


@pytest.mark.parametrize("digit", POLYLINES)
@pytest.mark.parametrize("lean", [-0.5, -0.2, 0.2, 0.5])
def test_upright(digit: str, lean: float) -> None:
    """A slant is taken out: what leans becomes the glyph of what stands."""
    leaning = pen(digit, 6, lean)
    assert slant(leaning) == pytest.approx(slant(pen(digit, 6)) + lean, abs=0.1)
    glyph = normalize_glyph(leaning)
    assert slant(glyph) == pytest.approx(0, abs=0.06)
    assert likeness(glyph, normalize_glyph(pen(digit, 6))) > 0.95


@pytest.mark.parametrize("angle", [0, 20, 45, 90])
def test_thin_pen(angle: float) -> None:
    """A stroke a hundred times as long as it is wide gets the width of all strokes."""
    glyph = normalize_glyph(bar(2, angle, length=300))
    assert np.count_nonzero(glyph >= 128) >= 15 * module.STROKE_WIDTH


def test_nothing() -> None:
    """No ink is an empty glyph, from a mask of any shape."""
    for shape in ((0, 0), (0, 4), (1, 1), (1, 500), (30, 20)):
        assert not normalize_glyph(np.zeros(shape, np.bool_)).any()


@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (2, 50), (50, 2), (40, 9)])
def test_dashes(shape: tuple[int, int]) -> None:
    """A dash or a bar is as long as a digit, centred, and surrounded by paper."""
    glyph = normalize_glyph(np.ones(shape, np.bool_))
    assert max(cropped(glyph >= THRESHOLD).shape) == pytest.approx(INK_BOX, abs=1)
    assert centre(glyph) == pytest.approx((INK_CENTRE, INK_CENTRE), abs=0.2)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (28, 28), (700, 700), (90, 60)])
def test_blocks(shape: tuple[int, int]) -> None:
    """A dot or a block is a glyph with ink, too."""
    assert normalize_glyph(np.ones(shape, np.bool_)).any()


@pytest.mark.parametrize("shape", [(3, 1000), (1000, 3), (1, 5000)])
def test_hairs(shape: tuple[int, int]) -> None:
    """A line far too thin to be seen at a glyph's size does no harm."""
    glyph = normalize_glyph(np.ones(shape, np.bool_))
    assert glyph.shape == (28, 28)
    assert glyph.mean() < 30


@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=40)))
@costly(0.6)
def test_any_mask(mask: Mask) -> None:
    """Any ink gives a glyph with ink, twice the same, and is itself only read."""
    mask.setflags(write=False)
    glyph = normalize_glyph(mask)
    assert glyph.shape == (28, 28)
    assert glyph.dtype == np.uint8
    assert glyph.any() == mask.any()
    again = np.asfortranarray(np.pad(mask, 1))[1:-1, 1:-1]
    assert np.array_equal(normalize_glyph(again), glyph)


def test_several() -> None:
    """Several digits become the glyphs that each becomes alone, in their order."""
    masks = [font_digit(digit, size) for digit, size in (("4", 30), ("1", 80), ("8", 55))]
    glyphs = normalize_glyphs([*masks, np.zeros((3, 3), np.bool_)])
    for glyph, mask in zip(glyphs, masks, strict=False):
        assert np.array_equal(glyph, normalize_glyph(mask))
    assert not glyphs[3].any()
    assert normalize_glyphs([]).shape == (0, 28, 28)


def test_fingerprint() -> None:
    """The fingerprint is a SHA-256 and stays what it is."""
    assert len(bytes.fromhex(fingerprint())) == 32
    assert fingerprint() == fingerprint()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INK_BOX", 19),
        ("INK_CENTRE", 14.0),
        ("STROKE_WIDTH", 2.9),
        ("MAX_SLANT", 0.0),
        ("_UNIT", 2),
        ("_upright", cropped),
        ("_widen", lambda grid, _: grid),
    ],
)
def test_other_fingerprint(
    name: str, value: float | Callable[..., Mask], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every step and constant that makes other glyphs makes another fingerprint."""
    usual = fingerprint()
    monkeypatch.setattr(module, name, value)
    assert fingerprint() != usual


def test_mnist(mnist_dir: Path) -> None:
    """MNIST's own digits, enlarged, become themselves again, but for their slant and stroke."""
    originals = read_mnist_file(mnist_dir, TEST_IMAGES)[:500]
    large = [
        np.asarray(Image.fromarray(image).resize((84, 84))) >= THRESHOLD for image in originals
    ]
    glyphs = normalize_glyphs(large)
    overlaps = [overlap(*pair) for pair in zip(glyphs, originals, strict=True)]
    assert np.median(overlaps) > 0.6
    shifts = [np.subtract(centre(g), centre(o)) for g, o in zip(glyphs, originals, strict=True)]
    assert np.abs(np.mean(shifts, axis=0)).max() < 0.1
    widths = [
        np.median([stroke_width(g >= THRESHOLD) for g in set_]) for set_ in (glyphs, originals)
    ]
    assert widths[0] == pytest.approx(widths[1], abs=0.4)
