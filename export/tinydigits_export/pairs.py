"""Pairs of features: products of the principal components of oriented features, in a graph.

One oriented feature says that a stroke ends here; a product says that one ends here *and* another
runs there. A logistic regression on all products is a quadratic classifier. Another one on the
oriented features themselves errs elsewhere, so that the mean of both errs less than either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tinydigits_export.oriented import Oriented
from tinydigits_export.steps import Steps
from tinydigits_export.storage import Storage

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Pairs:
    """The features of the model ``pairs``.

    The components are preceded by the constant 1, so that among the products are the components
    themselves. With it they are D, an odd number: then the products of each one with itself and
    with the next D // 2, counted in a circle, are all pairs, and each of them once.
    """

    components: Matrix
    """``float32[784, D - 1]``, a column for each component; rounded to the storage."""
    offsets: Matrix
    """``float32[D - 1]``, added to the components: their means go to zero."""
    storage: Storage

    name: ClassVar[str] = "pairs"

    def __post_init__(self) -> None:
        due = (Oriented().size, len(self.offsets))
        if self.components.shape != due or len(self.offsets) % 2:
            raise ValueError(f"components {self.components.shape} where {due} and an even number")

    @property
    def size(self) -> int:
        """Numbers to a glyph: the oriented features, and D (D + 1) / 2 products."""
        return sum(self.parts)

    @property
    def parts(self) -> tuple[int, ...]:
        """One read-out sees the oriented features, one the products."""
        count = len(self.offsets) + 1
        return Oriented().size, count * (count + 1) // 2

    def add(self, steps: Steps, bits: str) -> str:
        """Steps from bits ``float32[N, 784]`` to features and products ``float32[N, size]``."""
        seen = Oriented().add(steps, bits)
        turned = steps.add("MatMul", seen, steps.weights(self.components, self.storage))
        centred = steps.add("Add", turned, steps.constant(self.offsets))
        values = steps.add("Pad", centred, steps.constant([0, 1, 0, 0]), steps.constant(1.0))
        return steps.add("Concat", seen, products(steps, values, len(self.offsets) + 1), axis=1)


def products(steps: Steps, values: str, count: int) -> str:
    """Steps from ``float32[N, D]`` to ``float32[N, D (D + 1) / 2]``, D odd: each pair's product.

    The values repeated over and over, and cut into rows one longer than they are: each row starts
    one further on, so column d holds what is d places after the row's own.
    """
    repeated = steps.add("Tile", values, steps.constant([1, count + 1]))
    rows = steps.add("Reshape", repeated, steps.constant([-1, count, count + 1]))
    half = (count + 1) // 2
    after = steps.add("Slice", rows, *(steps.constant([k]) for k in (0, half, 2)))
    own = steps.add("Unsqueeze", values, steps.constant([2]))
    pairs = steps.add("Mul", after, own)
    return steps.add("Reshape", pairs, steps.constant([-1, count * half]))
