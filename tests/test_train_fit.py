"""From data to a model file: the commands, what they write, and how they refuse."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tinydigits.classifier import DIGITS, Classifier
from tinydigits_export.fitted import Fitted
from tinydigits_export.graph import to_bits
from tinydigits_train.__main__ import main
from tinydigits_train.datasets import DataSet, through_device
from tinydigits_train.evaluate import evaluate
from tinydigits_train.fit import BIT_THRESHOLD, C_LADDER, DEVICE_WEIGHT, View, fit_linear
from tinydigits_train.report import FitReport
from tinydigits_train.splits import split

Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.usefixtures("loaded_once")


SEED = 7


@pytest.fixture(scope="module")
def fitted(
    tmp_path_factory: pytest.TempPathFactory,
    few_bundled: DataSet,  # noqa: ARG001  what it loads
) -> tuple[Path, str]:
    """What fit writes for half of the bundled digits, and what it prints."""
    folder = tmp_path_factory.mktemp("fit") / "new" / "folder"
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert main(["fit", "--data", "bundled", "-o", str(folder), "--seed", str(SEED)]) == 0
    return folder, printed.getvalue()


@pytest.fixture(scope="module")
def folder(fitted: tuple[Path, str]) -> Path:
    """The folder that it writes."""
    return fitted[0]


@pytest.fixture(scope="module")
def report(folder: Path) -> FitReport:
    """The report of that fit."""
    return msgspec.json.decode((folder / "report.json").read_bytes(), type=FitReport)


@pytest.fixture(scope="module")
def classifier(folder: Path) -> Classifier:
    """The model of that fit, as a device loads it."""
    return Classifier.load(folder / "digits.onnx")


@pytest.fixture(scope="module")
def few(bundled: DataSet) -> DataSet:
    """A third of the bundled digits, for what takes several fits."""
    return bundled.take(np.arange(600))


def test_bits() -> None:
    """A pixel of at least the threshold is 1.0, any other 0.0."""
    glyph = np.zeros((1, 28, 28), np.uint8)
    glyph[0, 0, :3] = (BIT_THRESHOLD - 1, BIT_THRESHOLD, 255)
    bits = to_bits(glyph, BIT_THRESHOLD)
    assert bits.shape == (1, 784)
    assert bits.dtype == np.float32
    assert bits[0, :4].tolist() == [0, 1, 1, 0]


def test_fit_on_mnist(mnist: DataSet) -> None:
    """500 of MNIST's digits teach it to read most of the others, in both views."""
    few = replace(mnist.take(np.r_[:500, 60_000:60_200]), test_start=500)
    parts = split(few, seed=0)
    views = [View("raw", few.glyphs), View("again", through_device(few.glyphs), 0.3)]
    fit = fit_linear(views, few.labels, parts)
    for view in views:
        bits = to_bits(view.glyphs[parts.test], BIT_THRESHOLD)
        assert fit.estimator.score(bits, few.labels[parts.test]) > 0.75
    assert np.array_equal(fit.estimator.classes_, np.arange(10))
    assert [candidate.c for candidate in fit.ladder] == list(C_LADDER[: len(fit.ladder)])
    assert set(fit.ladder[0].accuracy) == {"raw", "again"}


def test_same_every_time(few: DataSet) -> None:
    """The same data and split give the same weights to the last bit."""
    parts = split(few, seed=1)
    view = View("as given", few.glyphs)
    one, two = (fit_linear([view], few.labels, parts).estimator for _ in range(2))
    assert np.array_equal(one.coef_, two.coef_)
    assert np.array_equal(one.intercept_, two.intercept_)


def test_converged(few: DataSet) -> None:
    """The estimator is scikit-learn's own optimum for its C on train and validation part."""
    parts = split(few, seed=1)
    fit = fit_linear([View("as given", few.glyphs)], few.labels, parts)
    bits, labels = (
        to_bits(few.glyphs[parts.development], BIT_THRESHOLD),
        few.labels[parts.development],
    )
    exact = LogisticRegression(C=fit.estimator.C, tol=1e-6, max_iter=5000)
    exact.fit(bits.astype(np.float64), labels)
    everything = to_bits(few.glyphs, BIT_THRESHOLD)
    found, due = (e.predict_proba(everything) for e in (fit.estimator, exact))
    assert np.abs(found - due).mean() < 0.001
    assert np.mean(found.argmax(axis=1) == due.argmax(axis=1)) > 0.995


