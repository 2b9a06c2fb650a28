"""The measures are scikit-learn's where it has them, and brute force's where it has none."""

from __future__ import annotations

import json
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    multilabel_confusion_matrix,
    precision_recall_fscore_support,
)

from examples import costly
from tinydigits.classifier import DIGITS
from tinydigits_train.measure import (
    COVERAGE_POINTS,
    Measures,
    coverage_points,
    measure,
    reliability_bins,
    wilson,
)

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def guesses(n: int, seed: int = 0) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Probabilities of a reader that is right most of the time, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 10, n)
    logits = rng.normal(size=(n, 10))
    logits[np.arange(n), truth] += 2
    powers = np.exp(logits)
    return powers / powers.sum(axis=1, keepdims=True), truth


@given(st.integers(1, 200), st.integers(0, 99))
@costly(0.2)
def test_agrees_with_scikit_learn(n: int, seed: int) -> None:
    """Accuracy, precision, recall, F1, support and confusion are what scikit-learn computes."""
    probabilities, truth = guesses(n, seed)
    found = measure(probabilities, truth, DIGITS)
    read = probabilities.argmax(axis=1)
    columns = np.arange(10)
    expected = precision_recall_fscore_support(truth, read, labels=columns, zero_division=0)
    ours = [(c.precision, c.recall, c.f1, c.support) for c in found.classes]
    assert np.allclose(ours, np.transpose(expected))
    counts = multilabel_confusion_matrix(truth, read, labels=columns)
    for c, ((tn, fp), (fn, tp)) in zip(found.classes, counts.tolist(), strict=True):
        assert (c.true_negatives, c.false_positives) == (tn, fp)
        assert (c.false_negatives, c.true_positives) == (fn, tp)
    assert found.accuracy == pytest.approx(accuracy_score(truth, read))
    assert np.array_equal(found.confusion, confusion_matrix(truth, read, labels=columns))
    for name, ours_ in (("macro", found.macro_f1), ("weighted", found.weighted_f1)):
        theirs = f1_score(truth, read, labels=np.unique(truth), average=name, zero_division=0)
        assert ours_ == pytest.approx(theirs)


def test_worst() -> None:
    """The worst confusions are the largest numbers beside the diagonal; the worst class has the
    lowest F1.
    """
    found = measure(*guesses(2000), DIGITS)
    beside = np.sort(np.array(found.confusion)[~np.eye(10, dtype=np.bool_)])
    assert [confusion.count for confusion in found.worst] == beside[:-11:-1].tolist()
    for confusion in found.worst:
        assert found.confusion[int(confusion.truth)][int(confusion.read)] == confusion.count
    assert found.worst_class().f1 == min(c.f1 for c in found.classes)


def test_a_class_that_does_not_occur() -> None:
    """A class without a single glyph neither lowers the means nor is called the worst read."""
    probabilities = np.full((2, 11), 0.05)
    probabilities[[0, 1], [3, 4]] = 0.5
    found = measure(probabilities, np.array([3, 4]), (*DIGITS, "none"))
    assert (found.macro_f1, found.weighted_f1) == (1, 1)
    assert found.worst_class().label in "34"


@pytest.mark.parametrize(("hits", "n"), [(9192, 10_000), (0, 10), (10, 10), (1, 1), (3, 7)])
def test_wilson(hits: int, n: int) -> None:
    """The interval is Wilson's, as SciPy computes it."""
    share = wilson(hits, n)
    expected = binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert (share.value, share.n) == (hits / n, n)
    assert share.low == pytest.approx(expected.low, abs=1e-12)
    assert share.high == pytest.approx(expected.high, abs=1e-12)


@given(st.integers(1, 10_000), st.data())
def test_wilson_encloses_its_share(n: int, data: st.DataObject) -> None:
    """The interval holds the share and stays within 0 and 1."""
    share = wilson(data.draw(st.integers(0, n)), n)
    assert 0 <= share.low <= share.value <= share.high <= 1


