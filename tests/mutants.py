"""Spoilt model files, each of which follows from its number alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import cache
from typing import Final

import numpy as np
import onnx
from onnx import AttributeProto, ModelProto, TensorProto

from hostile import (
    Change,
    changed,
    custom_operator,
    endless_loop,
    external,
    memory_bomb,
    nan_for_blank,
    nested_functions,
    sealed,
)
from samples import sample_model
from tinydigits.classifier import DEFAULT_MODEL, Glyphs, Probabilities

Rng = np.random.Generator

GOOD: Final = "harmless"
"""The kind of those that must be accepted: without them, refusing everything would pass."""

OPERATORS: Final = (
    *("Identity", "Relu", "Neg", "Abs", "Softmax", "Sigmoid", "Sqrt", "Exp", "Add", "Mul", "Div"),
    *("MatMul", "Gemm", "Conv", "Reshape", "Transpose", "Concat", "Gather", "Tile", "Expand"),
    *("ConstantOfShape", "Range", "NonZero", "TopK", "Scan", "If", "Loop", "Einsum", "GridSample"),
)


@cache
def originals() -> tuple[bytes, bytes]:
    """The models that are spoilt: one with convolutions, one with a single matrix."""
    return DEFAULT_MODEL.read_bytes(), sample_model()


@cache
def nested() -> bytes:
    """Made once: it has thousands of functions."""
    return changed(nested_functions)


def harmless(content: bytes, rng: Rng) -> bytes:
    """Other words in places that nobody computes with."""

    def change(model: ModelProto) -> None:
        model.doc_string = f"{rng.random()}"
        model.producer_name = "somebody"
        model.graph.node[int(rng.integers(len(model.graph.node)))].doc_string = "a node"

    return changed(change, content)


def other_bytes(content: bytes, rng: Rng) -> bytes:
    """Some bytes are others."""
    spoilt = bytearray(content)
    for place in rng.integers(0, len(content), int(rng.integers(1, 20))):
        spoilt[place] = int(rng.integers(256))
    return bytes(spoilt)


def other_bytes_sealed(content: bytes, rng: Rng) -> bytes:
    """The same, by somebody who knows of the seal."""
    return sealed(other_bytes(content, rng))


def cut_up(content: bytes, rng: Rng) -> bytes:
    """A part is lost, doubled, or at the end of the file."""
    first, last = sorted(rng.integers(0, len(content), 2).tolist())
    part, left = content[first:last], content[:first] + content[last:]
    made = (left, content[:last] + part + content[last:], left + part, content[:last])
    return sealed(made[int(rng.integers(len(made)))])


def other_weights(content: bytes, rng: Rng) -> bytes:
    """Bits of a tensor are others."""

    def change(model: ModelProto) -> None:
        tensors = [tensor for tensor in model.graph.initializer if tensor.raw_data]
        tensor = tensors[int(rng.integers(len(tensors)))]
        values = bytearray(tensor.raw_data)
        for place in rng.integers(0, 8 * len(values), int(rng.integers(1, 50))):
            values[place // 8] ^= 1 << int(place % 8)
        tensor.raw_data = bytes(values)

    return changed(change, content)


def other_node(content: bytes, rng: Rng) -> bytes:
    """A node does something else, with something else, or is gone."""

    def change(model: ModelProto) -> None:
        nodes = model.graph.node
        node = nodes[int(rng.integers(len(nodes)))]
        names = [name for other in nodes for name in (*other.input, *other.output)]
        kind = int(rng.integers(5))
        if kind == 0:
            node.op_type = str(rng.choice(OPERATORS))
        elif kind == 1 and node.input:
            node.input[int(rng.integers(len(node.input)))] = str(rng.choice(names))
        elif kind == 2:
            node.output[0] = str(rng.choice(names))
        elif kind == 3 and node.attribute:
            spoil_attribute(node.attribute[int(rng.integers(len(node.attribute)))], rng)
        else:
            nodes.remove(node)

    return changed(change, content)


def spoil_attribute(attribute: AttributeProto, rng: Rng) -> None:
    """Give an attribute another value, a huge one now and then."""
    value = int(rng.choice([-1, 0, 1, 2, 1 << 31, 1 << 62, int(rng.integers(1 << 40))]))
    if attribute.ints:
        attribute.ints[int(rng.integers(len(attribute.ints)))] = value
    elif attribute.s:
        attribute.s = rng.bytes(4)
    else:
        attribute.i, attribute.f = value, float(value)


def other_shape(content: bytes, rng: Rng) -> bytes:
    """A tensor, the input or an output claims another shape or type."""

    def change(model: ModelProto) -> None:
        size = int(rng.choice([-1, 0, 1, 10, 785, 1 << 20, 1 << 40, (1 << 63) - 1]))
        values = [*model.graph.input, *model.graph.output]
        if rng.random() < 0.6:
            tensor = model.graph.initializer[int(rng.integers(len(model.graph.initializer)))]
            if tensor.dims and rng.random() < 0.8:
                tensor.dims[int(rng.integers(len(tensor.dims)))] = size
            else:
                tensor.data_type = int(rng.choice(TensorProto.DataType.values()))
            return
        tensor_type = values[int(rng.integers(len(values)))].type.tensor_type
        if rng.random() < 0.3:
            tensor_type.elem_type = int(rng.choice(TensorProto.DataType.values()))
        else:
            dims = tensor_type.shape.dim
            dims[int(rng.integers(len(dims)))].dim_value = size

    return changed(change, content)


def other_metadata(content: bytes, rng: Rng) -> bytes:
    """Letters of the card are others, or a field is gone or doubled."""

    def change(model: ModelProto) -> None:
        properties = model.metadata_props
        chosen = properties[int(rng.integers(len(properties)))]
        if rng.random() < 0.2:
            properties.remove(chosen)
        elif rng.random() < 0.1:
            properties.add(key=chosen.key, value="0")
        else:
            letters = list(chosen.value)
            for place in rng.integers(0, len(letters), int(rng.integers(1, 4))):
                letters[place] = str(rng.choice(list('0123456789.-e"[]{},:\\ nax\x00')))
            chosen.value = "".join(letters)

    return changed(change, content)


def hostile(content: bytes, rng: Rng) -> bytes:
    """What was made to do harm."""
    place = "/" * int(rng.integers(3)) + "../" * int(rng.integers(5)) + "dev/zero"
    changes: list[Change] = [external(place), custom_operator, memory_bomb]
    if rng.random() < 0.1:
        return nested()
    if rng.random() < 0.1:
        return changed(endless_loop)
    if rng.random() < 0.1:
        return changed(nan_for_blank)
    base = content if rng.random() < 0.5 else sample_model()
    change = changes[int(rng.integers(len(changes)))]
    return changed(change, base)


KINDS: Final[dict[str, Callable[[bytes, Rng], bytes]]] = {
    GOOD: harmless,
    **{
        make.__name__.replace("_", " "): make
        for make in (
            *(other_bytes, other_bytes_sealed, cut_up, other_weights, other_node),
            *(other_shape, other_metadata, hostile),
        )
    },
}


def mutant(case: int) -> tuple[str, bytes, bytes]:
    """A kind, the good model that was spoilt, and the file that came out of it."""
    rng = np.random.default_rng(case)
    kind, make = list(KINDS.items())[case % len(KINDS)]
    original = originals()[int(rng.integers(2))]
    return kind, original, make(original, rng)


def golden_of(content: bytes) -> tuple[Glyphs, Probabilities]:
    """A good model's golden glyphs and what is promised for them, without the device's code."""
    model = onnx.load_model_from_string(content)
    (text,) = [p.value for p in model.metadata_props if p.key == "tinydigits.golden"]
    golden = json.loads(text)
    packed = [np.frombuffer(base64.b64decode(one["bits"]), np.uint8) for one in golden]
    glyphs = np.unpackbits(np.stack(packed), axis=1).reshape(-1, 28, 28) * 255
    return glyphs.astype(np.uint8), np.array([one["probability"] for one in golden], np.float32)
