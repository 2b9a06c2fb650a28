"""A fitted logistic regression as a model file's content, threshold and metadata included."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from onnx import GraphProto, ModelProto, TensorProto, checker, helper, numpy_helper
from onnx.utils import Extractor
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LogisticRegression

import tinydigits
from tinydigits.classifier import (
    INPUT_NAME,
    LABEL_NAME,
    PROBABILITY_NAME,
    SEAL_KEY,
    UNSEALED,
    Glyphs,
    ModelCard,
    seal,
)
from tinydigits.errors import ModelError
from tinydigits.glyph import GLYPH_SIZE

OPSET: Final = 17
"""Of 2022: every runtime that devices have knows it, ONNX Runtime 1.21 up to 22."""

IR_VERSION: Final = 8
"""The file format that came with opset 17; ONNX Runtime 1.21 reads up to 10."""

BITS_NAME: Final = "bits"
_SKL_PROBABILITY: Final = "probabilities"  # what skl2onnx calls it
_PIXELS: Final = GLYPH_SIZE * GLYPH_SIZE


def to_onnx(estimator: LogisticRegression, card: ModelCard) -> bytes:
    """The content of a model file; the same estimator and card give the same bytes.

    :param estimator: fitted on float bits ``[N, 784]``, 0.0 is paper and 1.0 is ink; its classes
        are the positions of ``card.labels``.
    :raises ModelError: where the estimator and the card don't fit each other.
    """
    _check_fit(estimator, card)
    regression = _regression(estimator)
    threshold = np.array(card.threshold, np.float32)
    graph = helper.make_graph(
        [
            # a look at the same bytes, free of cost; all ways to cut them took the same time
            helper.make_node("Reshape", [INPUT_NAME, "rows"], ["row"]),
            # ONNX Runtime compares no uint8
            helper.make_node("Cast", ["row"], ["level"], to=TensorProto.FLOAT),
            helper.make_node("GreaterOrEqual", ["level", "threshold"], ["is_ink"]),
            helper.make_node("Cast", ["is_ink"], [BITS_NAME], to=TensorProto.FLOAT),
            *regression.node,
            helper.make_node("ArgMax", [PROBABILITY_NAME], [LABEL_NAME], axis=1, keepdims=0),
        ],
        "tinydigits",
        [
            helper.make_tensor_value_info(
                INPUT_NAME, TensorProto.UINT8, ["N", GLYPH_SIZE, GLYPH_SIZE]
            )
        ],
        [
            helper.make_tensor_value_info(LABEL_NAME, TensorProto.INT64, ["N"]),
            helper.make_tensor_value_info(
                PROBABILITY_NAME, TensorProto.FLOAT, ["N", len(card.labels)]
            ),
        ],
        [
            numpy_helper.from_array(np.array([-1, _PIXELS], np.int64), "rows"),
            numpy_helper.from_array(threshold, "threshold"),
            *regression.initializer,
        ],
    )
    return _serialize(graph, card)


def to_bits(glyphs: Glyphs, threshold: int) -> npt.NDArray[np.float32]:
    """What the estimator is fitted on and the graph computes: ``float32[N, 784]``, 1.0 is ink."""
    return (glyphs >= threshold).reshape(len(glyphs), -1).astype(np.float32)


def _check_fit(estimator: LogisticRegression, card: ModelCard) -> None:
    """Hold the estimator to what the contract makes of it."""
    classes = len(card.labels)
    if not hasattr(estimator, "coef_"):
        raise ModelError("the estimator is not fitted")
    if estimator.coef_.shape != (classes, _PIXELS):
        raise ModelError(
            f"the estimator has weights {estimator.coef_.shape} where the card's {classes} labels "
            f"ask for ({classes}, {_PIXELS})"
        )
    if not np.array_equal(estimator.classes_, np.arange(classes)):
        raise ModelError(
            f"the estimator's classes are {estimator.classes_.tolist()} where 0 to {classes - 1}, "
            "the positions of the card's labels, are due"
        )
    if not 1 <= card.threshold <= 255:
        raise ModelError(
            f"the threshold {card.threshold} parts nothing: it must be between 1 and 255"
        )


def _regression(estimator: LogisticRegression) -> GraphProto:
    """What skl2onnx makes of the estimator, from the bits to the probabilities.

    Kept from its single ``LinearClassifier``, which is 0.7 microseconds faster but stores weights
    in five bytes instead of four; the float64 detour by which it then looks labels up is left out,
    as a label is its own position.
    """
    model = convert_sklearn(
        estimator,
        initial_types=[(BITS_NAME, FloatTensorType([None, _PIXELS]))],
        options={"zipmap": False},
        target_opset=OPSET,
        black_op={"LinearClassifier"},
    )
    graph = Extractor(model).extract_model([BITS_NAME], [_SKL_PROBABILITY]).graph
    for tensor in graph.initializer:
        # as raw bytes, the same from every version of skl2onnx
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor), tensor.name))
    for node in graph.node:
        node.output[:] = [PROBABILITY_NAME if o == _SKL_PROBABILITY else o for o in node.output]
    return graph


def _serialize(graph: GraphProto, card: ModelCard) -> bytes:
    model: ModelProto = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="tinydigits",
        producer_version=tinydigits.__version__,
    )
    metadata = {**card.to_metadata(), SEAL_KEY: UNSEALED}
    helper.set_model_props(model, dict(sorted(metadata.items())))
    checker.check_model(model, full_check=True)
    content = bytes(model.SerializeToString(deterministic=True))
    return content.replace(UNSEALED.encode(), seal(content, UNSEALED).encode(), 1)
