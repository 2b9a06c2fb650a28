"""The weights of a linear model, read back from its file."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from tinydigits.glyph import GLYPH_SIZE
from tinydigits_export.graph import BITS_NAME

Weights = npt.NDArray[np.float32]


class LinearWeights(NamedTuple):
    """A score for each class is the sum of its weights where there is ink, and its intercept."""

    weights: Weights
    """``float32[K, 784]``, a row for each label."""
    intercepts: Weights
    """``float32[K]``."""


def linear_weights(content: bytes) -> LinearWeights | None:
    """The weights between bits and softmax, or None where the graph is not just that.

    :param content: of a model file that a classifier has accepted.
    """
    graph = onnx.load_model_from_string(content).graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    readers = [node for node in graph.node if BITS_NAME in node.input]
    if len(readers) != 1 or readers[0].op_type != "MatMul":
        return None
    weights = constants.get(readers[0].input[1])
    sums = [node for node in graph.node if node.op_type == "Add"]
    if weights is None or len(weights) != GLYPH_SIZE * GLYPH_SIZE or len(sums) != 1:
        return None
    intercepts = next(constants[name] for name in sums[0].input if name in constants)
    return LinearWeights(weights.T, intercepts.reshape(-1))
