"""A model file is verified before it is written, and verification can fail.

The fitted scikit-learn estimator is the oracle.
"""

from __future__ import annotations

import copy
import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from samples import (
    THRESHOLD,
    sample_card,
    sample_estimator,
    sample_glyphs,
    sample_model,
    to_bits,
)
from tinydigits.classifier import Classifier
from tinydigits.errors import ModelError
from tinydigits_export import export
from tinydigits_export.convert import to_onnx
from tinydigits_export.export import export_model
from tinydigits_export.verify import Verification, verify


def other_estimator() -> LogisticRegression:
    """The sample estimator with one weight of a pixel that is often ink changed."""
    estimator = copy.deepcopy(sample_estimator())
    estimator.coef_[3, 14 * 28 + 14] += 0.5
    return estimator


def folder_content(folder: Path) -> dict[str, bytes]:
    """All files of a folder, hidden ones too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_verified() -> None:
    """Verification runs every glyph in both runtimes and tells how close they are."""
    glyphs, _ = sample_glyphs()
    verification = verify(sample_model(), sample_estimator(), glyphs, threshold=THRESHOLD)
    assert verification.n == len(glyphs) == 1797
    for agreement in (verification.onnxruntime, verification.reference):
        assert agreement.mismatches == 0
        assert 0 < agreement.difference < 1e-5


@pytest.mark.parametrize("place", [0, 1000, 1796])
def test_every_glyph_counts(place: int) -> None:
    """One glyph that is read differently, in any batch, makes verification fail."""
    glyphs = np.zeros((1797, 28, 28), np.uint8)
    glyphs[place, 14, 14] = 255
    with pytest.raises(ModelError, match="estimator disagree"):
        verify(sample_model(), other_estimator(), glyphs, threshold=THRESHOLD)


def test_other_threshold() -> None:
    """A threshold in the file that isn't the one of training makes verification fail."""
    glyphs, _ = sample_glyphs()
    with pytest.raises(ModelError, match=r"[1-9]\d* of 1797 labels differ"):
        verify(sample_model(), sample_estimator(), glyphs, threshold=THRESHOLD + 60)


def test_not_a_number() -> None:
    """A probability that is no number makes verification fail."""
    estimator = copy.deepcopy(sample_estimator())
    estimator.intercept_[:] = np.nan
    content = to_onnx(estimator, sample_card())
    with pytest.raises(ModelError, match="by up to inf"):
        verify(content, estimator, sample_glyphs()[0][:5], threshold=THRESHOLD)


def test_other_number_of_classes() -> None:
    """Outputs of another shape make verification fail."""
    estimator = copy.deepcopy(sample_estimator())
    for name in ("coef_", "intercept_", "classes_"):
        setattr(estimator, name, getattr(estimator, name)[:9])
    with pytest.raises(ModelError, match="shapes"):
        verify(sample_model(), estimator, sample_glyphs()[0][:5], threshold=THRESHOLD)


def test_nothing_to_verify() -> None:
    """Without glyphs or without a model, nothing counts as verified."""
    glyphs = sample_glyphs()[0][:5]
    with pytest.raises(ModelError, match="no glyphs"):
        verify(sample_model(), sample_estimator(), glyphs[:0], threshold=THRESHOLD)
    with pytest.raises(ModelError, match="does not load"):
        verify(b"not a model", sample_estimator(), glyphs, threshold=THRESHOLD)


def test_export(tmp_path: Path) -> None:
    """The exported file is one that the device loads, and readable for every user."""
    path = tmp_path / "digits.onnx"
    glyphs, _ = sample_glyphs()
    verification, size = export_model(sample_estimator(), sample_card(), glyphs, path)
    assert isinstance(verification, Verification)
    assert size == path.stat().st_size == len(sample_model())
    assert path.stat().st_mode & 0o444 == 0o444 & ~_umask()
    classifier = Classifier.load(path)
    assert len(classifier.card.golden) == 10
    oracle = sample_estimator().predict_proba(to_bits(glyphs))
    np.testing.assert_allclose(classifier.probabilities(glyphs), oracle, rtol=0, atol=1e-5)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def test_keeps_old_when_it_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that computes something else is not written, and the old one stays."""
    (tmp_path / "digits.onnx").write_bytes(b"old")
    monkeypatch.setattr(
        export, "to_onnx", lambda _, card, form: to_onnx(other_estimator(), card, form)
    )
    with pytest.raises(ModelError, match="disagree"):
        export_model(
            sample_estimator(), sample_card(), sample_glyphs()[0], tmp_path / "digits.onnx"
        )
    assert folder_content(tmp_path) == {"digits.onnx": b"old"}


def test_keeps_old_when_refused(tmp_path: Path) -> None:
    """A file that the device would refuse is not put in place, and the old one stays."""
    (tmp_path / "digits.onnx").write_bytes(b"old")
    card = sample_card(fingerprint="0" * 64)
    with pytest.raises(ModelError, match="another pre-processing"):
        export_model(sample_estimator(), card, sample_glyphs()[0], tmp_path / "digits.onnx")
    assert folder_content(tmp_path) == {"digits.onnx": b"old"}


def test_eleven_classes(tmp_path: Path) -> None:
    """A model may know an eleventh class, none of the digits."""
    glyphs, labels = sample_glyphs()
    nothing = np.random.default_rng(0).permuted(glyphs[:150].reshape(150, -1), axis=1)
    both = np.concatenate([glyphs[:300], nothing.reshape(-1, 28, 28)])
    classes = np.concatenate([labels[:300], np.full(150, 10)])
    estimator = LogisticRegression(C=0.05, tol=0.02).fit(to_bits(both), classes)
    card = sample_card(labels=(*"0123456789", "none"))
    verification, _ = export_model(estimator, card, both, tmp_path / "digits.onnx")
    assert verification.n == 450
    assert Classifier.load(tmp_path / "digits.onnx").probabilities(both).shape == (450, 11)
