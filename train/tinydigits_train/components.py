"""The principal components that the model ``pairs`` multiplies."""

from __future__ import annotations

from typing import Final

import numpy as np
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from tinydigits.classifier import Glyphs
from tinydigits_export.features import Computer
from tinydigits_export.oriented import Oriented
from tinydigits_export.pairs import Pairs
from tinydigits_export.storage import Storage, rounded
from tinydigits_train.fit import BIT_THRESHOLD

COMPONENTS: Final = 142
"""More than 120 hardly change the accuracy; with eleven classes these still fit into half a
megabyte as float16."""

EXPONENT: Final = 0.15
"""A component is divided by this power of its share of the largest variance: weak components are
lifted a little, whitening, which is 0.5, would make them as loud as the strong ones."""


def learned_pairs(glyphs: Glyphs, storage: Storage) -> Pairs:
    """The features of ``pairs``, with components learned from some thousand glyphs.

    The strongest component has a variance of 1.
    """
    seen = Computer(Oriented(), BIT_THRESHOLD)(glyphs)
    with threadpool_limits(1):  # as in fit_linear
        found = PCA(min(COMPONENTS, len(glyphs) // 2 * 2), svd_solver="covariance_eigh").fit(seen)
    largest = found.explained_variance_[0]
    share = np.maximum(found.explained_variance_ / largest, np.finfo(np.float32).eps)
    scale = share**-EXPONENT / np.sqrt(largest)
    components = rounded(found.components_.T * scale, storage)
    return Pairs(components, (-found.mean_ @ components).astype(np.float32), storage)
