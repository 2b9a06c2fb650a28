"""One digit's ink as a 28x28 glyph, in the geometry of MNIST.

A **glyph** is ``uint8[28, 28]``: 0 is paper, 255 is a pixel wholly covered by ink. The digit is put
upright and scaled by area, aspect kept, until its longer side is 20 pixels; its strokes are brought
to one width, and its centre of mass is put where MNIST puts it.

All arithmetic is on whole numbers, or on single IEEE operations: the same mask gives the same bits
on every processor and with every version of NumPy, which lets :func:`fingerprint` compare the
pre-processing of the machine that trained with that of the machine that reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, isqrt, pi, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from tinydigits.digest import sha256_hex

Mask = npt.NDArray[np.bool_]
Glyph = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.integer]

GLYPH_SIZE: Final = 28
"""Side of a glyph in pixels."""

INK_BOX: Final = 20
"""Longer side of the digit inside the glyph, in pixels: LeCun et al. 1998, section III.A."""

INK_CENTRE: Final = 14.5
"""Where the centre of mass lies, in pixels from the glyph's edge.

MNIST centres on *pixel* 14, whose middle is half a pixel right of and below the middle of the
field: the mean over its 60,000 training images is 14.49. Centring on 14.0 instead cost a logistic
regression 2.2 points.
"""

STROKE_WIDTH: Final = 2.4
"""Width that strokes are brought to, in glyph pixels: the median of MNIST's training images, cut at
96 of 255."""

MAX_SLANT: Final = 1.0
"""Columns to a row that a slant is taken back by at most: 45 degrees."""

VIEWS: Final = 5
"""Of each glyph that :func:`jittered` gives."""

_GRID: Final = 4
"""Cells of the working grid to a glyph pixel: strokes and centre are set to a quarter pixel."""

_UNIT: Final = 256
"""Parts that a source pixel is counted in where a grid cell covers a share of it."""

_HALF: Final = GLYPH_SIZE * _GRID // 2
"""Cells of the working grid from its middle to an edge."""

_EDGES: Final = np.arange(-_HALF, _HALF + 1).astype(np.float64)
"""Of the working grid's cells, from its middle."""

