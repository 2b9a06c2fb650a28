"""Measure any model of the contract, through the device's own classifier."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from tinydigits.classifier import DIGITS, Classifier, Glyphs, ModelCard, Probabilities
from tinydigits.errors import DataError
from tinydigits_train.datasets import DataSet
from tinydigits_train.measure import Measures, measure
from tinydigits_train.splits import split

Part = Literal["test", "all"]

_BATCH: Final = 1000


def evaluate(classifier: Classifier, dataset: DataSet, part: Part | None = None) -> Measures:
    """Measure a model on a data set.

    :param part: ``test`` or ``all``. Where it isn't given, ``test`` if the set has an official test
        part or the model was trained on this very set, which its card tells; else ``all``, as then
        the model has seen none of it.
    :raises DataError: where the test part that the model's card names can't be made again.
    """
    if (part or default_part(classifier.card, dataset)) == "test":
        dataset = test_part(classifier.card, dataset)
    names = classifier.card.labels
    truth = np.array([names.index(digit) for digit in DIGITS], np.int64)[dataset.labels]
    return measure(_probabilities(classifier, dataset.glyphs), truth, names)


def default_part(card: ModelCard, dataset: DataSet) -> Part:
    """The part whose measure says what the model does with digits it hasn't seen."""
    return "test" if dataset.test_start is not None or _trained_on(card, dataset) else "all"


def test_part(card: ModelCard, dataset: DataSet) -> DataSet:
    """The test part of a set: the official one, or the one that the model was not trained on."""
    if dataset.test_start is not None:
        return dataset.take(np.arange(dataset.test_start, len(dataset)))
    parts = split(dataset, card.split.seed)
    if _trained_on(card, dataset) and parts.card() != card.split:
        raise DataError(
            f"{dataset.name}: the split the model was trained with can't be made again, which "
            "another version of scikit-learn may explain: --part all measures on everything, "
            "what it was trained on included"
        )
    return dataset.take(parts.test)


def _trained_on(card: ModelCard, dataset: DataSet) -> bool:
    return any(source.sha256 == dataset.sha256 for source in card.data)


def _probabilities(classifier: Classifier, glyphs: Glyphs) -> Probabilities:
    batches = [glyphs[first : first + _BATCH] for first in range(0, len(glyphs), _BATCH)]
    return np.concatenate([classifier.probabilities(batch) for batch in batches])
