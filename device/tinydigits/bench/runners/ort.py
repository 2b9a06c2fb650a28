"""The device's own way: its classifier on ONNX Runtime, and its reader."""

from __future__ import annotations

from typing import Final

from tinydigits.bench.systems import Classify, OwnReader, ReadText
from tinydigits.classifier import Classifier
from tinydigits.reader import Reader

ALL: Final = 2**20
"""Glyphs to a call: all of a query. The reader takes few at a time, to keep little memory."""


def open_glyphs(model: bytes) -> Classify:
    """The classifier of a model file's content."""
    return Classifier.from_bytes(model, batch=ALL).probabilities


def open_frames(model: bytes) -> ReadText:
    """The reader, as it reads a frame of which it knows nothing."""
    return OwnReader(Reader(Classifier.from_bytes(model)))