_LEVELS: Final = np.asarray(
    (np.arange(_GRID * _GRID + 1) * 255 + _GRID * _GRID // 2) // (_GRID * _GRID), np.uint8
)
"""Of a glyph pixel, by how many of its cells are ink."""


def stroke_width(mask: Mask) -> float:
    """Mean stroke width of an ink mask, in its pixels: twice the area over the perimeter.

    The perimeter is Crofton's: transitions counted along rows, columns and both diagonals, so that
    the slant of a stroke hardly matters. An empty mask has the width 0.0.
    """
    area = int(np.count_nonzero(mask))
    if not area:
        return 0.0
    height, width = mask.shape
    padded = np.zeros((height + 2, width + 2), np.bool_)
    padded[1:-1, 1:-1] = mask
    straight = np.count_nonzero(padded[:, 1:] != padded[:, :-1])
    straight += np.count_nonzero(padded[1:] != padded[:-1])
    diagonal = np.count_nonzero(padded[1:, 1:] != padded[:-1, :-1])
    diagonal += np.count_nonzero(padded[1:, :-1] != padded[:-1, 1:])
    perimeter = pi / 8 * (straight + diagonal / sqrt(2))
    return 2 * area / perimeter


def normalize_glyph(mask: Mask) -> Glyph:
    """The glyph of one digit from its ink.

    :param mask: ``bool[H, W]``, the ink of one digit and nothing else, at any size.
    :returns: ``uint8[28, 28]``; all zero where the mask is empty.
    """
    if not mask.any():
        return np.zeros((GLYPH_SIZE, GLYPH_SIZE), np.uint8)
    ink = _upright(mask)
    longer = max(ink.shape)
    # a dot or a block has no strokes: never take more than a quarter of its longer side for one
    width = min(stroke_width(ink), longer / 4)
    # changing the strokes changes the box: what has to fit is the box afterwards
    scale = (INK_BOX - STROKE_WIDTH) / (longer - width)
    # a stroke narrower than a cell covers none by half: what it does cover, even parted, is ink
    share = min(0.5, 0.4 * width * scale * _GRID)
    radius = (STROKE_WIDTH - width * scale) * _GRID / 2
    return _settle(_widen(_resample(ink, scale * _GRID, share, abs(radius)), radius))


def normalize_glyphs(masks: Sequence[Mask]) -> npt.NDArray[np.uint8]:
    """The glyphs of several digits: ``uint8[N, 28, 28]``."""
    glyphs = np.zeros((len(masks), GLYPH_SIZE, GLYPH_SIZE), np.uint8)
    for glyph, mask in zip(glyphs, masks, strict=True):
        glyph[:] = normalize_glyph(mask)
    return glyphs


def jittered(glyphs: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Each glyph where it stands and moved by a pixel to each side: ``uint8[VIEWS * N, 28, 28]``.

    A pixel-wise model hangs on the exact place of strokes, which ink and segmentation leave open:
    the mean over these views of what it reads does so less.
    """
    count = len(glyphs)
    views = np.zeros((VIEWS, count, GLYPH_SIZE, GLYPH_SIZE), np.uint8)
    views[0] = glyphs
    views[1, :, 1:] = glyphs[:, :-1]
    views[2, :, :-1] = glyphs[:, 1:]
    views[3, :, :, 1:] = glyphs[:, :, :-1]
    views[4, :, :, :-1] = glyphs[:, :, 1:]
    return views.reshape(VIEWS * count, GLYPH_SIZE, GLYPH_SIZE)


def _upright(mask: Mask) -> Mask:
    """The ink sheared until its rows balance above one another, and cropped to its box.

    The slant is the covariance of column and row over the variance of the row, as in LeCun et al.
    1998, section III.B; each row moves by whole pixels.
    """
    y, x = _places(mask)
    count = y.size
    sum_y, sum_x = int(y.sum()), int(x.sum())
    covariance = count * int(y.dot(x)) - sum_y * sum_x
    # one pixel more of variance keeps a flat dash from counting as slanted
    variance = count * int(y.dot(y)) - sum_y * sum_y + count * count
    slant = max(-MAX_SLANT, min(MAX_SLANT, covariance / variance))
    x = x - np.rint(slant * np.arange(len(mask))).astype(np.int64)[y]
    # the pixels are in reading order
    top, bottom, left, right = int(y[0]), int(y[-1]), int(x.min()), int(x.max())
    ink = np.zeros((bottom + 1 - top, right + 1 - left), np.bool_)
    ink.ravel()[y * ink.shape[1] + (x - (top * ink.shape[1] + left))] = True
    return ink


def _places(mask: Mask) -> tuple[Ints, Ints]:
    """Rows and columns of the ink, in reading order; a third of the time of ``mask.nonzero()``."""
    place = mask.ravel().nonzero()[0]
    y = place // mask.shape[1]
    return y, place - y * mask.shape[1]


def _resample(ink: Mask, scale: float, share: float, margin: float) -> Mask:
    """The ink scaled about its middle onto the working grid, of which only its box is made.

    A cell is ink where at least this share of it is covered.

    :param margin: cells around the box that are made too.
    """
    # as wide as all units of all pixels need: half the width takes half the time
    whole = np.int32 if ink.size * _UNIT * _UNIT <= np.iinfo(np.int32).max else np.int64
    down, across = (min(_HALF, ceil(side * scale / 2 + margin) + 1) for side in ink.shape)
    covered = _cover(_cover(ink.astype(whole), scale, down).T, scale, across).T
    return np.asarray(covered >= (_UNIT / scale) ** 2 * share)


def _cover(values: npt.NDArray[np.integer], scale: float, half: int) -> npt.NDArray[np.integer]:
    """Sum of the rows that each grid cell covers, shares of rows in units: ``int[2 * half, W]``.

    Differences of one running sum, in whole numbers: no matrix product, whose threads would cost
    more than the work, and no rounding that could differ between machines.

    :param half: cells to each side of the middle.
    """
    length = len(values)
    edges = length / 2 + _EDGES[_HALF - half : _HALF + half + 1] / scale
    edges = np.minimum(np.maximum(edges, 0), length)
    row, part = np.divmod(np.rint(edges * _UNIT).astype(values.dtype), _UNIT)
    padded = np.zeros((length + 2, values.shape[1]), values.dtype)
    padded[1:-1] = values
    sums = padded.cumsum(axis=0, dtype=values.dtype)
    below = sums.take(row, axis=0) * _UNIT + padded.take(row + 1, axis=0) * part[:, None]
    return np.asarray(below[1:] - below[:-1])


def _widen(grid: Mask, radius: float) -> Mask:
    """Ink grown by a disc of this radius in cells, or shrunk where it is negative.

    Shrinking stops short of losing all ink.
    """
    if radius >= 1:
        return _dilate(grid, radius)
    while radius <= -1:
        shrunk = ~_dilate(~grid, -radius)
        if shrunk.any():
            return shrunk
        radius /= 2
    return grid


def _dilate(grid: Mask, radius: float) -> Mask:
    """Union of discs around every set cell: row by row of the disc, from its edge to its middle."""
    height = len(grid)
    grown = np.zeros_like(grid)
    wide, half = grid.copy(), 0
    for dy in range(floor(radius), -1, -1):
        chord = isqrt(floor(radius * radius) - dy * dy)
        for step in range(half + 1, chord + 1):
            wide[:, step:] |= grid[:, :-step]
            wide[:, :-step] |= grid[:, step:]
        half = chord
        grown[dy:] |= wide[: height - dy]
        grown[: height - dy] |= wide[dy:]
    return grown


def _settle(grid: Mask) -> Glyph:
    """Move the centre of mass to its place and count the ink in each pixel."""
    y, x = _places(grid)
    if not y.size:
        return np.zeros((GLYPH_SIZE, GLYPH_SIZE), np.uint8)
    to_y, from_y = _moved(int(y.sum()), y.size, len(grid))
    to_x, from_x = _moved(int(x.sum()), y.size, grid.shape[1])
    field = np.zeros((2 * _HALF, 2 * _HALF), np.uint8)
    field[to_y, to_x] = grid[from_y, from_x]
    return _LEVELS[_every(_every(field).T).T]


def _moved(total: int, area: int, length: int) -> tuple[slice, slice]:
    """Where the cells along one side go in the field, and which of them stay inside.

    :param total: sum of the ink's cell numbers along this side.
    :param length: cells that were made of this side, as many to each side of the field's middle.
    """
    first = _HALF - length // 2
    to = first + round(INK_CENTRE * _GRID - ((total + first * area) / area + 0.5))
    inside = slice(max(0, -to), max(0, min(length, 2 * _HALF - to)))
    return slice(to + inside.start, max(0, to + inside.stop)), inside


def _every(cells: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Sums of as many rows as make a glyph pixel: a byte holds those of both directions."""
    total = cells[0::_GRID] + cells[1::_GRID]
    for first in range(2, _GRID):
        total += cells[first::_GRID]
    return total


def fingerprint() -> str:
    """SHA-256 of the glyphs that this code makes of built-in probe masks, as 64 hex digits.

    Two machines with the same fingerprint turn the same ink into the same glyphs.
    """
    y, x = np.mgrid[0:61, 0:47]
    ring = (9 * (y - 30) ** 2 + 16 * (x - 23) ** 2) // 16
    slash = abs(4 * (x - 8) - 3 * (60 - y) // 2)
    probes = (ring < 450, (ring < 280) & (ring > 130), slash < 9, slash < 40)
    masks = [mask for probe in probes for mask in (probe, probe[::3, ::3])]
    glyphs = [jittered(normalize_glyph(mask)[None]) for mask in masks]
    return sha256_hex(np.concatenate(glyphs).tobytes())
