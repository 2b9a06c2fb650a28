"""Which glyphs train, which choose, and which only measure.

The three parts share no glyph and, where the data set knows its groups, no writer and no meter:
a model that has seen a person's other digits looks better than it is.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from tinydigits.classifier import DIGITS, Split
from tinydigits.errors import DataError
from tinydigits_train.datasets import DataSet, Groups, Indices, Labels

FOLDS: Final = 5
"""One fold in five is the test part, one the validation part: 60/20/20."""

OFFICIAL_VALIDATION: Final = 6
"""Where the test part is given, one in so many of the rest validates: MNIST's 10,000 of 60,000."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Sorted indices into a data set: each of its glyphs is in exactly one part."""

    seed: int
    train: Indices
    validation: Indices
    test: Indices

    @property
    def development(self) -> Indices:
        """Everything but the test part."""
        return np.sort(np.concatenate([self.train, self.validation]))

    def by_name(self) -> dict[str, Indices]:
        """The parts under the names that reports give them."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def card(self) -> Split:
        """What a model card says of the split."""
        parts = self.by_name().values()
        digest = hashlib.sha256(repr([len(part) for part in parts]).encode())
        for part in parts:
            digest.update(part.astype("<i8").tobytes())
        train, validation, test = (len(part) for part in parts)
        return Split(self.seed, train, validation, test, digest.hexdigest())


def split(dataset: DataSet, seed: int) -> Parts:
    """Part a data set, the same way for the same seed.

    An official test part is kept. Else the parts are 60/20/20, stratified by label, and by whole
    groups where there are any. Of a mix each set is parted as it would be alone.

    :raises DataError: where there are too few glyphs or groups for three parts.
    """
    _require_every_digit(dataset, dataset.labels)
    train, validation, test = _parts(dataset, seed)
    _require_every_digit(dataset, dataset.labels[train])
    return Parts(seed, train, validation, test)


def _parts(dataset: DataSet, seed: int) -> tuple[Indices, Indices, Indices]:
    """The indices that train, that validate and that test."""
    everything = np.arange(len(dataset))
    if dataset.members:
        return _of_members(dataset, seed)
    if dataset.folds is not None:
        test, validation = (np.flatnonzero(dataset.folds == fold) for fold in (0, 1))
        return np.flatnonzero(dataset.folds > 1), validation, test
    if dataset.test_start is not None:
        rest, test = everything[: dataset.test_start], everything[dataset.test_start :]
        return *_stratified(rest, dataset.labels, OFFICIAL_VALIDATION, seed), test
    if dataset.groups is not None:
        return _by_group(dataset, dataset.groups, seed)
    rest, test = _stratified(everything, dataset.labels, FOLDS, seed)
    return *_stratified(rest, dataset.labels, FOLDS - 1, seed), test


def _of_members(mixed: DataSet, seed: int) -> tuple[Indices, Indices, Indices]:
    sets = [member.dataset for member in mixed.members]
    starts = np.cumsum([0, *map(len, sets)])
    parts = [_parts(dataset, seed) for dataset in sets]
    train, validation, test = (
        np.concatenate([start + part[k] for start, part in zip(starts, parts, strict=False)])
        for k in range(3)
    )
    return train, validation, test


def _stratified(
    indices: Indices, labels: Labels, one_in: int, seed: int
) -> tuple[Indices, Indices]:
    """Nearly all of the indices, and one in so many."""
    try:
        larger, smaller = train_test_split(
            indices,
            test_size=len(indices) // one_in,
            stratify=labels[indices],
            random_state=seed,
        )
    except ValueError as error:  # under ten glyphs a part, or a digit that is there only once
        raise DataError(f"too few glyphs to train, validate and test: {error}") from error
    return np.sort(larger), np.sort(smaller)


def _by_group(dataset: DataSet, groups: Groups, seed: int) -> tuple[Indices, Indices, Indices]:
    count = len(np.unique(groups))
    if count < 3:
        raise DataError(f"{dataset.name}: {count} group(s) can't be parted in three")
    folds = StratifiedGroupKFold(min(FOLDS, count), shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a digit rarer than the folds is no harm
        try:
            members = [fold for _, fold in folds.split(dataset.glyphs, dataset.labels, groups)]
        except ValueError as error:
            raise DataError(f"{dataset.name}: too few glyphs for a split: {error}") from error
    # a group larger than a fold, a meter with most of the pictures, belongs to the train part
    test, validation, *rest = sorted(
        members, key=lambda fold: abs(FOLDS * len(fold) - len(dataset))
    )
    if not (len(test) and len(validation)):
        raise DataError(f"{dataset.name}: its {count} groups are too unlike in size to be parted")
    return np.sort(np.concatenate(rest)), np.sort(validation), np.sort(test)


def _require_every_digit(dataset: DataSet, labels: Labels) -> None:
    missing = [digit for digit in DIGITS if not (labels == int(digit)).any()]
    if missing:
        raise DataError(
            f"{dataset.name}: no glyph of {', '.join(missing)} to train on: every digit is needed"
        )
