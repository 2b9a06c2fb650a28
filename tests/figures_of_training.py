"""The figures of training that the README claims, measured again with the commands that it names.

Run with ``make figures``, beside those of reading; each test prints what it measured.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from readme import assert_claimed, command, readme_line, readme_points


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory, mnist_dir: Path) -> Path:
    """What ``tinydigits-train fit --data mnist`` writes."""
    folder = tmp_path_factory.mktemp("mnist")
    fit = ("fit", "--data", "mnist", "--data-dir", mnist_dir, "-o", folder)
    print("\n" + command("tinydigits_train", *fit))
    return folder


def test_fit(fitted: Path) -> None:
    """The linear model reads 91.8 % of MNIST's test digits in 40 kB, made within 2 GiB."""
    report = json.loads((fitted / "report.json").read_text())
    assert report["measures"]["n"] == 10_000
    assert report["measures"]["accuracy"] >= 0.918
    assert_claimed("the same, straight to the model `linear`", report["measures"]["accuracy"])
    assert report["model_bytes"] == (fitted / "digits.onnx").stat().st_size <= 40_000
    assert report["peak_memory"] < 2 * 2**30
    for runtime in ("onnxruntime", "reference"):
        assert report["verification"][runtime]["mismatches"] == 0
        assert report["verification"][runtime]["difference"] <= 1e-5


@pytest.fixture(scope="session")
def article(tmp_path_factory: pytest.TempPathFactory, mnist_dir: Path) -> dict[str, Any]:
    """The report of ``tinydigits-train article --data mnist``."""
    folder = tmp_path_factory.mktemp("article")
    line = ("article", "--data", "mnist", "--data-dir", mnist_dir, "-o", folder)
    print("\n" + command("tinydigits_train", *line))
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    print(f"took {sum(report['seconds'].values()):.0f} s")
    return report


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ("raw brightness", "raw"),
        ("binarized as printed", "binarized as printed"),
        ("binarized as meant", "binarized"),
        ("raw, and its edges", "raw + edges"),
        ("moved off the centre", "moved"),
        ("moved, then through", "moved, re-centred"),
    ],
)
def test_article(row: str, name: str, article: dict[str, Any]) -> None:
    """The tutorial's figures, in both orders of the samples."""
    by_order = {v["order"]: v for v in article["variants"] if v["name"] == name}
    shares = [by_order[o][f] for o in ("label-sorted", "OpenML") for f in ("macro_f1", "accuracy")]
    assert_claimed(row, *shares)


@pytest.mark.parametrize(
    ("row", "name", "numbers"),
    [
        ("trained within seconds", "trained-within-seconds", ()),
        ("5 is read worst", "five-worst", ("label-sorted", "OpenML")),
        ("5 is taken for 3 and 8", "five-as-three-and-eight", ()),
        ("bright areas", "bright-areas-speak-for", ("bright_blanked", "others_blanked")),
        ("dark areas", "dark-areas-speak-against", ("dark_inked", "others_inked")),
        ("more iterations", "more-iterations-overtrain", ("best", "last", "early")),
        ("it reduces the information", "factor-128", ()),
    ],
)
def test_claims(row: str, name: str, numbers: tuple[str, ...], article: dict[str, Any]) -> None:
    """Every verdict on the tutorial's claims, and the figures it was drawn from."""
    (claim,) = [claim for claim in article["claims"] if claim["id"] == name]
    assert_claimed(row, *(claim["numbers"][number] for number in numbers))
    assert_verdict(row, claim)


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ("binarizing costs", "binarizing-costs-1-percent"),
        ("edges cost", "edges-cost-2-percent"),
    ],
)
def test_costs(row: str, name: str, article: dict[str, Any]) -> None:
    """What preparations change in F1, in points."""
    (claim,) = [claim for claim in article["claims"] if claim["id"] == name]
    costs = [-100 * claim["numbers"][order] for order in ("label-sorted", "OpenML")]
    assert readme_points(row) == pytest.approx(costs, abs=0.1)
    assert_verdict(row, claim)


def assert_verdict(row: str, claim: dict[str, Any]) -> None:
    """The README has the report's verdict."""
    assert readme_line(row).rsplit("|", 2)[1].strip().startswith(claim["verdict"])