def test_writes(folder: Path) -> None:
    """Everything about a model lies in one folder, made where it is missing."""
    assert sorted(path.name for path in folder.iterdir()) == [
        "MODEL_CARD.md",
        "card.json",
        "digits.onnx",
        "estimator.skops",
        "report.html",
        "report.json",
        "test-glyphs.npz",
    ]


def test_report(report: FitReport, folder: Path, few_bundled: DataSet) -> None:
    """The report tells data, split, choice, measures, versions and costs."""
    parts = split(few_bundled, seed=SEED)
    assert report.schema == 3
    assert report.data.source == few_bundled.source()
    assert report.split == parts.card()
    assert report.c in {candidate.c for candidate in report.ladder}
    assert report.views == {"as given": 1.0, "as the device makes them": DEVICE_WEIGHT}
    assert report.measures.n == len(parts.test)
    assert report.measures.accuracy > 0.9
    assert report.model_bytes == (folder / "digits.onnx").stat().st_size
    assert report.verification.onnxruntime.mismatches == 0
    assert set(report.versions) >= {"python", "numpy", "scikit-learn", "onnxruntime", "tinydigits"}
    assert list(report.seconds) == ["load", "prepare", "fit", "measure", "export"]
    assert 50e6 < report.peak_memory < 2 * 2**30
    document = json.loads((folder / "report.json").read_text())
    assert document["measures"]["accuracy"] == report.measures.accuracy


def test_model_carries_the_measures(
    report: FitReport, classifier: Classifier, folder: Path
) -> None:
    """What the report says of accuracy and coverage travels in the model file, and the card for
    people has it too.
    """
    card = classifier.card
    assert card.accuracy == report.measures.share()
    assert card.coverage == report.device_coverage
    assert (card.name, card.labels, card.threshold) == ("linear", DIGITS, BIT_THRESHOLD)
    text = (folder / "MODEL_CARD.md").read_text()
    assert f"{100 * report.measures.accuracy:.2f} %" in text
    assert "self-test at start: 10" in text


def test_can_be_exported_again(report: FitReport, folder: Path, few_bundled: DataSet) -> None:
    """The folder holds all that tinydigits-export needs, the whole test part among it."""
    again = Fitted.load(folder)
    assert np.array_equal(again.glyphs, few_bundled.glyphs[split(few_bundled, seed=SEED).test])
    assert again.card.accuracy == report.measures.share()


def test_says_what_it_did(fitted: tuple[Path, str]) -> None:
    """The terminal gets the accuracy with its interval, the worst digit, and what to do next."""
    folder, printed = fitted
    for words in ("accuracy", "95 % interval", "worst read digit", "calibration error", "bytes"):
        assert words in printed
    assert f"tinydigits-train evaluate {folder}/digits.onnx --data bundled" in printed


def test_evaluate_takes_the_same_test_part(
    report: FitReport, classifier: Classifier, few_bundled: DataSet
) -> None:
    """A model is measured on what it was not trained on, and comes out as when it was fitted."""
    found = evaluate(classifier, few_bundled).measures
    assert found.n == report.measures.n
    assert found.accuracy == report.measures.accuracy
    assert found.confusion == report.measures.confusion
    assert found.calibration_error == pytest.approx(report.measures.calibration_error, abs=1e-5)


def test_evaluate_on_other_data(
    classifier: Classifier, few_bundled: DataSet, mnist: DataSet
) -> None:
    """Of a set the model has not seen everything is measured, of MNIST the official test part."""
    foreign = few_bundled.take(np.arange(500))
    assert evaluate(classifier, foreign).measures.n == 500
    assert evaluate(classifier, foreign, "test").measures.n == 100
    assert evaluate(classifier, few_bundled, "all").measures.n == 900
    official = evaluate(classifier, mnist).measures
    assert official.n == 10_000
    assert 0.4 < official.accuracy < 0.9


def test_evaluate_json(report: FitReport, folder: Path, capsys: Capture) -> None:
    """With --json the accuracy is a plain fraction at the top, its interval beside it."""
    assert main(["evaluate", str(folder / "digits.onnx"), "--data", "bundled", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["accuracy"] == report.measures.accuracy
    assert document["accuracy_interval"] == list(report.measures.accuracy_interval)


def test_evaluate_table(folder: Path, capsys: Capture) -> None:
    """Without --json there is a line for each digit, and a table of what was taken for what."""
    model = str(folder / "digits.onnx")
    assert main(["evaluate", model, "--data", "bundled", "--part", "all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "of 900 glyphs" in lines[0]
    for digit in DIGITS:
        assert sum(line.split()[:1] == [digit] for line in lines) == 2
