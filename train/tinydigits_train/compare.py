"""Models side by side: how well they read, what they cost, and what they bear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest
from tqdm import tqdm

from tinydigits.classifier import Classifier, Glyphs, ModelCard, Share, read_model
from tinydigits.errors import DataError, PictureError
from tinydigits.frame import Frame
from tinydigits.labels import list_pictures
from tinydigits.reader import Reader
from tinydigits.score import Outcome
from tinydigits_train.cost import microseconds, multiply_adds
from tinydigits_train.datasets import DataSet, Labels, label_names
from tinydigits_train.evaluate import probabilities_of
from tinydigits_train.measure import measure, wilson
from tinydigits_train.references import references
from tinydigits_train.report import library_versions
from tinydigits_train.splits import split
from tinydigits_train.spoil import SPOILS, spoiled

SCHEMA_VERSION: Final = 1

MODEL_NAME: Final = "digits.onnx"

COVERAGE: Final = 0.99
"""Share of the digits that is accepted where one number has to tell what rejecting buys."""

Read = Callable[[Glyphs], npt.NDArray[np.floating]]


class McNemar(msgspec.Struct, frozen=True, kw_only=True):
    """Two models on the same glyphs: McNemar 1947, exact, two-sided.

    Only glyphs count that one of them reads right and the other one wrong.
    """

    against: str
    only_this: int
    """Glyphs that only this model reads right."""
    only_that: int
    p: float
    """How probable a difference like this is between two models that are equally good."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One model of a comparison; shares are fractions."""

    name: str
    reference: bool
    """Not a model for a device: times and photographs were left out."""
    accuracy: Share
    mcnemar: McNemar | None
    """None for the model that the others are tested against."""
    calibration_error: float
    error_at_coverage: float
    """Share of errors where the surest 99 % are accepted."""
    spoiled: dict[str, float]
    """Accuracy on the same glyphs, spoiled."""
    bytes: int
    multiply_adds: int
    microseconds: float | None
    photographs: dict[str, Share]
    """Pictures that the device's reader reads right as a whole."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True, tag="comparison", tag_field="report"):
    """Models side by side, measured on the same glyphs, on this machine."""

    schema: int = SCHEMA_VERSION
    data: str
    n: int
    """Test glyphs."""
    coverage: float = COVERAGE
    models: tuple[Compared, ...]
    versions: dict[str, str]

    def to_json(self) -> bytes:
        """Indented for people; shares are fractions."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def compare(
    models: Sequence[Path],
    dataset: DataSet,
    photographs: Sequence[Path],
    *,
    seed: int,
    with_references: bool = True,
) -> Comparison:
    """Measure models on the test part of a data set, the first one being what others are held to.

    :param models: folders that ``fit`` wrote, or model files.
    :param photographs: folders of labelled pictures, read by the device's reader.
    :param seed: of the split, of the spoiled glyphs and of the references.
    :raises DataError: where a model was trained on glyphs that it would be measured on.
    """
    parts = split(dataset, seed)
    test = dataset.take(parts.test)
    loaded = [_load(path) for path in models]
    for path, classifier in loaded:
        _require_same_split(path, classifier.card, dataset, seed)
    threshold = loaded[0][1].card.threshold
    kinds = {"clean": test.glyphs}
    kinds |= {name: spoiled(test.glyphs, threshold, each, seed) for name, each in SPOILS.items()}
    rows: list[Compared] = []
    first: tuple[str, npt.NDArray[np.bool_]] | None = None
    for name, path, classifier in tqdm(_named(loaded), "models", leave=False, disable=None):
        content = read_model(path)
        row, right = _row(name, partial(probabilities_of, classifier), kinds, test, first)
        first = first or (name, right)
        rows.append(
            msgspec.structs.replace(
                row,
                bytes=len(content),
                multiply_adds=multiply_adds(content),
                microseconds=microseconds(classifier),
                photographs={
                    folder.resolve().name: _photographed(classifier, folder)
                    for folder in photographs
                },
            )
        )
    if with_references:
        learned = dataset.take(parts.development)
        for name, size, cost, read in references(learned.glyphs, learned.labels, threshold, seed):
            row, _ = _row(name, read, kinds, test, first)
            rows.append(
                msgspec.structs.replace(row, reference=True, bytes=size, multiply_adds=cost)
            )
    return Comparison(
        data=dataset.name, n=len(test), models=tuple(rows), versions=library_versions()
    )


