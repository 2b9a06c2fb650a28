"""What people look at to understand a model: its data, its weights and its mistakes, as pictures.

Pictures are plain numbers here; how they are drawn is the page's business. In JSON they are base64:
``numpy.frombuffer(base64.b64decode(text), "uint8").reshape(28, 28)`` gives a glyph back, and
``"<f4"`` in place of ``"uint8"`` what has a sign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isqrt
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from tinydigits.classifier import DataSource, Glyphs
from tinydigits.glyph import GLYPH_SIZE
from tinydigits_train.datasets import DataSet, Indices, Labels, label_names
from tinydigits_train.measure import Measures

THRESHOLDS: Final = tuple(range(16, 256, 16))
"""Where the line between paper and ink is tried; 96, the tutorial's, is one of them."""

BRIGHTNESS_BINS: Final = 32

MOST_CONFIDENT: Final = 24
"""Mistakes that are shown."""

PAIRS_SHOWN: Final = 5
EXAMPLES_SHOWN: Final = 8
"""Of each pair."""

_FLOAT: Final = "<f4"

_Floats = npt.NDArray[np.floating]


class DataView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the glyphs of a data set are like."""

    source: DataSource
    labels: tuple[str, ...]
    counts: dict[str, tuple[int, ...]]
    """Glyphs of each label in each part of the set."""
    mean_digits: tuple[bytes, ...]
    """``uint8[28, 28]`` each: where the digits of one label usually have ink."""
    brightness: tuple[int, ...]
    """How many pixels are how bright, in bins of equal width from 0 to 255."""
    threshold: int
    """A pixel of at least this value is ink."""
    ink_share: float
    """Of all pixels."""


class Mistake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A glyph that was read wrong."""

    glyph: bytes
    """``uint8[28, 28]``, as the model saw it."""
    truth: str
    read: str
    confidence: float


class ConfusedPair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One label taken for another, with its most confident examples."""

    truth: str
    read: str
    count: int
    glyphs: tuple[bytes, ...]


class ThresholdPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The accuracy where a pixel of at least ``threshold`` is ink."""

    threshold: int
    accuracy: float


