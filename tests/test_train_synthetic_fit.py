"""The command that learns from a mix with made-up scenes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tinydigits.classifier import Classifier
from tinydigits_train.__main__ import main
from tinydigits_train.datasets import DataSet
from tinydigits_train.sources import Supplies, load

DRAWN = "synthetic:240"
MIX = ("--data", f"bundled+{DRAWN}*2", "--fonts", "none")

pytestmark = pytest.mark.usefixtures("few_bundled")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory, few_bundled: DataSet) -> Path:  # noqa: ARG001
    """What ``fit`` writes of a mix."""
    folder = tmp_path_factory.mktemp("mix")
    assert main(["fit", *MIX, "-o", str(folder)]) == 0
    return folder


def test_knows_none(fitted: Path) -> None:
    """A model of a mix with made-up scenes knows the class none, and the sets it learned from."""
    card = Classifier.load(fitted / "digits.onnx").card
    assert card.labels[-1] == "none"
    assert [source.name for source in card.data] == ["bundled", DRAWN]


def test_tells_kinds_apart(fitted: Path) -> None:
    """The report has the accuracy on each set, and on each kind of scene; together, on all."""
    report = json.loads((fitted / "report.json").read_text())
    kinds = report["accuracy_by_kind"]
    assert {"bundled", f"{DRAWN} drum", f"{DRAWN} print"} <= set(kinds)
    n = np.array([kind["n"] for kind in kinds.values()])
    right = np.array([kind["value"] for kind in kinds.values()]) @ n
    assert n.sum() == report["measures"]["n"]
    assert right == pytest.approx(report["measures"]["accuracy"] * n.sum())
    assert f"{DRAWN} drum" in (fitted / "report.html").read_text()


def test_evaluate(fitted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On scenes it is measured on those it has not seen."""
    model = str(fitted / "digits.onnx")
    line = ["evaluate", model, "--data", DRAWN, "--fonts", "none", "--json"]
    assert main(line) == 0
    measures = json.loads(capsys.readouterr().out)
    folds = load(DRAWN, Supplies(fonts="none")).folds
    assert folds is not None
    assert measures["n"] == (folds == 0).sum()


def test_no_fonts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a font the packages that have some are named, in one line."""
    line = ["fit", "--data", "synthetic:9", "--fonts", str(tmp_path), "-o", str(tmp_path / "out")]
    assert main(line) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "apt install fonts-dejavu-core" in error
