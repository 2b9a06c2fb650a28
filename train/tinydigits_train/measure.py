"""How well probabilities fit the truth: accuracy, each digit, calibration, and what rejecting buys.

Everything is computed from ``float[N, K]`` and ``int64[N]`` alone, whichever model they come from.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from tinydigits.classifier import CoveragePoint, Share
from tinydigits_train.datasets import Labels

CALIBRATION_BINS: Final = 15
"""As in Guo et al. 2017, "On Calibration of Modern Neural Networks"."""

COVERAGE_POINTS: Final = 60
"""So many steps from the least error to the whole error; a card carries them all."""

WORST_CONFUSIONS: Final = 10

Z_95: Final = 1.959963984540054
"""Standard normal quantile of a two-sided 95 % interval, or test."""

_Floats = npt.NDArray[np.floating]
_Bools = npt.NDArray[np.bool_]


class ClassMeasures(msgspec.Struct, frozen=True):
    """How one class is read, each class against all the others.

    Precision, recall and F1 are fractions; where there is nothing to divide by they are 0.
    """

    label: str
    true_positives: int
    """Glyphs of this class that were read as it."""
    false_positives: int
    """Glyphs of other classes that were read as it."""
    true_negatives: int
    """Glyphs of other classes that were read as another."""
    false_negatives: int
    """Glyphs of this class that were read as another."""
    precision: float
    """Of those read as this class, the share that is: TP / (TP + FP)."""
    recall: float
    """Of those of this class, the share that was read as it: TP / (TP + FN)."""
    f1: float
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN)."""
    support: int
    """Glyphs of this class: TP + FN."""


class Confusion(msgspec.Struct, frozen=True):
    """So many glyphs of ``truth`` were read as ``read``."""

    truth: str
    read: str
    count: int


class ReliabilityBin(msgspec.Struct, frozen=True):
    """The glyphs whose confidence is in (``low``, ``high``]: their means should be equal."""

    low: float
    high: float
    count: int
    confidence: float
    """Mean confidence; 0 in an empty bin."""
    accuracy: float
    """Share that was read right; 0 in an empty bin."""


