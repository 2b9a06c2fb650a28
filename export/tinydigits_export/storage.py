"""How learned numbers are stored in a model file: in four bytes each, in two, or in one.

An estimator is rounded to what its file can hold before it is measured and verified: a file that
computes something else than its estimator does not exist, however small it is.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Storage = Literal["float32", "float16", "int8"]

STORAGES: Final[tuple[Storage, ...]] = ("float32", "float16", "int8")

INT8_STEPS: Final = 127
"""Steps from zero to the largest number of a column; -128 stays unused, so that signs are alike."""

_Floats = npt.NDArray[np.floating]


class Encoded(NamedTuple):
    """A matrix as a file holds it."""

    values: npt.NDArray[np.generic]
    scale: npt.NDArray[np.float32] | None
    """``float32[columns]``, the size of one step, where the values are int8."""

    def decoded(self) -> npt.NDArray[np.float32]:
        """What the graph computes with."""
        values = self.values.astype(np.float32)
        return values if self.scale is None else values * self.scale


def encode(weights: _Floats, storage: Storage) -> Encoded:
    """A matrix as a file holds it; what was encoded once is not changed by a second time.

    :param weights: ``float[rows, columns]``; int8 gives each column a scale of its own.
    """
    weights = weights.astype(np.float32)
    if storage == "float32":
        return Encoded(weights, None)
    if storage == "float16":
        return Encoded(weights.astype(np.float16), None)
    scale = _short(np.abs(weights).max(axis=0, initial=0) / np.float32(INT8_STEPS))
    return Encoded(np.rint(weights / scale).astype(np.int8), scale)


def _short(scale: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The next larger numbers of at most 16 bits: what 127 steps of one come to has a place in the
    24 bits of a float32, so the same scale is found in it again.
    """
    mantissa, exponent = np.frexp(np.maximum(scale, np.finfo(np.float32).tiny))
    return np.asarray(np.ldexp(np.ceil(np.ldexp(mantissa, 16)), exponent - 16), np.float32)


def rounded(weights: _Floats, storage: Storage) -> npt.NDArray[np.float32]:
    """The numbers that a file with these weights computes with."""
    return encode(weights, storage).decoded()
