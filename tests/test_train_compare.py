"""Models side by side: every figure means what it says."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from time import process_time

import numpy as np
import onnx
import pytest
from bs4 import BeautifulSoup
from scipy.stats import binom

from parsing import section
from samples import picture_of, sample_glyphs, sample_model, shipped_name
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.errors import DataError
from tinydigits_export.features import feature_model
from tinydigits_export.oriented import Oriented
from tinydigits_train import cost, sources
from tinydigits_train.__main__ import main
from tinydigits_train.compare import Comparison, compare, error_at, mcnemar
from tinydigits_train.cost import microseconds, multiply_adds
from tinydigits_train.datasets import DataSet, Member, mix
from tinydigits_train.page import render_page
from tinydigits_train.sources import Supplies, load
from tinydigits_train.spoil import SPOILS, spoiled

Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.usefixtures("loaded_once")


@pytest.fixture(scope="module", autouse=True)
def _briefly_timed() -> Generator[None]:
    """How long a glyph takes is measured a few times only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost, "MEASUREMENTS", 5)
        yield


@pytest.fixture(scope="module")
def found(bundled: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Two models on some digits and two pictures, beside the references."""
    folder = tmp_path_factory.mktemp("compare")
    for number in ("27", "5410"):
        picture_of(number).save(folder / f"{number}.png")
    (folder / "labels.csv").write_text("file,digits\n27.png,27\n5410.png,5411\n")
    sample = folder / "sample.onnx"
    sample.write_bytes(sample_model())
    few = bundled.take(np.arange(600))
    return compare([DEFAULT_MODEL, sample], few, [folder], seed=0)


def test_mcnemar() -> None:
    """Only where one is right and the other wrong counts; the test is exact and two-sided."""
    that = np.array([True] * 50 + [False] * 9 + [True] * 2)
    this = np.array([True] * 50 + [True] * 9 + [False] * 2)
    test = mcnemar("that", that, this)
    assert (test.only_this, test.only_that) == (9, 2)
    assert test.p == pytest.approx(2 * binom.cdf(2, 11, 0.5))
    assert mcnemar("that", that, that).p == 1


def test_error_at_coverage() -> None:
    """The surest 99 of a hundred are accepted; of these, one is wrong."""
    confidence = np.linspace(0.5, 1, 100)
    probabilities = np.stack((confidence, 1 - confidence), axis=1)
    right = np.ones(100, np.bool_)
    right[[0, 70]] = False
    assert error_at(probabilities, right) == pytest.approx(1 / 99)
    assert error_at(probabilities, right, 1.0) == pytest.approx(2 / 100)


def test_multiply_adds() -> None:
    """A linear model has one for each weight; filters one for each pixel of each filter."""
    assert multiply_adds(sample_model()) == 7840
    content = feature_model(Oriented(), 96).SerializeToString()
    filters = 784 * 16 * 49
    assert filters < multiply_adds(content) < 2 * filters
    # constants that a runtime computes when it loads the file are not counted
    assert "Mul" in {node.op_type for node in onnx.load_model_from_string(content).graph.node}


def test_microseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A glyph takes some microseconds, and not a millisecond."""
    monkeypatch.setattr(cost, "perf_counter", process_time)  # the machine may be busy
    assert 1 < microseconds(Classifier.load(DEFAULT_MODEL)) < 1000


@pytest.mark.parametrize("name", SPOILS)
def test_spoiled(name: str) -> None:
    """What is spoiled has two levels, is the same for the same seed, and keeps most of its ink."""
    glyphs = sample_glyphs()[0][:200]
    one, two, other = (spoiled(glyphs, 96, SPOILS[name], seed) for seed in (0, 0, 1))
    assert set(np.unique(one)) == {0, 255}
    assert np.array_equal(one, two)
    drawn = name not in {"dilated", "eroded"}
    assert np.array_equal(one, other) != drawn
    before, after = (glyphs >= 96).sum(), (one > 0).sum()
    least, most = {
        "shifted": (0.9, 1),
        "dilated": (1.4, 2.2),
        "eroded": (0.4, 0.8),
        "specked": (1.02, 1.3),
        "all at once": (1.4, 2.4),
    }[name]
    assert least * before <= after <= most * before


def test_shift_is_by_two_pixels() -> None:
    """A dot is found two pixels away, on each of the four sides equally often."""
    dot = np.zeros((400, 28, 28), np.uint8)
    dot[:, 14, 14] = 255
    places, counts = np.unique(
        np.argwhere(spoiled(dot, 96, SPOILS["shifted"]))[:, 1:], axis=0, return_counts=True
    )
    assert places.tolist() == [[12, 14], [14, 12], [14, 16], [16, 14]]
    assert counts.min() > 70


def test_compared(found: Comparison) -> None:
    """Each model has every figure; references have those that make sense for them."""
    assert [model.name for model in found.models] == [
        shipped_name(),
        "linear",
        "MLP, 100 hidden",
        "3 nearest",
    ]
    assert [model.reference for model in found.models] == [False, False, True, True]
    first, second, *_ = found.models
    assert first.mcnemar is None
    assert second.mcnemar is not None
    assert second.mcnemar.against == first.name
    assert found.n == second.accuracy.n == 120
    assert first.bytes == DEFAULT_MODEL.stat().st_size
    assert set(first.spoiled) == set(SPOILS)
    (share,) = first.photographs.values()
    assert (share.n, share.value) == (2, 0.5)
    for model in found.models:
        assert model.reference == (model.microseconds is None) == (not model.photographs)


def test_page(found: Comparison) -> None:
    """The page has all models in its tables and its plot."""
    page = BeautifulSoup(render_page(found), "html.parser")
    names = [model.name for model in found.models]
    for table in (section(page, "compared").table, section(page, "borne").table):
        assert table is not None
        assert [th.get_text() for th in table.select("tbody th")] == names
    label = page.select("svg")[0]["aria-label"] if page.select("svg[aria-label]") else str(page)
    assert all(name in label for name in names)


@pytest.mark.usefixtures("few_bundled")
def test_command(found: Comparison, tmp_path: Path, capsys: Capture) -> None:
    """The command prints a table or JSON, and writes both forms to a folder."""
    again = ["compare", str(DEFAULT_MODEL), "--data", "bundled", "--no-references"]
    assert main(again) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split()[:2] == ["model", "accuracy"]
    assert table[1].split()[0] == shipped_name()
    assert main([*again, "--json", "-o", str(tmp_path)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["report"] == "comparison"
    assert json.loads((tmp_path / "report.json").read_text())["models"][0]["name"] == shipped_name()
    assert (tmp_path / "report.html").exists()
    assert json.loads(found.to_json())["n"] == 120


def test_other_split(
    bundled: DataSet, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that has learned from what it would be measured on is left out, with a word."""
    few = bundled.take(np.arange(300))
    monkeypatch.setattr(sources, "load_bundled", lambda: few)
    assert main(["fit", "--data", "bundled", "--seed", "3", "-o", str(tmp_path)]) == 0
    assert main(["compare", str(tmp_path), "--data", "bundled"]) == 2
    assert "with seed 3: name that with --seed" in capsys.readouterr().err
    own, others = load("bundled"), load("synthetic:240", Supplies(fonts="none"))
    for first, second in ((own, others), (others, own)):
        with pytest.raises(DataError, match="another part of bundled, with seed 3"):
            compare([tmp_path], mix([Member(first), Member(second)]), [], seed=0)
