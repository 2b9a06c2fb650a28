"""Measure any model of the contract, through the device's own classifier."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from tinydigits.classifier import (
    NONE_LABEL,
    Classifier,
    Glyphs,
    ModelCard,
    Probabilities,
    read_model,
)
from tinydigits.clock import StageClock
from tinydigits.errors import DataError
from tinydigits_export.weights import linear_weights
from tinydigits_train.datasets import DataSet, Labels
from tinydigits_train.evidence import show_evidence
from tinydigits_train.measure import Measures, measure
from tinydigits_train.portrait import (
    Portrait,
    show_mistakes,
    try_thresholds,
    two_levels,
    view_coefficients,
    view_data,
)
from tinydigits_train.report import EvaluationReport, library_versions
from tinydigits_train.splits import split

Part = Literal["test", "all"]

_BATCH: Final = 1000


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model beside the glyphs it was measured on."""

    classifier: Classifier
    dataset: DataSet
    """The part of a set that was measured."""
    part: Part
    truth: Labels
    """``int64[N]``, the column of each glyph's label in the probabilities."""
    probabilities: Probabilities
    measures: Measures

    def portrait(self, content: bytes) -> Portrait:
        """The model as people look at it; ``content`` is that of its file."""
        card, glyphs = self.classifier.card, self.dataset.glyphs
        found = linear_weights(content)
        seen = two_levels(glyphs, card.threshold)

        def read(bits: Glyphs) -> Probabilities:
            return probabilities_of(self.classifier, bits)

        def accuracy(bits: Glyphs) -> float:
            return float((read(bits).argmax(axis=1) == self.truth).mean())

        return Portrait(
            *show_mistakes(seen, self.probabilities, self.truth, self.measures),
            thresholds=try_thresholds(glyphs, accuracy),
            coefficients=found and view_coefficients(*found, card.labels),
            evidence=() if found else show_evidence(seen, self.truth, card.labels, read),
        )


def evaluate(classifier: Classifier, dataset: DataSet, part: Part | None = None) -> Evaluation:
    """Measure a model on a data set.

    :param part: ``test`` or ``all``. Where it isn't given, ``test`` if the set has an official test
        part or the model was trained on this very set, which its card tells; else ``all``, as then
        the model has seen none of it.
    :raises DataError: where the test part that the model's card names can't be made again.
    """
    part = part or default_part(classifier.card, dataset)
    if part == "test":
        dataset = test_part(classifier.card, dataset)
    names = classifier.card.labels
    if dataset.labels.max() >= len(names):
        raise DataError(
            f"{dataset.name} has glyphs of '{NONE_LABEL}', a class that this model doesn't know"
        )
    truth = dataset.labels
    probabilities = probabilities_of(classifier, dataset.glyphs)
    measures = measure(probabilities, truth, names)
    return Evaluation(classifier, dataset, part, truth, probabilities, measures)


def report_evaluation(found: Evaluation, model: Path, clock: StageClock) -> EvaluationReport:
    """Everything about an evaluation; ``model`` is the file that was loaded."""
    content, card = read_model(model), found.classifier.card
    with clock.stage("portrait"):
        portrait = found.portrait(content)
        everything = np.arange(len(found.dataset))
        data = view_data(found.dataset, {found.part: everything}, card.threshold)
    return EvaluationReport(
        model=card.name,
        model_sha256=hashlib.sha256(content).hexdigest(),
        model_bytes=len(content),
        trained_on=card.data,
        part=found.part,
        data=data,
        measures=found.measures,
        portrait=portrait,
        versions=library_versions(),
        seconds=clock.seconds,
    )


def default_part(card: ModelCard, dataset: DataSet) -> Part:
    """The part whose measure says what the model does with digits it hasn't seen."""
    own = dataset.test_start is not None or dataset.folds is not None
    return "test" if own or _trained_on(card, dataset) else "all"


def test_part(card: ModelCard, dataset: DataSet) -> DataSet:
    """The test part of a set: the official one, or the one that the model was not trained on."""
    if dataset.test_start is not None:
        return dataset.take(np.arange(dataset.test_start, len(dataset)))
    if dataset.folds is not None:
        return dataset.take(np.flatnonzero(dataset.folds == 0))
    parts = split(dataset, card.split.seed)
    alone = len(dataset.sources()) == len(card.data)
    if alone and _trained_on(card, dataset) and parts.card() != card.split:
        raise DataError(
            f"{dataset.name}: the split the model was trained with can't be made again, which "
            "another version of scikit-learn may explain: --part all measures on everything, "
            "what it was trained on included"
        )
    return dataset.take(parts.test)


def _trained_on(card: ModelCard, dataset: DataSet) -> bool:
    known = {source.sha256 for source in card.data}
    return all(source.sha256 in known for source in dataset.sources())


def probabilities_of(classifier: Classifier, glyphs: Glyphs) -> Probabilities:
    """``float32[N, K]`` of any number of glyphs, in batches."""
    batches = [glyphs[first : first + _BATCH] for first in range(0, len(glyphs), _BATCH)]
    return np.concatenate([classifier.probabilities(batch) for batch in batches])
