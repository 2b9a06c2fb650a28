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
        # a look at the same bytes, free of cost
        helper.make_node("Reshape", [INPUT_NAME, "rows"], ["row"]),
        # ONNX Runtime compares no uint8. To cut it to two neighbouring levels as bytes passes fewer
        # bytes than to compare floats: a thousand glyphs take 0.8 of the time. DequantizeLinear
        # would be one step less, but has some runtimes take all of the model for quantized
        helper.make_node("Clip", ["row", "paper", "ink_from"], ["cut"]),
        helper.make_node("Cast", ["cut"], ["level"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["level", "paper_level"], [BITS_NAME]),
    ]
    constants = [
        numpy_helper.from_array(np.array([-1, PIXELS], np.int64), "rows"),
        numpy_helper.from_array(np.array(threshold - 1, np.uint8), "paper"),
        numpy_helper.from_array(np.array(threshold, np.uint8), "ink_from"),
        numpy_helper.from_array(np.array(threshold - 1, np.float32), "paper_level"),
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
