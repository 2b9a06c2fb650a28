"""Measures and reports as text for a terminal."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tinydigits_train.compare import Comparison
from tinydigits_train.measure import Measures, percent
from tinydigits_train.report import ArticleReport, FitReport, by_name
from tinydigits_train.training import AS_DEVICE, MODEL_NAME

_WIDTH: Final = 100
"""Of a terminal that shows folded sentences."""


def measures_table(measures: Measures) -> str:
    """The measures in full: the whole, each class, and what was taken for what."""
    rows = [("", "precision", "recall", "F1", "glyphs")]
    rows += [
        (c.label, percent(c.precision), percent(c.recall), percent(c.f1), f"{c.support:,}")
        for c in measures.classes
    ]
    confusion = [("truth", *measures.labels)]
    confusion += [
        (label, *(str(count or ".") for count in counts))
        for label, counts in zip(measures.labels, measures.confusion, strict=True)
    ]
    return "\n".join(
        (
            f"accuracy           {_accuracy(measures)}",
            f"macro F1           {percent(measures.macro_f1)}",
            f"weighted F1        {percent(measures.weighted_f1)}",
            f"calibration error  {percent(measures.calibration_error)}",
            "",
            *_aligned(rows),
            "",
            "what was read (columns) for which truth (rows)",
            *_aligned(confusion),
        )
    )


def fit_summary(report: FitReport, folder: Path, data: str) -> str:
    """What a fit gave, where it is, and what to do with it.

    :param data: the options that name the data set again.
    """
    measures = report.measures
    again = report.accuracy_by_view[AS_DEVICE].value
    rows = {"accuracy": _accuracy(measures)}
    rows["on the device"] = f"{percent(again)} of the same digits, as it makes their glyphs"
    for kind, share in report.accuracy_by_kind.items():
        rows[kind] = f"{percent(share.value)} of {share.n:,}"
    for name, share in report.accuracy_of_pictures.items():
        rows[f"whole {name}"] = f"{percent(share.value)} of {share.n:,} pictures"
    rows["worst read digit"] = _worst(measures)
    rows["calibration error"] = percent(measures.calibration_error)
    checked = f"verified on {report.verification.n:,} glyphs with two runtimes"
    rows["model file"] = f"{report.model_bytes:,} bytes, {checked}"
    seconds, megabytes = sum(report.seconds.values()), report.peak_memory / 1e6
    rows["it took"] = f"{seconds:.0f} s and {megabytes:.0f} MB of memory"
    model = shlex.quote(str(folder / MODEL_NAME))
    names = ", ".join(sorted(path.name for path in folder.iterdir()))
    seen = (
        f"trained on {report.data.source.name}, measured on {measures.n:,} glyphs it has not seen"
    )
    return "\n".join(
        (
            f"{report.model} model, {seen}",
            *(f"  {name:<17}  {value}" for name, value in rows.items()),
            f"{folder} holds {names}",
            f"next: tinydigits-train evaluate {model} {data}",
            f"      tinydigits-export --inspect {model}",
        )
    )


def article_summary(report: ArticleReport) -> str:
    """Every variant in both orders, and the verdict on every claim."""
    variants_of = by_name(report.variants)
    orders = [variant.order for variant in next(iter(variants_of.values()))]
    rows = [("macro F1 (accuracy)", *orders, "bytes an image")]
    rows += [
        (
            name,
            *(f"{percent(v.macro_f1)} ({percent(v.accuracy)})" for v in variants),
            f"{variants[0].bytes_per_image:,}",
        )
        for name, variants in variants_of.items()
    ]
    claims = [
        f"{claim.verdict + ':':<15} {claim.says} {_as_sentence(claim.measured)}"
        for claim in report.claims
    ]
    folded = [
        textwrap.fill(claim, _WIDTH, subsequent_indent=" " * 16, break_on_hyphens=False)
        for claim in claims
    ]
    return "\n".join((*_aligned(rows), "", *folded, ""))


def comparison_table(comparison: Comparison) -> str:
    """Models in rows: how well they read, what they cost, and what they bear."""
    spoils = list(comparison.models[0].spoiled)
    folders = list(comparison.models[0].photographs)
    surest = f"error at {100 * comparison.coverage:.0f} %"
    head = ("model", "accuracy", "95 % interval", "p", "calibration", surest, "bytes")
    rows: list[tuple[str, ...]] = [(*head, "multiply-adds", "us", *spoils, *folders)]
    for model in comparison.models:
        low, high = model.accuracy.low, model.accuracy.high
        time = "" if model.microseconds is None else f"{model.microseconds:.0f}"
        rows.append(
            (
                model.name,
                percent(model.accuracy.value),
                f"{100 * low:.2f} to {percent(high)}",
                "" if model.mcnemar is None else f"{model.mcnemar.p:.2g}",
                percent(model.calibration_error),
                percent(model.error_at_coverage),
                f"{model.bytes:,}",
                f"{model.multiply_adds:,}",
                time,
                *(percent(model.spoiled[name]) for name in spoils),
                *(
                    percent(model.photographs[name].value) if model.photographs else ""
                    for name in folders
                ),
            )
        )
    return "\n".join(
        (
            *_aligned(rows),
            "",
            f"{comparison.data}, {comparison.n:,} test glyphs; p: McNemar's test against "
            + comparison.models[0].name,
            "us: microseconds a glyph, on one thread of this machine",
        )
    )


def _as_sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _accuracy(measures: Measures) -> str:
    low, high = measures.accuracy_interval
    return (
        f"{percent(measures.accuracy)} of {measures.n:,} glyphs "
        f"(95 % interval {percent(low)} to {percent(high)})"
    )


def _worst(measures: Measures) -> str:
    worst = measures.worst_class()
    reads = [confusion.read for confusion in measures.worst if confusion.truth == worst.label][:2]
    mistaken = f", most often taken for {' and '.join(reads)}" if reads else ""
    return f"{worst.label}: F1 {percent(worst.f1)}{mistaken}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
