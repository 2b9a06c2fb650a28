"""From a data set to a folder with the model, its card and its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from tinydigits.classifier import (
    CONTRACT_VERSION,
    DIGITS,
    CoveragePoint,
    Glyphs,
    ModelCard,
    Share,
    over_views,
)
from tinydigits.clock import StageClock
from tinydigits.files import atomic_write
from tinydigits.glyph import VIEWS, fingerprint
from tinydigits_export.card import read_card, render_card
from tinydigits_export.convert import to_onnx
from tinydigits_export.export import export_model, with_golden
from tinydigits_export.features import BATCH, BITS, Computer
from tinydigits_export.fitted import Fitted
from tinydigits_export.form import LINEAR_FORM, Form
from tinydigits_export.oriented import filter_bank
from tinydigits_export.storage import Storage
from tinydigits_train.datasets import DataSet, device_view, label_names
from tinydigits_train.evidence import show_evidence
from tinydigits_train.fit import BIT_THRESHOLD, DEVICE_WEIGHT, LinearFit, View, fit_linear
from tinydigits_train.held_out import read_held_out
from tinydigits_train.ladder import RecipeFit, fit_recipe, from_views
from tinydigits_train.measure import Measures, measure, wilson
from tinydigits_train.page import write_report
from tinydigits_train.portrait import (
    Portrait,
    show_mistakes,
    signed_picture,
    try_thresholds,
    two_levels,
    view_coefficients,
    view_data,
)
from tinydigits_train.recipes import RECIPES
from tinydigits_train.rehearsal import rehearse
from tinydigits_train.report import FitReport, library_versions, peak_memory
from tinydigits_train.splits import Parts, split
from tinydigits_train.synthetic.scenes import Scenery

MODEL_NAME: Final = "digits.onnx"
MODEL_CARD_NAME: Final = "MODEL_CARD.md"

LINEAR: Final = "linear"
MODELS: Final = (LINEAR, *RECIPES)
"""By name, the smallest first."""

AS_GIVEN: Final = "as given"
AS_DEVICE: Final = "as the device makes them"

Fit = LinearFit | RecipeFit


@dataclass(frozen=True, eq=False)
class Wanted:
    """What is to be trained."""

    model: str = LINEAR
    """One of :data:`MODELS`."""
    seed: int = 0
    """Of the split and of everything that is drawn."""
    storage: Storage | None = None
    """Of the weights, where it is not the model's own."""


def train(dataset: DataSet, wanted: Wanted, folder: Path, clock: StageClock) -> FitReport:
    """Fit, measure, export and verify a model, and write all of it to a folder.

    Labels of 10 make a model that knows the class ``none``.
    """
    with clock.stage("prepare"):
        parts = split(dataset, wanted.seed)
        views = make_views(dataset)
    with clock.stage("fit"):
        fit = _fit(wanted, views, dataset, parts)
    reader = Reader(fit)
    with clock.stage("measure"):
        labels = dataset.labels[parts.test]
        names = label_names(dataset.labels)
        by_view = {
            view.name: measure(reader.probabilities(view.glyphs[parts.test]), labels, names)
            for view in views
        }
        measures = by_view[AS_GIVEN]
        by_kind = _by_kind(reader, dataset.take(parts.test))
        coverage = _coverage(reader, views[-1].glyphs[parts.test], labels, names)
    card = _card(wanted.model, dataset, parts, measures, coverage)
    card = msgspec.structs.replace(card, views=views_of(fit))
    if dataset.scenery:
        with clock.stage("rehearse"):
            card = _rehearsed(fit, card, dataset.scenery)
    with clock.stage("export"):
        fitted = Fitted(fit.estimator, card, dataset.glyphs[parts.test], fit.form)
        fitted.save(folder)
        model = folder / MODEL_NAME
        verification, size = export_model(fitted.estimator, card, fitted.glyphs, model, fitted.form)
        text = render_card(read_card(model)[0], size)
        atomic_write(folder / MODEL_CARD_NAME, text.encode())
    with clock.stage("measure"):
        whole = read_held_out(dataset, parts.test, model.read_bytes(), progress=True)
    report = FitReport(
        model=wanted.model,
        data=view_data(dataset, parts.by_name(), card.threshold),
        split=card.split,
        views={view.name: view.weight for view in views},
        **_how(fit),
        measures=measures,
        portrait=_portrait(reader, dataset.take(parts.test), measures),
        device_coverage=card.coverage,
        accuracy_by_view={name: found.share() for name, found in by_view.items()},
        accuracy_by_kind=by_kind,
        accuracy_of_pictures=whole,
        versions=card.versions,
        seconds=clock.seconds,
        peak_memory=peak_memory(),
        model_bytes=size,
        verification=verification,
    )
    write_report(report, folder)
    return report


class Reader:
    """An estimator behind the steps that it sees glyphs through."""

    def __init__(self, fit: Fit) -> None:
        self.fit = fit
        self._compute = Computer(fit.form.features, BIT_THRESHOLD)

    def probabilities(self, glyphs: Glyphs) -> npt.NDArray[np.floating]:
        """``float[N, K]`` of ``uint8[N, 28, 28]``."""
        if self.fit.form is LINEAR_FORM:
            return np.asarray(self.fit.estimator.predict_proba(self._compute(glyphs)))
        # piece by piece: the features of all test glyphs may take gigabytes
        pieces = [glyphs[first : first + BATCH] for first in range(0, len(glyphs), BATCH)]
        return np.concatenate(
            [self.fit.estimator.predict_proba(self._compute(piece)) for piece in pieces]
        )