CONFIDENCES = st.lists(
    st.tuples(st.floats(0, 1) | st.sampled_from([0.2, 0.5, 1.0]), st.booleans()),
    min_size=1,
    max_size=80,
)


def columns(pairs: list[tuple[float, bool]]) -> tuple[Floats, Bools]:
    """Confidences, and which of them were right."""
    confidence, right = zip(*pairs, strict=True)
    return np.array(confidence, np.float64), np.array(right, np.bool_)


@given(CONFIDENCES)
def test_coverage_by_brute_force(pairs: list[tuple[float, bool]]) -> None:
    """Each point tells exactly what accepting from its confidence on gives."""
    confidence, right = columns(pairs)
    for point in coverage_points(confidence, right):
        accepted = confidence >= point.confidence
        assert point.coverage == pytest.approx(accepted.mean())
        assert point.error == pytest.approx((~right[accepted]).mean())


@given(CONFIDENCES)
def test_coverage_is_monotone_and_complete(pairs: list[tuple[float, bool]]) -> None:
    """Points begin with everything, fall in coverage and error, and no confidence is as good as
    one of them with more coverage.
    """
    confidence, right = columns(pairs)
    points = coverage_points(confidence, right)
    assert points[0].coverage == 1
    for before, after in pairwise(points):
        assert after.confidence > before.confidence
        assert after.coverage < before.coverage
        assert after.error < before.error
    for level in confidence:
        error = (~right[confidence >= level]).mean()
        reached = [point for point in points if point.error <= error + 1e-12]
        assert any(point.coverage >= (confidence >= level).mean() - 1e-12 for point in reached)


def test_coverage_is_thinned() -> None:
    """Of thousands of steps some sixty are kept, and hardly any coverage is lost to it."""
    probabilities, truth = guesses(20_000)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    points = coverage_points(confidence, right)
    assert COVERAGE_POINTS / 2 < len(points) <= COVERAGE_POINTS + 2
    order = np.argsort(-confidence)
    errors = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    for bound in (0.2, 0.1, 0.05, 0.02):
        best = (np.flatnonzero(errors <= bound)[-1] + 1) / len(order)
        kept = max(point.coverage for point in points if point.error <= bound)
        assert best - 0.03 < kept <= best


@given(CONFIDENCES)
def test_reliability_by_brute_force(pairs: list[tuple[float, bool]]) -> None:
    """Every confidence is in the one bin whose limits enclose it, and the means are the bin's."""
    confidence, right = columns(pairs)
    bins = reliability_bins(confidence, right)
    assert sum(b.count for b in bins) == len(confidence)
    for k, b in enumerate(bins):
        inside = (confidence > b.low) & (confidence <= b.high)
        if k == 0:
            inside |= confidence == 0
        assert b.count == inside.sum()
        if b.count:
            assert b.confidence == pytest.approx(confidence[inside].mean())
            assert b.accuracy == pytest.approx(right[inside].mean())


def test_calibration_error() -> None:
    """A reader that is always sure and half the time wrong is half off; an honest one is not."""
    sure = np.eye(10)[np.zeros(100, np.int64)]
    assert measure(sure, np.arange(100) % 2, DIGITS).calibration_error == pytest.approx(0.5)
    halves = np.zeros((100, 10))
    halves[:, :2] = (0.5 + 1e-9, 0.5 - 1e-9)
    assert measure(halves, np.arange(100) % 2, DIGITS).calibration_error == pytest.approx(
        0, abs=1e-8
    )


def test_json() -> None:
    """As JSON the accuracy is a plain fraction with its interval beside it, and nothing is lost."""
    found = measure(*guesses(500), DIGITS)
    content = msgspec.json.encode(found)
    document = json.loads(content)
    low, high = document["accuracy_interval"]
    assert low < document["accuracy"] < high
    assert (found.share().value, found.share().n) == (document["accuracy"], 500)
    assert msgspec.json.decode(content, type=Measures) == found