class Coefficients(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a pixel's ink adds to the score of each class: a picture for each."""

    labels: tuple[str, ...]
    pictures: tuple[bytes, ...]
    """``float32[28, 28]`` each, little-endian."""
    intercepts: tuple[float, ...]
    largest: float
    """Largest absolute value of them all: the one scale of all pictures."""


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the ink around each pixel of a glyph adds to the scores of two classes."""

    glyph: bytes
    """``uint8[28, 28]``."""
    truth: str
    read: str
    rival: str
    """The next likeliest class."""
    for_read: bytes
    """``float32[28, 28]``: in units of the logarithm of a probability, less the mean over all."""
    for_rival: bytes
    largest: float
    """Largest absolute value of both: the one scale of both pictures."""


class Portrait(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model as people look at it."""

    pairs: tuple[ConfusedPair, ...]
    """The most frequent confusions, most frequent first."""
    mistakes: tuple[Mistake, ...]
    """Most confident first."""
    thresholds: tuple[ThresholdPoint, ...]
    coefficients: Coefficients | None
    """None where the model's weights are not ten pictures."""
    filters: tuple[bytes, ...] = ()
    """``float32[7, 7]`` each: what a model sees a digit through, where that is not its pixels."""
    evidence: tuple[Evidence, ...] = ()
    """One glyph of each label, where a model's weights are not ten pictures."""


def view_data(dataset: DataSet, parts: Mapping[str, Indices], threshold: int) -> DataView:
    """Look at a data set.

    :param parts: indices into the set, by the name of the part.
    """
    labels = label_names(dataset.labels)
    mean = [dataset.glyphs[dataset.labels == k] for k in range(len(labels))]
    levels = np.bincount(dataset.glyphs.ravel(), minlength=256)
    bins = levels.reshape(BRIGHTNESS_BINS, -1).sum(axis=1)
    return DataView(
        source=dataset.source(),
        labels=labels,
        counts={
            name: tuple(np.bincount(dataset.labels[indices], minlength=len(labels)).tolist())
            for name, indices in parts.items()
        },
        mean_digits=tuple(_glyph(_mean(glyphs)) for glyphs in mean),
        brightness=tuple(bins.tolist()),
        threshold=threshold,
        ink_share=float(levels[threshold:].sum() / levels.sum()),
    )


def _mean(glyphs: Glyphs) -> npt.NDArray[np.uint8]:
    if not len(glyphs):  # pictures to measure with need not show every digit
        return np.zeros((GLYPH_SIZE, GLYPH_SIZE), np.uint8)
    return np.asarray(glyphs.mean(axis=0).round(), np.uint8)


def show_mistakes(
    glyphs: Glyphs, probabilities: _Floats, truth: Labels, measures: Measures
) -> tuple[tuple[ConfusedPair, ...], tuple[Mistake, ...]]:
    """The most frequent confusions with examples, and the most confident mistakes.

    :param glyphs: ``uint8[N, 28, 28]`` as the model saw them, two levels where it cuts them itself.
    :param probabilities: ``float[N, K]``.
    :param truth: ``int64[N]``, the right column of each row.
    :param measures: of the same.
    """
    labels, read = measures.labels, probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    ranked = np.argsort(-confidence, kind="stable")
    wrong = ranked[(read != truth)[ranked]]
    mistakes = tuple(
        Mistake(_glyph(glyphs[k]), labels[truth[k]], labels[read[k]], float(confidence[k]))
        for k in wrong[:MOST_CONFIDENT]
    )
    pairs = []
    for worst in measures.worst[:PAIRS_SHOWN]:
        pair = labels.index(worst.truth), labels.index(worst.read)
        examples = wrong[(truth[wrong] == pair[0]) & (read[wrong] == pair[1])][:EXAMPLES_SHOWN]
        shown = tuple(_glyph(glyphs[k]) for k in examples)
        pairs.append(ConfusedPair(worst.truth, worst.read, worst.count, shown))
    return tuple(pairs), mistakes


def view_coefficients(
    weights: _Floats, intercepts: _Floats, labels: tuple[str, ...]
) -> Coefficients:
    """The weights of a linear model as pictures.

    :param weights: ``float[K, 784]``, a row for each label.
    :param intercepts: ``float[K]``.
    """
    return Coefficients(
        labels,
        tuple(signed_picture(row) for row in weights),
        tuple(intercepts.tolist()),
        float(np.abs(weights).max()),
    )


def try_thresholds(
    glyphs: Glyphs, accuracy: Callable[[Glyphs], float]
) -> tuple[ThresholdPoint, ...]:
    """The accuracy over the thresholds.

    :param accuracy: of glyphs that have two levels, 0 and 255.
    """
    return tuple(
        ThresholdPoint(threshold, accuracy(two_levels(glyphs, threshold)))
        for threshold in THRESHOLDS
    )


def two_levels(glyphs: Glyphs, threshold: int) -> Glyphs:
    """The glyphs as a one-bit model sees them: 255 where there is ink, else 0."""
    return np.asarray(np.where(glyphs >= threshold, 255, 0), np.uint8)


def signed_picture(values: _Floats) -> bytes:
    """The numbers of a square picture, row by row, as ``float32[side, side]``."""
    return values.astype(_FLOAT).tobytes()


def _glyph(glyph: npt.NDArray[np.uint8]) -> bytes:
    return glyph.tobytes()


def read_glyph(content: bytes) -> npt.NDArray[np.uint8]:
    """``uint8[28, 28]`` of a picture in a report."""
    return np.frombuffer(content, np.uint8).reshape(GLYPH_SIZE, GLYPH_SIZE)


def read_signed(content: bytes) -> npt.NDArray[np.float32]:
    """``float32[side, side]`` of a square picture with signs in a report."""
    values = np.frombuffer(content, _FLOAT)
    side = isqrt(values.size)
    return values.reshape(side, side)
