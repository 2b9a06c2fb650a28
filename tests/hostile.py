"""Model files that mean harm: what ONNX Runtime was seen to load, crash or hang on, and then some.

Each has the good model's card and a right seal, so that nothing but what is wrong can be found.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper, numpy_helper

from samples import sample_model
from tinydigits.classifier import SEAL_KEY, seal

Change = Callable[[ModelProto], object]

NESTED: Final = 3000
"""Functions that call each other: loading so many overflows ONNX Runtime's stack."""


def changed(change: Change, content: bytes | None = None) -> bytes:
    """A good model's content after a change."""
    model = onnx.load_model_from_string(content or sample_model())
    change(model)
    return sealed(bytes(model.SerializeToString()))


def sealed(content: bytes) -> bytes:
    """A content whose seal is right again, so that what else is wrong is looked at."""
    found = re.search(SEAL_KEY.encode() + b".*?([0-9a-f]{64})", content, re.DOTALL)
    if not found:
        return content
    present = found[1].decode()
    return content.replace(found[1], seal(content, present).encode(), 1)


def external(location: str) -> Change:
    """Take the weights out of another file."""

    def change(model: ModelProto) -> None:
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=location)

    return change


def custom_operator(model: ModelProto) -> None:
    """Ask for an operator that somebody's library would bring."""
    model.graph.node[0].domain = "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))


def nested_functions(model: ModelProto) -> None:
    """Functions that call functions, and so on."""
    opsets = [*model.opset_import, helper.make_opsetid("deep", 1)]
    for depth in range(NESTED):
        last = depth == NESTED - 1
        inner = helper.make_node(
            "Identity" if last else f"f{depth + 1}", ["x"], ["y"], domain="" if last else "deep"
        )
        model.functions.append(
            helper.make_function("deep", f"f{depth}", ["x"], ["y"], [inner], opsets)
        )
    model.opset_import.append(helper.make_opsetid("deep", 1))
    instead_of_the_end(model, helper.make_node("f0", ["single"], ["probability"], domain="deep"))


def endless_loop(model: ModelProto) -> None:
    """Go round for ever before the probabilities come out."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Identity", ["held"], ["kept"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("held", TensorProto.FLOAT, ["N", 10]),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("kept", TensorProto.FLOAT, ["N", 10]),
        ],
    )
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "true"))
    loop = helper.make_node("Loop", ["", "true", "single"], ["probability"], body=body)
    instead_of_the_end(model, loop)


def memory_bomb(model: ModelProto) -> None:
    """Ask for 64 GB on the way."""
    size = numpy_helper.from_array(np.array([1 << 34], np.int64), "size")
    model.graph.initializer.append(size)
    model.graph.node.extend(
        [
            helper.make_node("ConstantOfShape", ["size"], ["huge"]),
            helper.make_node("ReduceSum", ["huge"], ["much"], keepdims=0),
        ]
    )
    instead_of_the_end(model, helper.make_node("Add", ["single", "much"], ["probability"]))


def instead_of_the_end(model: ModelProto, node: onnx.NodeProto) -> None:
    """Put a node between what were the probabilities, now ``single``, and the output."""
    for present in model.graph.node:
        for names in (present.input, present.output):
            names[:] = ["single" if name == "probability" else name for name in names]
    model.graph.node.append(node)


def nan_for_blank(model: ModelProto) -> None:
    """Divide by how much ink there is: right for every golden glyph, and NaN for a blank one."""
    model.graph.node.extend(
        [
            helper.make_node("Cast", ["ink"], ["grey"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMax", ["grey"], ["most"], keepdims=0, axes=[1, 2]),
            helper.make_node("Div", ["most", "most"], ["same"]),
            helper.make_node("Unsqueeze", ["same", "last"], ["column"]),
        ]
    )
    model.graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "last"))
    instead_of_the_end(model, helper.make_node("Mul", ["single", "column"], ["probability"]))


def weights(change: Callable[[np.typing.NDArray[np.float32]], object]) -> Change:
    """Change the weights in place."""

    def apply(model: ModelProto) -> None:
        coef = next(tensor for tensor in model.graph.initializer if tensor.name == "coef")
        values = numpy_helper.to_array(coef).copy()
        change(values)
        coef.CopyFrom(numpy_helper.from_array(values, "coef"))

    return apply


def flipped(values: np.typing.NDArray[np.float32]) -> None:
    """Flip the sign and a bit of the exponent of each weight in a hundred."""
    values.reshape(-1).view(np.uint32)[::100] ^= np.uint32(0x8800_0000)


def corner(values: np.typing.NDArray[np.float32]) -> None:
    """Make one weight NaN, of a pixel that no golden glyph has ink in."""
    values[0, 0] = np.nan


def other_rows(model: ModelProto) -> None:
    """Ask for rows that no number of glyphs can be parted into."""
    for tensor in model.graph.initializer:
        if tensor.name == "rows":
            tensor.CopyFrom(numpy_helper.from_array(np.array([-1, 785]), "rows"))
        if tensor.name == "coef":
            tensor.CopyFrom(numpy_helper.from_array(np.zeros((785, 10), np.float32), "coef"))


def hostile_models() -> dict[str, bytes]:
    """All of them by name."""
    changes: dict[str, Change] = {
        **{f"weights out of {place}": external(place) for place in EXTERNAL},
        "custom operator": custom_operator,
        "nested functions": nested_functions,
        "endless loop": endless_loop,
        "memory bomb": memory_bomb,
        "flipped weights": weights(flipped),
        "NaN weights": weights(lambda values: values.fill(np.nan)),
        "one NaN weight": weights(corner),
        "NaN for blank glyphs": nan_for_blank,
        "wrong shapes": other_rows,
    }
    good = sample_model()
    return {
        **{name: changed(change) for name, change in changes.items()},
        "truncated": good[: len(good) // 2],
        "one flipped bit": good[:-2000] + bytes([good[-2000] ^ 1]) + good[-1999:],
        "too large": good + bytes(1_000_000),
        "no model": b"GIF89a",
        "nothing": b"",
    }


EXTERNAL: Final = ("../../../../etc/passwd", "/etc/passwd", "/dev/zero", "link")
