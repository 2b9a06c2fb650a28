"""ONNX's own evaluator: written to be right in NumPy, not to be fast."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinydigits.bench.runners import SkippedError
from tinydigits.bench.systems import Classify
from tinydigits.classifier import INPUT_NAME, PROBABILITY_NAME, Glyphs, Probabilities
from tinydigits.glyph import GLYPH_SIZE


def open_glyphs(model: bytes) -> Classify:
    """The evaluator of a model file's content.

    :raises SkippedError: where it lacks an operator of the graph.
    """
    import onnx
    from onnx.reference import ReferenceEvaluator

    evaluator: Any = ReferenceEvaluator(onnx.load_from_string(model), new_ops=[_grid_sample()])

    def classify(glyphs: Glyphs) -> Probabilities:
        return np.asarray(evaluator.run([PROBABILITY_NAME], {INPUT_NAME: glyphs})[0])

    try:
        classify(np.zeros((1, GLYPH_SIZE, GLYPH_SIZE), np.uint8))
    except Exception as error:  # its operators raise whatever NumPy does
        raise SkippedError(
            f"unsupported: onnx.reference lacks an operator of the model ({error})"
        ) from error
    return classify


def _grid_sample() -> Any:
    """Its operator, which knows the interpolation by the name of opset 20 alone."""
    from onnx.reference.ops.op_grid_sample import GridSample as Newer

    class GridSample(Newer):
        op_domain = ""

        def _run(self, *inputs: Any, **attributes: Any) -> Any:
            if attributes["mode"] == "bilinear":
                attributes["mode"] = "linear"
            return super()._run(*inputs, **attributes)  # type: ignore[no-untyped-call] # onnx's

    return GridSample
