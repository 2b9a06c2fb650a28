"""Fit a model of the ladder above ``linear``: learn from a stream, calibrate, round.

The stream is whatever yields chunks of glyphs with labels, epoch after epoch; nothing here asks
where they come from or how many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from tinydigits.classifier import Glyphs
from tinydigits_export.features import Computer
from tinydigits_export.form import Form
from tinydigits_export.storage import Storage
from tinydigits_train.datasets import Labels, label_names
from tinydigits_train.fit import BIT_THRESHOLD, View
from tinydigits_train.learn import Chunk, Learner, Scaling, mixed
from tinydigits_train.recipes import Recipe
from tinydigits_train.splits import Parts

CHUNK: Final = 5000
"""Glyphs to a chunk at most: of the largest features these are 230 MB."""

SCALED_ON: Final = 5000
"""Glyphs that the scaling of features is measured on."""

REMEMBERED: Final = 0.5
"""The weights of this last share of the chunks are averaged."""

TEMPERATURES: Final = (0.25, 4.0)
"""Between which the best is looked for; a model that asks for more is broken."""

Epoch = Callable[[np.random.Generator], Iterator[Chunk]]
"""All glyphs that a model learns from, once, in an order drawn anew."""


class EpochPoint(msgspec.Struct, frozen=True):
    """How well a model reads after it has seen everything once more."""

    glyphs: int
    """That were learned from so far."""
    accuracy: float
    """On the validation part."""
    seconds: float
    """That this epoch took."""


@dataclass(frozen=True, eq=False)
class Stream:
    """What a model learns from, and what it is calibrated on."""

    epoch: Epoch
    validation: Chunk
    """Glyphs that no epoch has."""
    classes: int


@dataclass(frozen=True, eq=False)
class RecipeFit:
    """The estimator, rounded to its form's storage, and how it came about."""

    estimator: LogisticRegression
    form: Form
    temperature: float
    """Scores were divided by it."""
    epochs: tuple[EpochPoint, ...]


def in_memory(views: list[View], labels: Labels, parts: Parts) -> Stream:
    """The stream from glyphs in memory.

    :param views: the same digits in one or more views; the weight of one is the share of its
        glyphs that is in each epoch. The first is what is calibrated on.
    """
    indices, chosen = parts.train, parts.validation

    def epoch(rng: np.random.Generator) -> Iterator[Chunk]:
        drawn = [indices[rng.random(len(indices)) < view.weight] for view in views]
        glyphs = np.concatenate([v.glyphs[k] for v, k in zip(views, drawn, strict=True)])
        return mixed(glyphs, labels[np.concatenate(drawn)], CHUNK, rng)

    return Stream(epoch, (views[0].glyphs[chosen], labels[chosen]), len(label_names(labels)))


def fit_recipe(
    recipe: Recipe,
    stream: Stream,
    *,
    seed: int,
    storage: Storage | None = None,
    progress: bool = False,
) -> RecipeFit:
    """Learn for the recipe's epochs, calibrate on the validation glyphs, round to the storage."""
    rng = np.random.default_rng(seed)
    form = Form(recipe.features(), storage or recipe.storage)
    compute = Computer(form.features, BIT_THRESHOLD)
    first = next(stream.epoch(np.random.default_rng(seed)))[0][:SCALED_ON]
    learner = Learner(
        compute, Scaling.of(compute(first)), stream.classes, decay=recipe.decay, seed=seed
    )
    seen, truth = compute(stream.validation[0]), stream.validation[1]
    points, total = [], 0
    for k in tqdm(range(recipe.epochs), "epochs", leave=False, disable=not progress or None):
        start = perf_counter()
        for glyphs, labels in stream.epoch(rng):
            changed = varied(glyphs, recipe, rng)
            learner.learn(changed, labels, remember=k >= REMEMBERED * recipe.epochs)
            total += len(labels)
        accuracy = float(learner.estimator().score(seen, truth))
        points.append(EpochPoint(total, accuracy, perf_counter() - start))
    estimator = learner.estimator()
    temperature = calibrate(estimator, seen, truth)
    form.round(estimator)
    return RecipeFit(estimator, form, temperature, tuple(points))


def varied(glyphs: Glyphs, recipe: Recipe, rng: np.random.Generator) -> Glyphs:
    """The glyphs of a chunk, most of them changed."""
    changed = rng.random(len(glyphs)) >= recipe.plain
    result = glyphs.copy()
    result[changed] = recipe.augmentation(glyphs[changed], rng)
    return result


def calibrate(
    estimator: LogisticRegression, seen: npt.NDArray[np.float32], labels: Labels
) -> float:
    """Divide all scores by the temperature that makes the labels likeliest; returns it.

    Guo et al. 2017, "On Calibration of Modern Neural Networks": no label changes.
    """
    scores = estimator.decision_function(seen).astype(np.float64)
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(scores / np.exp(log_temperature), axis=1)[rows, labels].mean())

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded")
    temperature = float(np.exp(found.x))
    estimator.coef_ = (estimator.coef_ / temperature).astype(np.float32)
    estimator.intercept_ = (estimator.intercept_ / temperature).astype(np.float32)
    return temperature
