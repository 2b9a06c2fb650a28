"""The device's own way: its classifier on ONNX Runtime, and its reader."""

from __future__ import annotations

from typing import Final

from tinydigits.bench.linear import Linear
from tinydigits.bench.runners import SkippedError
from tinydigits.bench.systems import Classify, OwnReader, ReadText
from tinydigits.classifier import Classifier
from tinydigits.memory import Memory
from tinydigits.reader import Reader

CACHED: Final = 250
"""Glyphs to a call of a linear model: what it makes of them stays in the processor's own memory.
Other models make ten times as much of each, and get as many to a call as on the device."""


def open_glyphs(model: bytes) -> Classify:
    """The classifier of a model file's content."""
    try:
        Linear.of(model)
    except SkippedError:
        return Classifier.from_bytes(model).probabilities
    return Classifier.from_bytes(model, batch=CACHED).probabilities


def open_frames(model: bytes) -> ReadText:
    """The reader as ``tinydigits run`` has it, which remembers where it found digits before."""
    return OwnReader(Reader(Classifier.from_bytes(model), memory=Memory()))
