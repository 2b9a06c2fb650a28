"""A camera that was bumped: where the things of the frame are now, seen from a reference patch.

A patch that stands out (a screw, a label, the meter's rim) is cut out when the regions are set up.
Later frames are searched for it by normalised cross-correlation, which neither brightness nor
contrast changes, at a few angles: roughly in a small copy of the frame, then exactly around there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from tinydigits.errors import ConfigError
from tinydigits.frame import Luma
from tinydigits.region import Box, Point

MAX_SHIFT: Final = 0.1
"""Of the frame's longer side, in each direction: so far a drift is followed."""

MAX_ANGLE: Final = 5.0
"""Degrees, either way."""

MIN_MATCH: Final = 0.6
"""Correlation under which what was found is something else. Of patches drawn at random from
unrelated places none came above 0.5."""

MIN_CONTRAST: Final = 6.0
"""Grey levels: the standard deviation of a patch that stands out from noise."""

MIN_PATCH: Final = 32
"""Pixels; smaller ones are too easily taken for something else."""

_ROUGH_SIDE: Final = 192
"""Pixels of the longer side in the small copy of the frame."""

_ROUGH_ANGLES: Final = tuple(np.arange(-MAX_ANGLE, MAX_ANGLE + 0.1, 1.0).tolist())
_FINE_ANGLES: Final = tuple(np.arange(-1.0, 1.01, 0.25).tolist())

_LEAST_CONTRAST: Final = 0.25
"""Of the patch's own: a scene in so much less light is still followed."""

_DETAIL: Final = 3
"""Pixels at either scale: what changes over more is light and shade."""

_FINE_SIDE: Final = 160
"""Pixels of the patch's longer side where it is matched exactly."""

_Floats = npt.NDArray[np.float32]


class Drift(NamedTuple):
    """How the picture moved: ``angle`` degrees clockwise around the patch's old centre, then by
    ``x`` and ``y`` pixels.
    """

    x: float
    y: float
    angle: float
    centre: Point

    def follow(self, point: Point) -> Point:
        """Where a point of the reference frame is now."""
        turn = radians(self.angle)
        x, y = point.x - self.centre.x, point.y - self.centre.y
        return Point(
            self.centre.x + self.x + x * cos(turn) - y * sin(turn),
            self.centre.y + self.y + x * sin(turn) + y * cos(turn),
        )


class _Match(NamedTuple):
    score: float
    x: float
    y: float
    angle: float


@dataclass(frozen=True, eq=False)
class _Level:
    """The patch at one scale."""

    scale: float
    """Pixels here to a pixel of the frame."""
    patch: _Floats


class Reference:
    """A patch of the frame by which a drift is told.

    :param patch: ``uint8[H, W]``, cut out of a frame when nothing had drifted yet.
    :param box: where it was cut out.
    :raises ConfigError: where nothing in it stands out, or patch and box are of unlike sizes.
    """

    def __init__(self, patch: Luma, box: Box) -> None:
        left, top, width, height = box
        if patch.shape != (height, width):
            raise ConfigError(
                f"the reference patch is {patch.shape[1]}x{patch.shape[0]} pixels where its box "
                f"is {width}x{height}"
            )
        if min(width, height) < MIN_PATCH:
            raise ConfigError(
                f"the reference patch is too small: {MIN_PATCH} pixels a side at least"
            )
        if float(patch.std()) < MIN_CONTRAST:
            raise ConfigError("the reference patch is nearly all of one grey: take another place")
        self._patch = patch
        self.box = box
        self.centre = Point(left + width / 2, top + height / 2)

    def drift(self, luma: Luma) -> Drift | None:
        """How a frame has moved, or ``None`` where the patch is not to be seen in it."""
        longer = max(luma.shape)
        reach = MAX_SHIFT * longer
        rough = self._level(min(1.0, _ROUGH_SIDE / longer))
        start = _Match(0.0, self.centre.x, self.centre.y, 0.0)
        found = _search(luma, rough, start, reach, _ROUGH_ANGLES)
        if found is None:
            return None
        fine = self._level(max(rough.scale, min(1.0, _FINE_SIDE / max(self._patch.shape))))
        exact = _search(luma, fine, found, 2 / rough.scale, _FINE_ANGLES)
        if exact is None or exact.score < MIN_MATCH:
            return None
        return Drift(exact.x - self.centre.x, exact.y - self.centre.y, exact.angle, self.centre)

    def _level(self, scale: float) -> _Level:
        return _Level(scale, _detail(self._patch, scale))


