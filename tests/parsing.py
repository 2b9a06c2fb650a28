"""Reports' pages as trees, and what their tables and pictures hold."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pytest
from bs4 import BeautifulSoup, Tag
from PIL import Image

from reports import sample_article, sample_evaluation, sample_fit
from tinydigits.classifier import DIGITS
from tinydigits_train.measure import ClassMeasures
from tinydigits_train.page import render_page
from tinydigits_train.pictures import AGAINST, FOR
from tinydigits_train.portrait import read_glyph, read_signed
from tinydigits_train.report import AnyReport

Kind = Literal["fit", "evaluation", "article"]
Rows = list[list[str]]

KINDS: Final[tuple[Kind, ...]] = ("fit", "evaluation", "article")
MINUS: Final = "\N{MINUS SIGN}"


def sample(kind: Kind) -> AnyReport:
    """The small report of this kind."""
    if kind == "fit":
        return sample_fit()
    return sample_evaluation() if kind == "evaluation" else sample_article()


@cache
def sample_html(kind: Kind) -> str:
    """Its page."""
    return render_page(sample(kind))


@cache
def sample_page(kind: Kind) -> BeautifulSoup:
    """Its page as a tree, for reading only."""
    return BeautifulSoup(sample_html(kind), "html.parser")


def parsed(report: AnyReport) -> BeautifulSoup:
    """A page as a tree."""
    return BeautifulSoup(render_page(report), "html.parser")


def text(element: Tag) -> str:
    """Its text, with plain spaces."""
    return " ".join(element.get_text(" ", strip=True).split())


def section(page: BeautifulSoup, name: str) -> Tag:
    """The section of this id."""
    found = page.find("section", id=name)
    assert isinstance(found, Tag)
    return found


def rows(table: Tag, part: str = "tbody") -> Rows:
    """The cells of a table's body."""
    return [[text(cell) for cell in row(["th", "td"])] for row in table.select(f"{part} tr")]


def pixels(image: Tag) -> npt.NDArray[np.uint8]:
    """What a data URI shows."""
    kind, _, content = str(image["src"]).partition(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(BytesIO(base64.b64decode(content))))


def percent(share: float, digits: int = 2) -> str:
    """As the page writes it."""
    return f"{100 * share:.{digits}f} %"


def hundredths(number: float) -> str:
    """As the page writes a score."""
    return f"{round(number, 2) + 0.0:+.2f}".replace("-", MINUS)


def assert_ink(images: Sequence[Tag], glyphs: Sequence[bytes]) -> None:
    """The pictures are these glyphs: black, as opaque as there is ink."""
    assert len(images) == len(glyphs)
    for image, glyph in zip(images, glyphs, strict=True):
        shown = pixels(image)
        assert not shown[..., 0].any()
        assert np.array_equal(shown[..., 1], read_glyph(glyph))


def assert_signed(image: Tag, picture: bytes, largest: float) -> None:
    """The picture has the colour of each number's sign, and the opacity of its root."""
    shown, values = pixels(image), read_signed(picture)
    seen = shown[..., 3] > 0
    assert np.array_equal(
        shown[seen & (values > 0)][:, :3], [FOR] * int((seen & (values > 0)).sum())
    )
    assert np.array_equal(
        shown[seen & (values < 0)][:, :3], [AGAINST] * int((seen & (values < 0)).sum())
    )
    assert np.abs(shown[..., 3] / 255 - np.sqrt(np.abs(values) / largest)).max() < 0.003


def assert_matrix(tables: Sequence[Tag], confusion: Sequence[Sequence[int]]) -> None:
    """One table has the counts, the other their shares of each row in percent."""
    counts, shares = (rows(table) for table in tables)
    assert counts == [[label, *map(str, row)] for label, row in zip(DIGITS, confusion, strict=True)]
    for shown, row in zip(shares, confusion, strict=True):
        due = [100 * count / max(sum(row), 1) for count in row]
        assert [float(cell) for cell in shown[1:]] == pytest.approx(due, abs=0.0501)
        assert max(len(cell) for cell in shown) <= 4
    for k, shown_row in enumerate(tables[0].select("tbody tr")):
        kinds = [cell["class"] for cell in shown_row("td")]
        expected = [["right"] if j == k else ["wrong"] for j in range(10)]
        assert kinds == [
            kind if count else ["none"] for kind, count in zip(expected, confusion[k], strict=True)
        ]


def assert_classes(table: Tag, classes: Sequence[ClassMeasures]) -> None:
    """The table has counts, and shares in percent."""
    assert rows(table) == [
        [
            c.label,
            *(
                f"{count:,}"
                for count in (
                    c.true_positives,
                    c.false_positives,
                    c.true_negatives,
                    c.false_negatives,
                )
            ),
            *(f"{100 * share:.2f}" for share in (c.precision, c.recall, c.f1)),
            f"{c.support:,}",
        ]
        for c in classes
    ]
