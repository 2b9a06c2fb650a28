"""A small report of each kind, for every test of what is made from reports."""

from __future__ import annotations

from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt

from samples import THRESHOLD, sample_card, sample_estimator, sample_glyphs, to_bits
from tinydigits.classifier import DIGITS, Glyphs, Split
from tinydigits_export.oriented import filter_bank
from tinydigits_export.verify import Agreement, Verification
from tinydigits_train.datasets import DataSet
from tinydigits_train.evidence import show_evidence
from tinydigits_train.fit import Candidate
from tinydigits_train.ladder import EpochPoint
from tinydigits_train.measure import Measures, measure
from tinydigits_train.neuron import follow
from tinydigits_train.portrait import (
    DataView,
    Portrait,
    show_mistakes,
    signed_picture,
    try_thresholds,
    two_levels,
    view_coefficients,
    view_data,
)
from tinydigits_train.report import (
    ArticleReport,
    Blanked,
    Claim,
    EvaluationReport,
    FitReport,
    IterationPoint,
    Variant,
    Verdict,
)

VIEWS = ("as given", "as the device makes them")
VERSIONS = {"tinydigits": "0.1.0", "python": "3.11.7", "numpy": "2.4.6"}


@cache
def _measures(seed: int) -> Measures:
    """Of a reader that is right most of the time."""
    glyphs, labels = sample_glyphs()
    scores = sample_estimator().decision_function(to_bits(glyphs))
    noisy = scores + np.random.default_rng(seed).normal(0, 2, scores.shape)
    return measure(_softmax(noisy), labels, DIGITS)


