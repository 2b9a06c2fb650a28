"""Which pixels of a frame are ink: one bit each, for dark and for light digits.

Ink is what differs from its paper by a share of the strongest difference nearby, so that a faint
display is read beside bold print. The paper under the ink is found in either of two ways: by
morphological closing (Serra 1982), which fills what is narrower than a window with what is around
it and leaves a panel, a bezel or a shadow that is wider alone; or as the mean around, which also
tells a digit that fills the frame. No window, level or polarity suits every photograph, hence
several recipes; the classifier judges between what they show.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace
from PIL import Image, ImageFilter

from tinydigits.frame import Luma

Mask = npt.NDArray[np.bool_]
Box = tuple[int, int, int, int]
Outline = tuple[float, float, float, float]
Polarity = Literal["dark", "light"]
POLARITIES: Final[tuple[Polarity, ...]] = ("dark", "light")

Paper = Literal["around", "mean"]
"""What is under ink: the widest surface around, or the mean around."""

MIN_SIDE: Final = 64
"""Smaller pictures are enlarged smoothly, so that a stroke is more than a pixel wide."""

CELLS: Final = 72
"""Cells along the shorter side of the coarse picture that paper is looked for in."""

CALM_CELL: Final = 5
"""Pixels along a cell's side from which on blurring before would take less than a fifth of the
noise that averaging leaves."""

NOISE_SIGMAS: Final = 4.0
"""Ink differs from paper by so many standard deviations of the noise."""

CELL_SIGMAS: Final = 4.0
"""And by so many more of what noise is left in a cell, as closing takes the brightest for paper."""

MIN_CONTRAST: Final = 10
"""Grey levels under which nothing is ink, however quiet the frame."""

ODDS_STEEPNESS: Final = 4.0
"""How fast the odds of a polarity grow with what the frame's edge says of it."""


class Recipe(msgspec.Struct, frozen=True, order=True):
    """One way to tell ink from paper.

    ``window`` is a width as a share of the frame's shorter side: up to it something is ink.
    ``level`` is the share of the strongest contrast nearby that ink has at least. ``side`` is what
    the longer side of the frame is averaged down to.
    """

    polarity: Polarity
    paper: Paper
    window: float
    level: float
    side: int


class Ink(msgspec.Struct, frozen=True):
    """The ink of a frame that one recipe shows.

    ``mask`` is ``bool[h, w]`` and ``luma`` the ``uint8[h, w]`` that it was found in: of a ``part``,
    which is left, top, right, bottom, of the frame at ``scale`` pixels to a frame pixel, which has
    ``shape``: its height and width.
    """

    mask: Mask
    luma: Luma
    recipe: Recipe
    scale: float
    part: Box
    shape: tuple[int, int]


