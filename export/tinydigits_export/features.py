"""Features of a glyph: what an estimator sees of it, defined once, as the steps of a graph.

Training runs the very steps that a model file holds, so nothing is written twice; that another
runtime computes the same from them is what the verification shows.
"""

from __future__ import annotations

from typing import ClassVar, Final, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from onnx import ModelProto, TensorProto, checker, helper

from tinydigits.classifier import INPUT_NAME, Glyphs
from tinydigits_export.graph import BITS_NAME, PIXELS, bit_steps, ink_input, make_model, to_bits
from tinydigits_export.steps import Steps

BATCH: Final = 250
"""Glyphs to a call: the responses of sixteen filters to so many take 12 MB."""

_OUTPUT: Final = "features"

Values = npt.NDArray[np.float32]


class Features(Protocol):
    """What an estimator sees of a glyph."""

    name: ClassVar[str]

    @property
    def size(self) -> int:
        """Numbers to a glyph."""

    @property
    def parts(self) -> tuple[int, ...]:
        """How many of these each read-out sees that is learned by itself; their scores' mean is
        the model's.
        """

    def add(self, steps: Steps, bits: str) -> str:
        """Append the steps from bits ``float32[N, 784]`` to ``float32[N, size]``."""


class Bits:
    """The features of the model ``linear``: the bits themselves."""

    name: ClassVar[str] = "bits"

    @property
    def size(self) -> int:
        """One number to a pixel."""
        return PIXELS

    @property
    def parts(self) -> tuple[int, ...]:
        """One read-out sees them all."""
        return (self.size,)

    def add(self, steps: Steps, bits: str) -> str:  # noqa: ARG002  there is nothing to do
        """No step: what comes in goes out."""
        return bits


BITS: Final = Bits()


class Computer:
    """Computes the features of glyphs, by the steps that a model file holds.

    :param threshold: a glyph pixel of at least this value is ink.
    """

    def __init__(self, features: Features, threshold: int) -> None:
        self.features, self.threshold = features, threshold
        self._session = None if isinstance(features, Bits) else _session(features, threshold)

    def __call__(self, glyphs: Glyphs) -> Values:
        """``float32[N, size]`` of ``uint8[N, 28, 28]``."""
        if self._session is None:
            return to_bits(glyphs, self.threshold)
        found = np.empty((len(glyphs), self.features.size), np.float32)
        for first in range(0, len(glyphs), BATCH):
            part = slice(first, first + BATCH)
            (found[part],) = self._session.run([_OUTPUT], {INPUT_NAME: glyphs[part]})
        return found


def feature_model(features: Features, threshold: int) -> ModelProto:
    """The steps alone, from glyphs to features, as a model."""
    nodes, constants = bit_steps(threshold)
    steps = Steps()
    result = features.add(steps, BITS_NAME)
    graph = helper.make_graph(
        [*nodes, *steps.nodes, helper.make_node("Identity", [result], [_OUTPUT])],
        _OUTPUT,
        [ink_input()],
        [helper.make_tensor_value_info(_OUTPUT, TensorProto.FLOAT, ["N", features.size])],
        [*constants, *steps.constants],
    )
    model = make_model(graph)
    checker.check_model(model, full_check=True)
    return model


def _session(features: Features, threshold: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # as on the device, and the same bits on every machine
    options.log_severity_level = 4  # what matters is raised
    content = feature_model(features, threshold).SerializeToString()
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
