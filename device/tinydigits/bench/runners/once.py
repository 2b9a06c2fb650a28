"""The device's reader at a frame of which it knows nothing, as ``tinydigits read`` reads it."""

from __future__ import annotations

from tinydigits.bench.systems import OwnReader, ReadText
from tinydigits.classifier import Classifier
from tinydigits.reader import Reader


def open_frames(model: bytes) -> ReadText:
    """A reader that remembers nothing: it searches every frame in all inks."""
    return OwnReader(Reader(Classifier.from_bytes(model)))
