"""Regions are cut out of the frame and put upright, and their boxes find the way back."""

from __future__ import annotations

from math import cos, hypot, radians, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tinydigits.errors import ConfigError
from tinydigits.frame import Luma
from tinydigits.region import Corners, Point, Rectifier, checked_corners, rectified_size

RECTANGLE = checked_corners([(30, 20), (130, 20), (130, 60), (30, 60)])


def turned(degrees: float, size: tuple[float, float] = (120, 40)) -> Corners:
    """A rectangle around (160, 120), turned clockwise."""
    turn, (width, height) = radians(degrees), size
    around = [(x * width / 2, y * height / 2) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return checked_corners(
        [
            (160 + x * cos(turn) - y * sin(turn), 120 + x * sin(turn) + y * cos(turn))
            for x, y in around
        ]
    )


@st.composite
def quadrilaterals(draw: st.DrawFn) -> Corners:
    """A rectangle seen at a slant: each corner up to a fifth of its sides off."""
    width, height = draw(st.floats(40, 200)), draw(st.floats(20, 120))
    off = st.floats(-0.2, 0.2)
    return checked_corners(
        [
            (100 + (x + draw(off)) * width, 100 + (y + draw(off)) * height)
            for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))
        ]
    )


def test_upright_is_a_part() -> None:
    """An upright rectangle is the very pixels of the frame, without a copy."""
    luma = np.arange(200 * 100, dtype=np.uint32).astype(np.uint8).reshape(100, 200)
    part = Rectifier(RECTANGLE).rectify(luma)
    assert np.array_equal(part, luma[20:60, 30:130])
    assert np.shares_memory(part, luma)


@given(quadrilaterals())
def test_corners_go_to_corners(corners: Corners) -> None:
    """The corners of the upright picture are the corners in the frame."""
    rectifier = Rectifier(corners)
    width, height = rectifier.size
    upright = (Point(0, 0), Point(width, 0), Point(width, height), Point(0, height))
    for point, corner in zip(upright, corners, strict=True):
        found = rectifier.in_frame(point)
        assert hypot(found.x - corner.x, found.y - corner.y) < 1e-6


