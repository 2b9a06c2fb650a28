"""What a model file holds around its estimator: the features before it, and how it is stored."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from tinydigits.errors import DataError
from tinydigits_export.features import BITS, Bits, Features
from tinydigits_export.oriented import Oriented
from tinydigits_export.storage import STORAGES, Storage, rounded


@dataclass(frozen=True, eq=False)
class Form:
    """Features and storage of a model."""

    features: Features = BITS
    storage: Storage = "float32"

    def round(self, estimator: LogisticRegression) -> None:
        """Round an estimator's weights to what a file can hold, in place."""
        estimator.coef_ = rounded(estimator.coef_.T, self.storage).T.astype(estimator.coef_.dtype)

    def to_bytes(self) -> bytes:
        """As an archive of arrays that :meth:`from_bytes` reads."""
        packed = io.BytesIO()
        names = {"features": np.array(self.features.name), "storage": np.array(self.storage)}
        np.savez_compressed(packed, allow_pickle=False, **names)
        return packed.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Form:
        """The form from its archive; nothing in it is run.

        :raises DataError: where it is something else.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                features, storage = str(arrays["features"]), str(arrays["storage"])
        except Exception as error:  # damage shows as an error of zipfile, zlib, NumPy or tokenize
            raise DataError(f"it does not hold features and storage: {error}") from error
        if features not in FEATURES or storage not in STORAGES:
            raise DataError(f"it names features '{features:.40}' stored as '{storage:.40}'")
        return cls(FEATURES[features](), STORAGES[STORAGES.index(storage)])


FEATURES: Final[dict[str, Callable[[], Features]]] = {Bits.name: Bits, Oriented.name: Oriented}
"""By the name in archives."""

LINEAR_FORM: Final = Form()
"""Of the model ``linear``: bits, and a float32 for each of them."""
