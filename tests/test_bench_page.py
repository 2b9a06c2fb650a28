"""Results as one page; ``tests/pages.py`` looks at it in a browser."""

from __future__ import annotations

import re
from math import log
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bench_results import BOARD, bench_result, measurement
from tinydigits.bench.markup import Html, joined, tag
from tinydigits.bench.page import render_page, report_command, write_page
from tinydigits.bench.result import Result
from tinydigits.bench.save import write_json
from tinydigits.bench.scale import MOST, LogScale
from tinydigits.bench.stats import Histogram
from tinydigits.bench.svg import WIDTH, Bar, Curve, Dot, bars, distributions, scatter
from tinydigits.errors import DataError, UsageError

HEADINGS = [
    "In short",
    "What was measured on",
    "How long it takes",
    "Where the time goes",
    "What a better model costs",
    "How it grows",
    "Start, memory, steady rate",
    "Every run",
    "Beside MLCommons' LoadGen",
    "What is not to be trusted",
    "What was not measured",
]


def parsed(*results: Result) -> BeautifulSoup:
    """The page of results."""
    return BeautifulSoup(render_page(results), "html.parser")


@pytest.fixture(scope="module")
def page() -> BeautifulSoup:
    """The page of one machine."""
    return parsed(bench_result())


def texts(page: BeautifulSoup, selector: str) -> list[str]:
    """What these elements say."""
    return [element.get_text(" ", strip=True) for element in page.select(selector)]


def test_sections(page: BeautifulSoup) -> None:
    """Everything that a result has is on its page, and in the list of contents."""
    assert texts(page, "section > h2") == HEADINGS
    assert texts(page, "nav li") == HEADINGS
    assert {link["href"] for link in page.select("nav a")} == {
        f"#{section['id']}" for section in page.select("section")
    }


def test_alone(page: BeautifulSoup) -> None:
    """The page asks for nothing and runs nothing."""
    assert not page.select("script, link, img, iframe, [src], [onload], [onclick]")
    assert "url(" not in str(page)
    assert "@import" not in str(page)
    policy = page.select_one("meta[http-equiv]")
    assert policy is not None
    assert str(policy["content"]).startswith("default-src 'none'")


def test_summary(page: BeautifulSoup) -> None:
    """It begins with what a frame takes, and with what is not to be trusted."""
    (lead,) = texts(page, ".lead")
    assert lead == (
        "A frame of 640x480 with 5 digits is read in 2.69 ms, one in a hundred in more than "
        "2.95 ms. 2 of 38 runs are not to be trusted: see below why."
    )
    assert texts(page, ".figures .value") == ["2.69 ms", "222 ms", "56.0 MiB"]


def test_plots(page: BeautifulSoup) -> None:
    """Every plot says what it shows, to those who can't see it too, and nothing in it is NaN."""
    plots = page.select("figure svg")
    assert len(plots) >= 10
    for plot in plots:
        assert plot["role"] == "img"
        assert plot["aria-label"]
        assert "nan" not in str(plot).lower()
        box = [float(number) for number in str(plot["viewbox"]).split()]
        for text in plot.select("text"):
            assert 0 <= float(str(text["x"])) <= box[2]
            assert 0 <= float(str(text["y"])) <= box[3]


def test_runs(page: BeautifulSoup) -> None:
    """Every run is in a table, with its doubts."""
    rows = page.select("#runs tbody tr:not(.kind-row)")
    assert len(rows) == len(bench_result().measurements)
    (doubtful,) = (row for row in rows if "tesseract" in row.get_text())
    assert doubtful.get_text(" ").split()[-1] == "[3]"
    assert texts(page, "#doubts li")[2].startswith("60 queries are too few")


def test_several() -> None:
    """Machines stand side by side, those of one model are told apart, and each has its plots."""
    server = replace(BOARD, model="Server")
    page = parsed(bench_result(6), bench_result(1, machine=server), bench_result(3))
    names = [f"{BOARD.model} (1)", "Server", f"{BOARD.model} (2)"]
    assert texts(page, "#summary tbody th") == names
    assert texts(page, "#machine h3") == names
    assert texts(page, "#runs h3") == names
    labels = [str(region["aria-label"]) for region in page.select("[role=region]")]
    assert len(labels) == len(set(labels))


def test_unnamed() -> None:
    """A machine that its maker calls nothing is called by its processor."""
    page = parsed(bench_result(machine=replace(BOARD, model="unknown", processor="AMD EPYC")))
    assert texts(page, "h1") == ["AMD EPYC"]


def test_one_model() -> None:
    """A model by itself has nothing to be weighed against."""
    result = bench_result()
    page = parsed(replace(result, models=result.models[:1]))
    assert "What a better model costs" not in texts(page, "h2")


def test_little() -> None:
    """Parts that weren't measured are left out, heading and all."""
    bare = bench_result(
        measurements=(),
        models=(),
        cold_start=None,
        duty=(),
        memory=None,
        growths=(),
        skipped={},
        loadgen=(),
    )
    assert texts(parsed(bare), "section > h2") == HEADINGS[:2]


def test_trusted() -> None:
    """Where nothing speaks against any run, the page says so."""
    (lead,) = texts(parsed(bench_result(measurements=(measurement(1e-3),))), ".lead")
    assert lead == "Nothing speaks against any run."


