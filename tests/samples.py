"""A small model, its estimator, its card and pictures, for every test that needs some."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from tinydigits.classifier import (
    DEFAULT_MODEL,
    Classifier,
    CoveragePoint,
    DataSource,
    Glyphs,
    ModelCard,
    Share,
    Split,
)
from tinydigits.glyph import fingerprint
from tinydigits_export.convert import to_onnx
from tinydigits_export.export import with_golden
from tinydigits_export.golden import golden_glyphs

THRESHOLD = 96


@cache
def sample_glyphs() -> tuple[Glyphs, npt.NDArray[np.int64]]:
    """scikit-learn's 8x8 digits, each pixel made 3x3, and their labels."""
    digits = load_digits()
    large = np.kron(digits.images, np.ones((1, 3, 3)))
    glyphs = np.pad(large * 255 // 16, ((0, 0), (2, 2), (2, 2))).astype(np.uint8)
    return glyphs, digits.target


def to_bits(glyphs: Glyphs, threshold: int = THRESHOLD) -> npt.NDArray[np.float64]:
    """What the estimator reads: ``float[N, 784]`` of 0 and 1."""
    return (glyphs >= threshold).reshape(-1, 784).astype(np.float64)


@cache
def sample_estimator() -> LogisticRegression:
    """The oracle."""
    glyphs, labels = sample_glyphs()
    return LogisticRegression(C=0.05, tol=0.02).fit(to_bits(glyphs), labels)


def sample_card(**changes: Any) -> ModelCard:
    """A card as training would write it, of realistic length and without golden glyphs."""
    card = ModelCard(
        contract=1,
        fingerprint=fingerprint(),
        name="linear",
        labels=tuple("0123456789"),
        threshold=THRESHOLD,
        data=(DataSource("scikit-learn digits, enlarged", "ab" * 32, 1797),) * 3,
        split=Split(seed=1, train=1200, validation=297, test=300, sha256="cd" * 32),
        accuracy=Share(0.9123456789012345, 0.9012345678901234, 0.9234567890123456, 300),
        coverage=tuple(
            CoveragePoint(k / 23, 1 - k / 29, 0.07 * (1 - k / 23) ** 2) for k in range(20)
        ),
        versions={"python": "3.11.7", "scikit-learn": "1.9.1", "numpy": "2.4.6", "onnx": "1.23.2"},
        golden=(),
    )
    return msgspec.structs.replace(card, **changes)


@cache
def sample_model() -> bytes:
    """The estimator's model file, golden glyphs included."""
    return to_onnx(sample_estimator(), with_golden(sample_estimator(), sample_card()))


@cache
def shipped_name() -> str:
    """The kind of model that comes with the program."""
    return Classifier.load(DEFAULT_MODEL).card.name


def picture_of(number: str, scale: int = 3) -> Image.Image:
    """A grey picture of a number, dark on light, in digits that every model reads right."""
    glyphs = _drawn_digits()
    ink = np.hstack([glyphs[int(digit)] for digit in number]) > 0
    ink = np.kron(np.pad(ink, 8), np.ones((scale, scale), np.bool_))
    return Image.fromarray(np.where(ink, 30, 225).astype(np.uint8))


@cache
def _drawn_digits() -> Glyphs:
    return golden_glyphs()