def make_views(dataset: DataSet) -> list[View]:
    """The glyphs as they are, and as the device makes them of frames that show these glyphs."""
    again = device_view(dataset, progress=True)
    weights = dataset.weights
    # a glyph that the device made is the same in both: it is learned from once
    twice = weights * ~dataset.made_by_device
    return [
        View(AS_GIVEN, dataset.glyphs, shares=weights),
        View(AS_DEVICE, again, DEVICE_WEIGHT, twice),
    ]


def _fit(wanted: Wanted, views: list[View], dataset: DataSet, parts: Parts) -> Fit:
    if wanted.model == LINEAR:
        fit = fit_linear(views, dataset.labels, parts, progress=True)
        if wanted.storage is None:
            return fit
        fit = replace(fit, form=Form(BITS, wanted.storage))
        fit.form.round(fit.estimator)
        return fit
    return fit_recipe(
        RECIPES[wanted.model],
        from_views(views, dataset.labels, parts),
        seed=wanted.seed,
        storage=wanted.storage,
        progress=True,
    )


def _how(fit: Fit) -> dict[str, Any]:
    """What a report says of the way in which a model was fitted."""
    told = {"features": fit.form.features.size, "storage": fit.form.storage}
    if isinstance(fit, LinearFit):
        return told | {"c": fit.estimator.C, "ladder": fit.ladder}
    return told | {"temperature": fit.temperature, "epochs": fit.epochs}


def _portrait(reader: Reader, test: DataSet, measures: Measures) -> Portrait:
    seen, labels = two_levels(test.glyphs, BIT_THRESHOLD), measures.labels
    estimator, features = reader.fit.estimator, reader.fit.form.features

    def accuracy(glyphs: Glyphs) -> float:
        return float((reader.probabilities(glyphs).argmax(axis=1) == test.labels).mean())

    mistakes = show_mistakes(seen, reader.probabilities(seen), test.labels, measures)
    thresholds = try_thresholds(test.glyphs, accuracy)
    if features is BITS:
        weights = view_coefficients(estimator.coef_, estimator.intercept_, labels)
        return Portrait(*mistakes, thresholds, weights)
    filters = tuple(signed_picture(each.ravel()) for each in filter_bank())
    evidence = show_evidence(seen, test.labels, labels, reader.probabilities)
    return Portrait(*mistakes, thresholds, None, filters, evidence)


def _by_kind(reader: Reader, test: DataSet) -> dict[str, Share]:
    """The accuracy on each kind of glyph, where a set tells kinds apart."""
    if test.kinds is None:
        return {}
    right = reader.probabilities(test.glyphs).argmax(axis=1) == test.labels
    return {
        kind: wilson(int(right[test.kinds == kind].sum()), int((test.kinds == kind).sum()))
        for kind in sorted(set(test.kinds.tolist()))
    }


def _coverage(
    reader: Reader, glyphs: Glyphs, labels: npt.NDArray[np.int64], names: tuple[str, ...]
) -> tuple[CoveragePoint, ...]:
    """Error against coverage, with glyphs and probabilities as the device has them.

    Of what is read as a digit: what the model calls none is rejected anyway.
    """
    probabilities = over_views(reader.probabilities, glyphs, views_of(reader.fit))
    read = probabilities.argmax(axis=1) < len(DIGITS)
    coverage = measure(probabilities[read], labels[read], names).coverage
    return _rounded(coverage)


def _rehearsed(fit: Fit, card: ModelCard, scenery: Scenery) -> ModelCard:
    """The card with the coverage of whole scenes, if anything is read in them."""
    content = to_onnx(fit.estimator, with_golden(fit.estimator, card, fit.form), fit.form)
    coverage = _rounded(rehearse(content, scenery, progress=True))
    return msgspec.structs.replace(card, coverage=coverage or card.coverage)


def _rounded(coverage: Sequence[CoveragePoint]) -> tuple[CoveragePoint, ...]:
    """As it travels in the model file, where every digit counts."""
    return tuple(
        CoveragePoint(round(p.confidence, 5), round(p.coverage, 5), round(p.error, 5))
        for p in coverage
    )


def views_of(fit: Fit) -> int:
    """Views of a glyph that the device is to read: features of upright, centred ink need but one.

    With one, the photographs of digits are read as well as with five, in a fifth of the time.
    """
    return VIEWS if fit.form.features is BITS else 1


def _card(
    model: str,
    dataset: DataSet,
    parts: Parts,
    measures: Measures,
    coverage: tuple[CoveragePoint, ...],
) -> ModelCard:
    return ModelCard(
        contract=CONTRACT_VERSION,
        fingerprint=fingerprint(),
        name=model,
        labels=measures.labels,
        threshold=BIT_THRESHOLD,
        data=dataset.sources(),
        split=parts.card(),
        accuracy=measures.share(),
        coverage=coverage,
        versions=library_versions(),
        golden=(),  # the export draws them
    )