class Scene:
    """A frame in which ink is looked for; what several recipes need is made once."""

    def __init__(self, luma: Luma) -> None:
        self._luma = luma
        self._image = Image.fromarray(luma)
        # no functools.cache of a method: it would refer to the scene that holds it, and frames
        # would stay in memory until the garbage collector comes
        self._views: dict[int, _View] = {}

    def ink(self, recipe: Recipe, part: Outline | None = None) -> Ink:
        """What a recipe shows.

        :param part: left, top, right and bottom in frame pixels, where only this is looked at. It
            grows a little; what is ink in it does not depend on it.
        """
        factor = self._factor(recipe.side)
        if factor not in self._views:
            self._views[factor] = self._make_view(factor)
        view = self._views[factor]
        return view.ink(recipe, view.part(part))

    def distinct(self, recipes: Sequence[Recipe]) -> list[Recipe]:
        """The recipes without those that show a small frame as an earlier one does."""
        sizes = {side: self._factor(side) for side in {recipe.side for recipe in recipes}}
        if len(set(sizes.values())) == len(sizes):
            return list(recipes)
        seen: dict[Recipe, Recipe] = {}
        for recipe in recipes:
            seen.setdefault(replace(recipe, side=sizes[recipe.side]), recipe)
        return list(seen.values())

    def odds(self, polarity: Polarity) -> float:
        """Probability of a polarity, from the frame's edge, where paper is likelier than ink.

        Of 1,806 photographed meter digits 92 % have the polarity that the median along the edge
        says, against 82 % for the best rule that looks at the whole picture.
        """
        dark = _dark_odds(self._image)
        return dark if polarity == "dark" else 1 - dark

    def _factor(self, side: int) -> int:
        return -(-max(self._image.size) // side)

    def _make_view(self, factor: int) -> _View:
        image = self._image
        if factor > 1:
            return _View(np.asarray(image.reduce(factor)), 1 / factor)
        enlarging = -(-MIN_SIDE // min(image.size))
        if enlarging > 1:
            size = (image.width * enlarging, image.height * enlarging)
            return _View(np.asarray(image.resize(size, Image.Resampling.BICUBIC)), enlarging)
        return _View(self._luma, 1.0)


class _View:
    """A frame at one size."""

    def __init__(self, luma: Luma, scale: float) -> None:
        self._luma = luma
        self._scale = scale
        height, width = luma.shape
        self._size = width, height
        noise = _noise(luma) / (3 if self._blurs else 1)
        self._soft: dict[Box, Luma] = {}
        self._cell = max(1, min(luma.shape) // CELLS)
        # averaging in cells does what the blur would, where they are large
        calm = luma if self._cell >= CALM_CELL else self._softened((0, 0, width, height))
        self._coarse = np.asarray(Image.fromarray(calm).reduce(self._cell))
        self._floor = max(MIN_CONTRAST, noise * (NOISE_SIGMAS + CELL_SIGMAS / self._cell))
        self._papers: dict[tuple[Polarity, Paper, float], tuple[Any, Any]] = {}

    @property
    def _blurs(self) -> bool:
        """Whether noise is to be averaged away: at smaller scales it has been already."""
        return self._scale >= 1

    def part(self, part: Outline | None) -> Box:
        """Whole cells around a part of the frame, in pixels of the view."""
        size = self._size
        if part is None:
            return (0, 0, *size)
        cell = self._cell
        left, top = (
            max(0, min(int(low * self._scale), full - 1)) // cell * cell
            for low, full in zip(part[:2], size, strict=True)
        )
        right, bottom = (
            min(full, max(low + 1, ceil(high * self._scale / cell) * cell))
            for low, high, full in zip((left, top), part[2:], size, strict=True)
        )
        return left, top, right, bottom

    def ink(self, recipe: Recipe, part: Box) -> Ink:
        """What a recipe shows in a part."""
        soft = self._softened(part)
        mask = self._differs(recipe, soft, part)
        return Ink(mask, soft, recipe, self._scale, part, self._size[::-1])

    def _softened(self, part: Box) -> Luma:
        left, top, right, bottom = part
        if not self._blurs:
            return self._luma[top:bottom, left:right]
        if part not in self._soft:
            # a pixel more on each side, which the blur looks at
            first = max(0, left - 1), max(0, top - 1)
            soft = _blurred(self._luma[first[1] : bottom + 1, first[0] : right + 1])
            across, down = left - first[0], top - first[1]
            self._soft[part] = soft[down : down + bottom - top, across : across + right - left]
        return self._soft[part]

    def _differs(self, recipe: Recipe, luma: Luma, part: Box) -> Mask:
        """Ink is beyond a threshold that changes with the place."""
        kind = (recipe.polarity, recipe.paper, recipe.window)
        if kind not in self._papers:
            self._papers[kind] = self._find_paper(*kind)
        paper, strongest = self._papers[kind]
        threshold = paper - np.maximum(self._floor, recipe.level * strongest)
        dark = recipe.polarity == "dark"
        levels = (threshold if dark else 255 - threshold).clip(0, 255).astype(np.uint8)
        mask = np.zeros(luma.shape, np.bool_)
        possible = self._possible(levels, luma, part, dark=dark)
        if possible is None:
            return mask
        left, top, right, bottom = possible
        inside = np.s_[top - part[1] : bottom - part[1], left - part[0] : right - part[0]]
        beyond = np.less if dark else np.greater
        beyond(luma[inside], self._fine(levels, possible), out=mask[inside])
        return mask

    def _possible(self, levels: Luma, luma: Luma, part: Box, *, dark: bool) -> Box | None:
        """The box of all cells in which any pixel may be beyond the threshold, if there is one.

        Between the middles of cells a threshold is between theirs: what no cell around allows needs
        no finer look, and around a number that is most of what is looked at.
        """
        inkiest, laxest = (np.minimum, np.maximum) if dark else (np.maximum, np.minimum)
        pixels = _of_cells(luma, self._cell, inkiest)
        row, column = part[1] // self._cell, part[0] // self._cell
        rows, columns = pixels.shape
        bounds = _extreme(levels, 1, laxest)[row : row + rows, column : column + columns]
        found = pixels < bounds if dark else pixels > bounds
        down, across = (np.flatnonzero(found.any(axis=axis)) for axis in (1, 0))
        if not down.size:
            return None
        return (
            (column + int(across[0])) * self._cell,
            (row + int(down[0])) * self._cell,
            min(part[2], (column + int(across[-1]) + 1) * self._cell),
            min(part[3], (row + int(down[-1]) + 1) * self._cell),
        )

    def _find_paper(self, polarity: Polarity, paper: Paper, window: float) -> tuple[Any, Any]:
        """The paper, as if ink were dark, and the strongest contrast nearby, for each cell."""
        coarse = self._coarse if polarity == "dark" else 255 - self._coarse
        reach = max(1, round(window * min(coarse.shape) / 2))
        if paper == "mean":
            under = np.asarray(Image.fromarray(coarse).filter(ImageFilter.BoxBlur(reach)))
            contrast = np.maximum(under, coarse) - coarse
        else:
            under = _extreme(_extreme(coarse, reach, np.maximum), reach, np.minimum)
            contrast = under - coarse
        return under.astype(np.float32), _extreme(contrast, 2 * reach, np.maximum)

    def _fine(self, coarse: Luma, part: Box) -> Luma:
        """Levels of cells as those of the pixels of a part, in between as straight lines."""
        left, top, right, bottom = part
        levels = Image.fromarray(coarse)
        first, last = (left // self._cell, top // self._cell), (right - 1, bottom - 1)
        # the last cells may reach beyond the picture
        behind = last[0] // self._cell + 1, last[1] // self._cell + 1
        size = ((behind[0] - first[0]) * self._cell, (behind[1] - first[1]) * self._cell)
        fine = levels.resize(size, Image.Resampling.BILINEAR, box=(*first, *behind))
        return np.asarray(fine)[: bottom - top, : right - left]


def _blurred(luma: Luma) -> Luma:
    """The mean of each pixel and its eight neighbours, as Pillow's ``BoxBlur(1)`` has it.

    In a fifth of the time: the machine adds thirty pixels at once.
    """
    height, width = luma.shape
    wide = np.empty((height + 2, width + 2), np.uint16)
    wide[1:-1, 1:-1] = luma
    wide[1:-1, 0], wide[1:-1, -1] = luma[:, 0], luma[:, -1]
    wide[0], wide[-1] = wide[1], wide[-2]
    across = _mean(wide[:, :-2], wide[:, 1:-1], wide[:, 2:])
    return _mean(across[:-2], across[1:-1], across[2:]).astype(np.uint8)


def _mean(*three: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    """The mean of three arrays, rounded."""
    total = three[0] + three[1]
    total += three[2]
    total += 1
    total //= 3
    return total


def _extreme(values: Luma, reach: int, extreme: np.ufunc) -> Luma:
    """The largest or smallest value in the square around each, by doubling windows."""
    for _ in ("down", "across"):
        first, last = (np.repeat(edge, reach, axis=0) for edge in (values[:1], values[-1:]))
        turned = np.concatenate([first, values, last])
        width = 1
        while width < 2 * reach + 1:
            step = min(width, 2 * reach + 1 - width)
            turned = extreme(turned[:-step], turned[step:])
            width += step
        values = turned.T
    return values


def _of_cells(luma: Luma, side: int, extreme: np.ufunc) -> Luma:
    """The largest or smallest value in each cell of so many rows and columns."""
    for _ in ("down", "across"):
        cells = luma[::side].copy()
        for k in range(1, min(side, len(luma))):
            more = luma[k::side]  # the last cell may have fewer
            extreme(cells[: len(more)], more, out=cells[: len(more)])
        luma = cells.T
    return luma


def _dark_odds(image: Image.Image) -> float:
    """Probability that ink is darker than paper."""
    luma = np.asarray(image)
    edge = np.concatenate((luma[0], luma[-1], luma[:, 0], luma[:, -1]))
    shares = np.cumsum(image.histogram()) / luma.size
    darkest, brightest = np.searchsorted(shares, (0.01, 0.99)).tolist()
    if brightest <= darkest:
        return 0.5
    paper = float(np.median(edge))
    lean = ((paper - darkest) - (brightest - paper)) / (brightest - darkest)
    # an edge far outside the picture's own range makes neither polarity impossible
    return float(1 / (1 + np.exp(-ODDS_STEEPNESS * max(-4.0, min(4.0, lean)))))


def _noise(luma: Luma) -> float:
    """Standard deviation of the noise in grey levels: Immerkaer 1996, on every eighth row.

    The second difference along a row hides edges less than his two-dimensional mask does, so the
    median takes the place of the mean.
    """
    rows = luma[::8].astype(np.int16)
    if rows.shape[1] < 3:
        return 0.0
    second = np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:])
    # counted, as the differences are few whole numbers: sorting them takes ten times as long
    reached = np.cumsum(np.bincount(second.ravel()))
    middle = float(np.searchsorted(reached, reached[-1] / 2))
    # the median of |x| is 0.6745 sigma, and the mask's weights multiply the variance by 6
    return middle / (0.6745 * 6**0.5)
