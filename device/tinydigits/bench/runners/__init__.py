"""Who can be asked: each in a module of its own, which imports what it needs when it is opened.

A module has ``open_glyphs``, which gives a :data:`~tinydigits.bench.systems.Classify` for the
content of a model file, or ``open_frames``, which gives a
:data:`~tinydigits.bench.systems.ReadText`.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from tinydigits.errors import TinyDigitsError


class SkippedError(TinyDigitsError):
    """A runner that can't run here, or not this model: one word why, and what to do about it."""


class Runner(NamedTuple):
    """One of those who are measured.

    :param fitted: whether it is the model that is measured, so that each model is; others are
        measured once, and given the first model should they want one.
    :param checked: whether it gives answers, which can be right or wrong.
    :param linear: whether it computes linear models alone.
    """

    subject: Literal["glyph", "frame"]
    name: str
    fitted: bool = True
    checked: bool = True
    linear: bool = False


RUNNERS: Final = (
    Runner("glyph", "ort"),
    Runner("glyph", "floor", fitted=False, checked=False),
    Runner("glyph", "reference"),
    Runner("glyph", "numpy", linear=True),
    Runner("glyph", "sklearn", linear=True),
    Runner("glyph", "litert", linear=True),
    Runner("glyph", "c", linear=True),
    Runner("frame", "ort"),
    Runner("frame", "once"),
    Runner("frame", "floor", checked=False),
    Runner("frame", "tesseract", fitted=False),
    Runner("frame", "ssocr", fitted=False),
)

NONLINEAR: Final = (
    "nonlinear: only a linear model is written for these, as tinydigits-train fit makes one"
)
"""Why one of them is left out."""

OWN: Final = "ort"
"""The device's own way: ONNX Runtime, and the reader around it."""

ONCE: Final = "once"
"""That reader, at a picture of which it knows nothing."""

NAMES: Final = tuple(dict.fromkeys(runner.name for runner in RUNNERS))
