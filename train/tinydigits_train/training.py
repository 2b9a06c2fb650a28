"""From a data set to a folder with the model, its card and its report."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tinydigits.classifier import (
    CONTRACT_VERSION,
    DIGITS,
    CoveragePoint,
    Glyphs,
    ModelCard,
    steadied,
)
from tinydigits.clock import StageClock
from tinydigits.files import atomic_write
from tinydigits.glyph import fingerprint, jittered
from tinydigits_export.card import read_card, render_card
from tinydigits_export.convert import to_bits
from tinydigits_export.export import export_model
from tinydigits_export.fitted import Fitted
from tinydigits_train.datasets import DataSet, through_device
from tinydigits_train.fit import BIT_THRESHOLD, DEVICE_WEIGHT, LinearFit, View, fit_linear
from tinydigits_train.measure import Measures, measure
from tinydigits_train.page import write_report
from tinydigits_train.portrait import (
    Portrait,
    show_mistakes,
    try_thresholds,
    two_levels,
    view_coefficients,
    view_data,
)
from tinydigits_train.report import FitReport, library_versions, peak_memory
from tinydigits_train.splits import Parts, split

MODEL_NAME: Final = "digits.onnx"
MODEL_CARD_NAME: Final = "MODEL_CARD.md"

LINEAR: Final = "linear"
AS_GIVEN: Final = "as given"
AS_DEVICE: Final = "as the device makes them"


def train_linear(dataset: DataSet, seed: int, folder: Path, clock: StageClock) -> FitReport:
    """Fit, measure, export and verify the linear model, and write all of it to a folder."""
    with clock.stage("prepare"):
        parts = split(dataset, seed)
        views = _views(dataset)
    with clock.stage("fit"):
        fit = fit_linear(views, dataset.labels, parts, progress=True)
    with clock.stage("measure"):
        by_view = {view.name: _measure(fit, view, dataset, parts) for view in views}
        measures = by_view[AS_GIVEN]
    with clock.stage("export"):
        card = _card(dataset, parts, measures, _coverage(fit, views[-1], dataset, parts))
        fitted = Fitted(fit.estimator, card, dataset.glyphs[parts.test])
        fitted.save(folder)
        model = folder / MODEL_NAME
        verification, size = export_model(fitted.estimator, card, fitted.glyphs, model)
        text = render_card(read_card(model)[0], size)
        atomic_write(folder / MODEL_CARD_NAME, text.encode())
    report = FitReport(
        model=LINEAR,
        data=view_data(dataset, parts.by_name(), card.threshold),
        split=card.split,
        views={view.name: view.weight for view in views},
        c=fit.estimator.C,
        ladder=fit.ladder,
        measures=measures,
        portrait=_portrait(fit, dataset.take(parts.test), measures),
        device_coverage=card.coverage,
        accuracy_by_view={name: found.share() for name, found in by_view.items()},
        versions=card.versions,
        seconds=clock.seconds,
        peak_memory=peak_memory(),
        model_bytes=size,
        verification=verification,
    )
    write_report(report, folder)
    return report


def _views(dataset: DataSet) -> list[View]:
    """The glyphs as they are, and as the device makes them of frames that show these glyphs."""
    again = through_device(dataset.glyphs, progress=True)
    return [View(AS_GIVEN, dataset.glyphs), View(AS_DEVICE, again, DEVICE_WEIGHT)]


def _measure(fit: LinearFit, view: View, dataset: DataSet, parts: Parts) -> Measures:
    bits = to_bits(view.glyphs[parts.test], BIT_THRESHOLD)
    return measure(fit.estimator.predict_proba(bits), dataset.labels[parts.test], DIGITS)


def _portrait(fit: LinearFit, test: DataSet, measures: Measures) -> Portrait:
    estimator, seen = fit.estimator, two_levels(test.glyphs, BIT_THRESHOLD)
    probabilities = estimator.predict_proba(to_bits(seen, BIT_THRESHOLD))

    def accuracy(glyphs: Glyphs) -> float:
        return float(estimator.score(to_bits(glyphs, BIT_THRESHOLD), test.labels))

    return Portrait(
        *show_mistakes(seen, probabilities, test.labels, measures),
        thresholds=try_thresholds(test.glyphs, accuracy),
        coefficients=view_coefficients(estimator.coef_, estimator.intercept_, DIGITS),
    )


def _coverage(
    fit: LinearFit, view: View, dataset: DataSet, parts: Parts
) -> tuple[CoveragePoint, ...]:
    """Error against coverage, with glyphs and probabilities as the device has them."""
    bits = to_bits(jittered(view.glyphs[parts.test]), BIT_THRESHOLD)
    probabilities = steadied(fit.estimator.predict_proba(bits))
    coverage = measure(probabilities, dataset.labels[parts.test], DIGITS).coverage
    # it travels in the model file, where every digit counts
    return tuple(
        CoveragePoint(round(p.confidence, 5), round(p.coverage, 5), round(p.error, 5))
        for p in coverage
    )


def _card(
    dataset: DataSet, parts: Parts, measures: Measures, coverage: tuple[CoveragePoint, ...]
) -> ModelCard:
    return ModelCard(
        contract=CONTRACT_VERSION,
        fingerprint=fingerprint(),
        name=LINEAR,
        labels=DIGITS,
        threshold=BIT_THRESHOLD,
        data=(dataset.source(),),
        split=parts.card(),
        accuracy=measures.share(),
        coverage=coverage,
        versions=library_versions(),
        golden=(),  # the export draws them
    )