def _softmax(scores: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


@cache
def _data() -> DataView:
    glyphs, labels = sample_glyphs()
    parts = {"train": np.arange(1500), "validation": np.arange(1500, 1600)}
    parts["test"] = np.arange(1600, len(labels))
    return view_data(DataSet("sample", glyphs, labels), parts, THRESHOLD)


@cache
def _portrait() -> Portrait:
    glyphs, labels = sample_glyphs()
    estimator = sample_estimator()
    probabilities = estimator.predict_proba(to_bits(glyphs))

    def accuracy(changed: Glyphs) -> float:
        return float(estimator.score(to_bits(changed), labels))

    measures = measure(probabilities, labels, DIGITS)
    return Portrait(
        *show_mistakes(two_levels(glyphs, THRESHOLD), probabilities, labels, measures),
        thresholds=try_thresholds(glyphs, accuracy),
        coefficients=view_coefficients(estimator.coef_, estimator.intercept_, DIGITS),
    )


@cache
def sample_fit() -> FitReport:
    """A fit that climbed three rungs."""
    share = _measures(0).share()
    return FitReport(
        data=_data(),
        measures=_measures(0),
        portrait=_portrait(),
        versions=VERSIONS,
        seconds={"load": 1.25, "fit": 61.5},
        model="linear",
        split=Split(seed=7, train=1500, validation=100, test=197, sha256="ef" * 32),
        views={VIEWS[0]: 1.0, VIEWS[1]: 0.6},
        features=784,
        storage="float32",
        c=0.05,
        ladder=tuple(
            Candidate(c, {VIEWS[0]: 0.9 + c, VIEWS[1]: 0.88 + c}, 60 + k, 0.5 * k)
            for k, c in enumerate((0.02, 0.05, 0.051))
        ),
        accuracy_by_view={VIEWS[0]: share, VIEWS[1]: _measures(1).share()},
        device_coverage=_measures(1).coverage,
        peak_memory=248_172_544,
        model_bytes=36_583,
        verification=Verification(197, Agreement(0, 8.9e-07), Agreement(0, 0.0)),
    )


@cache
def sample_filtered_fit() -> FitReport:
    """A fit of a model that doesn't see pixels but through filters, and learned from a stream."""
    glyphs, labels = sample_glyphs()
    portrait = msgspec.structs.replace(
        _portrait(),
        coefficients=None,
        filters=tuple(signed_picture(each.ravel()) for each in filter_bank()),
        evidence=show_evidence(glyphs[:40], labels[:40], DIGITS, _read),
    )
    return msgspec.structs.replace(
        sample_fit(),
        model="oriented",
        portrait=portrait,
        storage="float16",
        c=None,
        ladder=(),
        temperature=1.04321,
        epochs=tuple(EpochPoint(80_000 * k, 0.97 + k / 200, 20.5 * k) for k in (1, 2, 3)),
    )


def _read(glyphs: Glyphs) -> npt.NDArray[np.floating]:
    return np.asarray(sample_estimator().predict_proba(to_bits(glyphs)))


@cache
def sample_evaluation() -> EvaluationReport:
    """An evaluation on the test part."""
    return EvaluationReport(
        data=_data(),
        measures=_measures(2),
        portrait=_portrait(),
        versions=VERSIONS,
        seconds={"load": 0.5, "evaluate": 0.03},
        model="linear",
        model_sha256="0a" * 32,
        model_bytes=38_136,
        trained_on=sample_card().data[:2],
        part="test",
    )


@cache
def sample_article() -> ArticleReport:
    """The tutorial with three variants in two orders; one of them reads hardly anything."""
    glyphs, labels = sample_glyphs()
    neurons = [
        follow(sample_estimator(), glyphs[k].reshape(-1).astype(np.float32) / 255, int(labels[k]))
        for k in (5, 18)
    ]
    verdicts: tuple[tuple[Verdict, str], ...] = (
        ("holds", ""),
        ("does not hold", ""),
        ("depends", "the order of the samples"),
    )
    return ArticleReport(
        data=_data(),
        measures=_measures(3),
        portrait=_portrait(),
        versions=VERSIONS,
        seconds={"load": 0.5, "train": 80.0},
        split={"train": 1600, "test": 197, "seed": 101},
        variants=tuple(
            _variant(name, order, k)
            for k, name in enumerate(("raw", "raw + edges", "moved"))
            for order in ("label-sorted", "OpenML")
        ),
        claims=tuple(
            Claim(
                id=f"claim-{k}",
                says=f"The tutorial says {k}.",
                measured=f"{k}.5 % of it",
                verdict=verdict,
                depends_on=depends_on,
                numbers={"share": k / 10},
            )
            for k, (verdict, depends_on) in enumerate(verdicts)
        ),
        iterations={
            "raw": _points((1, 2, 4, 8, 16), converged=False),
            "raw + edges": _points((1, 2, 4, 6), converged=True),
        },
        blanked=tuple(
            Blanked(
                label=label,
                untouched=0.95 - k / 100,
                bright_blanked=0.1 + k / 20,
                others_blanked=0.9 - k / 100,
                dark_inked=k / 30,
                others_inked=0.85 + k / 100,
            )
            for k, label in enumerate(DIGITS)
        ),
        blanked_pixels=39,
        neurons=tuple(neurons),
        peak_memory=229_687_296,
    )


def _points(iterations: tuple[int, ...], *, converged: bool) -> tuple[IterationPoint, ...]:
    return tuple(
        IterationPoint(
            iterations=n,
            converged=converged and n == iterations[-1],
            train_accuracy=1 - 0.3 / n,
            test_accuracy=0.95 - 0.2 / n,
            seconds=n / 10,
        )
        for n in iterations
    )


def _variant(name: str, order: str, k: int) -> Variant:
    measures = _measures(4 + k)
    far_off = 0.4 if name == "moved" else 1.0
    return Variant(
        name=name,
        what=f"prepared as {name}",
        order=order,
        features=784 * (k + 1),
        bytes_per_image=98 * (k + 1),
        bytes_per_model=31_400 * (k + 1),
        iterations=4,
        seconds=0.25 + k,
        accuracy=far_off * measures.accuracy - 0.01 * (order == "OpenML"),
        accuracy_interval=measures.accuracy_interval,
        macro_f1=measures.macro_f1,
        weighted_f1=measures.weighted_f1,
        labels=measures.labels,
        classes=measures.classes,
        confusion=measures.confusion,
    )
