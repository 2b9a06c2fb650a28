"""Logistic regression on features, learned by Adam from a stream of glyphs.

The stream may be longer than memory holds: glyphs pass by in chunks, their features are computed,
learned from and forgotten. What comes out is scikit-learn's estimator all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from tinydigits.classifier import Glyphs
from tinydigits_export.features import Computer, Values
from tinydigits_train.datasets import Labels

Chunk = tuple[Glyphs, Labels]

LEAST_DEVIATION: Final = 0.3
"""A feature is divided by its standard deviation, but by no less than this share of the root mean
square of all: a rare feature would be blown up, and a speck that stirs it with it."""

BATCH: Final = 200
"""Glyphs to a step of Adam, as scikit-learn has it."""


@dataclass(frozen=True)
class Scaling:
    """What brings features to mean 0 and about the same spread, ``float32[F]`` each."""

    mean: Values
    spread: Values

    @classmethod
    def of(cls, seen: Values, parts: Sequence[int]) -> Scaling:
        """From the features of some thousand glyphs; ``parts`` as :class:`Features` has them."""
        deviation = seen.std(axis=0)
        least = [np.sqrt(np.mean(part**2)) for part in _parted(deviation, parts)]
        spread = np.maximum(deviation, LEAST_DEVIATION * np.repeat(least, parts))
        return cls(seen.mean(axis=0), spread.astype(np.float32))

    def __call__(self, seen: Values) -> Values:
        """Scaled, in place."""
        seen -= self.mean
        seen /= self.spread
        return seen


class Learner:
    """Learns from chunk after chunk; the features of one chunk are all that it keeps in memory.

    :param decay: strength of the L2 regularisation, scikit-learn's ``alpha``, of each part.
    """

    def __init__(
        self,
        compute: Computer,
        scaling: Scaling,
        classes: int,
        *,
        decay: Sequence[float],
        seed: int,
    ) -> None:
        self._compute, self._scaling = compute, scaling
        self._parts = compute.features.parts
        self._readouts = [
            _Readout(size, classes, strength, seed)
            for size, strength in zip(self._parts, decay, strict=True)
        ]

    def begin(self, rate: float) -> None:
        """Go on from what was learned so far, with steps of this length."""
        for readout in self._readouts:
            readout.begin(rate)

    def learn(self, glyphs: Glyphs, labels: Labels, *, remember: bool) -> None:
        """Pass once over a chunk.

        :param labels: positions of the classes.
        :param remember: whether the mean is to hold what is learned from it.
        """
        seen = _parted(self._scaling(self._compute(glyphs)), self._parts)
        for readout, part in zip(self._readouts, seen, strict=True):
            readout.learn(part, labels, remember=remember)

    def estimator(self) -> LogisticRegression:
        """What was learned, of features as they are: the scaling goes into the weights."""
        count = len(self._readouts)
        learned = np.vstack([readout.weights[:-1] for readout in self._readouts]) / count
        intercepts = sum(readout.weights[-1] for readout in self._readouts) / count
        weights = learned / self._scaling.spread[:, None]
        return estimator_of(weights.T, intercepts - self._scaling.mean @ weights)


class _Readout:
    """Multinomial logistic regression by Adam; ``weights`` is ``float64[F + 1, K]``.

    Steps of one length never come to rest, but the mean of the weights after each of the last
    chunks does (Polyak and Juditsky 1992): those that are to be remembered.
    """

    def __init__(self, size: int, classes: int, decay: float, seed: int) -> None:
        self._decay, self._seed = decay, seed
        self._classes = np.arange(classes)
        self.weights = np.zeros((size + 1, classes))

    def begin(self, rate: float) -> None:
        start = self.weights
        # without hidden layers this is multinomial logistic regression
        self._adam = MLPClassifier(
            (), alpha=self._decay, learning_rate_init=rate, batch_size=1, random_state=self._seed
        )
        # one blank step makes its arrays; what they hold is replaced
        blank = np.zeros((1, len(start) - 1), np.float32)
        self._adam.partial_fit(blank, self._classes[:1], classes=self._classes)
        self._adam.coefs_[0][:], self._adam.intercepts_[0][:] = start[:-1], start[-1]
        self._steps = 0

    def learn(self, seen: Values, labels: Labels, *, remember: bool) -> None:
        with threadpool_limits(1):  # as in fit_linear
            self._adam.set_params(batch_size=min(BATCH, len(labels)))
            self._adam.partial_fit(seen, labels, classes=self._classes)
        now = np.vstack((*self._adam.coefs_, *self._adam.intercepts_))
        self._steps = self._steps + 1 if remember else 0
        # the first to be remembered takes the place of what was there before
        self.weights += (now - self.weights) / max(self._steps, 1)


def _parted(values: Values, parts: Sequence[int]) -> list[Values]:
    """The last axis cut into parts of these sizes."""
    return np.split(values, np.cumsum(parts)[:-1], axis=-1)


def estimator_of(
    weights: npt.NDArray[np.floating], intercepts: npt.NDArray[np.floating]
) -> LogisticRegression:
    """Scikit-learn's estimator with these weights ``float[K, F]`` and intercepts ``float[K]``."""
    estimator = LogisticRegression()
    estimator.coef_ = weights.astype(np.float32)
    estimator.intercept_ = intercepts.astype(np.float32)
    estimator.classes_ = np.arange(len(weights))
    estimator.n_features_in_ = weights.shape[1]
    return estimator
