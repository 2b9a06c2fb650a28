"""What a model file holds around its estimator: the features before it, and how it is stored."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from tinydigits.errors import DataError
from tinydigits_export.features import BITS, Bits, Features
from tinydigits_export.oriented import Oriented
from tinydigits_export.pairs import Pairs
from tinydigits_export.storage import STORAGES, Storage, rounded

_Array = npt.NDArray[np.generic]


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
        named = {"features": np.array(self.features.name), "storage": np.array(self.storage)}
        if isinstance(self.features, Pairs):
            pairs = self.features
            named |= {"components": pairs.components, "offsets": pairs.offsets}
            named["components_storage"] = np.array(pairs.storage)
        np.savez_compressed(packed, allow_pickle=False, **named)
        return packed.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Form:
        """The form from its archive; nothing in it is run.

        :raises DataError: where it is something else.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as archive:
                arrays = dict(archive)
            return cls(_features(arrays), _storage(arrays["storage"]))
        except Exception as error:  # damage shows as an error of zipfile, zlib, NumPy or tokenize
            raise DataError(f"it does not hold features and storage: {error}") from error


def _storage(name: _Array) -> Storage:
    return STORAGES[STORAGES.index(str(name))]


def _features(arrays: dict[str, _Array]) -> Features:
    name = str(arrays["features"])
    if name == Pairs.name:
        components, offsets = (arrays[key].astype(np.float32) for key in ("components", "offsets"))
        return Pairs(components, offsets, _storage(arrays["components_storage"]))
    fixed: dict[str, Features] = {Bits.name: BITS, Oriented.name: Oriented()}
    return fixed[name]


LINEAR_FORM: Final = Form()
"""Of the model ``linear``: bits, and a float32 for each of them."""
