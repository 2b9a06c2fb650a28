"""Weights are stored smaller without a difference between what is measured and what runs."""

from __future__ import annotations

import copy

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from samples import sample_card, sample_estimator, sample_glyphs
from tinydigits.classifier import Classifier
from tinydigits.errors import DataError, ModelError
from tinydigits_export.convert import to_onnx
from tinydigits_export.export import with_golden
from tinydigits_export.features import BITS
from tinydigits_export.form import Form
from tinydigits_export.oriented import Oriented
from tinydigits_export.storage import STORAGES, Storage, encode, rounded
from tinydigits_export.verify import verify

MATRICES = st.tuples(st.integers(1, 9), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.floats(-100, 100, width=32))
)


@given(MATRICES, st.sampled_from(STORAGES))
def test_rounded_once(weights: npt.NDArray[np.float32], storage: Storage) -> None:
    """What was rounded to a storage is stored in it without loss."""
    once = rounded(weights, storage)
    assert np.array_equal(rounded(once, storage), once)


@given(MATRICES)
def test_int8(weights: npt.NDArray[np.float32]) -> None:
    """A byte holds a weight to half a 127th of the largest of its column."""
    encoded = encode(weights, "int8")
    assert encoded.values.dtype == np.int8
    half = np.abs(weights).max(axis=0) / 254
    assert (np.abs(encoded.decoded() - weights) <= 1.001 * half + 1e-30).all()


@pytest.mark.parametrize("storage", STORAGES)
def test_model_file(storage: Storage) -> None:
    """A model file computes what its rounded estimator computes, and is as small as it can be."""
    form = Form(BITS, storage)
    estimator = copy.deepcopy(sample_estimator())
    form.round(estimator)
    card = with_golden(estimator, sample_card(), form)
    content = to_onnx(estimator, card, form)
    found = verify(content, estimator, sample_glyphs()[0][:300], threshold=96, form=form)
    assert found.onnxruntime.mismatches == 0
    Classifier.from_bytes(content)
    full = len(to_onnx(estimator, card))
    saved = {"float32": 0, "float16": 2, "int8": 3}[storage] * 7840
    assert full - len(content) == pytest.approx(saved, abs=300)


def test_unrounded() -> None:
    """An estimator that the file can't hold as it is, is refused."""
    with pytest.raises(ModelError, match="not rounded to int8"):
        to_onnx(sample_estimator(), sample_card(), Form(BITS, "int8"))


def test_form_round_trip() -> None:
    """A form comes back from its archive."""
    form = Form.from_bytes(Form(Oriented(), "int8").to_bytes())
    assert isinstance(form.features, Oriented)
    assert form.storage == "int8"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY"])
def test_bad_form(content: bytes) -> None:
    """An archive that is damaged, or of something else, is a data error."""
    with pytest.raises(DataError, match="does not hold features and storage"):
        Form.from_bytes(content)