class Measures(msgspec.Struct, frozen=True):
    """Everything that was measured on one set of glyphs; shares are fractions."""

    n: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    """95 % Wilson interval."""
    macro_f1: float
    weighted_f1: float
    calibration_error: float
    """Expected calibration error: mean distance of accuracy and confidence over the bins."""
    labels: tuple[str, ...]
    classes: tuple[ClassMeasures, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Rows are the truth, columns what was read, both in the order of ``labels``."""
    worst: tuple[Confusion, ...]
    """The most frequent confusions, most frequent first."""
    reliability: tuple[ReliabilityBin, ...]
    coverage: tuple[CoveragePoint, ...]

    def share(self) -> Share:
        """The accuracy as a model card states it."""
        return Share(self.accuracy, *self.accuracy_interval, self.n)

    def worst_class(self) -> ClassMeasures:
        """The class with the lowest F1 among those that occur."""
        return min((c for c in self.classes if c.support), key=lambda c: c.f1)


def measure(probabilities: _Floats, truth: Labels, labels: tuple[str, ...]) -> Measures:
    """Measure probabilities against the truth.

    :param probabilities: ``float[N, K]``, N at least 1.
    :param truth: ``int64[N]``, the right column of each row.
    :param labels: the names of the K columns.
    """
    read = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = read == truth
    share = wilson(int(right.sum()), len(truth))
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (truth, read), 1)
    classes = _classes(confusion, labels)
    present = [c for c in classes if c.support]
    bins = reliability_bins(confidence, right)
    return Measures(
        n=share.n,
        accuracy=share.value,
        accuracy_interval=(share.low, share.high),
        macro_f1=sum(c.f1 for c in present) / len(present),
        weighted_f1=sum(c.f1 * c.support for c in present) / share.n,
        calibration_error=sum(b.count * abs(b.accuracy - b.confidence) for b in bins) / share.n,
        labels=labels,
        classes=classes,
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        worst=_worst(confusion, labels),
        reliability=bins,
        coverage=coverage_points(confidence, right),
    )


def percent(share: float, digits: int = 2) -> str:
    """A fraction as a percentage."""
    return f"{100 * share:.{digits}f} %"


def wilson(hits: int, n: int) -> Share:
    """The share of hits with its 95 % Wilson score interval."""
    share = hits / n
    middle = (share + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
    reach = Z_95 / (1 + Z_95**2 / n) * sqrt(share * (1 - share) / n + Z_95**2 / (4 * n**2))
    # rounding may leave the ends a hair inside of the share they enclose
    low, high = min(share, middle - reach), max(share, middle + reach)
    return Share(share, max(0.0, low), min(1.0, high), n)


def _classes(
    confusion: npt.NDArray[np.int64], labels: tuple[str, ...]
) -> tuple[ClassMeasures, ...]:
    total, hits = int(confusion.sum()), confusion.diagonal().tolist()
    support, read = confusion.sum(axis=1).tolist(), confusion.sum(axis=0).tolist()
    return tuple(
        ClassMeasures(
            label,
            true_positives=hits[k],
            false_positives=read[k] - hits[k],
            true_negatives=total - read[k] - support[k] + hits[k],
            false_negatives=support[k] - hits[k],
            precision=hits[k] / max(read[k], 1),
            recall=hits[k] / max(support[k], 1),
            f1=2 * hits[k] / max(read[k] + support[k], 1),
            support=support[k],
        )
        for k, label in enumerate(labels)
    )


def _worst(confusion: npt.NDArray[np.int64], labels: tuple[str, ...]) -> tuple[Confusion, ...]:
    wrong = [
        Confusion(labels[truth], labels[read], int(count))
        for (truth, read), count in np.ndenumerate(confusion)
        if truth != read and count
    ]
    return tuple(sorted(wrong, key=lambda c: -c.count)[:WORST_CONFUSIONS])


def reliability_bins(confidence: _Floats, right: _Bools) -> tuple[ReliabilityBin, ...]:
    """Confidence against accuracy in bins of equal width, as a reliability diagram shows them."""
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    which = np.clip(np.searchsorted(edges, confidence, "left") - 1, 0, CALIBRATION_BINS - 1)
    bins = []
    for k in range(CALIBRATION_BINS):
        chosen = which == k
        count = int(chosen.sum())
        means = (float(confidence[chosen].mean()), float(right[chosen].mean())) if count else (0, 0)
        bins.append(ReliabilityBin(float(edges[k]), float(edges[k + 1]), count, *means))
    return tuple(bins)


def coverage_points(confidence: _Floats, right: _Bools) -> tuple[CoveragePoint, ...]:
    """What accepting digits from some confidence on gives, from everything to the least error.

    Of all confidences only those are kept that no lower one matches in error: from point to point
    the coverage falls and the error falls with it. At most :data:`COVERAGE_POINTS` + 2 of them.
    """
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    accepted = np.arange(1, len(ranked) + 1)
    errors = np.cumsum(~right[order]) / accepted
    # equal confidences are accepted or rejected together
    last_of_equals = np.append(ranked[1:] != ranked[:-1], True)
    points = [
        CoveragePoint(float(ranked[k]), float(accepted[k] / len(ranked)), float(errors[k]))
        for k in np.flatnonzero(last_of_equals)[::-1]
    ]
    frontier = points[:1]
    for point in points[1:]:
        if point.error < frontier[-1].error:
            frontier.append(point)
    return _thinned(frontier)


def _thinned(frontier: list[CoveragePoint]) -> tuple[CoveragePoint, ...]:
    """Both ends, and the best point for each error in a ladder of equal ratios between them."""
    if len(frontier) <= COVERAGE_POINTS:
        return tuple(frontier)
    errors = np.array([point.error for point in frontier])
    targets = np.geomspace(errors[0], errors[errors > 0].min(), COVERAGE_POINTS)
    best = {int(np.argmax(errors <= target)) for target in targets}
    return tuple(frontier[k] for k in sorted({0, *best, len(frontier) - 1}))