def _search(
    luma: Luma, level: _Level, around: _Match, reach: float, angles: Sequence[float]
) -> _Match | None:
    """The best match of the patch's centre within ``reach`` pixels of a place, over some angles."""
    height, width = (side / level.scale for side in level.patch.shape)
    left, right = _span(around.x, width / 2 + reach, luma.shape[1])
    top, bottom = _span(around.y, height / 2 + reach, luma.shape[0])
    window = _detail(luma[top:bottom, left:right], level.scale)
    found: list[_Match] = []
    for angle in angles:
        turned = _turned(level.patch, around.angle + angle)
        if turned.shape[0] > window.shape[0] or turned.shape[1] > window.shape[1]:
            return None  # the patch is beyond the frame's edge
        score, x, y = _correlate(window, turned)
        x = left + (x + turned.shape[1] / 2) / level.scale
        y = top + (y + turned.shape[0] / 2) / level.scale
        found.append(_Match(score, x, y, around.angle + angle))
    scores = np.array([match.score for match in found])
    best = int(scores.argmax())
    step = found[1].angle - found[0].angle
    return found[best]._replace(angle=found[best].angle + step * _peak(scores, best)[0])


def _span(middle: float, reach: float, end: int) -> tuple[int, int]:
    return max(0, int(middle - reach)), min(end, int(middle + reach) + 1)


def _detail(luma: Luma, scale: float) -> _Floats:
    """A smaller copy without what changes slowly: light and shade match anywhere, edges don't."""
    image = Image.fromarray(np.ascontiguousarray(luma))
    if scale < 1:
        width, height = (max(1, round(side * scale)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BOX)
    smooth = image.filter(ImageFilter.BoxBlur(_DETAIL))
    return np.asarray(image, np.float32) - np.asarray(smooth, np.float32)


def _turned(patch: _Floats, angle: float) -> _Floats:
    """The patch turned clockwise, cut to a part that has no empty corners at any angle."""
    height, width = patch.shape
    across = int(height * sin(radians(MAX_ANGLE + 1))) // 2 + 1
    down = int(width * sin(radians(MAX_ANGLE + 1))) // 2 + 1
    image = Image.fromarray(patch).rotate(-angle, Image.Resampling.BILINEAR)
    return np.asarray(image)[down : height - down, across : width - across]


def _correlate(window: _Floats, patch: _Floats) -> tuple[float, float, float]:
    """The best normalised cross-correlation of a patch in a window, and where its corner is then.

    J. P. Lewis, "Fast Normalized Cross-Correlation", 1995: the products by FFT, the local means and
    variances by running sums.
    """
    pattern = patch - np.float32(patch.mean())
    spectrum = np.fft.rfft2(window) * np.conj(np.fft.rfft2(pattern, window.shape))
    products = np.fft.irfft2(spectrum, window.shape)
    rows, columns = (w - p + 1 for w, p in zip(window.shape, patch.shape, strict=True))
    deviation = _deviations(window, patch.shape)
    spread = float(np.sqrt((pattern**2).sum(dtype=np.float64)))
    # what has far less contrast than the patch is no match, and dividing by it would blow up noise
    scores = products[:rows, :columns] / (np.maximum(deviation, _LEAST_CONTRAST * spread) * spread)
    row, column = map(int, np.unravel_index(int(scores.argmax()), scores.shape))
    (y, gain_y), (x, gain_x) = _peak(scores[:, column], row), _peak(scores[row], column)
    # the peak itself, not the pixel next to it: else angles are told apart by where pixels happen
    # to lie
    return float(scores[row, column]) + gain_x + gain_y, column + x, row + y


def _deviations(window: _Floats, shape: Sequence[int]) -> npt.NDArray[np.float64]:
    """Root of the sum of squared deviations from the mean, under the patch at each place."""
    values = window.astype(np.float64)
    sums, squares = (_sums(of, shape) for of in (values, values**2))
    return np.sqrt(np.maximum(squares - sums**2 / (shape[0] * shape[1]), 0))


def _sums(values: npt.NDArray[np.float64], shape: Sequence[int]) -> npt.NDArray[np.float64]:
    height, width = shape
    total = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    inside: npt.NDArray[np.float64] = total[height:, width:] - total[:-height, width:]
    inside -= total[height:, :-width]
    inside += total[:-height, :-width]
    return inside


def _peak(scores: npt.NDArray[np.float64], at: int) -> tuple[float, float]:
    """Where a parabola through a maximum and its neighbours peaks, and how far above it."""
    if not 0 < at < len(scores) - 1:
        return 0.0, 0.0
    before, here, after = scores[at - 1 : at + 2].tolist()
    bend = before - 2 * here + after
    if bend >= 0:
        return 0.0, 0.0
    off = (before - after) / (2 * bend)
    return off, (after - before) * off / 4
