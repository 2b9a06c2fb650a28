"""Report pages in a real browser: on a phone and on a desk, by day, by night and on paper.

Not among the quick tests: ``make reports`` runs it. Where ``TINYDIGITS_SCREENSHOTS`` names a
folder, every page is kept there as a picture.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, Route

from bench_results import BOARD, bench_result
from looks import DESK, SCREENS, Look, check_accessible, check_fits, keep, unfold
from tinydigits.bench.page import write_page
from tinydigits_train.__main__ import main
from tinydigits_train.page import PAGE_NAME

REPORTS: Final = ("fit", "filtered", "evaluation", "comparison", "article")
BENCHMARKS: Final = ("benchmark", "machines", "unmeasured")
KINDS: Final = (*REPORTS, *BENCHMARKS)

WITHOUT_SCALES: Final = ("comparison", *BENCHMARKS)
"""Pages on which all is in figures and no picture in colours."""

SMALLEST_TEXT: Final = 11.0
"""In CSS pixels, in plots."""

TEXT_IN_PLOTS: Final = """
() => [...document.querySelectorAll("svg")].map(svg => {
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")].map(text => {
    const {left, right, top, bottom} = text.getBoundingClientRect();
    const scale = frame.width / svg.viewBox.baseVal.width;
    const size = parseFloat(getComputedStyle(text).fontSize) * scale;
    return {words: text.textContent, box: [left, top, right, bottom], size};
  });
  return {frame: [frame.left, frame.top, frame.right, frame.bottom], texts};
})
"""

Box = tuple[float, float, float, float]


PAPER: Final = Look(DESK, "dark", "print")

on_screens: Final = pytest.mark.parametrize("look", SCREENS, ids=str, indirect=True, scope="module")
on_paper: Final = pytest.mark.parametrize("look", [PAPER], ids=str, indirect=True, scope="module")


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each kind, from the bundled digits."""
    folder = tmp_path_factory.mktemp("pages")
    found = {kind: folder / kind / PAGE_NAME for kind in REPORTS}
    data = ("--data", "bundled", "-o")
    model = folder / "fit" / "digits.onnx"
    assert main(["fit", *data, str(folder / "fit")]) == 0
    assert main(["evaluate", str(model), *data, str(folder / "evaluation")]) == 0
    assert main(["fit", "--model", "oriented", *data, str(folder / "filtered")]) == 0
    both = (str(folder / "fit"), str(folder / "filtered"))
    assert main(["compare", *both, *data, str(folder / "comparison")]) == 0
    assert main(["article", *data, str(folder / "article")]) == 0
    return found


@pytest.fixture(scope="session")
def benchmarks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of one machine, of several, and of one on which hardly anything was measured."""
    folder = tmp_path_factory.mktemp("pages")
    found = {kind: folder / f"{kind}.html" for kind in BENCHMARKS}
    server = replace(BOARD, model="A machine with a name that is longer than a phone is wide")
    several = [bench_result(6), bench_result(1, machine=server), bench_result(6.1)]
    few = bench_result().measurements[2:5]
    without: dict[str, Any] = dict.fromkeys(("models", "duty", "growths", "loadgen"), ())
    empty = bench_result(measurements=few, cold_start=None, memory=None, skipped={}, **without)
    write_page([bench_result()], found["benchmark"])
    write_page(several, found["machines"])
    write_page([empty], found["unmeasured"])
    return found


@pytest.fixture(scope="module", params=(*SCREENS, PAPER), ids=str)
def look(request: pytest.FixtureRequest) -> Look:
    """Each way to look."""
    found: Look = request.param
    return found


@pytest.fixture(scope="module", params=KINDS)
def page(request: pytest.FixtureRequest, browser: Browser, look: Look) -> Generator[Page]:
    """Each page in each look, which must neither ask for anything nor complain."""
    asked: list[str] = []
    complaints: list[str] = []

    def answer(route: Route) -> None:
        url = route.request.url
        if url.startswith(("file:", "data:")):
            route.continue_()
        else:
            asked.append(url)
            route.abort()

    context = browser.new_context(**look.context())
    context.route("**/*", answer)
    opened = context.new_page()
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.emulate_media(media=look.media)
    made = "benchmarks" if request.param in BENCHMARKS else "pages"  # training takes a minute
    opened.goto(request.getfixturevalue(made)[request.param].as_uri())
    keep(opened, f"{request.param}-{look}")
    yield opened
    context.close()
    assert asked == []
    assert complaints == []


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share more than a pixel's breadth."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    # a line of text is higher than its letters
    return across > 1 and down > 0.3 * min(one[3] - one[1], other[3] - other[1])


def test_fits(page: Page) -> None:
    """Nothing sticks out of the page, and no text out of its box, opened or not."""
    check_fits(page)


def test_plots(page: Page) -> None:
    """Text in plots lies inside of the plot, off other text, and is large enough to read."""
    plots: list[dict[str, Any]] = page.evaluate(TEXT_IN_PLOTS)
    assert plots
    for plot in plots:
        left, top, right, bottom = plot["frame"]
        texts = plot["texts"]
        for k, text in enumerate(texts):
            box = text["box"]
            words = text["words"]
            assert text["size"] >= SMALLEST_TEXT - 0.1, words
            assert left - 0.5 <= box[0], words
            assert box[2] <= right + 0.5, words
            assert top - 1 <= box[1], words
            assert box[3] <= bottom + 1, words
            for other in texts[:k]:
                assert not overlap(box, other["box"]), (words, other["words"])


def test_scales(page: Page) -> None:
    """The numbers of a colour scale stand apart."""
    scales: list[list[Box]] = page.evaluate(
        "() => [...document.querySelectorAll('.ticks')].map(ticks => "
        "[...ticks.children].filter(e => e.offsetWidth).map(e => e.getBoundingClientRect())"
        ".map(r => [r.left, r.top, r.right, r.bottom]))"
    )
    assert scales or any(kind in page.url for kind in WITHOUT_SCALES)
    for ticks in scales:
        assert len(ticks) >= 3
        assert all(before[2] + 4 <= after[0] for before, after in pairwise(ticks))


def test_matrix_fits(page: Page) -> None:
    """Confusion matrices are seen whole, on a phone too."""
    cut = page.evaluate(
        "() => [...document.querySelectorAll('#confusion .scroll')]"
        ".filter(e => e.scrollWidth > e.clientWidth).length"
    )
    assert cut == 0


@on_screens
def test_accessible(page: Page) -> None:
    """Axe finds nothing to complain about, not in what can be opened either."""
    check_accessible(page)


@on_paper
def test_paper(page: Page) -> None:
    """On paper everything is dark on light, and what is folded on a screen is there."""
    unfold(page, opened=False)
    colours = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    assert page.eval_on_selector("html", colours) == ["rgb(28, 33, 39)", "rgb(255, 255, 255)"]
    heights = page.evaluate(
        "() => [...document.querySelectorAll('details table')]"
        ".map(e => e.getBoundingClientRect().height)"
    )
    assert all(height > 50 for height in heights)
    assert not page.is_visible("nav")
