"""The linear model as numbers: what runners without a way to run a graph compute it from."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tinydigits.bench.graph import Array, Graph, Node
from tinydigits.bench.runners import NONLINEAR, SkippedError

_STEPS: Final = (
    "Reshape",
    "Clip",
    "Cast",
    "Sub",
    "MatMul",
    "Add",
    "Softmax",
    "ArgMax",
)
"""Of a linear model; those that only bring stored weights to float32 are left out."""

_CUTS: Final = 1
_MULTIPLIES: Final = 4
_ADDS: Final = 5


class Linear(NamedTuple):
    """A logistic regression on the bits of a glyph.

    A pixel of at least ``threshold`` is ink; ``weights`` is ``float32[784, K]``, ``intercept``
    ``float32[K]``. The probabilities are the softmax of ``bits @ weights + intercept``.
    """

    threshold: int
    weights: npt.NDArray[np.float32]
    intercept: npt.NDArray[np.float32]

    @classmethod
    def of(cls, model: bytes) -> Linear:
        """From a model file's content.

        :raises SkippedError: where the model is another one.
        """
        graph = Graph.of(model)
        constants, nodes = _computed(graph)
        if tuple(node.operator for node in nodes) != _STEPS:
            raise SkippedError(NONLINEAR)
        threshold = constants[nodes[_CUTS].inputs[2]]
        weights = constants[nodes[_MULTIPLIES].inputs[1]]
        intercept = constants[nodes[_ADDS].inputs[1]]
        return cls(
            int(threshold),
            np.ascontiguousarray(weights, np.float32),
            np.ascontiguousarray(intercept.ravel(), np.float32),
        )


def _computed(graph: Graph) -> tuple[dict[str, Array], list[Node]]:
    """All constants, those included that a runtime computes from others, and the steps left.

    As ``tinydigits_export.steps`` stores weights: in few bytes, with steps to float32.
    """
    constants = dict(graph.constants)
    left = []
    for node in graph.nodes:
        known = [constants[name] for name in node.inputs if name in constants]
        if len(known) < len(node.inputs) or node.operator not in {"Cast", "Mul"}:
            left.append(node)
        elif node.operator == "Cast":
            constants[node.outputs[0]] = known[0].astype(np.float32)
        else:
            constants[node.outputs[0]] = known[0] * known[1]
    return constants, left
