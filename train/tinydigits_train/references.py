"""Two models that anyone would try first, as honest references: they don't go to a device.

Both see the 784 bits, as the linear model does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from tinydigits.classifier import Glyphs
from tinydigits_export.graph import to_bits
from tinydigits_train.datasets import Labels

HIDDEN: Final = 100
"""Neurons of the network's one hidden layer: scikit-learn's default."""

NEIGHBOURS: Final = 3
"""Of MNIST's bits, with a closer one counting more; 1 and 5 read as much within a tenth."""

_PIECE: Final = 500

Read = Callable[[Glyphs], npt.NDArray[np.floating]]


def references(
    glyphs: Glyphs, labels: Labels, threshold: int, seed: int
) -> Iterator[tuple[str, int, int, Read]]:
    """Name, bytes as single precision, multiply-adds to a glyph, and how each one reads.

    :param glyphs: ``uint8[N, 28, 28]``, all that they may learn from.
    """
    bits = to_bits(glyphs, threshold)
    with threadpool_limits(1):  # as in fit_linear
        network = MLPClassifier((HIDDEN,), early_stopping=True, random_state=seed).fit(bits, labels)
    weights = sum(layer.size for layer in network.coefs_)
    size = 4 * (weights + sum(layer.size for layer in network.intercepts_))
    yield f"MLP, {HIDDEN} hidden", size, weights, _reading(network.predict_proba, threshold)
    near = KNeighborsClassifier(NEIGHBOURS, weights="distance", algorithm="brute", n_jobs=1)
    near.fit(bits, labels)
    size = len(bits) * (bits.shape[1] // 8 + 1)
    yield f"{NEIGHBOURS} nearest", size, bits.size, _reading(near.predict_proba, threshold)


def _reading(
    predict: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.floating]], threshold: int
) -> Read:
    def read(glyphs: Glyphs) -> npt.NDArray[np.floating]:
        pieces = [glyphs[first : first + _PIECE] for first in range(0, len(glyphs), _PIECE)]
        with threadpool_limits(1):
            return np.concatenate([predict(to_bits(piece, threshold)) for piece in pieces])

    return read
