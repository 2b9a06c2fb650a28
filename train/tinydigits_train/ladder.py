"""Fit a model of the ladder above ``linear``: learn from a stream, calibrate, round.

The stream is whatever yields chunks of glyphs with labels, epoch after epoch; nothing here asks
where they come from or how many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
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
from tinydigits_train.datasets import Indices, Labels, label_names
from tinydigits_train.fit import BIT_THRESHOLD, View
from tinydigits_train.learn import Chunk, Learner, Scaling
from tinydigits_train.recipes import Phase, Recipe
from tinydigits_train.room import release
from tinydigits_train.splits import Parts

CHUNK: Final = 5000
"""Glyphs to a chunk at most: the largest features of so many take 230 MB."""

FIRST_CHUNKS: Final = 6
"""Chunks from which features are learned: 30,000 glyphs say what the principal components are."""

SCALED_ON: Final = 5000
"""Glyphs that the scaling of features is measured on."""

REMEMBERED: Final = 0.5
"""Of each phase, weights are averaged over what is after this share of its epochs."""

SCORED: Final = 1000
"""Glyphs to a piece where only their scores are wanted."""

TEMPERATURES: Final = (0.1, 20.0)
"""Between which the best is looked for: means of weights are still far too sure of themselves."""

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
    everything: Epoch
    """Epochs with the validation glyphs among them."""
    classes: int


@dataclass(frozen=True, eq=False)
class RecipeFit:
    """The estimator, rounded to its form's storage, and how it came about."""

    estimator: LogisticRegression
    form: Form
    temperature: float
    """Scores were divided by it."""
    epochs: tuple[EpochPoint, ...]


def from_views(views: list[View], labels: Labels, parts: Parts) -> Stream:
    """The stream from glyphs in arrays, of which no more than a chunk is copied at a time.

    :param views: the same digits in one or more views; the weight of a glyph is how often it is in
        an epoch, on average. The first view is what is calibrated on.
    """

    def epoch(indices: Indices, rng: np.random.Generator) -> Iterator[Chunk]:
        drawn = [
            np.repeat(
                indices, np.floor(view.weights[indices] + rng.random(len(indices))).astype(int)
            )
            for view in views
        ]
        counts = [len(own) for own in drawn]
        which, of_view = np.concatenate(drawn), np.repeat(np.arange(len(views)), counts)
        order = rng.permutation(len(which))
        for first in range(0, len(order), CHUNK):
            chosen = order[first : first + CHUNK]
            glyphs = np.empty((len(chosen), *views[0].glyphs.shape[1:]), np.uint8)
            for k, view in enumerate(views):
                own = of_view[chosen] == k
                glyphs[own] = view.glyphs[which[chosen[own]]]
                release(view.glyphs)
            yield glyphs, labels[which[chosen]]

    chosen = parts.validation
    return Stream(
        epoch=partial(epoch, parts.train),
        validation=(views[0].glyphs[chosen], labels[chosen]),
        everything=partial(epoch, parts.development),
        classes=len(label_names(labels)),
    )


def fit_recipe(
    recipe: Recipe,
    stream: Stream,
    *,
    seed: int,
    storage: Storage | None = None,
    progress: bool = False,
) -> RecipeFit:
    """Learn phase by phase, calibrate on the validation glyphs, learn from these too, and round.

    The same recipe, stream and seed give the same weights to the last bit.
    """
    rng = np.random.default_rng(seed)
    form, scaling = _prepared(recipe, stream, storage or recipe.storage, rng)
    compute = Computer(form.features, BIT_THRESHOLD)
    learner = Learner(compute, scaling, stream.classes, decay=recipe.decay, seed=seed)
    glyphs, truth = stream.validation
    points: list[EpochPoint] = []
    total = sum(phase.epochs for phase in (*recipe.phases, recipe.last))
    with tqdm(total=total, desc="epochs", leave=False, disable=not progress or None) as bar:
        for phase in recipe.phases:
            learner.begin(phase.rate)
            for start, learned in _passes(learner, recipe, phase, stream.epoch, rng):
                scores = scores_of(learner.estimator(), compute, glyphs)
                right = float((scores.argmax(axis=1) == truth).mean())
                before = points[-1].glyphs if points else 0
                points.append(EpochPoint(before + learned, right, perf_counter() - start))
                bar.update()
        temperature = best_temperature(scores_of(learner.estimator(), compute, glyphs), truth)
        learner.begin(recipe.last.rate)
        for _ in _passes(learner, recipe, recipe.last, stream.everything, rng):
            bar.update()
    estimator = learner.estimator()
    estimator.coef_ = (estimator.coef_ / temperature).astype(np.float32)
    estimator.intercept_ = (estimator.intercept_ / temperature).astype(np.float32)
    form.round(estimator)
    return RecipeFit(estimator, form, temperature, tuple(points))


def _passes(
    learner: Learner, recipe: Recipe, phase: Phase, epoch: Epoch, rng: np.random.Generator
) -> Iterator[tuple[float, int]]:
    """Learn for a phase; after each pass, when it began and how many glyphs it had."""
    for k in range(phase.epochs):
        start, learned = perf_counter(), 0
        for glyphs, labels in epoch(rng):
            changed = varied(glyphs, recipe, rng)
            learner.learn(changed, labels, remember=k >= REMEMBERED * phase.epochs)
            learned += len(labels)
        yield start, learned


def _prepared(
    recipe: Recipe, stream: Stream, storage: Storage, rng: np.random.Generator
) -> tuple[Form, Scaling]:
    """The features, and how they are scaled: both from the beginning of an epoch."""
    glyphs = np.concatenate([chunk for chunk, _ in islice(stream.epoch(rng), FIRST_CHUNKS)])
    glyphs = varied(glyphs, recipe, rng)
    form = Form(recipe.features(glyphs, storage), storage)
    seen = Computer(form.features, BIT_THRESHOLD)(glyphs[:SCALED_ON])
    return form, Scaling.of(seen, form.features.parts)


def varied(glyphs: Glyphs, recipe: Recipe, rng: np.random.Generator) -> Glyphs:
    """The glyphs of a chunk, most of them changed."""
    changed = rng.random(len(glyphs)) >= recipe.plain
    result = glyphs.copy()
    result[changed] = recipe.augmentation(glyphs[changed], rng)
    return result


def scores_of(
    estimator: LogisticRegression, compute: Computer, glyphs: Glyphs
) -> npt.NDArray[np.float64]:
    """What softmax makes probabilities of, ``float64[N, K]``; never all features at once."""
    pieces = np.array_split(glyphs, max(1, len(glyphs) // SCORED))
    return np.concatenate([estimator.decision_function(compute(piece)) for piece in pieces])


def best_temperature(scores: npt.NDArray[np.float64], labels: Labels) -> float:
    """What to divide all scores by so that the labels are likeliest.

    Guo et al. 2017, "On Calibration of Modern Neural Networks": no label changes.
    """
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(scores / np.exp(log_temperature), axis=1)[rows, labels].mean())

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded")
    return float(np.exp(found.x))