def _load(path: Path) -> tuple[Path, Classifier]:
    model = path / MODEL_NAME if path.is_dir() else path
    return model, Classifier.load(model)


def _require_same_split(path: Path, card: ModelCard, dataset: DataSet, seed: int) -> None:
    """What a model was trained on must not be what it is measured on."""
    learned = {source.sha256 for source in card.data}
    for each in [member.dataset for member in dataset.members] or [dataset]:
        # where the set doesn't say itself what tests, the seed does, in a mix as well as alone
        drawn = each.test_start is None and each.folds is None
        if drawn and each.sha256 in learned and card.split.seed != seed:
            raise DataError(
                f"{path} was trained on another part of {each.name}, with seed {card.split.seed}: "
                "name that with --seed, or leave the model out"
            )


def _named(loaded: list[tuple[Path, Classifier]]) -> list[tuple[str, Path, Classifier]]:
    """Names of their cards; where these are not enough, of the folders or files too."""
    names = [classifier.card.name for _, classifier in loaded]
    return [
        (
            name if names.count(name) == 1 else f"{name} ({_place(path)})",
            path,
            classifier,
        )
        for name, (path, classifier) in zip(names, loaded, strict=True)
    ]


def _place(path: Path) -> str:
    return path.resolve().parent.name if path.name == MODEL_NAME else path.stem


def _row(
    name: str,
    read: Read,
    kinds: dict[str, Glyphs],
    test: DataSet,
    first: tuple[str, npt.NDArray[np.bool_]] | None,
) -> tuple[Compared, npt.NDArray[np.bool_]]:
    """What glyphs alone tell of a model, and which of them it reads right."""
    probabilities = read(kinds["clean"])
    if test.labels.max() >= probabilities.shape[1]:
        raise DataError(f"{test.name} has glyphs of a class that {name} doesn't know")
    labels = label_names(np.array([probabilities.shape[1] - 1]))
    measures = measure(probabilities, test.labels, labels)
    right = probabilities.argmax(axis=1) == test.labels
    return Compared(
        name=name,
        reference=False,
        accuracy=measures.share(),
        mcnemar=mcnemar(*first, right) if first else None,
        calibration_error=measures.calibration_error,
        error_at_coverage=error_at(probabilities, right),
        spoiled={
            kind: _accuracy(read, glyphs, test.labels)
            for kind, glyphs in kinds.items()
            if kind != "clean"
        },
        bytes=0,
        multiply_adds=0,
        microseconds=None,
        photographs={},
    ), right


def _accuracy(read: Read, glyphs: Glyphs, labels: Labels) -> float:
    return float((read(glyphs).argmax(axis=1) == labels).mean())


def mcnemar(against: str, that: npt.NDArray[np.bool_], this: npt.NDArray[np.bool_]) -> McNemar:
    """The test of two models, from which glyphs they read right."""
    only_this, only_that = int((this & ~that).sum()), int((that & ~this).sum())
    differ = only_this + only_that
    p = float(binomtest(only_this, differ).pvalue) if differ else 1.0
    return McNemar(against=against, only_this=only_this, only_that=only_that, p=p)


def error_at(
    probabilities: npt.NDArray[np.floating],
    right: npt.NDArray[np.bool_],
    coverage: float = COVERAGE,
) -> float:
    """The share of errors among so large a share of the glyphs, the surest ones."""
    surest = np.argsort(-probabilities.max(axis=1), kind="stable")
    accepted = surest[: max(1, round(coverage * len(right)))]
    return float(1 - right[accepted].mean())


def _photographed(classifier: Classifier, folder: Path) -> Share:
    """Pictures with a number in them that are read right, digit by digit."""
    pictures = [picture for picture in list_pictures(folder) if picture.digits is not None]
    if not pictures:
        raise DataError(f"{folder}: no picture in it shows a number")
    single = all(len(picture.digits or "") == 1 for picture in pictures)
    reader = Reader(classifier, digits=1 if single else None)
    outcomes = []
    for picture in tqdm(pictures, folder.name, leave=False, disable=None):
        try:
            reading = reader.read(Frame.from_file(picture.path)).readings[0]
        except PictureError:
            reading = None
        outcomes.append(Outcome(picture.path, picture.digits, reading))
    return wilson(sum(outcome.right for outcome in outcomes), len(outcomes))
