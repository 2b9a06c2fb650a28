"""A fitted logistic regression as a model file's content, threshold and metadata included."""

from __future__ import annotations

from typing import Final

import numpy as np
from onnx import GraphProto, TensorProto, checker, helper, numpy_helper
from onnx.utils import Extractor
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LogisticRegression

from tinydigits.classifier import LABEL_NAME, PROBABILITY_NAME, SEAL_KEY, UNSEALED, ModelCard, seal
from tinydigits.errors import ModelError
from tinydigits_export.form import LINEAR_FORM, Form
from tinydigits_export.graph import BITS_NAME, OPSET, bit_steps, ink_input, make_model
from tinydigits_export.steps import Steps
from tinydigits_export.storage import Storage, rounded

_SKL_PROBABILITY: Final = "probabilities"  # what skl2onnx calls it


def to_onnx(estimator: LogisticRegression, card: ModelCard, form: Form = LINEAR_FORM) -> bytes:
    """The content of a model file; the same estimator and card give the same bytes.

    :param estimator: fitted on ``float[N, form.features.size]`` and rounded to the form's storage;
        its classes are the positions of ``card.labels``.
    :raises ModelError: where the estimator and the card don't fit each other.
    """
    _check_fit(estimator, card, form)
    nodes, constants = bit_steps(card.threshold)
    steps = Steps()
    seen = form.features.add(steps, BITS_NAME)
    regression = _regression(estimator, seen)
    _store(regression, steps, form.storage)
    graph = helper.make_graph(
        [
            *nodes,
            *steps.nodes,
            *regression.node,
            helper.make_node("ArgMax", [PROBABILITY_NAME], [LABEL_NAME], axis=1, keepdims=0),
        ],
        "tinydigits",
        [ink_input()],
        [
            helper.make_tensor_value_info(LABEL_NAME, TensorProto.INT64, ["N"]),
            helper.make_tensor_value_info(
                PROBABILITY_NAME, TensorProto.FLOAT, ["N", len(card.labels)]
            ),
        ],
        [*constants, *steps.constants, *regression.initializer],
    )
    return _serialize(graph, card)


def _check_fit(estimator: LogisticRegression, card: ModelCard, form: Form) -> None:
    """Hold the estimator to what the contract makes of it."""
    classes = len(card.labels)
    if not hasattr(estimator, "coef_"):
        raise ModelError("the estimator is not fitted")
    due = (classes, form.features.size)
    if estimator.coef_.shape != due:
        raise ModelError(
            f"the estimator has weights {estimator.coef_.shape} where the card's {classes} labels "
            f"ask for {due}"
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
    weights = estimator.coef_.T
    # of single precision the converter takes the nearest; what is smaller is to be chosen for
    if form.storage != "float32" and not np.array_equal(rounded(weights, form.storage), weights):
        raise ModelError(f"the estimator's weights are not rounded to {form.storage}")


def _regression(estimator: LogisticRegression, seen: str) -> GraphProto:
    """What skl2onnx makes of the estimator, from what it sees to the probabilities.

    Kept from its single ``LinearClassifier``, which is 0.7 microseconds faster but stores weights
    in five bytes instead of four; the float64 detour by which it then looks labels up is left out,
    as a label is its own position.
    """
    model = convert_sklearn(
        estimator,
        initial_types=[(seen, FloatTensorType([None, estimator.coef_.shape[1]]))],
        options={"zipmap": False},
        target_opset=OPSET,
        black_op={"LinearClassifier"},
    )
    graph = Extractor(model).extract_model([seen], [_SKL_PROBABILITY]).graph
    for tensor in graph.initializer:
        # as raw bytes, the same from every version of skl2onnx
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor), tensor.name))
    for node in graph.node:
        node.output[:] = [PROBABILITY_NAME if o == _SKL_PROBABILITY else o for o in node.output]
    return graph


def _store(regression: GraphProto, steps: Steps, storage: Storage) -> None:
    """Replace the weights by steps that bring them from what is stored to float32."""
    if storage == "float32":
        return
    (product,) = (node for node in regression.node if node.op_type == "MatMul")
    (weights,) = (t for t in regression.initializer if t.name == product.input[1])
    product.input[1] = steps.weights(numpy_helper.to_array(weights), storage)
    regression.initializer.remove(weights)


def _serialize(graph: GraphProto, card: ModelCard) -> bytes:
    model = make_model(graph)
    metadata = {**card.to_metadata(), SEAL_KEY: UNSEALED}
    helper.set_model_props(model, dict(sorted(metadata.items())))
    checker.check_model(model, full_check=True)
    content = bytes(model.SerializeToString(deterministic=True))
    return content.replace(UNSEALED.encode(), seal(content, UNSEALED).encode(), 1)
