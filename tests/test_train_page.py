"""The page shows a report's numbers and pictures, and nothing that comes from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from time import process_time

import msgspec
import numpy as np
import pytest
from bs4 import BeautifulSoup, Tag

import tinydigits_train
from parsing import (
    KINDS,
    MINUS,
    Kind,
    assert_classes,
    assert_ink,
    assert_matrix,
    assert_signed,
    parsed,
    percent,
    pixels,
    rows,
    sample,
    sample_html,
    sample_page,
    section,
    text,
)
from reports import sample_article, sample_evaluation, sample_fit
from tinydigits.bench.page import SHEET
from tinydigits.classifier import DIGITS, CoveragePoint
from tinydigits_train.measure import measure
from tinydigits_train.page import (
    ERROR_BOUNDS,
    PAGE_NAME,
    REPORT_NAME,
    write_report,
)
from tinydigits_train.pictures import AGAINST, FOR
from tinydigits_train.report import AnyReport, FitReport, IterationPoint, read_report
from tinydigits_train.svg import PALETTE

CSS = Path(tinydigits_train.__file__).with_name("templates") / "page.css"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of report."""
    found: Kind = request.param
    return found


@pytest.fixture
def report(kind: Kind) -> AnyReport:
    """A report of it."""
    return sample(kind)


@pytest.fixture
def page(kind: Kind) -> BeautifulSoup:
    """The page of that report."""
    return sample_page(kind)


def test_document(page: BeautifulSoup) -> None:
    """Language, title, one first heading, and all others in order under it."""
    assert page.html is not None
    assert page.html["lang"] == "en-GB"
    assert page.title is not None
    assert page.main is not None
    levels = [int(h.name[1]) for h in page(["h1", "h2", "h3", "h4"])]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_contents(page: BeautifulSoup) -> None:
    """The table of contents leads to every section, the summary first."""
    links = [str(a["href"]) for a in page.select("nav a")]
    sections = [f"#{s['id']}" for s in page("section")]
    assert links == sections
    assert links[0] == "#summary"


def test_alone(kind: Kind, page: BeautifulSoup) -> None:
    """There is no script, and nothing that would ask for a network."""
    html = sample_html(kind)
    assert not page.find_all(["script", "link", "iframe", "object", "embed", "form"])
    assert not re.search(r"\son\w+=", html)
    names = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert set(re.findall(r"https?://[^\s\"')]+", html)) <= names
    assert "@import" not in html
    assert all(u.startswith("#") for u in re.findall(r"url\(([^)]*)\)", html))
    assert all(str(image["src"]).startswith("data:image/png;") for image in page("img"))


def test_accessible(page: BeautifulSoup) -> None:
    """Ids are unique, pictures and plots have words, tables captions and scopes."""
    ids = [str(element["id"]) for element in page.select("[id]")]
    assert len(ids) == len(set(ids))
    for element in page.select("[aria-labelledby]"):
        assert element["aria-labelledby"] in ids
    assert all(str(image["alt"]).strip() for image in page("img"))
    for svg in page("svg"):
        title = svg.find("title")
        assert isinstance(title, Tag)
        assert len(text(title)) > 20
    for table in page("table"):
        assert isinstance(table.caption, Tag)
        assert text(table.caption)
        assert all(th.get("scope") for th in table("th"))
    for region in page.select(".scroll"):
        assert (region["role"], region["tabindex"]) == ("region", "0")
        assert region["aria-label"]
    for figure in page("figure"):
        assert isinstance(figure.figcaption, Tag)


def test_summary(report: AnyReport, page: BeautifulSoup) -> None:
    """Three figures and a sentence, the accuracy with its interval first."""
    summary, measures = section(page, "summary"), report.measures
    figures = [text(dd) for dd in summary.select(".value")]
    low, high = measures.accuracy_interval
    assert len(figures) == 3
    assert figures[0] == percent(measures.accuracy)
    assert f"95 % interval {100 * low:.2f} to {percent(high)}" in text(summary)
    worst, first = measures.worst_class(), measures.worst[0]
    right = sum(c.true_positives for c in measures.classes)
    assert f"{measures.n:,} digits" in text(summary)
    assert f"reads {right:,} right" in text(summary)
    assert f"{worst.label} (F1 {percent(worst.f1)})" in text(summary)
    assert f"{first.truth} read as {first.read}: {first.count:,} times" in text(summary)


