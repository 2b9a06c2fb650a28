"""The figures of reading that the README claims, measured again with the commands that it names.

Run with ``make figures``, beside those of training; each test prints what it measured.
"""

from __future__ import annotations

import csv
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from readme import assert_claimed, command, said
from tinydigits.classifier import DEFAULT_MODEL, MAX_MODEL_BYTES, Classifier
from tinydigits.clock import StageClock
from tinydigits.frame import Frame
from tinydigits.ink import POLARITIES, Scene
from tinydigits.search import classify
from tinydigits.single import single_sightings


def scored(title: str, folder: Path, *options: str) -> dict[str, Any]:
    """How the shipped model reads a folder of pictures."""
    figures: dict[str, Any] = json.loads(command("tinydigits", "score", folder, *options, "--json"))
    shares = {name: value for name, value in figures.items() if isinstance(value, float)}
    print(f"\n{title}: {figures['n']} pictures")
    print("\n".join(f"  {name:<22}{100 * value:6.2f} %" for name, value in shares.items()))
    return figures


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory, data_home: Path) -> Path:
    """The photographs, unpacked."""
    folder = tmp_path_factory.mktemp("photographs")
    for archive in sorted((data_home / "data").glob("*.tar")):
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    return folder


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
