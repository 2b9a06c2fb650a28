"""A model file computes what its estimator computes, and is written whole or not at all.

The fitted scikit-learn estimator is the oracle of all tests here.
"""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import LogisticRegression

import tinydigits
from examples import costly
from samples import sample_card, sample_estimator, sample_glyphs, sample_model, to_bits
from tinydigits.classifier import (
    Glyphs,
    ModelCard,
)
from tinydigits.errors import ModelError
from tinydigits_export.convert import to_onnx
from tinydigits_export.export import with_golden


@cache
def session() -> ort.InferenceSession:
    """The model file in ONNX Runtime."""
    return ort.InferenceSession(sample_model(), providers=["CPUExecutionProvider"])


@given(st.integers(0, 9).flatmap(lambda n: arrays(np.uint8, (n, 28, 28))))
@costly(0.5)
def test_any_glyphs(glyphs: Glyphs) -> None:
    """Any batch of any glyphs, none included, gets the estimator's labels and probabilities."""
    label, probability = session().run(["label", "probability"], {"ink": glyphs})
    assert label.dtype == np.int64
    assert label.shape == (len(glyphs),)
    assert probability.dtype == np.float32
    assert probability.shape == (len(glyphs), 10)
    if len(glyphs):
        np.testing.assert_array_equal(label, sample_estimator().predict(to_bits(glyphs)))
        oracle = sample_estimator().predict_proba(to_bits(glyphs))
        np.testing.assert_allclose(probability, oracle, rtol=0, atol=1e-5)


@pytest.mark.parametrize("threshold", [1, 2, 96, 128, 254, 255])
def test_threshold(threshold: int) -> None:
    """A pixel of exactly the threshold is ink, and one below it is paper."""
    glyphs, _ = sample_glyphs()
    ink = glyphs[:50] >= 128
    edge = np.where(ink, threshold, threshold - 1).astype(np.uint8)
    content = to_onnx(sample_estimator(), sample_card(threshold=threshold))
    model = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    (probability,) = model.run(["probability"], {"ink": edge})
    oracle = sample_estimator().predict_proba(ink.reshape(-1, 784).astype(np.float64))
    np.testing.assert_allclose(probability, oracle, rtol=0, atol=1e-5)


def test_deterministic() -> None:
    """The same estimator and card give the same bytes."""
    card = with_golden(sample_estimator(), sample_card())
    assert to_onnx(sample_estimator(), card) == sample_model()


def test_size() -> None:
    """A linear model's file with a card of realistic length takes at most 40 kB."""
    assert len(sample_model()) <= 40_000


def test_old_enough() -> None:
    """The file needs nothing that ONNX Runtime 1.21 does not know, and names its maker."""
    model = onnx.load_model_from_string(sample_model())
    assert model.ir_version <= 10
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]
    assert (model.producer_name, model.producer_version) == ("tinydigits", tinydigits.__version__)
    onnx.checker.check_model(model, full_check=True)


def test_metadata() -> None:
    """The card travels in the file's metadata, in sorted order and without loss."""
    keys = [p.key for p in onnx.load_model_from_string(sample_model()).metadata_props]
    assert keys == sorted(keys)
    card = ModelCard.from_metadata(session().get_modelmeta().custom_metadata_map)
    assert card == with_golden(sample_estimator(), sample_card())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": tuple("01234567")}, "8 labels"),
        ({"threshold": 0}, "threshold 0"),
        ({"threshold": 256}, "threshold 256"),
    ],
)
def test_misfit(changes: dict[str, Any], message: str) -> None:
    """An estimator and a card that don't fit each other are refused."""
    with pytest.raises(ModelError, match=message):
        to_onnx(sample_estimator(), sample_card(**changes))


def test_not_fitted() -> None:
    """An estimator that was never fitted is refused."""
    with pytest.raises(ModelError, match="not fitted"):
        to_onnx(LogisticRegression(), sample_card())


def test_other_classes() -> None:
    """Classes that aren't the positions of the labels are refused."""
    estimator = copy.copy(sample_estimator())
    estimator.classes_ = np.arange(1, 11)
    with pytest.raises(ModelError, match=r"classes are \[1, 2"):
        to_onnx(estimator, sample_card())
