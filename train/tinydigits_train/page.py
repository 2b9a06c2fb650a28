"""``report.html``: a report as one page, readable without a network and without a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from tinydigits.classifier import CoveragePoint, Share
from tinydigits.files import atomic_write
from tinydigits.style import style
from tinydigits_train import article_plots, compare_plots, plots
from tinydigits_train.compare import Comparison
from tinydigits_train.measure import percent
from tinydigits_train.pictures import ink_uri, scale_uri, signed_uri
from tinydigits_train.portrait import read_signed
from tinydigits_train.report import AnyReport, ArticleReport, EvaluationReport, FitReport, by_name
from tinydigits_train.svg import inline_svg
from tinydigits_train.variants import MAX_ITERATIONS

REPORT_NAME: Final = "report.json"
PAGE_NAME: Final = "report.html"

ERROR_BOUNDS: Final = (0.05, 0.02, 0.01, 0.005)
"""For these shares of errors the page says how many digits must be rejected."""

_BADGES: Final = {
    "holds": ("holds", "✓"),
    "does not hold": ("fails", "✗"),
    "depends": ("depends", "≈"),
}
"""Class and sign of a verdict."""

_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class KeyFigure(NamedTuple):
    """One of the three numbers a report begins with."""

    value: str
    name: str
    note: str


class Cell(NamedTuple):
    """One of a confusion matrix."""

    glyphs: int
    share: str
    """Of its row, in percent."""
    kind: str
    shade: float
    """0 to 1."""


def render_page(report: AnyReport | Comparison) -> str:
    """The report as HTML; nothing is on the page that isn't in the report."""
    context = _side_by_side(report) if isinstance(report, Comparison) else _context(report)
    return _environment().get_template("page.html").render(context)


def write_report(report: AnyReport | Comparison, folder: Path) -> None:
    """Write a report to a folder, as JSON and as a page.

    :raises OutputError: where they can't be written.
    """
    page = render_page(report)
    atomic_write(folder / REPORT_NAME, report.to_json())
    atomic_write(folder / PAGE_NAME, page.encode())


def _side_by_side(report: Comparison) -> dict[str, Any]:
    return {
        "report": report,
        "kind": "Comparison",
        "title": f"{len(report.models)} models on {report.data}",
        "sections": {"compared": "Side by side", "borne": "What they bear"},
        "plots": compare_plots,
    }


def _context(report: AnyReport) -> dict[str, Any]:
    curves: dict[str, Sequence[CoveragePoint]] = {"as given": report.measures.coverage}
    context: dict[str, Any] = {
        "report": report,
        "sections": _sections(report),
        "plots": plots,
        "article_plots": article_plots,
        "badges": _BADGES,
        "bounds": ERROR_BOUNDS,
        "curves": curves,
        "threshold_note": "This model was fitted with one threshold and reads with the others.",
    }
    source = report.data.source.name
    if isinstance(report, FitReport):
        curves["as the device reads"] = report.device_coverage
        title, kind = f"The {report.model} model, trained on {source}", "Report of a fit"
    elif isinstance(report, EvaluationReport):
        title, kind = f"The {report.model} model, measured on {source}", "Report of an evaluation"
    else:
        title, kind = f"The tutorial, done again on {source}", "Report of the article"
        context["threshold_note"] = "Here a classifier was trained for each threshold."
        context["tutorial_iterations"] = MAX_ITERATIONS
        points = [point for found in report.iterations.values() for point in found]
        context["lowest"] = min((min(p.train_accuracy, p.test_accuracy) for p in points), default=0)
    return context | {
        "type": type(report).__struct_config__.tag,
        "title": title,
        "kind": kind,
        "figures": _key_figures(report),
        "sentence": _sentence(report),
    }


def _sections(report: AnyReport) -> dict[str, str]:
    """Headings in their order, by the id that is also the name of the section's template."""
    article = isinstance(report, ArticleReport)
    sections = {"summary": "In short"}
    if article:
        sections |= {
            "claims": "What the tutorial says",
            "variants": "Ways to prepare pictures",
            "iterations": "More iterations",
            "areas": "Bright and dark areas",
            "neurons": "The neuron, live",
        }
    sections |= {
        "data": "The digits",
        "confusion": "What was read as what",
        "pairs": "Mixed up most often",
        "classes": "Each digit",
        "coefficients": "What the model sees",
        "evidence": "What the model looks at",
        "mistakes": "Wrong, and sure of it",
        "calibration": "Is it as sure as it is right?",
        "coverage": "Rejecting the unsure",
        "thresholds": "Where ink begins",
        "card": "How it was made"
        if not isinstance(report, EvaluationReport)
        else "What was measured",
    }
    if report.portrait.coefficients is None:
        del sections["coefficients"]
    if not report.portrait.evidence:
        del sections["evidence"]
    return sections | ({"details": "Every variant in detail"} if article else {})


