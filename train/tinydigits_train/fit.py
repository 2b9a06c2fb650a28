"""Fit the linear model: logistic regression on the 784 bits of a glyph, to convergence."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from time import perf_counter
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from tinydigits.classifier import Glyphs
from tinydigits_export.form import LINEAR_FORM, Form
from tinydigits_export.graph import to_bits
from tinydigits_train.datasets import Indices, Labels, Weights
from tinydigits_train.splits import Parts

BIT_THRESHOLD: Final = 96
"""A glyph pixel of at least this value is ink: the value of the tutorial this began with. Anywhere
between 32 and 112 the accuracy on MNIST hardly changes."""

C_LADDER: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Inverse strengths of regularisation, climbed from the strongest."""

LEAST_GAIN: Final = 0.0005
"""The climb ends at the first step that gains less accuracy on the validation part. Less is noise,
a fifth of the standard error over MNIST's 10,000, and smaller weights bear the unknown better."""

DEVICE_WEIGHT: Final = 0.6
"""Weight of a glyph as the device makes it, where it stands beside a foreign one of weight 1. On
MNIST's validation part the mean accuracy over both views is 92.8 % without it, 93.0 % with 0.3,
93.1 % with 0.6 and 93.0 % with 1; the foreign view alone loses 0.4 points at 0.6, 0.7 at 1."""

_GRADIENT: Final = 1e-4
"""Converged is a largest gradient of the mean loss below this. At 1e-3 a warm start stops where it
starts."""

_ITERATIONS: Final = 2000

Bits = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class View:
    """All glyphs of a data set as one way of making glyphs gives them."""

    name: str
    glyphs: Glyphs
    weight: float = 1.0
    """Of each of its glyphs in the fit,"""
    shares: Weights | None = None
    """times this for each, ``float64[N]``; else times 1."""

    @property
    def weights(self) -> Weights:
        """``float64[N]``: what each glyph weighs in the fit."""
        return self.weight * (np.ones(len(self.glyphs)) if self.shares is None else self.shares)


class Candidate(msgspec.Struct, frozen=True):
    """One strength of regularisation, tried on the validation part."""

    c: float
    accuracy: dict[str, float]
    """In each view."""
    iterations: int
    seconds: float

    @property
    def mean_accuracy(self) -> float:
        """What the choice is made by: every view counts the same."""
        return sum(self.accuracy.values()) / len(self.accuracy)


@dataclass(frozen=True, eq=False)
class LinearFit:
    """The estimator, fitted on train and validation part, and how its ``C`` was chosen."""

    estimator: LogisticRegression
    ladder: tuple[Candidate, ...]
    form: Form = LINEAR_FORM


def fit_linear(
    views: Sequence[View],
    labels: Labels,
    parts: Parts,
    *,
    threshold: int = BIT_THRESHOLD,
    progress: bool = False,
) -> LinearFit:
    """Choose ``C`` on the validation part, then fit on train and validation part together.

    The result depends on the data and the split alone: this solver draws no random numbers.

    :param views: the same digits in one or more views; all of them are learned from.
    """
    climber = LogisticRegression(tol=_GRADIENT, max_iter=_ITERATIONS, warm_start=True)
    best, ladder = climber, []
    # One thread: more gain little on matrices this thin, lose a lot where another process wants
    # the cores too, and make the last bits of the weights depend on the machine.
    with threadpool_limits(1):
        for c in tqdm(C_LADDER, "regularisation", leave=False, disable=not progress or None):
            climber.C = c  # and the weights begin where those of the last one ended
            ladder.append(_try(climber, views, labels, parts, threshold))
            if len(ladder) > 1 and _gain(ladder) < LEAST_GAIN:
                break
            best = deepcopy(climber)
        _fit(best, views, labels, parts.development, threshold)
    return LinearFit(best, tuple(ladder))


def try_linear(
    c: float, views: Sequence[View], labels: Labels, parts: Parts, *, threshold: int
) -> Candidate:
    """Fit the train part with one strength of regularisation, and read the validation part."""
    estimator = LogisticRegression(C=c, tol=_GRADIENT, max_iter=_ITERATIONS)
    with threadpool_limits(1):
        return _try(estimator, views, labels, parts, threshold)


def _gain(ladder: list[Candidate]) -> float:
    return ladder[-1].mean_accuracy - ladder[-2].mean_accuracy


def _try(
    estimator: LogisticRegression,
    views: Sequence[View],
    labels: Labels,
    parts: Parts,
    threshold: int,
) -> Candidate:
    """Fit the train part, and look at the validation part in every view."""
    start = perf_counter()
    _fit(estimator, views, labels, parts.train, threshold)
    chosen = parts.validation
    accuracy = {
        view.name: float(estimator.score(to_bits(view.glyphs[chosen], threshold), labels[chosen]))
        for view in views
    }
    return Candidate(estimator.C, accuracy, int(estimator.n_iter_.max()), perf_counter() - start)


def _fit(
    estimator: LogisticRegression,
    views: Sequence[View],
    labels: Labels,
    indices: Indices,
    threshold: int,
) -> None:
    # joined while they are bytes: joining the floats would take twice their memory
    kept = [indices[view.weights[indices] > 0] for view in views]
    pairs = list(zip(views, kept, strict=True))
    glyphs = np.concatenate([view.glyphs[chosen] for view, chosen in pairs])
    weights = np.concatenate([view.weights[chosen] for view, chosen in pairs])
    estimator.fit(to_bits(glyphs, threshold), labels[np.concatenate(kept)], weights)
