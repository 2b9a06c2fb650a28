"""Oriented features: where in a digit strokes run and end in which direction, as steps of a graph.

Fixed filters look at the upright digit; what they find is rectified and pooled. Nothing here is
learned, and the features are few enough for a person to look at each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt

from tinydigits.glyph import GLYPH_SIZE
from tinydigits_export.steps import Steps
from tinydigits_export.strokes import evened, without_specks
from tinydigits_export.upright import upright

FILTER_SIZE: Final = 7
"""Side of a filter in pixels: five times the width of its Gaussian."""

SIGMA: Final = 1.2
"""Width of the filters' Gaussian in pixels: half of MNIST's usual stroke."""

DIRECTIONS: Final = 4
"""Of each kind of filter, at multiples of 45 degrees; rectified both ways they make eight."""

LEAST_RESPONSE: Final = 0.05
MEAN_SHARE: Final = 0.5
"""A response counts as far as it is above the first number and this share of the mean over all
filters in the same pixel: the directions compete."""

STRIDE: Final = 4
"""Pixels from one place that features are counted around to the next."""

POOL: Final = 8
POOL_SIGMA: Final = 2.0
"""Side of the square around it, and width of the Gaussian that weighs what is in there: places
overlap, so that no stroke falls between two of them."""

CELLS: Final = GLYPH_SIZE // STRIDE
"""Places in a row."""

ROOT_OFFSET: Final = 1e-3
"""Added below the square root, whose slope at zero has no end: rounding errors would grow there."""

Filters = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Oriented:
    """The features of the model ``oriented``: ``float32[N, 784]`` of a glyph's bits."""

    name: ClassVar[str] = "oriented"

    @property
    def size(self) -> int:
        """Numbers to a glyph: eight filters, each rectified both ways, around 7x7 places."""
        return 2 * len(filter_bank()) * CELLS * CELLS

    @property
    def parts(self) -> tuple[int, ...]:
        """One read-out sees them all."""
        return (self.size,)

    def add(self, steps: Steps, bits: str) -> str:
        """Steps from bits ``float32[N, 784]`` to features ``float32[N, size]``."""
        field = steps.constant([-1, 1, GLYPH_SIZE, GLYPH_SIZE])
        image = steps.add("Reshape", bits, field)
        ink = upright(steps, evened(steps, without_specks(steps, image)))
        root = steps.add("Sqrt", pooled(steps, rectified(steps, ink)))
        return steps.add("Reshape", root, steps.constant([-1, self.size]))


def rectified(steps: Steps, ink: str) -> str:
    """Responses both ways, as far as they stand out in their pixel: ``float32[N, 16, 28, 28]``."""
    bank = filter_bank()
    both = np.concatenate((bank, -bank))[:, None]
    seen = steps.add("Conv", ink, steps.constant(both), pads=[FILTER_SIZE // 2] * 4)
    # of a filter's two ways one is zero, so the sum over all is that of the absolute responses
    rivals = np.eye(len(both)) - MEAN_SHARE / len(bank)
    above = steps.add(
        "Conv",
        steps.add("Relu", seen),
        steps.constant(rivals[:, :, None, None]),
        steps.constant([-LEAST_RESPONSE] * len(both)),
    )
    return steps.add("Relu", above)


def pooled(steps: Steps, responses: str) -> str:
    """Weighted means around each place, and the root's offset: ``float32[N, 16, 7, 7]``."""
    count = 2 * len(filter_bank())
    bell = np.exp(-(((np.arange(POOL) - (POOL - 1) / 2) / POOL_SIGMA) ** 2) / 2)
    weights = np.outer(bell, bell) / bell.sum() ** 2
    return steps.add(
        "Conv",
        responses,
        steps.outer(np.ones((count, 1)), weights.reshape(1, -1), [count, 1, POOL, POOL]),
        steps.constant([ROOT_OFFSET] * count),
        group=count,
        strides=[STRIDE, STRIDE],
        pads=[(POOL - STRIDE) // 2] * 4,
    )


def filter_bank() -> Filters:
    """``float32[8, 7, 7]``: four edge filters, then four line-end filters.

    An edge filter is the first derivative of a Gaussian in its direction; a line-end filter is the
    same derivative of a line's profile, the negative second derivative across. Each sums to zero,
    and what it finds in bits is at most 1.
    """
    reach = FILTER_SIZE // 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1] / SIGMA
    bell = np.exp(-(x * x + y * y) / 2)
    bank = []
    for kind in (0, 1):
        for k in range(DIRECTIONS):
            angle = np.pi * k / DIRECTIONS
            along = x * np.cos(angle) + y * np.sin(angle)
            across = y * np.cos(angle) - x * np.sin(angle)
            bank.append(along * bell * (1 - across * across if kind else 1))
    return _balanced(np.array(bank))


def _balanced(bank: npt.NDArray[np.float64]) -> Filters:
    bank = bank - bank.mean(axis=(1, 2), keepdims=True)
    return np.asarray(bank / bank.clip(0).sum(axis=(1, 2), keepdims=True), np.float32)
