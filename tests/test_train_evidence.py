"""Maps of evidence show what a model looks at, whichever model it is; the page shows the maps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from parsing import assert_signed, parsed, percent, rows, section, text
from reports import sample_filtered_fit
from samples import sample_estimator, sample_glyphs, to_bits
from tinydigits.classifier import DIGITS, Glyphs
from tinydigits_train.evidence import WIPED, evidence_maps, show_evidence
from tinydigits_train.portrait import read_signed
from tinydigits_train.report import read_report


def read(glyphs: Glyphs) -> npt.NDArray[np.floating]:
    """What the linear sample model makes of them."""
    return np.asarray(sample_estimator().predict_proba(to_bits(glyphs)))


@pytest.mark.parametrize("k", [0, 7, 21])
def test_linear_model(k: int) -> None:
    """Of a linear model the evidence around a pixel is the sum of its coefficients there."""
    glyph = sample_glyphs()[0][k]
    coefficients = sample_estimator().coef_ - sample_estimator().coef_.mean(axis=0)
    inked = (coefficients * to_bits(glyph[None])).reshape(10, 28, 28)
    framed = np.pad(inked, ((0, 0), (WIPED // 2,) * 2, (WIPED // 2,) * 2))
    due = np.zeros((10, 28, 28))
    for y in range(WIPED):
        for x in range(WIPED):
            due += framed[:, y : y + 28, x : x + 28]
    np.testing.assert_allclose(evidence_maps(glyph, read), due, atol=1e-6)


def test_one_of_each_label() -> None:
    """There is a digit of each label that occurs, with its class and the next likely one."""
    glyphs, labels = sample_glyphs()
    shown = show_evidence(glyphs[:6], labels[:6], DIGITS, read)
    assert [found.truth for found in shown] == list("012345")
    for found, glyph in zip(shown, glyphs, strict=False):
        likely = read(glyph[None])[0].argsort()[::-1]
        assert (found.read, found.rival) == (DIGITS[likely[0]], DIGITS[likely[1]])
        maps = evidence_maps(glyph, read)
        np.testing.assert_allclose(read_signed(found.for_rival), maps[likely[1]], atol=1e-5)
        assert found.largest == pytest.approx(np.abs(maps[likely[:2]]).max())


def test_page() -> None:
    """The page has the filters, the maps beside their digits, and how it was learned."""
    report = sample_filtered_fit()
    page = parsed(report)
    found = section(page, "evidence")
    shown = found.select(".filters img")
    assert len(shown) == 8
    largest = max(np.abs(read_signed(picture)).max() for picture in report.portrait.filters)
    for image, picture in zip(shown, report.portrait.filters, strict=True):
        assert_signed(image, picture, float(largest))
    (table,) = found("table")
    for row, evidence in zip(table.select("tbody tr"), report.portrait.evidence, strict=True):
        _, *maps = row("img")
        assert_signed(maps[0], evidence.for_read, evidence.largest)
        assert_signed(maps[1], evidence.for_rival, evidence.largest)
    assert page.find(id="coefficients") is None
    card = section(page, "card")
    assert "temperature 1.043" in text(card)
    assert "stored as float16" in text(card)
    assert [row[:3] for row in rows(card("table")[1])] == [
        [str(k), f"{point.glyphs:,}", percent(point.accuracy)]
        for k, point in enumerate(report.epochs, 1)
    ]


def test_survives_json() -> None:
    """A report with maps comes back from its JSON form."""
    report = sample_filtered_fit()
    assert read_report(report.to_json()) == report
