"""Digits of displays: seven segments, and dots in five columns and seven rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from tinydigits_train.synthetic.lettering import HEIGHT, Coverage

LIT: Final = (
    "abcdef",
    "bc",
    "abdeg",
    "abcdg",
    "bcfg",
    "acdfg",
    "acdefg",
    "abc",
    "abcdefg",
    "abcdfg",
)
"""Segments of the digits 0 to 9: a on top, then clockwise to f, g in the middle."""

VARIANTS: Final = {6: "cdefg", 7: "abcf", 9: "abcfg"}
"""How some displays show these digits."""

DOTS: Final = (
    "01110 10001 10011 10101 11001 10001 01110",
    "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00010 00100 01000 11111",
    "11111 00010 00100 00010 00001 10001 01110",
    "00010 00110 01010 10010 11111 00010 00010",
    "11111 10000 11110 00001 00001 10001 01110",
    "00110 01000 10000 11110 10001 10001 01110",
    "11111 00001 00010 00100 01000 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110",
    "01110 10001 10001 01111 00001 00010 01100",
)
"""The digits of the HD44780, the controller of most character displays, row by row."""

_FINE: Final = 3
"""Drawn so many times as large, then averaged: edges are smooth."""

FAINTEST: Final = 0.4
"""Share of the ink's contrast that the weakest lit segment keeps."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Segments:
    """A seven-segment display; lengths are shares of a digit's height.

    ``ghost`` is how much of the ink's contrast unlit segments show, ``faint`` how much a weak one
    does, ``weak`` how likely a segment is weak.
    """

    aspect: float
    thickness: float
    gap: float
    mitred: bool
    ghost: float
    faint: float
    weak: float
    variants: frozenset[int]

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Segments:
        """A random one."""
        return cls(
            aspect=rng.uniform(0.42, 0.66),
            thickness=rng.uniform(0.08, 0.21),
            gap=rng.choice([0.0, rng.uniform(0.005, 0.06)], p=[0.2, 0.8]),
            mitred=rng.random() < 0.6,
            ghost=rng.uniform(0.04, 0.3) if rng.random() < 0.3 else 0.0,
            faint=rng.uniform(FAINTEST, 0.9),
            weak=0.15 if rng.random() < 0.25 else 0.0,
            variants=frozenset(int(d) for d in VARIANTS if rng.random() < 0.3),
        )

    def draw(self, digit: int, rng: np.random.Generator) -> Coverage:
        """One digit, as wide as any of them."""
        lit = VARIANTS[digit] if digit in self.variants else LIT[digit]
        size = (round(self.aspect * HEIGHT) * _FINE, HEIGHT * _FINE)
        picture = Image.new("L", size)
        for name, outline in self._outlines(*size).items():
            strength = 1.0 if name in lit else self.ghost
            if name in lit and rng.random() < self.weak:
                strength = self.faint
            if strength:
                part = Image.new("L", size)
                pen = ImageDraw.Draw(part)
                pen.polygon(outline, round(255 * strength))
                width = round(self.gap * size[1])
                if width:
                    pen.line([*outline, outline[0]], 0, width)
                picture = ImageChops.lighter(picture, part)
        return np.asarray(picture.reduce(_FINE))

    def _outlines(self, width: int, height: int) -> dict[str, list[Point]]:
        t, half = self.thickness * height, height / 2
        right, bottom, h = width - 1.0, height - 1.0, self.thickness * height / 2
        cut = t if self.mitred else h  # how far the ends of a segment are bevelled
        upright = [
            (0.0, 0.0),
            (t, cut),
            (t, half - h),
            (h, half),
            (0.0, half - (0 if cut == t else h)),
        ]
        if not self.mitred:
            upright = [(h, h), (t, t), (t, half - h), (h, half), (0.0, half - h), (0.0, t)]
        across = [(0.0, 0.0), (right, 0.0), (right - t, t), (t, t)]
        if not self.mitred:
            across = [(h, h), (t, 0.0), (right - t, 0.0), (right - h, h), (right - t, t), (t, t)]
        middle = [(h, half), (t, half - h), (right - t, half - h)]
        middle += [(right - h, half), (right - t, half + h), (t, half + h)]
        return {
            "a": across,
            "b": [(right - x, y) for x, y in upright],
            "c": [(right - x, bottom - y) for x, y in upright],
            "d": [(x, bottom - y) for x, y in across],
            "e": [(x, bottom - y) for x, y in upright],
            "f": upright,
            "g": middle,
        }


@dataclass(frozen=True)
class Dots:
    """A dot-matrix display: ``fill`` is a dot's side as a share of the pitch."""

    fill: float
    round_dots: bool
    aspect: float
    dead: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Dots:
        """A random one."""
        return cls(
            fill=rng.uniform(0.65, 1.0),
            round_dots=rng.random() < 0.4,
            aspect=rng.uniform(0.5, 0.75),
            dead=0.03 if rng.random() < 0.2 else 0.0,
        )

    def draw(self, digit: int, rng: np.random.Generator) -> Coverage:
        """One digit."""
        rows = DOTS[digit].split()
        size = (round(self.aspect * HEIGHT) * _FINE, HEIGHT * _FINE)
        picture = Image.new("L", size)
        pen = ImageDraw.Draw(picture)
        shape = pen.ellipse if self.round_dots else pen.rectangle
        wide, high = size[0] / len(rows[0]), size[1] / len(rows)
        for y, row in enumerate(rows):
            for x, dot in enumerate(row):
                if dot == "1" and rng.random() >= self.dead:
                    left, top = (x + 0.5 - self.fill / 2) * wide, (y + 0.5 - self.fill / 2) * high
                    box = (left, top, left + self.fill * wide - 1, top + self.fill * high - 1)
                    shape(box, 255)
        return np.asarray(picture.reduce(_FINE))
