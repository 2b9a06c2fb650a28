"""What every graph of the contract begins with: glyphs come in, and are cut to one bit."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from onnx import (
    GraphProto,
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    helper,
    numpy_helper,
)

import tinydigits
from tinydigits.classifier import INPUT_NAME, Glyphs
from tinydigits.glyph import GLYPH_SIZE

OPSET: Final = 17
"""Of 2022: every runtime that devices have knows it, ONNX Runtime 1.21 up to 22."""

IR_VERSION: Final = 8
"""The file format that came with opset 17; ONNX Runtime 1.21 reads up to 10."""

BITS_NAME: Final = "bits"
PIXELS: Final = GLYPH_SIZE * GLYPH_SIZE


def ink_input() -> ValueInfoProto:
    """The one input: ``uint8[N, 28, 28]``."""
    return helper.make_tensor_value_info(
        INPUT_NAME, TensorProto.UINT8, ["N", GLYPH_SIZE, GLYPH_SIZE]
    )


def bit_steps(threshold: int) -> tuple[list[NodeProto], list[TensorProto]]:
    """Nodes from the input to bits ``float32[N, 784]``, and their constants."""
    nodes = [
        # a look at the same bytes, free of cost; all ways to cut them took the same time
        helper.make_node("Reshape", [INPUT_NAME, "rows"], ["row"]),
        # ONNX Runtime compares no uint8
        helper.make_node("Cast", ["row"], ["level"], to=TensorProto.FLOAT),
        helper.make_node("GreaterOrEqual", ["level", "threshold"], ["is_ink"]),
        helper.make_node("Cast", ["is_ink"], [BITS_NAME], to=TensorProto.FLOAT),
    ]
    constants = [
        numpy_helper.from_array(np.array([-1, PIXELS], np.int64), "rows"),
        numpy_helper.from_array(np.array(threshold, np.float32), "threshold"),
    ]
    return nodes, constants


def to_bits(glyphs: Glyphs, threshold: int) -> npt.NDArray[np.float32]:
    """What :func:`bit_steps` compute, ``float32[N, 784]``, 1.0 is ink."""
    return (glyphs >= threshold).reshape(len(glyphs), -1).astype(np.float32)


def make_model(graph: GraphProto) -> ModelProto:
    """A graph as a model that every supported runtime loads."""
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="tinydigits",
        producer_version=tinydigits.__version__,
    )