def _key_figures(report: AnyReport) -> tuple[KeyFigure, ...]:
    measures = report.measures
    accuracy = KeyFigure(
        _percent(measures.accuracy),
        "of digits read right",
        f"of {measures.n:,}; 95 % interval {_interval(measures.accuracy_interval)}",
    )
    calibration = KeyFigure(
        _percent(measures.calibration_error),
        "calibration error",
        "mean distance of confidence and accuracy",
    )
    if isinstance(report, FitReport):
        note = f"{report.model_bytes:,} bytes, verified on {report.verification.n:,} glyphs"
        size = KeyFigure(f"{report.model_bytes / 1000:.1f} kB", "the whole model", note)
        return accuracy, calibration, size
    if isinstance(report, EvaluationReport):
        worst = measures.worst_class()
        note = f"{worst.true_positives:,} of {worst.support:,} found"
        return (
            accuracy,
            calibration,
            KeyFigure(_percent(worst.f1), f"F1 of {worst.label}, the digit read worst", note),
        )
    held = sum(claim.verdict == "holds" for claim in report.claims)
    depend = sum(claim.verdict == "depends" for claim in report.claims)
    rest = len(report.claims) - held - depend
    best = max(report.variants, key=lambda v: v.accuracy)
    return (
        accuracy,
        KeyFigure(
            f"{held} of {len(report.claims)}",
            "claims of the tutorial hold",
            f"{rest} do not hold, {depend} depend on the circumstances",
        ),
        KeyFigure(_percent(best.accuracy), "the best variant", f"{best.name}, {best.order}"),
    )


def _sentence(report: AnyReport) -> str:
    measures = report.measures
    who = "the tutorial's classifier" if isinstance(report, ArticleReport) else "the model"
    right = sum(c.true_positives for c in measures.classes)
    start = f"Of {measures.n:,} digits {who} reads {right:,} right"
    if not measures.worst:
        return f"{start}: every single one."
    worst, first = measures.worst_class(), measures.worst[0]
    times = {1: "once", 2: "twice"}.get(first.count, f"{first.count:,} times")
    return (
        f"{start}. It has most trouble with {worst.label} (F1 {_percent(worst.f1)}), and what it "
        f"mixes up most often is {first.truth} read as {first.read}: {times}."
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tinydigits_train"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style"] = Markup(style())  # noqa: S704  # no text of a report is in it
    environment.filters |= {
        "count": lambda number: f"{number:,}",
        "percent": _percent,
        "interval": _interval,
        "points": lambda share, digits=2: f"{100 * share:.{digits}f}",
        "figure": _signed,
        "hundredths": _hundredths,
        "unbroken": lambda text: text.replace(" %", "\N{NO-BREAK SPACE}%"),
        "seconds": lambda seconds: f"{seconds:,.2f}",
        "extremes": _extremes,
        "largest": lambda picture: float(abs(read_signed(picture)).max()),
        "ink": ink_uri,
        "signed": signed_uri,
        "scale": scale_uri,
        "svg": _svg,
        "shaded": _shaded,
        "within": _within,
        "signed_bar": _signed_bar,
        "by_name": by_name,
    }
    return environment


def _svg(figure: Figure, name: str) -> Markup:
    return Markup(inline_svg(figure, name))  # noqa: S704  # its texts are escaped there


def _percent(share: float, digits: int = 2) -> str:
    # a narrow column must not part the number from its sign
    return percent(share, digits).replace(" ", "\N{NO-BREAK SPACE}")


def _interval(ends: tuple[float, float] | Share) -> str:
    low, high = (ends.low, ends.high) if isinstance(ends, Share) else ends
    return f"{100 * low:.2f} to {_percent(high)}"


def _signed(number: float) -> str:
    """Three digits that count, and a sign as long as a plus."""
    digits, _, exponent = f"{number:+#.3g}".partition("e")
    if exponent:
        digits = f"{digits} × 10{str(int(exponent)).translate(_RAISED)}"  # noqa: RUF001
    return digits.replace("-", "\N{MINUS SIGN}").replace(" ", "\N{NO-BREAK SPACE}")


def _hundredths(number: float) -> str:
    # no "-0.00"
    return f"{round(number, 2) + 0.0:+.2f}".replace("-", "\N{MINUS SIGN}")


def _extremes(picture: bytes) -> str:
    values = read_signed(picture)
    return f"from {_signed(float(values.min()))} to {_signed(float(values.max()))}"


def _shaded(confusion: Sequence[Sequence[int]]) -> Iterator[list[Cell]]:
    """Shares of each row; shades are strongest at the largest share of mistakes."""
    shares = [[count / max(sum(row), 1) for count in row] for row in confusion]
    wrong = [share for k, row in enumerate(shares) for j, share in enumerate(row) if j != k]
    most = max(wrong, default=0) or 1
    for k, row in enumerate(shares):
        yield [
            Cell(
                confusion[k][j],
                _row_share(share),
                "right" if j == k else "wrong",
                round(0.08 + 0.42 * (share if j == k else share / most), 3),
            )
            for j, share in enumerate(row)
        ]


def _row_share(share: float) -> str:
    """In percent, in no more than four characters."""
    return f"{100 * share:.1f}" if 0 < share < 0.9995 else f"{100 * share:.0f}"


def _within(curve: Sequence[CoveragePoint], bound: float) -> CoveragePoint | None:
    """The point that rejects least with at most this error."""
    return next((point for point in curve if point.error <= bound), None)


def _signed_bar(score: float, scores: Sequence[float]) -> str:
    """The place of a bar that starts in the middle, as CSS variables."""
    size = 50 * abs(score) / (max(map(abs, scores)) or 1)
    return f"--from:{50 if score > 0 else 50 - size:.2f}%;--size:{size:.2f}%"
