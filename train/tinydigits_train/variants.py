"""The tutorial's classifier, trained on pictures prepared in each way, in each order of samples."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from tinydigits.classifier import DIGITS, Glyphs
from tinydigits_train.datasets import DataSet, Indices, Labels
from tinydigits_train.measure import Measures, measure
from tinydigits_train.preparations import Features, Preparation
from tinydigits_train.report import IterationPoint, Variant

SEED: Final = 101
SEVENTH: Final = 1 / 7
"""One image in seven is for the test: 10,000 of MNIST's 70,000."""

MAX_ITERATIONS: Final = 4
"""The solver is stopped long before it has converged; the tutorial says so."""

LABEL_SORTED: Final = "label-sorted"
"""The order in ``mnist-original.mat``, from which the tutorial took its images."""

_SINGLE_PRECISION: Final = 4


@dataclass(frozen=True, eq=False)
class Order:
    """An order of the samples, and the split that the tutorial's seed draws from it."""

    name: str
    train: Indices
    test: Indices


@dataclass(frozen=True, eq=False)
class Trained:
    """A variant with what it computes for the test images."""

    variant: Variant
    measures: Measures
    estimator: LogisticRegression
    probabilities: npt.NDArray[np.floating]


def orders(dataset: DataSet) -> tuple[Order, Order]:
    """Sorted by label within the official parts, and as the data set comes."""
    bounds = [0, dataset.test_start or len(dataset), len(dataset)]
    parts = [np.arange(first, end) for first, end in pairwise(bounds)]
    by_label = [part[np.argsort(dataset.labels[part], kind="stable")] for part in parts]
    given = "OpenML" if dataset.name == "mnist" else "given"
    return (
        _split(LABEL_SORTED, np.concatenate(by_label)),
        _split(given, np.concatenate(parts)),
    )


def _split(name: str, indices: Indices) -> Order:
    train, test = train_test_split(
        indices, train_size=1 - SEVENTH, test_size=SEVENTH, random_state=SEED
    )
    return Order(name, train, test)


def train_variant(
    preparation: Preparation, glyphs: Glyphs, labels: Labels, order: Order
) -> Trained:
    """Prepare, train and measure.

    :param glyphs: of the whole data set, the set that the preparation begins with.
    """
    train, test = prepared(preparation, glyphs, order)
    estimator, seconds = train_classifier(train, labels[order.train])
    probabilities = estimator.predict_proba(test)
    measures = measure(probabilities, labels[order.test], DIGITS)
    features = train.shape[1]
    variant = Variant(
        name=preparation.name,
        what=preparation.what,
        order=order.name,
        features=features,
        bytes_per_image=features * preparation.bits // 8,
        bytes_per_model=_SINGLE_PRECISION * len(DIGITS) * (features + 1),
        iterations=int(estimator.n_iter_.max()),
        seconds=seconds,
        accuracy=measures.accuracy,
        accuracy_interval=measures.accuracy_interval,
        macro_f1=measures.macro_f1,
        weighted_f1=measures.weighted_f1,
        labels=DIGITS,
        classes=measures.classes,
        confusion=measures.confusion,
    )
    return Trained(variant, measures, estimator, probabilities)


def prepared(preparation: Preparation, glyphs: Glyphs, order: Order) -> tuple[Features, Features]:
    """Train and test images as the classifier sees them."""
    for_test = preparation.test_features or preparation.features
    return preparation.features(glyphs[order.train]), for_test(glyphs[order.test])


def train_classifier(
    features: Features, labels: Labels, iterations: int = MAX_ITERATIONS
) -> tuple[LogisticRegression, float]:
    """The tutorial's classifier, and the seconds that its training took."""
    estimator = LogisticRegression(max_iter=iterations)
    start = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # that it stops early is the point
        estimator.fit(features, labels)
    return estimator, perf_counter() - start


def try_iterations(
    preparation: Preparation, glyphs: Glyphs, labels: Labels, order: Order, iterations: int
) -> tuple[IterationPoint, npt.NDArray[np.bool_]]:
    """The accuracy after at most so many iterations, and which test images were read right."""
    train, test = prepared(preparation, glyphs, order)
    estimator, seconds = train_classifier(train, labels[order.train], iterations)
    made = int(estimator.n_iter_.max())
    right = estimator.predict(test) == labels[order.test]
    point = IterationPoint(
        iterations=made,
        converged=made < iterations,
        train_accuracy=float(estimator.score(train, labels[order.train])),
        test_accuracy=float(right.mean()),
        seconds=seconds,
    )
    return point, right
