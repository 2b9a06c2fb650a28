"""What a model file's graph is made of, read without the package ``onnx``, which no device has.

Numbers of fields are those of ``onnx.proto``, and so are those of types.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tinydigits.bench.wire import Value, fields
from tinydigits.errors import ModelError

_TYPES: Final[dict[int, type[np.generic]]] = {
    1: np.float32,
    2: np.uint8,
    3: np.int8,
    6: np.int32,
    7: np.int64,
    10: np.float16,
    11: np.float64,
}

_MODEL_GRAPH: Final = 7
_GRAPH_NODE: Final = 1
_GRAPH_CONSTANT: Final = 5
_NODE_INPUT: Final = 1
_NODE_OUTPUT: Final = 2
_NODE_OPERATOR: Final = 4
_TENSOR_SIDE: Final = 1
_TENSOR_TYPE: Final = 2
_TENSOR_NAME: Final = 8
_TENSOR_BYTES: Final = 9

Array = npt.NDArray[Any]


class Node(NamedTuple):
    """A step of a graph."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """The steps of a model in their order, and its constants by their names."""

    nodes: tuple[Node, ...]
    constants: dict[str, Array]

    @classmethod
    def of(cls, model: bytes) -> Graph:
        """The graph of a model file's content.

        :raises ModelError: where it can't be understood.
        """
        graph = list(fields(_one(fields(model), _MODEL_GRAPH)))
        return cls(
            tuple(_node(told) for told in _all(graph, _GRAPH_NODE)),
            dict(_constant(told) for told in _all(graph, _GRAPH_CONSTANT)),
        )

    @property
    def weights(self) -> str:
        """As what learned numbers are stored: ``int8``, ``float16`` or ``float32``."""
        kinds = {values.dtype.name for values in self.constants.values()}
        return next((kind for kind in ("int8", "float16") if kind in kinds), "float32")


def _all(message: list[tuple[int, Value]], number: int) -> Iterator[bytes]:
    for found, value in message:
        if found == number and isinstance(value, bytes):
            yield value


def _one(message: Iterator[tuple[int, Value]], number: int) -> bytes:
    found = next(_all(list(message), number), None)
    if found is None:
        raise ModelError("it is no ONNX model")
    return found


def _node(content: bytes) -> Node:
    message = list(fields(content))
    inputs = tuple(name.decode() for name in _all(message, _NODE_INPUT))
    outputs = tuple(name.decode() for name in _all(message, _NODE_OUTPUT))
    return Node(_one(iter(message), _NODE_OPERATOR).decode(), inputs, outputs)


def _constant(content: bytes) -> tuple[str, Array]:
    """Name and values of a tensor whose values are stored as bytes, as all of ours are."""
    message = list(fields(content))
    shape = [value for number, value in message if number == _TENSOR_SIDE]
    kinds = [value for number, value in message if number == _TENSOR_TYPE]
    name = next(_all(message, _TENSOR_NAME), b"").decode()
    dtype = _TYPES.get(kinds[0]) if kinds and isinstance(kinds[0], int) else None
    told = next(_all(message, _TENSOR_BYTES), None)
    sides = [side for side in shape if isinstance(side, int)]
    if dtype is None or told is None or len(told) != prod(sides) * np.dtype(dtype).itemsize:
        raise ModelError(f"its constant {name} is stored in an unknown way")
    little = np.dtype(dtype).newbyteorder("<")  # whatever the machine
    return name, np.frombuffer(told, little).astype(dtype).reshape(sides)
