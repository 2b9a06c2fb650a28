"""The linear model in plain NumPy."""

from __future__ import annotations

import numpy as np

from tinydigits.bench.linear import Linear
from tinydigits.bench.systems import Classify
from tinydigits.classifier import Glyphs, Probabilities


def open_glyphs(model: bytes) -> Classify:
    """The few lines that a linear model is; others are graphs of fifty steps."""
    threshold, weights, intercept = Linear.of(model)

    def classify(glyphs: Glyphs) -> Probabilities:
        bits = (glyphs >= threshold).reshape(len(glyphs), -1).astype(np.float32)
        scores = bits @ weights + intercept
        scores -= scores.max(axis=1, keepdims=True)  # or the exponential would overflow
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return scores

    return classify
