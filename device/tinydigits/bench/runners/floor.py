"""What can't be saved: a call of ONNX Runtime that computes nothing, and passes over a frame."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from PIL import Image, ImageFilter

from tinydigits.bench.systems import Classify, ReadText
from tinydigits.bench.wire import field
from tinydigits.classifier import (
    BATCH,
    INPUT_NAME,
    Classifier,
    Glyphs,
    Probabilities,
    open_session,
)
from tinydigits.frame import Luma
from tinydigits.glyph import GLYPH_SIZE
from tinydigits.onnx_runtime import ort

IR_VERSION: Final = 8
OPSET: Final = 17
"""As our models have them; see ``tinydigits_export.graph``."""

RADIUS: Final = 10
"""Of the box blur, in pixels; it takes the same time whatever it is."""

DARKER: Final = 20
"""Grey levels below its surroundings from which on a pixel counts as ink."""

_UINT8: Final = 2
_OUTPUT: Final = "same"


def identity_model() -> bytes:
    """A model that gives back ``uint8[N, 28, 28]``, as ``onnx`` would write it.

    The numbers are those of the fields in ``onnx.proto``.
    """
    sides = field(1, field(2, "N")) + 2 * field(1, field(1, GLYPH_SIZE))
    form = field(2, field(1, field(1, _UINT8) + field(2, sides)))
    node = field(1, INPUT_NAME) + field(2, _OUTPUT) + field(4, "Identity")
    taken, given = field(1, INPUT_NAME) + form, field(1, _OUTPUT) + form
    graph = field(1, node) + field(2, "floor") + field(11, taken) + field(12, given)
    return field(1, IR_VERSION) + field(7, graph) + field(8, field(1, "") + field(2, OPSET))


def open_glyphs(_: bytes) -> Classify:
    """The identity graph through the same call as a model; what it gives are no probabilities."""
    run: Any = open_session(identity_model()).run
    options = ort.RunOptions()
    wanted = [_OUTPUT]

    def classify(glyphs: Glyphs) -> Probabilities:
        given: Probabilities = run(wanted, {INPUT_NAME: glyphs}, options)[0]
        return given

    return classify


def open_frames(model: bytes) -> ReadText:
    """The passes that nobody who reads digits from a frame can do without.

    One box blur, one threshold, one labelling by SciPy, one call of the classifier.
    """
    from scipy import ndimage

    classifier = Classifier.from_bytes(model)
    glyphs = np.zeros((BATCH, GLYPH_SIZE, GLYPH_SIZE), np.uint8)

    def passes(luma: Luma) -> str:
        around = np.asarray(Image.fromarray(luma).filter(ImageFilter.BoxBlur(RADIUS)))
        ndimage.label(np.less(luma, around - np.minimum(around, DARKER)))
        classifier.probabilities(glyphs)
        return ""

    return passes