def test_escaped() -> None:
    """No text of a result becomes markup."""
    machine = replace(BOARD, model='<script>alert("1")</script>', processor="a & b")
    page = parsed(bench_result(machine=machine, skipped={"<b>": "</ul>"}))
    assert not page.select("script, b")
    assert texts(page, "h1") == [machine.model]


def test_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Many files make one page, and the command says where it is."""
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    for file in files:
        write_json(bench_result(), file)
    output = tmp_path / "bench.html"
    assert report_command(files, output) == 0
    assert capsys.readouterr().out == f"{output}\n"
    assert "2 machines side by side" in output.read_text()


def test_refused(tmp_path: Path) -> None:
    """A report needs results."""
    with pytest.raises(UsageError, match="name at least one result"):
        report_command([], tmp_path / "bench.html")
    with pytest.raises(DataError, match="can't be read"):
        report_command([tmp_path / "none.json"], tmp_path / "bench.html")


def test_own_input(tmp_path: Path) -> None:
    """A page doesn't take the place of a result that it is made of."""
    write_json(bench_result(), tmp_path / "a.json")
    with pytest.raises(UsageError, match="the page would take its place"):
        report_command([tmp_path / "a.json"], tmp_path / "sub" / ".." / "a.json")


def test_same(tmp_path: Path) -> None:
    """The same result gives the same page."""
    write_page([bench_result()], tmp_path / "a.html")
    write_page([bench_result()], tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


@given(st.floats(1e-9, 1e9), st.floats(1.01, 1e9))
def test_scale(low: float, factor: float) -> None:
    """A scale has round numbers on it, not too many, in their order, and holds its ends."""
    scale = LogScale(low, low * factor, 0, WIDTH)
    ticks = scale.ticks()
    assert len(ticks) <= MOST
    assert ticks == sorted(ticks)
    assert all(scale.low <= tick <= scale.high for tick in ticks)
    places = [scale.place(tick) for tick in ticks]
    assert places == sorted(places)
    assert scale.place(low) == pytest.approx(0, abs=1e-6)
    assert scale.place(low * factor) == pytest.approx(WIDTH)
    assert scale.place(low * factor**0.5) == pytest.approx(WIDTH / 2, abs=1e-3)


def drawn(svg: Html, selector: str) -> list[Tag]:
    """The parts of a plot."""
    return BeautifulSoup(svg, "html.parser").select(selector)


def test_bars() -> None:
    """The longest bar fills the plot, others are as long as they are, from where they start."""
    shown = drawn(bars("x", [Bar("a", "1", 1.0), Bar("b", "3", 3.0, start=1.0)]), "rect")
    assert [float(str(bar["x"])) for bar in shown] == [0, WIDTH / 4]
    assert [float(str(bar["width"])) for bar in shown] == [WIDTH / 4, 3 * WIDTH / 4]


def test_long_name() -> None:
    """A name that has no room beside its figure is cut."""
    name, figure = drawn(bars("x", [Bar(80 * "m", "12 ms", 1.0)]), "text")
    assert name.get_text().endswith("m…")
    assert len(name.get_text()) + len(figure.get_text()) < WIDTH / 6


@given(st.dictionaries(st.integers(200, 2000), st.integers(1, 999), min_size=1, max_size=50))
def test_distribution(counts: dict[int, int]) -> None:
    """A distribution is one path inside of its plot, whatever the times were."""
    histogram = Histogram(counts)
    middle = float(histogram.times()[0])
    (path,) = drawn(distributions("x", [Curve("a", "b", histogram, middle, None)], str), "path")
    across = re.findall(r"[MH]([-\d.]+)", str(path["d"]))
    assert all(0 <= float(place) <= WIDTH for place in across)


def test_scatter() -> None:
    """Dots of equal ratios are equally far apart, and no two names lie upon each other."""
    dots = [Dot(f"model {k}", 10.0**k, 0.1 * 0.5**k) for k in range(4)]
    svg = scatter("x", dots, (str, str))
    across = [float(str(dot["cx"])) for dot in drawn(svg, "circle")]
    assert across[1] - across[0] == pytest.approx(across[3] - across[2], abs=0.02)
    names = [text for text in drawn(svg, "text") if "model" in text.get_text()]
    assert len({(name["x"], name["y"]) for name in names}) == len(dots)


def test_crowd() -> None:
    """Names of dots in one place are put above and below each other."""
    svg = scatter("x", [Dot(f"model {k}", 1.0, 0.1) for k in range(4)], (str, str))
    rows = {str(text["y"]) for text in drawn(svg, "text") if "model" in text.get_text()}
    assert len(rows) >= 3


def test_markup() -> None:
    """Text is escaped once, in content and in attributes, and markup stays as it is."""
    inner = tag("b", "1 < 2")
    assert tag("p", inner, " & ", None, title='"', data_x=1.0, hidden=None) == (
        '<p title="&quot;" data-x="1"><b>1 &lt; 2</b> &amp; </p>'
    )
    assert joined("<", Html("<br>")) == "&lt;<br>"
    assert tag("circle", r=log(2)) == '<circle r="0.69"/>'
