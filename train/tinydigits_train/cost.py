"""What a model file costs a device: bytes, multiply-adds, microseconds."""

from __future__ import annotations

from math import prod
from time import perf_counter
from typing import Final

import numpy as np
import onnx
import onnxruntime as ort

from tinydigits.classifier import INPUT_NAME, Classifier
from tinydigits.glyph import GLYPH_SIZE
from tinydigits_export.golden import golden_glyphs

CALLS: Final = 200
"""To a measurement: some tens of milliseconds."""

MEASUREMENTS: Final = 15
"""Of which the median counts: what else the machine does falls on a few of them."""


def multiply_adds(content: bytes) -> int:
    """Multiplications with addition that a model does for one glyph.

    Those of convolutions and matrix products are counted; what is done to each number by itself is
    not, nor what a runtime does once, when it loads the file.
    """
    model = onnx.load_model_from_string(content)
    shapes = _shapes(model)
    constant = {tensor.name for tensor in model.graph.initializer}
    total = 0
    for node in model.graph.node:
        if set(node.input) <= constant:
            constant |= set(node.output)
        elif node.op_type == "Conv":
            total += prod(shapes[node.output[0]]) * prod(shapes[node.input[1]][1:])
        elif node.op_type in {"MatMul", "Gemm"}:
            total += prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    return total


def _shapes(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    """The shape of every value in a graph, from a run with one glyph."""
    seen = onnx.ModelProto()
    seen.CopyFrom(model)
    names = [name for node in seen.graph.node for name in node.output]
    given = {output.name for output in seen.graph.output}
    seen.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in given)
    options = ort.SessionOptions()
    options.log_severity_level = 4  # as in the classifier
    session = ort.InferenceSession(
        seen.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    glyph = np.zeros((1, GLYPH_SIZE, GLYPH_SIZE), np.uint8)
    values = session.run(names, {INPUT_NAME: glyph})
    shapes = {name: value.shape for name, value in zip(names, values, strict=True)}
    return shapes | {tensor.name: tuple(tensor.dims) for tensor in seen.graph.initializer}


def microseconds(classifier: Classifier) -> float:
    """Wall time of one glyph, given alone, on one thread of this machine."""
    glyph = golden_glyphs()[3:4]
    times = []
    for _ in range(MEASUREMENTS):
        start = perf_counter()
        for _ in range(CALLS):
            classifier.probabilities(glyph)
        times.append((perf_counter() - start) / CALLS * 1e6)
    return float(np.median(times))