def test_data(report: AnyReport, page: BeautifulSoup) -> None:
    """The mean digits, and how many of each digit are in each part."""
    found, data = section(page, "data"), report.data
    assert_ink(found("img"), data.mean_digits)
    table = found.table
    assert isinstance(table, Tag)
    counts = list(data.counts.values())
    assert rows(table, "thead") == [["Digit", *data.counts]]
    assert rows(table) == [
        [label, *(f"{part[k]:,}" for part in counts)] for k, label in enumerate(data.labels)
    ]
    assert rows(table, "tfoot") == [["all", *(f"{sum(part):,}" for part in counts)]]
    assert f"{percent(data.ink_share)}" in text(found)


def test_confusion(report: AnyReport, page: BeautifulSoup) -> None:
    """The confusion matrix stands there in counts and in shares, what is wrong told from right."""
    assert_matrix(section(page, "confusion")("table"), report.measures.confusion)


def test_pairs(report: AnyReport, page: BeautifulSoup) -> None:
    """The worst pairs with how often, and their pictures."""
    found = section(page, "pairs")
    times = {1: "once"}
    assert [text(h) for h in found("h3")] == [
        f"{p.truth} read as {p.read} {times.get(p.count, f'{p.count:,} times')}"
        for p in report.portrait.pairs
    ]
    assert_ink(found("img"), [glyph for pair in report.portrait.pairs for glyph in pair.glyphs])


def test_classes(report: AnyReport, page: BeautifulSoup) -> None:
    """Each digit has TP, FP, TN, FN, precision, recall, F1 and support."""
    found = section(page, "classes")
    assert isinstance(found.table, Tag)
    assert_classes(found.table, report.measures.classes)
    for share in (report.measures.macro_f1, report.measures.weighted_f1):
        assert percent(share) in text(found)


def test_coefficients(report: AnyReport, page: BeautifulSoup) -> None:
    """A picture for each digit, all on the one scale that the legend gives."""
    found, due = section(page, "coefficients"), report.portrait.coefficients
    assert due is not None
    *pictures, scale = found("img")
    for image, picture in zip(pictures, due.pictures, strict=True):
        assert_signed(image, picture, due.largest)
    largest = f"{due.largest:.3g}"
    assert f"+{largest}" in text(found)
    assert f"{MINUS}{largest}" in text(found)
    ends = pixels(scale)[0, [0, -1]]
    assert ends.tolist() == [[*AGAINST, 255], [*FOR, 255]]
    for caption, label, start in zip(found("figcaption"), due.labels, due.intercepts, strict=False):
        assert text(caption) == f"{label} starts from {start:+#.3g}".replace("-", MINUS)


def test_no_coefficients() -> None:
    """A model whose weights are not pictures has no such section."""
    report = sample_evaluation()
    portrait = msgspec.structs.replace(report.portrait, coefficients=None)
    page = parsed(msgspec.structs.replace(report, portrait=portrait))
    assert page.find(id="coefficients") is None
    assert not page.select("nav a[href='#coefficients']")


def test_mistakes(report: AnyReport, page: BeautifulSoup) -> None:
    """The most confident mistakes with what they are, what was read, and how sure."""
    found, due = section(page, "mistakes"), report.portrait.mistakes
    assert_ink(found("img"), [mistake.glyph for mistake in due])
    assert [text(caption) for caption in found("figcaption")] == [
        f"{m.truth} read as {m.read} at {percent(m.confidence)}" for m in due
    ]


def test_calibration(report: AnyReport, page: BeautifulSoup) -> None:
    """The bins that hold digits, with their number and means."""
    found = section(page, "calibration")
    assert isinstance(found.table, Tag)
    assert rows(found.table) == [
        [
            f"{percent(b.low, 0)} to {percent(b.high, 0)}",
            f"{b.count:,}",
            percent(b.confidence, 1),
            percent(b.accuracy, 1),
        ]
        for b in report.measures.reliability
        if b.count
    ]
    assert f"calibration error of {percent(report.measures.calibration_error)}" in text(found)


def within(curve: Sequence[CoveragePoint], bound: float) -> list[str]:
    """The cells of the point that rejects least with at most this error."""
    reached = [point for point in curve if point.error <= bound]
    if not reached:
        return ["out of reach"]
    best = max(reached, key=lambda point: point.coverage)
    return [percent(1 - best.coverage, 1), percent(best.confidence, 1)]


def test_coverage(report: AnyReport, page: BeautifulSoup) -> None:
    """For each bound on the errors, what must be rejected; a fit tells it of the device too."""
    found = section(page, "coverage")
    curves = [report.measures.coverage]
    if isinstance(report, FitReport):
        curves.append(report.device_coverage)
    assert isinstance(found.table, Tag)
    assert rows(found.table) == [
        [percent(bound, 1), *(cell for curve in curves for cell in within(curve, bound))]
        for bound in ERROR_BOUNDS
    ]
    assert ("as the device reads" in text(found)) == (len(curves) == 2)


