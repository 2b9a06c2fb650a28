"""The tutorial this began with, done again, and what it says held against what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import joblib
import numpy as np
from tqdm import tqdm

from tinydigits.classifier import DIGITS, Glyphs
from tinydigits.clock import StageClock
from tinydigits_train.claims import Bools, Findings, judge_claims
from tinydigits_train.datasets import DataSet, Labels
from tinydigits_train.fit import BIT_THRESHOLD
from tinydigits_train.neuron import BLANKED_PIXELS, blank, follow
from tinydigits_train.portrait import (
    THRESHOLDS,
    Portrait,
    ThresholdPoint,
    show_mistakes,
    view_coefficients,
    view_data,
)
from tinydigits_train.preparations import (
    AS_GIVEN,
    BINARIZED,
    PREPARATIONS,
    RAW,
    Preparation,
    binarized,
    glyph_sets,
    raw,
)
from tinydigits_train.report import (
    ArticleReport,
    IterationPoint,
    Neuron,
    library_versions,
    peak_memory,
)
from tinydigits_train.variants import (
    SEED,
    Order,
    Trained,
    orders,
    prepared,
    train_classifier,
    train_variant,
    try_iterations,
)

ITERATED: Final = {
    RAW: tuple(2**k for k in range(11)),
    BINARIZED: tuple(2**k for k in range(10)),
}
"""The variants that are tried with more and more iterations, and how many are allowed. MNIST's bits
converge after 268. Its raw brightness has not after 6,000, which take ten minutes and read 91.5 %
of the test images."""

_WORKERS: Final = 2
"""The machine of the least size this is meant for has two cores; more would ask for more memory."""

_WORTH_WORKERS: Final = 10_000
"""Glyphs: of fewer all is trained sooner than a second process starts."""

_Job = Callable[[], Any]


def reproduce(dataset: DataSet, clock: StageClock) -> ArticleReport:
    """Train and measure everything; minutes on MNIST, seconds on the bundled digits."""
    with clock.stage("prepare"):
        glyphs = glyph_sets(dataset.glyphs, SEED)
        first, second = orders(dataset)
    with clock.stage("train"):
        workers = _WORKERS if len(dataset) > _WORTH_WORKERS else 1
        done = _run(_jobs(glyphs, dataset.labels, first, second), workers)
    with clock.stage("look"):
        trained = [found for key, found in done.items() if key[0] == "variant"]
        tutorial = done["variant", RAW, first.name]
        iterations = {name: _until_converged(done, name) for name in ITERATED}
        test = raw(dataset.glyphs[first.test])
        truth = dataset.labels[first.test]
        blanked = blank(tutorial.estimator, test, truth, np.random.default_rng(SEED))
        findings = Findings(
            [found.variant for found in trained],
            [point for point, _ in iterations[RAW]],
            [right for _, right in iterations[RAW]],
            blanked,
            BLANKED_PIXELS,
        )
        thresholds = tuple(
            ThresholdPoint(threshold, done["threshold", threshold]) for threshold in THRESHOLDS
        )
        portrait = _portrait(tutorial, dataset.glyphs[first.test], truth, thresholds)
        claims = judge_claims(findings)
        neurons = _neurons(tutorial, test, truth)
        data = view_data(dataset, {"train": first.train, "test": first.test}, BIT_THRESHOLD)
    return ArticleReport(
        split={"train": len(first.train), "test": len(first.test), "seed": SEED},
        data=data,
        measures=tutorial.measures,
        portrait=portrait,
        variants=tuple(findings.variants),
        claims=claims,
        iterations={name: tuple(point for point, _ in found) for name, found in iterations.items()},
        blanked=blanked,
        blanked_pixels=BLANKED_PIXELS,
        neurons=neurons,
        versions=library_versions(),
        seconds=clock.seconds,
        peak_memory=peak_memory(),
    )


def _jobs(
    glyphs: Mapping[str, Glyphs], labels: Labels, first: Order, second: Order
) -> dict[tuple[Any, ...], _Job]:
    """Everything that has to be trained, the longest first, so that no core ends long before."""
    by_name = {preparation.name: preparation for preparation in PREPARATIONS}
    given = glyphs[AS_GIVEN]
    iterated: dict[tuple[Any, ...], _Job] = {
        ("iterations", name, count): partial(
            try_iterations, by_name[name], given, labels, first, count
        )
        for name, counts in ITERATED.items()
        for count in reversed(counts)
    }
    variants: dict[tuple[Any, ...], _Job] = {
        ("variant", preparation.name, order.name): partial(
            train_variant, preparation, glyphs[preparation.glyphs], labels, order
        )
        for preparation in PREPARATIONS
        for order in (first, second)
    }
    thresholds: dict[tuple[Any, ...], _Job] = {
        ("threshold", threshold): partial(_try_threshold, threshold, given, labels, first)
        for threshold in THRESHOLDS
    }
    return iterated | variants | thresholds


def _run(jobs: Mapping[tuple[Any, ...], _Job], workers: int) -> dict[tuple[Any, ...], Any]:
    """What each job gives, under its key."""
    work = joblib.Parallel(n_jobs=workers, return_as="generator")(
        joblib.delayed(job)() for job in jobs.values()
    )
    bar = tqdm(work, "fits", len(jobs), disable=None)
    return dict(zip(jobs, bar, strict=True))


def _try_threshold(threshold: int, glyphs: Glyphs, labels: Labels, order: Order) -> float:
    """The accuracy with all images cut at this threshold, learned from and read."""
    cut = Preparation(BINARIZED, "", 1, partial(binarized, threshold=threshold))
    train, test = prepared(cut, glyphs, order)
    estimator, _ = train_classifier(train, labels[order.train])
    return float(estimator.score(test, labels[order.test]))


def _until_converged(
    done: Mapping[tuple[Any, ...], Any], name: str
) -> list[tuple[IterationPoint, Bools]]:
    """The points of one variant; what is allowed more than it needs ends where the first did."""
    found: list[tuple[IterationPoint, Bools]] = []
    for count in ITERATED[name]:
        found.append(done["iterations", name, count])
        if found[-1][0].converged:
            break
    return found


def _portrait(
    trained: Trained, glyphs: Glyphs, truth: Labels, thresholds: tuple[ThresholdPoint, ...]
) -> Portrait:
    estimator = trained.estimator
    return Portrait(
        *show_mistakes(glyphs, trained.probabilities, truth, trained.measures),
        thresholds=thresholds,
        coefficients=view_coefficients(estimator.coef_, estimator.intercept_, DIGITS),
    )


def _neurons(trained: Trained, images: Any, truth: Labels) -> tuple[Neuron, ...]:
    """A 5 that is read right, and the surest mistake with a 5: the digit the tutorial looks at."""
    read = trained.probabilities.argmax(axis=1)
    surest = np.argsort(-trained.probabilities.max(axis=1), kind="stable")
    fives = surest[truth[surest] == DIGITS.index("5")]
    right, wrong = fives[read[fives] == truth[fives]], fives[read[fives] != truth[fives]]
    chosen = [*right[len(right) // 2 :][:1], *wrong[:1]]
    return tuple(follow(trained.estimator, images[k], int(truth[k])) for k in chosen)
