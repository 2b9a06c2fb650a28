"""Evidence sums to what the estimator computes, and blanked pixels are the ones that matter."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tinydigits.classifier import DIGITS
from tinydigits_train.datasets import DataSet
from tinydigits_train.neuron import BLANKED_PIXELS, blank, follow
from tinydigits_train.portrait import read_glyph, read_signed
from tinydigits_train.preparations import Features, raw
from tinydigits_train.variants import train_classifier


@pytest.fixture(scope="module")
def images(bundled: DataSet) -> Features:
    """Scikit-learn's digits, raw."""
    return raw(bundled.glyphs)


@pytest.fixture(scope="module")
def estimator(images: Features, bundled: DataSet) -> LogisticRegression:
    """The tutorial's classifier, fitted on them."""
    return train_classifier(images, bundled.labels)[0]


@pytest.mark.parametrize("which", [0, 5, 1700])
def test_neuron(
    which: int, estimator: LogisticRegression, images: Features, bundled: DataSet
) -> None:
    """Weighted inputs, summed with the intercept, are the estimator's scores; softmax of them is
    its probabilities.
    """
    truth = int(bundled.labels[which])
    neuron = follow(estimator, images[which], truth)
    assert np.array_equal(read_glyph(neuron.glyph).ravel(), images[which])
    assert neuron.truth == DIGITS[truth]
    evidence = np.stack([read_signed(picture) for picture in neuron.evidence])
    sums = evidence.sum(axis=(1, 2)) + neuron.intercepts
    assert np.allclose(neuron.scores, sums, atol=1e-4)
    assert np.allclose(neuron.scores, estimator.decision_function(images[[which]])[0], atol=1e-4)
    found = estimator.predict_proba(images[[which]])[0]
    assert np.allclose(neuron.probabilities, found, atol=1e-6)
    assert neuron.read == DIGITS[found.argmax()]
    assert neuron.largest == pytest.approx(np.abs(evidence).max(), rel=1e-6)


def test_no_evidence_without_ink(estimator: LogisticRegression, images: Features) -> None:
    """Where there is paper, no pixel speaks for anything."""
    neuron = follow(estimator, images[3], 3)
    for picture in neuron.evidence:
        assert not read_signed(picture)[read_glyph(neuron.glyph) == 0].any()


def test_blank_hits_what_decides() -> None:
    """An estimator that looks at 39 pixels for a 1 and 39 against it is undone by exactly those."""
    estimator = LogisticRegression()
    estimator.classes_ = np.arange(10)
    estimator.coef_ = np.zeros((10, 784))
    estimator.coef_[1, :BLANKED_PIXELS] = 1
    estimator.coef_[1, -BLANKED_PIXELS:] = -2
    estimator.intercept_ = np.zeros(10)
    ones = np.zeros((5, 784), np.float32)
    ones[:, : 5 * BLANKED_PIXELS] = 200
    (one,) = blank(estimator, ones, np.ones(5, np.int64), np.random.default_rng(0))
    assert one.label == "1"
    assert one.untouched == one.others_blanked == one.others_inked == 1
    assert one.bright_blanked == one.dark_inked == 0


def test_blank_takes_as_much_ink_elsewhere(
    estimator: LogisticRegression, images: Features, bundled: DataSet
) -> None:
    """On real digits it is the place of the ink that counts, not how much of it there is."""
    found = blank(estimator, images, bundled.labels, np.random.default_rng(0))
    assert [one.label for one in found] == list(DIGITS)
    for one in found:
        assert one.bright_blanked < one.others_blanked
        assert one.dark_inked < one.others_inked