def test_thresholds(report: AnyReport, page: BeautifulSoup) -> None:
    """The accuracy at every threshold that was tried."""
    found = section(page, "thresholds")
    assert isinstance(found.table, Tag)
    assert rows(found.table) == [
        [str(p.threshold), percent(p.accuracy)] for p in report.portrait.thresholds
    ]


def test_card(report: AnyReport, page: BeautifulSoup) -> None:
    """Times, versions and the hash of the data are in every report."""
    found = section(page, "card")
    *_, times, versions = found("table")
    assert rows(times) == [[step, f"{s:.2f}"] for step, s in report.seconds.items()]
    assert rows(times, "tfoot") == [["all", f"{sum(report.seconds.values()):.2f}"]]
    assert rows(versions) == [[*item] for item in report.versions.items()]
    assert report.data.source.sha256 in text(found)


def test_hostile_names() -> None:
    """What names a data set, a version or a variant can't become part of the page."""
    evil = "<script>alert(1)</script>\"'&"
    source = msgspec.structs.replace(sample_fit().data.source, name=evil)
    data = msgspec.structs.replace(sample_fit().data, source=source, counts={evil: (1,) * 10})
    variants = [msgspec.structs.replace(v, name=evil) for v in sample_article().variants]
    changes = {"data": data, "versions": {"tinydigits": evil, evil: evil}, "seconds": {evil: 1.0}}
    for made, more in (
        (sample_evaluation(), {"model": evil, "trained_on": (source,)}),
        (sample_article(), {"variants": tuple(variants), "iterations": {evil: _one_point()}}),
    ):
        page = parsed(msgspec.structs.replace(made, **changes, **more))
        assert page.find("script") is None
        assert evil in page.get_text()
        assert page.title is not None
        assert evil in page.title.get_text()


def _one_point() -> tuple[IterationPoint, ...]:
    return sample_article().iterations["raw"][:1]


def test_everything_right() -> None:
    """A model without a single mistake has a page too."""
    report = sample_fit()
    measures = measure(np.eye(10), np.arange(10), DIGITS)
    portrait = msgspec.structs.replace(report.portrait, pairs=(), mistakes=())
    changes = {"measures": measures, "portrait": portrait, "device_coverage": measures.coverage}
    page = parsed(msgspec.structs.replace(report, **changes))
    assert "every single one" in text(section(page, "summary"))
    for name in ("pairs", "mistakes"):
        assert "No digit was read wrong" in text(section(page, name))


def test_labels_that_do_not_occur() -> None:
    """A class that is never shown, like "none", has a row of zeros."""
    probabilities = np.full((2, 11), 0.05)
    probabilities[[0, 1], [3, 5]] = 0.5
    measures = measure(probabilities, np.array([3, 4]), (*DIGITS, "none"))
    page = parsed(msgspec.structs.replace(sample_evaluation(), measures=measures))
    for table in section(page, "confusion")("table"):
        assert rows(table)[-1] == ["none", *["0"] * 11]


def test_the_palette_is_one() -> None:
    """The page's light colours are those that figures and pictures are drawn in."""
    css = CSS.read_text()
    light = css[: css.index("}")]
    assert f"--for: {' '.join(map(str, FOR))};" in light
    assert f"--against: {' '.join(map(str, AGAINST))};" in light
    assert {"text", "muted", "rule", "paper", "cool", "warm"} <= set(PALETTE)
    for sheet in (css, SHEET.read_text()):  # of training, and of the benchmark
        assert not set(re.findall(r"--(\w+):", sheet)) & set(PALETTE)
        assert not any(colour in sheet for colour in PALETTE.values())


def test_small(kind: Kind) -> None:
    """A page stays small."""
    assert len(sample_html(kind).encode()) < 600_000


def test_read_again(report: AnyReport) -> None:
    """Every report can be read again as it was."""
    assert read_report(report.to_json()) == report


def test_fast(tmp_path: Path) -> None:
    """The largest page is written at once, the same report gives the same page, and the report
    lies beside it.
    """
    start = process_time()
    write_report(sample("article"), tmp_path)
    assert process_time() - start < 2.5
    assert (tmp_path / PAGE_NAME).read_text("utf-8") == sample_html("article")
    assert read_report((tmp_path / REPORT_NAME).read_bytes()) == sample("article")
