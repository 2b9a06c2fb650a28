"""Ink without specks, its strokes brought to one width, as steps of a graph."""

from __future__ import annotations

from typing import Final

import numpy as np

from tinydigits.glyph import GLYPH_SIZE
from tinydigits_export.graph import PIXELS
from tinydigits_export.steps import Steps

LEAST_NEIGHBOURS: Final = 2
"""An inked pixel with fewer inked ones among the eight around it is a speck: single pixels and
pairs are dropped, the inside of a stroke one pixel wide is not."""

STROKE_WIDTH: Final = 2.3
"""Width in pixels that thicker strokes are brought to: the median of MNIST's, measured as here."""

_NO_INK: Final = 1e-6
"""Added to the share of the field that is edge, where it is divided by: without ink there is none,
and one pixel of edge is a thousandth of the field."""


def without_specks(steps: Steps, ink: str) -> str:
    """Steps that drop each inked pixel with fewer than :data:`LEAST_NEIGHBOURS` inked around it.

    What comes in and goes out are bits ``float32[N, 1, 28, 28]``.
    """
    # twice the neighbours, and so much for the pixel itself that paper never gets above the line
    kernel = np.full((1, 1, 3, 3), 2.0)
    kernel[0, 0, 1, 1] = own = 2.0 * 9
    line = [1 - 2 * LEAST_NEIGHBOURS - own]
    found = steps.add("Conv", ink, steps.constant(kernel), steps.constant(line), pads=[1, 1, 1, 1])
    return steps.add("Clip", found, steps.constant(0.0), steps.constant(1.0))


def evened(steps: Steps, ink: str) -> str:
    """Steps that shrink strokes which are too thick, by up to two pixels on each side.

    A pixel off each side of a stroke takes away what it is long, twice: so twice the ink over what
    that takes away is its width. Digits between two whole pixels are a mixture of both.

    :param ink: bits ``float32[N, 1, 28, 28]``.
    :returns: shares of ink, in the same shape.
    """
    # the ink, and the ink whose neighbours within one pixel, or two, are all ink
    kernels, lines = np.zeros((3, 1, 5, 5)), []
    for reach, kernel in enumerate(kernels[:, 0]):
        kernel[2 - reach : 3 + reach, 2 - reach : 3 + reach] = 1
        lines.append(1 - kernel.sum())
    found = steps.add("Conv", ink, steps.constant(kernels), steps.constant(lines), pads=[2] * 4)
    layers = steps.add("Clip", found, steps.constant(0.0), steps.constant(1.0))
    shares = steps.add("GlobalAveragePool", layers)
    shares = steps.add("Reshape", shares, steps.constant([-1, 3]))
    # all of it, over what one pixel off each side takes away
    quotient = steps.add(
        "Gemm",
        shares,
        steps.constant([[1.0, 1.0], [0.0, -1.0], [0.0, 0.0]]),
        steps.constant([0.0, _NO_INK]),
    )
    half_width = steps.add("Div", *steps.split("Split", quotient, outputs=2, axis=1))
    # so many pixels are too much on each side: of the first layer, and of the second
    due = np.array([0, 1]) + STROKE_WIDTH / 2
    excess = steps.add("Sub", half_width, steps.constant(due))
    taken = steps.add("Clip", excess, steps.constant(0.0), steps.constant(1.0))
    mixture = steps.add(
        "Gemm",
        taken,
        steps.constant([[-1.0, 1.0, 0.0], [0.0, -1.0, 1.0]]),
        steps.constant([1.0, 0.0, 0.0]),
    )
    mixture = steps.add("Reshape", mixture, steps.constant([-1, 1, 3]))
    rows = steps.add("Reshape", layers, steps.constant([-1, 3, PIXELS]))
    mixed = steps.add("MatMul", mixture, rows)
    return steps.add("Reshape", mixed, steps.constant([-1, 1, GLYPH_SIZE, GLYPH_SIZE]))
