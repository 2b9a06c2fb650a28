"""The linear model on LiteRT, which was TensorFlow Lite: its graph, written as a .tflite file."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tinydigits.bench.linear import Linear
from tinydigits.bench.systems import Classify
from tinydigits.classifier import Glyphs, Probabilities

FILE_VERSION: Final = 3
IDENTIFIER: Final = b"TFL3"
"""Of the file format since 2018."""

ANY: Final = -1
"""A side that may have any length."""


def open_glyphs(model: bytes) -> Classify:
    """An interpreter on one thread; a query of another length has it plan its memory anew."""
    from ai_edge_litert.interpreter import Interpreter

    linear = Linear.of(model)
    interpreter = Interpreter(model_content=tflite(linear), num_threads=1)
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    source, result = taken["index"], given["index"]
    pixels = len(linear.weights)
    planned = 0

    def classify(glyphs: Glyphs) -> Probabilities:
        nonlocal planned
        if len(glyphs) != planned:
            planned = len(glyphs)
            interpreter.resize_tensor_input(source, (planned, pixels))
            interpreter.allocate_tensors()
        interpreter.set_tensor(source, glyphs.reshape(planned, pixels))
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(result))

    return classify


def tflite(linear: Linear) -> bytes:
    """A .tflite file's content: ``uint8[N, 784]`` to ``float32[N, K]``.

    Cast, compare, cast, multiply and add, softmax: the steps of the ONNX graph. Comparing bytes as
    such would ask for a quantization.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    graph = _Graph(schema)
    pixels, classes = linear.weights.shape
    ink = graph.tensor("ink", (1, pixels), schema.TensorType.UINT8)
    level = graph.tensor("level", (1, pixels), schema.TensorType.FLOAT32)
    is_ink = graph.tensor("is_ink", (1, pixels), schema.TensorType.BOOL)
    bits = graph.tensor("bits", (1, pixels), schema.TensorType.FLOAT32)
    scores = graph.tensor("scores", (1, classes), schema.TensorType.FLOAT32)
    probability = graph.tensor("probability", (1, classes), schema.TensorType.FLOAT32)
    threshold = graph.constant("threshold", np.array([linear.threshold], np.float32))
    weights = graph.constant("weights", np.ascontiguousarray(linear.weights.T))
    intercept = graph.constant("intercept", linear.intercept)
    softmax = schema.SoftmaxOptionsT()
    softmax.beta = 1.0
    graph.step("CAST", "Cast", [ink], level)
    graph.step("GREATER_EQUAL", "GreaterEqual", [level, threshold], is_ink)
    graph.step("CAST", "Cast", [is_ink], bits)
    graph.step("FULLY_CONNECTED", "FullyConnected", [bits, weights, intercept], scores)
    graph.step("SOFTMAX", "Softmax", [scores], probability, softmax)
    builder = flatbuffers.Builder()
    builder.Finish(graph.model([ink], [probability]).Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


class _Graph:
    """A model in the making, in the words of the schema that LiteRT's package carries."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._buffers = [schema.BufferT()]  # the first is the one of tensors without a content
        self._tensors: list[Any] = []
        self._steps: list[Any] = []
        self._kinds: list[Any] = []

    def tensor(self, name: str, shape: tuple[int, ...], kind: int, buffer: int = 0) -> int:
        """Add a tensor; its first side may have any length, unless it has a content."""
        tensor = self._schema.TensorT()
        tensor.name, tensor.type, tensor.buffer, tensor.shape = name, kind, buffer, list(shape)
        if not buffer:
            tensor.shapeSignature = [ANY, *shape[1:]]
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def constant(self, name: str, values: Any) -> int:
        """Add a tensor of float32 with its content."""
        buffer = self._schema.BufferT()
        buffer.data = np.frombuffer(values.astype("<f4").tobytes(), np.uint8)
        self._buffers.append(buffer)
        kind = self._schema.TensorType.FLOAT32
        return self.tensor(name, values.shape, kind, len(self._buffers) - 1)

    def step(
        self, code: str, kind: str, inputs: list[int], output: int, options: Any = None
    ) -> None:
        """Add an operator by its two names in the schema: of its code, and of its options."""
        schema = self._schema
        operator_code = schema.OperatorCodeT()
        operator_code.builtinCode = getattr(schema.BuiltinOperator, code)
        # the field of old readers, which has room for these few
        operator_code.deprecatedBuiltinCode = operator_code.builtinCode
        self._kinds.append(operator_code)
        step = schema.OperatorT()
        step.opcodeIndex, step.inputs, step.outputs = len(self._kinds) - 1, inputs, [output]
        step.builtinOptionsType = getattr(schema.BuiltinOptions, f"{kind}Options")
        step.builtinOptions = options or getattr(schema, f"{kind}OptionsT")()
        self._steps.append(step)

    def model(self, inputs: list[int], outputs: list[int]) -> Any:
        """All of it."""
        graph, model = self._schema.SubGraphT(), self._schema.ModelT()
        graph.name, graph.tensors, graph.operators = "tinydigits", self._tensors, self._steps
        graph.inputs, graph.outputs = inputs, outputs
        model.version, model.description = FILE_VERSION, "tinydigits"
        model.operatorCodes, model.subgraphs, model.buffers = self._kinds, [graph], self._buffers
        return model
