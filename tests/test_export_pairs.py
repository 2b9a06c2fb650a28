"""Pairs of components: each product once, the same in every runtime and every storage."""

from __future__ import annotations

from functools import cache
from itertools import combinations_with_replacement

import numpy as np
import pytest
from onnx import TensorProto, helper

from samples import THRESHOLD, sample_glyphs
from tinydigits_export.features import Computer, feature_model
from tinydigits_export.form import Form
from tinydigits_export.graph import make_model
from tinydigits_export.oriented import Oriented
from tinydigits_export.pairs import Pairs, products
from tinydigits_export.reference import reference
from tinydigits_export.steps import Steps
from tinydigits_export.storage import STORAGES, Storage
from tinydigits_train.components import COMPONENTS, learned_pairs


@cache
def sample_pairs(storage: Storage = "float16") -> Pairs:
    """Components of the small digits."""
    return learned_pairs(sample_glyphs()[0][:300], storage)


@pytest.mark.parametrize("count", [1, 3, 5, 151])
def test_products(count: int) -> None:
    """Of an odd number of values, each with each and with itself is there exactly once."""
    steps = Steps()
    result = products(steps, "values", count)
    size = count * (count + 1) // 2
    graph = helper.make_graph(
        steps.nodes,
        "products",
        [helper.make_tensor_value_info("values", TensorProto.FLOAT, ["N", count])],
        [helper.make_tensor_value_info(result, TensorProto.FLOAT, ["N", size])],
        steps.constants,
    )
    values = np.random.default_rng(0).normal(size=(3, count)).astype(np.float32)
    found = np.asarray(reference(make_model(graph)).run([result], {"values": values}))[0]
    for row, own in zip(found, values, strict=True):
        due = [a * b for a, b in combinations_with_replacement(own, 2)]
        np.testing.assert_allclose(np.sort(row), np.sort(due), rtol=1e-6)


def test_components() -> None:
    """They are the directions in which digits differ most: their products with 1 have no mean."""
    pairs = sample_pairs("float32")
    seen = Computer(Oriented(), THRESHOLD)(sample_glyphs()[0][:300])
    values = seen @ pairs.components + pairs.offsets
    assert values.shape == (300, COMPONENTS)
    assert np.abs(values.mean(axis=0)).max() < 1e-4
    spread = values.std(axis=0)
    assert spread[0] == pytest.approx(1, abs=0.01)
    assert (np.diff(spread) < 1e-3).all()
    correlation = np.corrcoef(values.T) - np.eye(COMPONENTS)
    assert np.abs(correlation).max() < 0.02


@pytest.mark.parametrize("storage", STORAGES)
def test_runtimes_agree(storage: Storage) -> None:
    """The reference runtime computes the same products, however components are stored."""
    pairs, glyphs = sample_pairs(storage), sample_glyphs()[0][:60]
    found = Computer(pairs, THRESHOLD)(glyphs)
    products = (COMPONENTS + 1) * (COMPONENTS + 2) // 2
    assert found.shape == (60, pairs.size) == (60, Oriented().size + products)
    outputs = reference(feature_model(pairs, THRESHOLD)).run(["features"], {"ink": glyphs})
    np.testing.assert_allclose(found, np.asarray(outputs)[0], rtol=0, atol=1e-4)


def test_form_round_trip() -> None:
    """Components come back from an archive bit by bit, with a storage of their own."""
    form = Form.from_bytes(Form(sample_pairs(), "int8").to_bytes())
    assert isinstance(form.features, Pairs)
    assert (form.storage, form.features.storage) == ("int8", "float16")
    assert np.array_equal(form.features.components, sample_pairs().components)
    assert np.array_equal(form.features.offsets, sample_pairs().offsets)


def test_odd_ones_only() -> None:
    """With 1 they must be an odd number, and be as long as there are oriented features."""
    for shape in ((784, 3), (700, 4)):
        with pytest.raises(ValueError, match="an even number"):
            Pairs(np.zeros(shape, np.float32), np.zeros(shape[1], np.float32), "float32")
