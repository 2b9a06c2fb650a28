"""Regions: places in the frame that are read, each cut out and put upright before anything else."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from tinydigits.errors import ConfigError
from tinydigits.frame import MIN_SIDE, Luma

Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""


class Point(NamedTuple):
    """A place in a frame: pixels from the left and from the top, whole numbers on pixel edges."""

    x: float
    y: float


_MARGIN: Final = 2
"""Pixels around a region that its resampling looks at."""

_PLAIN: Final = 0.3
"""How unlike sides must come out in a frame to be told apart: 36 degrees from upright, or less."""

_DIGIT_WIDTH: Final = 0.6
"""Of a digit, in proportion to its height."""

Corners = tuple[Point, Point, Point, Point]
"""Of a quadrilateral, clockwise from the corner that is the top left one when read."""


def checked_corners(points: Sequence[Sequence[float]]) -> Corners:
    """Four points as corners.

    :raises ConfigError: where they aren't the corners, clockwise, of a convex quadrilateral that
        has room for a digit.
    """
    if len(points) != 4 or any(len(point) != 2 for point in points):
        raise ConfigError(
            "corners are four points [x, y]: top left, top right, and so on clockwise"
        )
    a, b, c, d = (Point(float(x), float(y)) for x, y in points)
    corners = (a, b, c, d)
    # going clockwise round a convex shape one turns right at every corner
    if not all(_turn(corners, k) > 0 for k in range(4)):
        raise ConfigError(
            "the corners don't go round clockwise from the top left one: "
            "top left, top right, bottom right, bottom left"
        )
    if min(rectified_size(corners)) < MIN_SIDE:
        raise ConfigError(f"the region is too small: no side may be under {MIN_SIDE} pixels")
    return corners


def _turn(corners: Corners, k: int) -> float:
    a, b, c = (corners[(k + step) % 4] for step in range(3))
    return (b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x)


def rectified_size(corners: Corners) -> tuple[int, int]:
    """Width and height of the upright picture: the means of opposite sides."""
    a, b, c, d = corners
    width = (_distance(a, b) + _distance(d, c)) / 2
    height = (_distance(a, d) + _distance(b, c)) / 2
    return round(width), round(height)


def _distance(a: Point, b: Point) -> float:
    return hypot(a.x - b.x, a.y - b.y)


class Rectifier:
    """Cuts a quadrilateral out of frames and stretches it to an upright picture."""

    def __init__(self, corners: Corners) -> None:
        self.corners = corners
        self.size = rectified_size(corners)
        self._left = max(0, int(min(corner.x for corner in corners)) - _MARGIN)
        self._top = max(0, int(min(corner.y for corner in corners)) - _MARGIN)
        self._right = int(max(corner.x for corner in corners)) + _MARGIN + 1
        self._bottom = int(max(corner.y for corner in corners)) + _MARGIN + 1
        self._coefficients = _perspective(corners, *self.size)

    def rectify(self, luma: Luma) -> Luma:
        """The region as ``uint8[height, width]``; where it reaches beyond the frame it is black."""
        upright = self._upright_part(luma)
        if upright is not None:
            return upright
        # only the part that matters, as a picture of its own is a copy
        part = np.ascontiguousarray(luma[self._top : self._bottom, self._left : self._right])
        if not part.size:
            return np.zeros(self.size[::-1], np.uint8)
        a, b, c, d, e, f, g, h = self._coefficients
        moved = (
            *(a - self._left * g, b - self._left * h, c - self._left),
            *(d - self._top * g, e - self._top * h, f - self._top),
            *(g, h),
        )
        image = Image.fromarray(part).transform(
            self.size, Image.Transform.PERSPECTIVE, moved, Image.Resampling.BILINEAR
        )
        return np.asarray(image)

    def in_frame(self, point: Point) -> Point:
        """Where a point of the upright picture is in the frame."""
        a, b, c, d, e, f, g, h = self._coefficients
        x, y = point
        depth = g * x + h * y + 1
        return Point((a * x + b * y + c) / depth, (d * x + e * y + f) / depth)

    def box_in_frame(self, box: Box, frame_shape: tuple[int, ...]) -> Box:
        """The smallest upright box in the frame that holds a box of the upright picture."""
        left, top, width, height = box
        around = [
            self.in_frame(Point(x, y)) for x in (left, left + width) for y in (top, top + height)
        ]
        xs = _clipped([point.x for point in around], frame_shape[1])
        ys = _clipped([point.y for point in around], frame_shape[0])
        return xs[0], ys[0], xs[1] - xs[0], ys[1] - ys[0]

    def in_upright(self, point: Point) -> Point:
        """Where a point of the frame is in the upright picture."""
        a, b, c, d, e, f, g, h = self._coefficients
        x, y = point
        across, down = (a - x * g, b - x * h), (d - y * g, e - y * h)
        area = across[0] * down[1] - across[1] * down[0]
        return Point(
            ((x - c) * down[1] - across[1] * (y - f)) / area,
            (across[0] * (y - f) - (x - c) * down[0]) / area,
        )

    def box_in_upright(self, box: Box) -> Box:
        """The box of the upright picture that a box came of that :meth:`box_in_frame` gave.

        Its middle is the same; its sides are told by how far a pixel across and a pixel down are
        in the frame. Near 45 degrees these don't tell them: it is taken for one of a digit then.
        """
        left, top, width, height = box
        middle = self.in_upright(Point(left + width / 2, top + height / 2))
        ahead = self.in_frame(Point(middle.x + 1, middle.y))
        below = self.in_frame(Point(middle.x, middle.y + 1))
        here = self.in_frame(middle)
        a, d = abs(ahead.x - here.x), abs(ahead.y - here.y)
        b, e = abs(below.x - here.x), abs(below.y - here.y)
        area = a * e - b * d
        wide, high = (
            (e * width - b * height) / (area or 1.0),
            (a * height - d * width) / (area or 1),
        )
        if abs(area) < _PLAIN * (a * e + b * d) or min(wide, high) <= 0:
            high = (width + height) / (a + b + d + e) / (1 + _DIGIT_WIDTH) * 2
            wide = _DIGIT_WIDTH * high
        return (
            *(round(middle.x - wide / 2), round(middle.y - high / 2)),
            *(max(1, round(wide)), max(1, round(high))),
        )

    def _upright_part(self, luma: Luma) -> Luma | None:
        """The region without resampling, where it is a rectangle of whole pixels in the frame."""
        a, b, c, d = self.corners
        if not (a.y == b.y and d.y == c.y and a.x == d.x and b.x == c.x):
            return None
        left, top, (width, height) = round(a.x), round(a.y), self.size
        part = luma[max(0, top) : top + height, max(0, left) : left + width]
        return part if part.shape == (height, width) else None


def _clipped(places: Sequence[float], end: int) -> tuple[int, int]:
    """First and last of them as whole pixels inside of the frame, at least one pixel apart."""
    low = min(max(0, round(min(places))), end - 1)
    return low, max(low + 1, min(end, round(max(places))))


_Perspective = tuple[float, float, float, float, float, float, float, float]


def _perspective(corners: Corners, width: int, height: int) -> _Perspective:
    """The map from an upright picture to a quadrilateral, as Pillow takes it.

    Closed form of P. Heckbert, "Fundamentals of Texture Mapping and Image Warping", 1989, 2.2.3:
    ``x = (a u + b v + c) / (g u + h v + 1)``, ``y = (d u + e v + f) / (g u + h v + 1)``.
    """
    p, q, r, s = corners
    skew_x, skew_y = p.x - q.x + r.x - s.x, p.y - q.y + r.y - s.y
    right_x, right_y, down_x, down_y = q.x - r.x, q.y - r.y, s.x - r.x, s.y - r.y
    area = right_x * down_y - down_x * right_y
    g = (skew_x * down_y - down_x * skew_y) / area
    h = (right_x * skew_y - skew_x * right_y) / area
    a, b = q.x - p.x + g * q.x, s.x - p.x + h * s.x
    d, e = q.y - p.y + g * q.y, s.y - p.y + h * s.y
    return (a / width, b / height, p.x, d / width, e / height, p.y, g / width, h / height)
