"""Weights read back from a model file are those that the model computes with."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from samples import sample_glyphs, sample_model
from tinydigits.classifier import Classifier
from tinydigits_export.graph import to_bits
from tinydigits_export.weights import linear_weights


def test_weights() -> None:
    """With them and a softmax one gets the probabilities that the model gives."""
    content = sample_model()
    found = linear_weights(content)
    assert found is not None
    classifier = Classifier.from_bytes(content)
    glyphs = sample_glyphs()[0][:100]
    scores = to_bits(glyphs, classifier.card.threshold) @ found.weights.T + found.intercepts
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    due = classifier.probabilities(glyphs)
    assert np.abs(powers / powers.sum(axis=1, keepdims=True) - due).max() < 1e-5


def test_other_models_have_none() -> None:
    """A graph that does more with its bits than one matrix product has no such pictures."""
    model = onnx.load_model_from_string(sample_model())
    model.graph.node.append(helper.make_node("Identity", ["bits"], ["more"]))
    assert linear_weights(model.SerializeToString()) is None
