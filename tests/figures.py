"""The figures that the README claims, measured again with the commands that it names.

Run with ``make figures``; each test prints what it measured.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tinydigits.classifier import DEFAULT_MODEL, MAX_MODEL_BYTES, Classifier
from tinydigits.clock import StageClock
from tinydigits.frame import Frame
from tinydigits.ink import POLARITIES, Scene
from tinydigits.search import classify
from tinydigits.single import single_sightings

README = (Path(__file__).parents[1] / "README.md").read_text()


def command(module: str, *arguments: str | Path) -> str:
    """What a command prints; it must end well."""
    line = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def readme_line(name: str) -> str:
    """The row of the README's tables that begins so, without what the tutorial claims."""
    (row,) = [line for line in README.splitlines() if line.startswith(f"| {name}")]
    return re.sub(r"\d % of F1", "", row)


def readme_row(name: str) -> list[float]:
    """The percentages in such a row."""
    return [float(percent) for percent in re.findall(r"([\d.]+) %", readme_line(name))]


def readme_points(name: str) -> list[float]:
    """The differences in points in such a row."""
    return [float(points) for points in re.findall(r"([+-]\d+\.\d+)", readme_line(name))]


def assert_claimed(row: str, *shares: float) -> None:
    """The README says what was measured, to a tenth of a point."""
    assert readme_row(row) == pytest.approx([100 * share for share in shares], abs=0.1)


def said(text: str) -> Any:
    """The share that the README gives in a text with a gap, to a tenth of a point."""
    pattern = re.escape(text).replace(r"\{\}", "([0-9.]+)")
    (percent,) = re.findall(pattern, " ".join(README.split()))
    return pytest.approx(float(percent) / 100, abs=0.001)


def scored(title: str, folder: Path, *options: str) -> dict[str, Any]:
    """How the shipped model reads a folder of pictures."""
    figures: dict[str, Any] = json.loads(command("tinydigits", "score", folder, *options, "--json"))
    shares = {name: value for name, value in figures.items() if isinstance(value, float)}
    print(f"\n{title}: {figures['n']} pictures")
    print("\n".join(f"  {name:<22}{100 * value:6.2f} %" for name, value in shares.items()))
    return figures


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory, mnist_dir: Path) -> Path:
    """What ``tinydigits-train fit --data mnist`` writes."""
    folder = tmp_path_factory.mktemp("mnist")
    fit = ("fit", "--data", "mnist", "--data-dir", mnist_dir, "-o", folder)
    print("\n" + command("tinydigits_train", *fit))
    return folder


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory, data_home: Path) -> Path:
    """The photographs, unpacked."""
    folder = tmp_path_factory.mktemp("photographs")
    for archive in sorted((data_home / "data").glob("*.tar")):
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
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
def straight(mnist_dir: Path) -> dict[str, Any]:
    """How the shipped model reads MNIST's test images, without the camera path."""
    data = ("--data", "mnist", "--data-dir", mnist_dir, "--json")
    measures: dict[str, Any] = json.loads(
        command("tinydigits_train", "evaluate", DEFAULT_MODEL, *data)
    )
    return measures


def test_shipped(straight: dict[str, Any]) -> None:
    """The model that ships saw MNIST and made-up scenes alone, and reads MNIST's test images."""
    shipped = Classifier.load(DEFAULT_MODEL)
    assert DEFAULT_MODEL.stat().st_size < MAX_MODEL_BYTES
    assert [source.name.partition(":")[0] for source in shipped.card.data] == ["mnist", "synthetic"]
    assert straight["n"] == 10_000
    assert_claimed("MNIST's test images", straight["accuracy"])


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


def test_camera_path(straight: dict[str, Any], mnist_dir: Path, tmp_path: Path) -> None:
    """Reading MNIST's test digits out of camera frames loses at most a point."""
    draw = ("draw", "--data", "mnist", "--data-dir", mnist_dir, "-o", tmp_path)
    command("tinydigits_train", *draw)
    figures = scored("MNIST's test digits in camera frames", tmp_path, "--digits", "1")
    assert figures["n"] == straight["n"]
    assert figures["exact"] >= straight["accuracy"] - 0.01
    assert_claimed("the same, drawn", figures["exact"], figures["error_among_accepted"])


@pytest.mark.parametrize(
    ("name", "row", "least"),
    [
        ("handwritten-photos", "photographed and scanned handwriting", 0.93),
        ("drawn-on-screen", "digits drawn with a mouse", 0.97),
        ("seven-segment", "seven-segment digits", 0.95),
        ("meter-digits", "photographed digits of meters", 0.90),
    ],
)
def test_photographs(name: str, row: str, least: float, photographs: Path) -> None:
    """Photographs of single digits are read by a model that saw none of them."""
    figures = scored(name, photographs / name, "--digits", "1")
    assert figures["exact"] >= least
    assert_claimed(row, figures["exact"], figures["error_among_accepted"])
    if figures["none_accepted"] is not None:
        assert said("{} % of those are accepted") == figures["none_accepted"]
        assert said("where nine tenths of the digits are, {} %") == figures["none_among_most"]


@pytest.mark.parametrize(
    ("options", "row", "least"),
    [
        ((), "whole numbers on gas pumps", 0.85),
        (("--digits", "labels"), "the same numbers, where", 0.85),
    ],
)
def test_numbers(options: tuple[str, ...], row: str, least: float, photographs: Path) -> None:
    """Whole numbers are found in photographs, and many are read to the last digit."""
    figures = scored("number-photos", photographs / "number-photos", *options)
    assert figures["count_right"] >= 0.85
    assert figures["exact"] >= least
    assert_claimed(row, figures["exact"], figures["error_among_accepted"])


def test_inks(photographs: Path) -> None:
    """What the inks lose is told apart from what the model misreads."""
    classifier, folder = Classifier.load(DEFAULT_MODEL), photographs / "meter-digits"
    right = total = 0
    with (folder / "labels.csv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table):
            if int(row["label"]) > 9:
                continue
            scene = Scene(Frame.from_file(folder / row["file"]).luma)
            digits = [
                digit for _, digit, _ in single_sightings(scene, POLARITIES, StageClock(), 0.0)
            ]
            votes = classify(classifier, digits, StageClock())[:, :10]
            right, total = right + (int(row["label"]) in votes.argmax(axis=1)), total + 1
    print(f"  meters' digits read right in at least one ink: {100 * right / total:.2f} %")
    assert said("digits {} % are read right in at least one") == right / total
