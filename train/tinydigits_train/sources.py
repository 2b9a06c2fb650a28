"""Data sets by name: ``mnist``, ``bundled`` and ``folder:PATH``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from sklearn.datasets import load_digits

from tinydigits.errors import UsageError
from tinydigits.glyph import normalize_glyphs
from tinydigits_train.datasets import DataSet, enlarge
from tinydigits_train.folder import load_folder
from tinydigits_train.mnist import load_mnist

FOLDER_PREFIX: Final = "folder:"

_BUNDLED_MAX: Final = 16
"""Scikit-learn's digits count ink in 4x4 blocks of a bilevel scan: 0 to 16."""

_BUNDLED_LEVEL: Final = 96
"""Of 255: a stroke one pixel wide in the scan fills a quarter to half of a block."""

_BUNDLED_ENLARGED: Final = 8


def load(name: str, data_dir: Path | None = None) -> DataSet:
    """The data set of this name.

    :param data_dir: where the files of MNIST are; the other sets have no use for it.
    :raises UsageError: where there is no set of this name.
    :raises DataError: where the set is missing, incomplete or not what it claims to be.
    """
    if name == "mnist":
        return load_mnist(data_dir)
    if name == "bundled":
        return load_bundled()
    if name.startswith(FOLDER_PREFIX) and name != FOLDER_PREFIX:
        return load_folder(Path(name.removeprefix(FOLDER_PREFIX)))
    raise UsageError(f"there is no data set '{name}': take mnist, bundled or folder:PATH")


def load_bundled() -> DataSet:
    """The 1,797 digits of 8x8 pixels that come with scikit-learn, in the geometry of glyphs.

    They need no download. A model trained on them alone reads little else, but all the steps can
    be tried with it.
    """
    digits = load_digits()
    # strokes that reach the edge end there: paper around lets them do so when enlarged
    images = np.pad(digits.images, ((0, 0), (1, 1), (1, 1)))
    pictures = np.asarray(images * (255 / _BUNDLED_MAX), np.uint8)
    masks = [enlarge(picture, _BUNDLED_ENLARGED) >= _BUNDLED_LEVEL for picture in pictures]
    labels = np.asarray(digits.target, np.int64)
    return DataSet("bundled", normalize_glyphs(masks), labels)
