"""MNIST: 60,000 handwritten digits for training and 10,000 for the test, exactly these.

They come from the four original files, or else from the copy on OpenML that scikit-learn fetches
once and keeps. Either is verified, so a model's card can promise what it was trained on.
"""

from __future__ import annotations

import hashlib
import os
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.datasets import fetch_openml

from tinydigits.classifier import Glyphs
from tinydigits.errors import DataError
from tinydigits.glyph import GLYPH_SIZE
from tinydigits_train.datasets import DataSet, Labels
from tinydigits_train.idx import MD5, find_mnist_file, read_mnist_file

DATA_VARIABLE: Final = "TINYDIGITS_DATA"

TEST_START: Final = 60_000
"""Index of the first official test image."""

_TRAIN_DIGEST: Final = "54e1ab866c9484947dd4821c52bb7a43938f555d6b046be6af55247f8e6ffc64"
_TEST_DIGEST: Final = "97b756d55950f1841ebd48df7379b9b2fc87a10d63e08d6213dad41d564e8508"
"""What :func:`content_digest` gives for the two parts of the original files."""


def load_mnist(data_dir: Path | None = None) -> DataSet:
    """MNIST from ``data_dir``, else from the folder in ``TINYDIGITS_DATA``, else from OpenML.

    :raises DataError: where a file is missing or is not the original, or nothing can be fetched.
    """
    folder = _mnist_folder(data_dir)
    glyphs, labels = _from_openml() if folder is None else _from_files(folder)
    return DataSet("mnist", glyphs, labels, test_start=TEST_START)


def _mnist_folder(data_dir: Path | None) -> Path | None:
    """The folder that was named, or its sub-folder ``mnist`` where that one has the files."""
    if data_dir is None:
        variable = os.environ.get(DATA_VARIABLE)
        if not variable:
            return None
        data_dir = Path(variable)
    if not data_dir.is_dir():
        raise DataError(f"the data folder {data_dir} does not exist")
    return next((f for f in (data_dir, data_dir / "mnist") if _has_any_file(f)), data_dir)


def _has_any_file(folder: Path) -> bool:
    return any(find_mnist_file(folder, name) for name in MD5)


def _from_files(folder: Path) -> tuple[Glyphs, Labels]:
    train, train_labels, test, test_labels = (read_mnist_file(folder, name) for name in MD5)
    labels = np.concatenate([train_labels, test_labels]).astype(np.int64)
    return np.concatenate([train, test]), labels


def _from_openml() -> tuple[Glyphs, Labels]:
    glyphs, labels = _fetch()
    # OpenML has the training images first. Whether they stand in the order of the original files
    # is documented nowhere, so the order within each of the two parts is left open.
    train = content_digest(glyphs[:TEST_START], labels[:TEST_START])
    test = content_digest(glyphs[TEST_START:], labels[TEST_START:])
    if (train, test) != (_TRAIN_DIGEST, _TEST_DIGEST):
        raise DataError(
            "the copy that scikit-learn got from OpenML is not the original MNIST: "
            "take the four original files and name their folder with --data-dir"
        )
    return glyphs, labels


def content_digest(glyphs: Glyphs, labels: Labels) -> str:
    """SHA-256 over glyphs and labels in whatever order they stand, as 64 hex digits."""
    pairs = zip(glyphs, labels, strict=True)
    ordered = sorted(
        hashlib.sha256(np.append(glyph, np.uint8(label)).tobytes()).digest()
        for glyph, label in pairs
    )
    return hashlib.sha256(b"".join(ordered)).hexdigest()


def _fetch() -> tuple[Glyphs, Labels]:
    print(
        "taking MNIST from scikit-learn's copy of OpenML, which takes a minute; "
        "the four original files in a folder (--data-dir) are quicker",
        file=sys.stderr,
    )
    # its other parser needs no pandas, but a minute for all the numbers
    parser = "pandas" if find_spec("pandas") else "liac-arff"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one for each attempt; the last is told below
            bunch = fetch_openml(
                "mnist_784", version=1, as_frame=False, parser=parser, n_retries=1, delay=0.2
            )
        glyphs = np.asarray(bunch.data).astype(np.uint8).reshape(-1, GLYPH_SIZE, GLYPH_SIZE)
        return glyphs, np.asarray(bunch.target).astype(np.int64)
    except Exception as error:  # the network, the cache and both parsers raise what they like
        reason = " ".join(str(getattr(error, "reason", error)).split())
        raise DataError(
            f"MNIST is not on this machine and can't be fetched from OpenML ({reason:.120}): put "
            f"its four files into a folder and name it with --data-dir, or set {DATA_VARIABLE} to "
            "it, or run this once with a network so that scikit-learn keeps a copy, or train on "
            "what is here with --data bundled"
        ) from error
