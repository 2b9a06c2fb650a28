"""The tutorial, done again on the bundled digits: all variants, all claims, one report.

``make figures`` does it on MNIST, and holds every figure to the README's.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, multilabel_confusion_matrix
from sklearn.model_selection import train_test_split

from tinydigits.classifier import DIGITS
from tinydigits_train import sources
from tinydigits_train.__main__ import main
from tinydigits_train.datasets import DataSet
from tinydigits_train.portrait import read_glyph, read_signed
from tinydigits_train.preparations import PREPARATIONS, RAW
from tinydigits_train.report import ArticleReport, Variant, read_report
from tinydigits_train.variants import MAX_ITERATIONS, orders, train_classifier


@pytest.fixture(scope="module")
def few(bundled: DataSet) -> DataSet:
    """A quarter of the bundled digits: all has to be learned from them some sixty times."""
    return bundled.take(np.arange(450))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, few: DataSet) -> tuple[Path, str]:
    """What ``tinydigits-train article --data bundled`` writes of them, and what it prints."""
    folder = tmp_path_factory.mktemp("article")
    printed = io.StringIO()
    with redirect_stdout(printed), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "load_bundled", lambda: few)
        assert main(["article", "--data", "bundled", "-o", str(folder)]) == 0
    return folder, printed.getvalue()


@pytest.fixture(scope="module")
def folder(ran: tuple[Path, str]) -> Path:
    """The folder it writes."""
    return ran[0]


@pytest.fixture(scope="module")
def report(folder: Path) -> ArticleReport:
    """Its report."""
    report = read_report((folder / "report.json").read_bytes())
    assert isinstance(report, ArticleReport)
    return report


def test_writes(folder: Path) -> None:
    """The folder holds the report as JSON and as a page, and nothing else."""
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.json"]


def test_all_variants(report: ArticleReport) -> None:
    """Every preparation is there in both orders."""
    found = {(variant.name, variant.order) for variant in report.variants}
    names = [preparation.name for preparation in PREPARATIONS]
    assert found == {(name, order) for name in names for order in ("label-sorted", "given")}
    assert len(report.variants) == 2 * len(names)


def test_variant_as_scikit_learn_has_it(report: ArticleReport, few: DataSet) -> None:
    """The raw variant is what the tutorial's few lines of scikit-learn give, to the last image."""
    by_label = np.argsort(few.labels, kind="stable")
    images, labels = few.glyphs.reshape(-1, 784)[by_label], few.labels[by_label]
    train, test, train_labels, truth = train_test_split(
        images, labels, train_size=6 / 7, test_size=1 / 7, random_state=101
    )
    with pytest.warns(match="failed to converge"):
        estimator = LogisticRegression(max_iter=4).fit(train.astype(np.float32), train_labels)
    read = estimator.predict(test)
    variant = found(report, RAW, "label-sorted")
    assert variant.accuracy == accuracy_score(truth, read)
    assert variant.macro_f1 == pytest.approx(f1_score(truth, read, average="macro"))
    assert variant.weighted_f1 == pytest.approx(f1_score(truth, read, average="weighted"))
    counts = multilabel_confusion_matrix(truth, read)
    for measured, ((tn, fp), (fn, tp)) in zip(variant.classes, counts.tolist(), strict=True):
        assert measured.true_positives == tp
        assert measured.false_positives == fp
        assert measured.true_negatives == tn
        assert measured.false_negatives == fn


def found(report: ArticleReport, name: str, order: str) -> Variant:
    """The variant of this name in this order."""
    (variant,) = [v for v in report.variants if (v.name, v.order) == (name, order)]
    return variant


def test_sizes(report: ArticleReport) -> None:
    """A bit is an eighth of a byte, and edges double the image and the model."""
    sizes = {v.name: (v.bytes_per_image, v.bytes_per_model) for v in report.variants}
    assert sizes["raw"] == (784, 31_400)
    assert sizes["binarized"] == (98, 31_400)
    assert sizes["4 levels"][0] == 196
    assert sizes["16 levels"][0] == 392
    assert sizes["raw + edges"] == (1568, 62_760)
    assert all(v.iterations == MAX_ITERATIONS for v in report.variants)


def test_recentring_helps(report: ArticleReport) -> None:
    """Digits moved off the centre are not read; brought back by the glyph step they are."""
    for order in ("label-sorted", "given"):
        raw, moved, back = (found(report, n, order) for n in ("raw", "moved", "moved, re-centred"))
        assert moved.accuracy < raw.accuracy - 0.3
        assert back.accuracy > moved.accuracy + 0.3


def test_main_variant(report: ArticleReport, few: DataSet) -> None:
    """Measures, coefficients and mistakes are those of raw images in label-sorted order."""
    first, _ = orders(few)
    assert report.split == {"train": 385, "test": 65, "seed": 101}
    assert report.data.counts["test"] == tuple(np.bincount(few.labels[first.test]).tolist())
    assert report.measures.accuracy == found(report, RAW, "label-sorted").accuracy
    images = few.glyphs.reshape(-1, 784).astype(np.float32)
    estimator, _ = train_classifier(images[first.train], few.labels[first.train])
    assert report.portrait.coefficients is not None
    pictures = [read_signed(picture) for picture in report.portrait.coefficients.pictures]
    assert np.allclose(np.stack(pictures).reshape(10, 784), estimator.coef_)
    wrong = {images[k].astype(np.uint8).tobytes() for k in first.test}
    assert all(mistake.glyph in wrong for mistake in report.portrait.mistakes)


def test_iterations(report: ArticleReport) -> None:
    """Accuracy on train images never falls far with more iterations, and the last fit converged."""
    assert set(report.iterations) == {"raw", "binarized"}
    for points in report.iterations.values():
        made = [point.iterations for point in points]
        assert made[:-1] == [2**k for k in range(len(made) - 1)]
        assert [point.converged for point in points] == [False] * (len(made) - 1) + [True]
        assert points[-1].train_accuracy == 1
        assert points[0].train_accuracy < 0.9
    raw = next(point for point in report.iterations["raw"] if point.iterations == MAX_ITERATIONS)
    assert raw.test_accuracy == report.measures.accuracy


def test_neurons(report: ArticleReport) -> None:
    """One 5 is read right, and where there is one that isn't, it is shown beside it."""
    right, *wrong = report.neurons
    assert (right.truth, right.read) == ("5", "5")
    for neuron in report.neurons:
        assert sum(neuron.probabilities) == pytest.approx(1)
        assert neuron.read == DIGITS[int(np.argmax(neuron.scores))]
        assert read_glyph(neuron.glyph).any()
    assert all(neuron.truth == "5" != neuron.read for neuron in wrong)


def test_says_what_it_found(ran: tuple[Path, str]) -> None:
    """The terminal gets each variant, each verdict, and where the page is."""
    folder, printed = ran
    lines = printed.splitlines()
    for preparation in PREPARATIONS:
        assert any(line.lstrip().startswith(preparation.name) for line in lines)
    assert sum(line.startswith(("holds:", "does not hold:", "depends:")) for line in lines) == 9
    assert lines[-1].endswith(f"{folder}/report.html")
    assert max(map(len, lines)) <= 120