@given(quadrilaterals(), st.floats(0.1, 0.9), st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_straight_stays_straight(corners: Corners, u: float, v: float, t: float) -> None:
    """A perspective keeps lines: what is between two points of a line is so in the frame too."""
    rectifier = Rectifier(corners)
    width, height = rectifier.size
    a, b = Point(u * width, 0), Point(v * width, height)
    p, q = rectifier.in_frame(a), rectifier.in_frame(b)
    r = rectifier.in_frame(Point(a.x + t * (b.x - a.x), t * height))
    area = (q.x - p.x) * (r.y - p.y) - (r.x - p.x) * (q.y - p.y)
    assert abs(area) < 1e-6 * max(1.0, hypot(q.x - p.x, q.y - p.y)) ** 2


@pytest.mark.parametrize("degrees", [0.3, 7, -15, 90, 180])
def test_turned(degrees: float) -> None:
    """A turned sign is upright in its region, and a box there is around the same thing in the
    frame.
    """
    sign = Image.new("L", (120, 40), 200)
    ImageDraw.Draw(sign).rectangle((20, 10, 39, 29), fill=0)
    frame = Image.new("L", (320, 240), 90)
    frame.paste(sign, (100, 100))
    turned_frame = frame.rotate(-degrees, Image.Resampling.BICUBIC, center=(160, 120), fillcolor=90)
    luma = np.asarray(turned_frame)
    rectifier = Rectifier(turned(degrees))
    upright = rectifier.rectify(luma)
    assert upright.shape == (40, 120)
    inside = upright[2:-2, 2:-2].astype(int) - np.asarray(sign)[2:-2, 2:-2]
    assert np.abs(inside).mean() < 4
    left, top, width, height = rectifier.box_in_frame((20, 10, 20, 20), luma.shape)
    dark = np.argwhere(luma < 40)
    assert left - 1 <= dark[:, 1].min() <= dark[:, 1].max() <= left + width
    assert top - 1 <= dark[:, 0].min() <= dark[:, 0].max() <= top + height


def test_beyond_the_frame() -> None:
    """What a region has outside of the frame is black, even all of it."""
    luma = np.full((100, 100), 200, np.uint8)
    half = Rectifier(checked_corners([(80, 10), (120, 10), (120, 40), (80, 40)])).rectify(luma)
    assert half[5, 5] == 200
    assert half[5, 35] == 0
    gone = Rectifier(checked_corners([(300, 10), (340, 10), (340, 40), (300, 40)])).rectify(luma)
    assert gone.shape == (30, 40)
    assert not gone.any()


@given(quadrilaterals(), st.integers(0, 500), st.integers(0, 500))
def test_boxes_are_in_the_frame(corners: Corners, x: int, y: int) -> None:
    """A box in the frame has at least a pixel there, wherever it comes from."""
    left, top, width, height = Rectifier(corners).box_in_frame((x, y, 5, 5), (120, 160))
    assert 0 <= left < left + width <= 160
    assert 0 <= top < top + height <= 120


def test_frame_is_not_changed() -> None:
    """Frames are only ever read."""
    luma: Luma = np.full((240, 320), 120, np.uint8)
    luma.flags.writeable = False
    Rectifier(turned(5)).rectify(luma)


def test_size() -> None:
    """The upright picture is as wide and high as the region's sides are on average."""
    assert rectified_size(checked_corners([(0, 0), (100, 0), (120, 40), (0, 40)])) == (110, 42)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([(0, 0), (50, 0), (50, 50)], "four points"),
        ([(0, 0), (50, 0), (50, 50), (0, 50, 1)], "four points"),
        ([(0, 0), (0, 50), (50, 50), (50, 0)], "clockwise"),
        ([(0, 0), (50, 50), (50, 0), (0, 50)], "clockwise"),
        ([(0, 0), (50, 0), (10, 10), (0, 50)], "clockwise"),
        ([(0, 0), (50, 0), (50, 5), (0, 5)], "too small"),
        ([(0, 0)] * 4, "clockwise"),
    ],
)
def test_refuses(points: list[tuple[float, ...]], message: str) -> None:
    """Points that are no corners, in no order or without room for a digit are refused."""
    with pytest.raises(ConfigError, match=message):
        checked_corners(points)


@given(quadrilaterals(), st.floats(0, 1), st.floats(0, 1))
def test_back(corners: Corners, u: float, v: float) -> None:
    """A point of the frame finds its place in the upright picture."""
    rectifier = Rectifier(corners)
    point = Point(u * rectifier.size[0], v * rectifier.size[1])
    found = rectifier.in_upright(rectifier.in_frame(point))
    assert hypot(found.x - point.x, found.y - point.y) < 1e-6


@given(
    st.floats(-30, 30) | st.floats(60, 120) | st.floats(150, 210),
    st.integers(0, 90),
    st.integers(0, 10),
    st.integers(6, 30),
    st.integers(10, 30),
)
def test_box_back(degrees: float, left: int, top: int, width: int, height: int) -> None:
    """The box of a digit in a turned region finds its way back, rounding aside."""
    rectifier = Rectifier(turned(degrees))
    box = (left, top, width, height)
    back = rectifier.box_in_upright(rectifier.box_in_frame(box, (240, 320)))
    assert np.abs(np.subtract(back, box)).max() <= 4


@given(st.floats(-180, 180), st.integers(10, 90))
def test_box_anyhow(degrees: float, left: int) -> None:
    """At any angle at all the middle is right, and the size roughly."""
    rectifier = Rectifier(turned(degrees))
    x, y, width, height = rectifier.box_in_upright(
        rectifier.box_in_frame((left, 8, 15, 25), (240, 320))
    )
    assert abs(x + width / 2 - (left + 7.5)) <= 2
    assert abs(y + height / 2 - 20.5) <= 2
    assert 9 <= width <= 22
    assert 17 <= height <= 33
