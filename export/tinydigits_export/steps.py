"""A graph in the making: steps are added to it one after the other, and each names its result."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper, numpy_helper

from tinydigits_export.storage import Storage, encode


class Steps:
    """Nodes and constants of a graph, in the order in which they were added.

    Names are numbers, as they travel in every file: ``s7`` is the result of the seventh step.
    """

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Append one step of an ONNX operator; returns the name of its result."""
        return self.split(kind, *inputs, outputs=1, **attributes)[0]

    def split(self, kind: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        """The same for a step with several results."""
        names = [f"s{len(self.nodes)}" + (f"_{k}" if k else "") for k in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names

    def constant(self, value: npt.ArrayLike) -> str:
        """A constant of the graph: whole numbers as int64, all others as float32."""
        array = np.asarray(value)
        kind = np.int64 if array.dtype.kind == "i" else np.float32
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array.astype(kind), name))
        return name

    def outer(self, rows: npt.ArrayLike, columns: npt.ArrayLike, shape: list[int]) -> str:
        """A large constant as the product of two small ones that broadcast, then reshaped.

        A runtime computes it once, when it loads the file; what travels are the small ones.
        """
        product = self.add("Mul", self.constant(rows), self.constant(columns))
        return self.add("Reshape", product, self.constant(shape))

    def weights(self, value: npt.NDArray[np.floating], storage: Storage) -> str:
        """A matrix that was learned, stored as small as ``storage`` says; float32 when it runs."""
        encoded = encode(value, storage)
        if encoded.scale is None:
            stored = self._stored(encoded.values)
            if encoded.values.dtype == np.float32:
                return stored
            return self.add("Cast", stored, to=TensorProto.FLOAT)
        whole = self.add("Cast", self._stored(encoded.values), to=TensorProto.FLOAT)
        return self.add("Mul", whole, self._stored(encoded.scale))

    def _stored(self, array: npt.NDArray[np.generic]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name
