"""What only one kind of report has: the card of a fit or an evaluation, the article's sections."""

from __future__ import annotations

import pytest
from bs4 import Tag

from parsing import (
    KINDS,
    assert_classes,
    assert_ink,
    assert_matrix,
    assert_signed,
    hundredths,
    percent,
    rows,
    sample_page,
    section,
    text,
)
from reports import sample_article, sample_evaluation, sample_fit


def test_summary_of_each_kind() -> None:
    """The other two figures are what matters for the kind of report."""
    values = {
        kind: [text(dd) for dd in sample_page(kind).select("#summary .value")][1:] for kind in KINDS
    }
    fit, evaluation, article = sample_fit(), sample_evaluation(), sample_article()
    assert values == {
        "fit": [percent(fit.measures.calibration_error), "36.6 kB"],
        "evaluation": [
            percent(evaluation.measures.calibration_error),
            percent(evaluation.measures.worst_class().f1),
        ],
        "article": ["1 of 3", percent(max(v.accuracy for v in article.variants))],
    }


def test_card_of_a_fit() -> None:
    """Split, views, ladder, verification, size and memory."""
    report = sample_fit()
    found = section(sample_page("fit"), "card")
    views, ladder, verification, *_ = found("table")
    facts = text(found)
    for fact in ("linear, 36,583 bytes", "248 MB", "1,500 to train", "seed 7", "ef" * 32):
        assert fact in facts
    assert [row[:3] for row in rows(views)] == [
        [name, str(weight), percent(report.accuracy_by_view[name].value)]
        for name, weight in report.views.items()
    ]
    assert rows(ladder) == [
        [
            f"{rung.c} (taken)" if rung.c == report.c else str(rung.c),
            *(percent(rung.accuracy[view]) for view in report.views),
            percent(rung.mean_accuracy),
            str(rung.iterations),
            f"{rung.seconds:.2f}",
        ]
        for rung in report.ladder
    ]
    assert rows(verification) == [
        ["ONNX Runtime", "0", "8.90 × 10⁻⁷"],  # noqa: RUF001
        ["ONNX reference", "0", "0"],
    ]


def test_card_of_an_evaluation() -> None:
    """The file's hash, what it was trained on, and which part was measured."""
    report = sample_evaluation()
    facts = text(section(sample_page("evaluation"), "card"))
    for source in report.trained_on:
        assert f"{source.name}, {source.count:,} digits {source.sha256}" in facts
    assert report.model_sha256 in facts
    assert "its test part" in facts


def test_claims() -> None:
    """Each claim with what was measured, and its verdict in words beside a sign."""
    report = sample_article()
    found = section(sample_page("article"), "claims")
    assert isinstance(found.table, Tag)
    signs = {"holds": "✓", "does not hold": "✗", "depends": "≈"}
    assert rows(found.table) == [
        [
            f"{c.says} {c.id}",
            c.measured,
            f"{signs[c.verdict]} {c.verdict}" + (f" on {c.depends_on}" if c.depends_on else ""),
        ]
        for c in report.claims
    ]


def test_variants() -> None:
    """Each variant has a row for each order, under one name."""
    report = sample_article()
    found = section(sample_page("article"), "variants")
    assert isinstance(found.table, Tag)
    due = [
        [
            v.order,
            *(percent(share) for share in (v.accuracy, v.macro_f1, v.weighted_f1)),
            *(f"{n:,}" for n in (v.features, v.bytes_per_image, v.bytes_per_model)),
            f"{v.seconds:.2f}",
        ]
        for v in report.variants
    ]
    shown = rows(found.table)
    assert [row[-len(due[0]) :] for row in shown] == due
    assert [row[0] for row in shown[::2]] == ["raw", "raw + edges", "moved"]
    assert "prepared as raw + edges" in text(found)


def test_iterations() -> None:
    """Each variant's points, the one that converged marked."""
    report = sample_article()
    for table, points in zip(
        section(sample_page("article"), "iterations")("table"),
        report.iterations.values(),
        strict=True,
    ):
        assert rows(table) == [
            [
                f"{p.iterations}" + (" (converged)" if p.converged else ""),
                percent(p.train_accuracy),
                percent(p.test_accuracy),
                f"{p.seconds:.2f}",
            ]
            for p in points
        ]


def test_areas() -> None:
    """Each digit's shares, untouched and changed in four ways."""
    report = sample_article()
    found = section(sample_page("article"), "areas")
    assert isinstance(found.table, Tag)
    assert rows(found.table) == [
        [
            b.label,
            *(
                f"{100 * share:.1f}"
                for share in (
                    b.untouched,
                    b.bright_blanked,
                    b.others_blanked,
                    b.dark_inked,
                    b.others_inked,
                )
            ),
        ]
        for b in report.blanked
    ]
    assert "39 strongest pixels" in text(found)


def test_neurons() -> None:
    """A digit, its evidence for each class on one scale, sums, scores and probabilities."""
    report = sample_article()
    for shown, neuron in zip(sample_page("article").select(".neuron"), report.neurons, strict=True):
        digit, *evidence = shown("img")
        assert_ink([digit], [neuron.glyph])
        for image, picture in zip(evidence, neuron.evidence, strict=True):
            assert_signed(image, picture, neuron.largest)
        assert isinstance(shown.table, Tag)
        for k, (_, _, score, probability) in enumerate(rows(shown.table)):
            sums = hundredths(neuron.scores[k] - neuron.intercepts[k])
            starts = hundredths(neuron.intercepts[k])
            assert score == f"{hundredths(neuron.scores[k])} {sums} {starts}"
            assert probability == percent(neuron.probabilities[k])
        bars = [str(bar["style"]) for bar in shown.select(".meter:not(.middle) i")]
        sizes = [float(bar.rpartition(":")[2].rstrip("%")) for bar in bars]
        assert sizes == pytest.approx([100 * p for p in neuron.probabilities], abs=0.01)
        chosen = shown.select_one(".chosen th")
        assert isinstance(chosen, Tag)
        assert text(chosen).split()[:2] == [neuron.read, "read"]


def test_details() -> None:
    """Each variant and order has its digits and its confusion matrix."""
    report = sample_article()
    found = section(sample_page("article"), "details").select("details")
    for shown, v in zip(found, report.variants, strict=True):
        classes, *matrices = shown("table")
        assert text(shown.find("summary")) == f"{v.name}, {v.order}: {percent(v.accuracy)}"  # type: ignore[arg-type]
        assert_classes(classes, v.classes)
        assert_matrix(matrices, v.confusion)
