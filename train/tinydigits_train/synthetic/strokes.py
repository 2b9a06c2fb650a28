"""Digits as a pen draws them: strokes along a few points, each hand a little different."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from tinydigits_train.synthetic.lettering import HEIGHT, Coverage, cropped

Path = tuple[tuple[float, float], ...]
Stroke = tuple[bool, Path]
"""Whether it is curved, and the points it runs through: x and y as shares of the height."""

_TOP_3: Final[Stroke] = (True, ((0.06, 0.1), (0.3, 0.0), (0.52, 0.12), (0.5, 0.35), (0.25, 0.47)))
_BELLY: Final[Path] = ((0.25, 0.47), (0.5, 0.56), (0.57, 0.78), (0.35, 1.0), (0.04, 0.9))
_LOOP_9: Final[Path] = (
    (0.53, 0.2),
    (0.32, 0.0),
    (0.08, 0.12),
    (0.06, 0.36),
    (0.26, 0.5),
    (0.48, 0.38),
)

FORMS: Final[tuple[tuple[tuple[Stroke, ...], ...], ...]] = (
    (
        (
            (
                True,
                (
                    (0.3, 0.0),
                    (0.06, 0.22),
                    (0.03, 0.7),
                    (0.28, 1.0),
                    (0.54, 0.75),
                    (0.55, 0.28),
                    (0.3, 0.0),
                ),
            ),
        ),
        (
            (
                True,
                (
                    (0.35, 0.02),
                    (0.05, 0.4),
                    (0.15, 0.95),
                    (0.45, 0.92),
                    (0.6, 0.45),
                    (0.38, 0.0),
                    (0.28, 0.06),
                ),
            ),
        ),
    ),
    (
        ((False, ((0.3, 0.0), (0.28, 1.0))),),
        ((False, ((0.08, 0.26), (0.32, 0.0), (0.31, 1.0))),),
        ((False, ((0.08, 0.26), (0.32, 0.0), (0.31, 1.0))), (False, ((0.06, 1.0), (0.56, 1.0)))),
    ),
    (
        (
            (
                True,
                (
                    (0.05, 0.25),
                    (0.16, 0.05),
                    (0.36, 0.0),
                    (0.56, 0.14),
                    (0.52, 0.38),
                    (0.3, 0.68),
                    (0.02, 1.0),
                ),
            ),
            (False, ((0.02, 1.0), (0.6, 0.99))),
        ),
        (
            (
                True,
                (
                    (0.05, 0.25),
                    (0.16, 0.05),
                    (0.36, 0.0),
                    (0.56, 0.14),
                    (0.5, 0.4),
                    (0.2, 0.85),
                    (0.06, 0.97),
                    (0.05, 0.85),
                    (0.18, 0.83),
                    (0.38, 0.98),
                    (0.62, 0.93),
                ),
            ),
        ),
    ),
    (
        (_TOP_3, (True, _BELLY)),
        ((False, ((0.06, 0.0), (0.54, 0.0), (0.25, 0.42))), (True, ((0.25, 0.42), *_BELLY[1:]))),
    ),
    (
        ((False, ((0.42, 0.0), (0.02, 0.66), (0.62, 0.66))), (False, ((0.43, 0.35), (0.43, 1.0)))),
        ((False, ((0.12, 0.02), (0.05, 0.52), (0.6, 0.5))), (False, ((0.5, 0.05), (0.46, 1.0)))),
        ((False, ((0.46, 1.0), (0.46, 0.0), (0.02, 0.68), (0.62, 0.68))),),
    ),
    (
        (
            (False, ((0.55, 0.0), (0.13, 0.0), (0.08, 0.42))),
            (
                True,
                ((0.08, 0.42), (0.32, 0.36), (0.57, 0.55), (0.54, 0.84), (0.3, 1.0), (0.03, 0.9)),
            ),
        ),
        (
            (
                True,
                (
                    (0.13, 0.0),
                    (0.08, 0.44),
                    (0.34, 0.4),
                    (0.57, 0.58),
                    (0.52, 0.88),
                    (0.25, 1.0),
                    (0.02, 0.92),
                ),
            ),
            (False, ((0.13, 0.02), (0.58, 0.0))),
        ),
    ),
    (
        (
            (
                True,
                (
                    (0.48, 0.0),
                    (0.18, 0.28),
                    (0.04, 0.62),
                    (0.12, 0.92),
                    (0.32, 1.0),
                    (0.54, 0.85),
                    (0.52, 0.6),
                    (0.3, 0.5),
                    (0.07, 0.68),
                ),
            ),
        ),
        (
            (
                True,
                (
                    (0.3, 0.0),
                    (0.08, 0.4),
                    (0.06, 0.8),
                    (0.26, 1.0),
                    (0.48, 0.88),
                    (0.46, 0.66),
                    (0.25, 0.6),
                    (0.08, 0.76),
                ),
            ),
        ),
    ),
    (
        ((False, ((0.03, 0.0), (0.6, 0.0), (0.22, 1.0))),),
        ((False, ((0.03, 0.0), (0.6, 0.0), (0.22, 1.0))), (False, ((0.14, 0.52), (0.56, 0.49)))),
        ((False, ((0.04, 0.14), (0.05, 0.0), (0.6, 0.0), (0.26, 1.0))),),
        ((True, ((0.02, 0.08), (0.25, 0.02), (0.58, 0.04), (0.45, 0.3), (0.24, 1.0))),),
    ),
    (
        (
            (
                True,
                (
                    (0.32, 0.47),
                    (0.1, 0.3),
                    (0.12, 0.06),
                    (0.32, 0.0),
                    (0.5, 0.08),
                    (0.5, 0.3),
                    (0.28, 0.47),
                    (0.04, 0.72),
                    (0.1, 0.95),
                    (0.3, 1.0),
                    (0.54, 0.92),
                    (0.54, 0.7),
                    (0.32, 0.47),
                ),
            ),
        ),
        (
            (
                True,
                (
                    (0.52, 0.1),
                    (0.3, 0.0),
                    (0.08, 0.14),
                    (0.2, 0.4),
                    (0.46, 0.58),
                    (0.54, 0.84),
                    (0.3, 1.0),
                    (0.06, 0.84),
                    (0.16, 0.58),
                    (0.44, 0.36),
                    (0.53, 0.12),
                ),
            ),
        ),
    ),
    (
        ((True, (*_LOOP_9, (0.53, 0.14))), (False, ((0.53, 0.14), (0.5, 1.0)))),
        ((True, (*_LOOP_9, (0.54, 0.16), (0.54, 0.6), (0.4, 0.95), (0.12, 0.98))),),
    ),
)
"""How people write the digits 0 to 9, written down from looking at handwriting."""

_FINE: Final = 2
_STEPS: Final = 10


@dataclass(frozen=True)
class Hand:
    """How someone writes; lengths are shares of a digit's height."""

    pen: float
    wobble: float
    forms: tuple[int, ...]
    width: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Hand:
        """A random one."""
        return cls(
            pen=float(np.exp(rng.uniform(np.log(0.02), np.log(0.2)))),
            wobble=rng.uniform(0.005, 0.045),
            forms=tuple(int(rng.integers(len(forms))) for forms in FORMS),
            width=rng.uniform(0.75, 1.35),
        )

    def draw(self, digit: int, rng: np.random.Generator) -> Coverage:
        """One digit, with a pen's width of paper around."""
        form = FORMS[digit][self.forms[digit]]
        pen = max(1, round(self.pen * HEIGHT * _FINE))
        strokes = [self._path(stroke, rng) for stroke in form]
        points = np.concatenate(strokes)
        first, last = points.min(axis=0), points.max(axis=0)
        scale = HEIGHT * _FINE / max(0.2, last[1] - first[1])
        size = np.ceil((last - first) * scale).astype(int) + 2 * pen
        picture = Image.new("L", (int(size[0]), int(size[1])))
        draw = ImageDraw.Draw(picture)
        for path in strokes:
            line = [(float(x), float(y)) for x, y in (path - first) * scale + pen]
            _draw(draw, line, pen)
        return np.asarray(picture.reduce(_FINE))

    def _path(self, stroke: Stroke, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        """The points a stroke runs through, moved a little: ``float64[N, 2]``."""
        curved, path = stroke
        points = np.array(path) + rng.normal(0, self.wobble, (len(path), 2))
        points[:, 0] *= self.width
        return _smooth(points) if curved else points


def _smooth(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A curve through all points: Catmull & Rom 1974."""
    ends = np.concatenate((2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]))
    t = np.linspace(0, 1, _STEPS, endpoint=False)[:, None]
    pieces = [
        0.5
        * (
            2 * b
            + (c - a) * t
            + (2 * a - 5 * b + 4 * c - d) * t**2
            + (3 * b - a - 3 * c + d) * t**3
        )
        for a, b, c, d in zip(ends[:-3], ends[1:-2], ends[2:-1], ends[3:], strict=True)
    ]
    return np.concatenate([*pieces, points[-1:]])


def _draw(draw: ImageDraw.ImageDraw, line: list[tuple[float, float]], pen: int) -> None:
    """A line with a round pen: Pillow's own round joints take a hundred times as long."""
    draw.line(line, 255, pen)
    for x, y in line:
        draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), 255)


def scribble(rng: np.random.Generator) -> Coverage:
    """Strokes that are no digit: what letters look like where there is no font."""
    pen = max(1, round(rng.uniform(0.03, 0.18) * HEIGHT))
    picture = Image.new("L", (HEIGHT, HEIGHT))
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.integers(2, 5)):
        points = rng.uniform(pen, HEIGHT - pen, (rng.integers(2, 4), 2))
        _draw(draw, [(float(x), float(y)) for x, y in points], pen)
    return cropped(np.asarray(picture))
