"""The ink of a glyph put upright and centred, as steps of a graph.

A slanted digit is sheared until its rows balance above one another, and its centre of mass is put
in the middle of the field: the two normalisations of LeCun et al. 1998, sections III.A and III.B.

A step of a graph costs a runtime a microsecond or two, however little it does: sums that could be
taken one by one are taken together here.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tinydigits.glyph import GLYPH_SIZE
from tinydigits_export.graph import PIXELS
from tinydigits_export.steps import Steps

MAX_SLOPE: Final = 1.0
"""Columns to a row that a slant is taken back by at most: 45 degrees."""

_HALF: Final = (GLYPH_SIZE - 1) / 2
"""From the middle of the field to the middle of its last pixel: the unit of GridSample."""

_NO_INK: Final = 1e-3
"""Added to what is divided by: without ink 0 / 0 becomes 0, and the sums of a digit, thousands,
don't change."""

_AXIS: Final = np.arange(GLYPH_SIZE) - _HALF
"""Rows or columns, counted from the middle of the field."""


def upright(steps: Steps, ink: str) -> str:
    """Steps from ink ``float32[N, 1, 28, 28]`` to upright, centred ink of the same shape.

    Both have shares of ink between 0 and 1. Where there is none, the result is empty.
    """
    grid = _grid(steps, _placement(steps, ink))
    return steps.add(
        "GridSample", ink, grid, mode="bilinear", padding_mode="zeros", align_corners=1
    )


def _placement(steps: Steps, ink: str) -> str:
    """Slope and centre of the ink, ``float32[N, 3]``: columns to a row, and in half fields.

    The slope is the covariance of column and row over the variance of the row and one pixel more,
    which keeps a flat dash from counting as slanted. All three are quotients of sums of products
    of moments.
    """
    row = steps.add("Reshape", ink, steps.constant([-1, PIXELS]))
    # powers of x and y; of bits all sums are multiples of a quarter, which float32 holds exactly
    n, x, y, xy, yy = (0, 0), (1, 0), (0, 1), (1, 1), (0, 2)
    pairs = ((n, xy), (x, y), (n, yy), (y, y), (n, n), (n, x), (n, y))
    powers = np.transpose(pairs, (2, 1, 0)).reshape(2, -1)
    across, down = _AXIS[:, None] ** powers[0], _AXIS[:, None] ** powers[1]
    moments = steps.outer(down[:, None], across[None], [PIXELS, 2 * len(pairs)])
    sums = steps.add("MatMul", row, moments)
    left, right = steps.split("Split", sums, outputs=2, axis=1)
    products = steps.add("Mul", left, right)
    above = np.zeros((len(pairs), 3))
    above[[0, 1], 0] = 1, -1
    above[5, 1] = above[6, 2] = 1 / _HALF
    below = np.zeros((len(pairs), 3))
    below[[2, 3, 4], 0] = 1, -1, 1
    below[4, 1:] = 1
    quotient = steps.add(
        "Gemm",
        products,
        steps.constant(np.hstack((above, below))),
        steps.constant([0.0] * 3 + [_NO_INK] * 3),
    )
    quotients = steps.add("Div", *steps.split("Split", quotient, outputs=2, axis=1))
    # no centre is outside the field, so this only limits the slope
    return steps.add("Clip", quotients, steps.constant(-MAX_SLOPE), steps.constant(MAX_SLOPE))


def _grid(steps: Steps, placement: str) -> str:
    """Where the ink of each upright pixel comes from: ``float32[N, 28, 28, 2]``, x before y.

    As a product of what changes from row to row and what changes from column to column.
    """
    axis, one = _AXIS / _HALF, np.ones(GLYPH_SIZE)
    x, y = 0, 1
    # by the slope, x moves with the row; by the centre, all of x or all of y
    down = np.zeros((3, GLYPH_SIZE, 1, 2))
    down[0, :, 0, x], down[1, :, 0, x], down[2, :, 0, y] = axis, one, one
    moved = steps.outer(down, np.ones((1, 1, GLYPH_SIZE, 1)), [3, 2 * PIXELS])
    rows, columns = np.stack((one, axis), axis=1), np.stack((axis, one), axis=1)
    still = steps.outer(rows[:, None], columns[None], [2 * PIXELS])
    grid = steps.add("Gemm", placement, moved, still)
    return steps.add("Reshape", grid, steps.constant([-1, GLYPH_SIZE, GLYPH_SIZE, 2]))
