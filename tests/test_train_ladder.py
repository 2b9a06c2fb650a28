"""Models above ``linear``: learned from a stream, calibrated, the same every time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from samples import sample_card, sample_estimator, sample_glyphs, to_bits
from tinydigits.classifier import Classifier, Glyphs
from tinydigits.clock import StageClock
from tinydigits_export.__main__ import main as export
from tinydigits_export.convert import to_onnx
from tinydigits_export.export import with_golden
from tinydigits_export.features import BITS, Bits, Computer, Values
from tinydigits_export.verify import verify
from tinydigits_train import ladder, sources, training
from tinydigits_train.__main__ import main
from tinydigits_train.datasets import DataSet
from tinydigits_train.evaluate import evaluate
from tinydigits_train.fit import BIT_THRESHOLD, View
from tinydigits_train.ladder import RecipeFit, best_temperature, fit_recipe, from_views
from tinydigits_train.learn import Chunk, Learner, Scaling
from tinydigits_train.recipes import RECIPES, Phase
from tinydigits_train.splits import Parts, split
from tinydigits_train.training import Wanted, train

pytestmark = pytest.mark.usefixtures("loaded_once")

PARTS = Parts(0, np.arange(1000), np.arange(1000, 1200), np.arange(1200, 1797))
QUICK = replace(RECIPES["oriented"], phases=(Phase(2, 5e-3),), last=Phase(1, 1e-3))
ENOUGH = replace(RECIPES["oriented"], phases=(Phase(4, 5e-3),), last=Phase(1, 1e-3))
"""To learn from the small digits what there is to be learned."""


def quick_fit(bundled: DataSet, seed: int = 0) -> RecipeFit:
    """Two epochs on some of the small digits."""
    few = bundled.take(np.arange(200))
    stream = from_views([View("as given", few.glyphs)], few.labels, split(few, seed))
    return fit_recipe(QUICK, stream, seed=seed)


def test_learner_finds_what_scikit_learn_finds() -> None:
    """On bits, the stream's estimator reads as well as the one that saw everything at once."""
    glyphs, labels = sample_glyphs()
    compute = Computer(BITS, 96)
    learner = Learner(compute, Scaling.of(compute(glyphs), BITS.parts), 10, decay=(0.0,), seed=0)
    learner.begin(5e-3)
    rng = np.random.default_rng(0)
    for k in range(30):
        order = rng.permutation(1500)
        for few in np.array_split(order, 3):
            learner.learn(glyphs[few], labels[few], remember=k >= 15)
    found = learner.estimator()
    assert isinstance(found, LogisticRegression)
    test = to_bits(glyphs[1500:])
    due = sample_estimator().score(test, labels[1500:])
    assert found.score(test.astype(np.float32), labels[1500:]) > due - 0.03


def test_goes_on_from_what_it_has_learned() -> None:
    """A new phase begins with the weights that the last one left, to the last bit."""
    glyphs, labels = sample_glyphs()
    compute = Computer(BITS, 96)
    learner = Learner(compute, Scaling.of(compute(glyphs), BITS.parts), 10, decay=(0.0,), seed=0)
    learner.begin(5e-3)
    for _ in range(3):
        learner.learn(glyphs, labels, remember=True)
    before = learner.estimator()
    learner.begin(1e-12)  # steps too short to change anything
    learner.learn(glyphs, labels, remember=True)
    after = learner.estimator()
    np.testing.assert_allclose(after.coef_, before.coef_, rtol=0, atol=1e-6)
    np.testing.assert_allclose(after.intercept_, before.intercept_, rtol=0, atol=1e-6)


def test_scaling_floor() -> None:
    """A feature that is nearly always the same is not blown up; quiet parts as a whole are."""
    seen = np.random.default_rng(0).normal(0, 1, (1000, 8)).astype(np.float32)
    seen[:, 4] *= 1e-6
    seen[:, 5:] *= 1e-3
    scaled = Scaling.of(seen, (5, 3))(seen.copy())
    np.testing.assert_allclose(np.delete(scaled, 4, axis=1).std(axis=0), 1, rtol=1e-4)
    assert scaled[:, 4].std() < 1e-4


class Columns(Computer):
    """Some of the bits, in parts with a read-out each."""

    def __init__(self, columns: slice, *parts: int) -> None:
        self.columns = columns
        self.features = PartedBits(parts)

    def __call__(self, glyphs: Glyphs) -> Values:
        """Of these glyphs."""
        return to_bits(glyphs)[:, self.columns].astype(np.float32)


class PartedBits(Bits):
    """Bits in parts."""

    def __init__(self, parts: tuple[int, ...]) -> None:
        self.sizes = parts

    @property
    def parts(self) -> tuple[int, ...]:
        """As they were given."""
        return self.sizes


def test_mean_of_readouts() -> None:
    """Each part is learned as if it were alone; the scores are the mean of all."""
    glyphs, labels = sample_glyphs()
    scores = []
    for compute, decay in (
        (Columns(slice(784), 392, 392), (0.0, 0.5)),
        (Columns(slice(392), 392), (0.0,)),
        (Columns(slice(392, 784), 392), (0.5,)),
    ):
        size = sum(compute.features.parts)
        scaling = Scaling(np.zeros(size, np.float32), np.ones(size, np.float32))
        learner = Learner(compute, scaling, 10, decay=decay, seed=0)
        learner.begin(5e-3)
        learner.learn(glyphs[:600], labels[:600], remember=True)
        scores.append(learner.estimator().decision_function(compute(glyphs[600:700])))
    both, upper, lower = scores
    np.testing.assert_allclose(both, (upper + lower) / 2, rtol=1e-4, atol=1e-4)


def test_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """An epoch has each glyph as often as its view weighs, with its label, in chunks."""
    monkeypatch.setattr(ladder, "CHUNK", 500)
    glyphs, _ = sample_glyphs()
    marked = np.arange(len(glyphs), dtype=np.int64)
    inverse = np.asarray(255 - glyphs, np.uint8)
    stream = from_views([View("as given", glyphs), View("inverse", inverse, 2.0)], marked, PARTS)
    chunks = list(stream.epoch(np.random.default_rng(0)))
    assert {len(chunk[1]) for chunk in chunks[:-1]} == {500}
    shown = np.concatenate([chunk[0] for chunk in chunks])
    labels = np.concatenate([chunk[1] for chunk in chunks])
    own = (shown == glyphs[labels]).all(axis=(1, 2))
    assert ((shown == inverse[labels]).all(axis=(1, 2)) | own).all()
    for turned, times in ((own, 1), (~own, 2)):
        assert sorted(labels[turned]) == np.repeat(PARTS.train, times).tolist()


def test_temperature() -> None:
    """Scores that are twice as large as their model's are asked to be halved."""
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (20_000, 10))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = (shares.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    assert best_temperature(2 * scores, labels) == pytest.approx(2, rel=0.03)
    assert best_temperature(scores, labels) == pytest.approx(1, rel=0.03)


def test_same_every_time(bundled: DataSet) -> None:
    """The same seed gives the same weights to the last bit, another seed others."""
    one, two, other = (quick_fit(bundled, seed).estimator for seed in (0, 0, 1))
    assert np.array_equal(one.coef_, two.coef_)
    assert np.array_equal(one.intercept_, two.intercept_)
    assert not np.array_equal(one.coef_, other.coef_)


def test_stream_from_anywhere(bundled: DataSet) -> None:
    """A stream may make its glyphs as it goes; only chunks of it are ever in memory."""
    asked = []
    few = bundled.take(np.arange(600))

    def epoch(rng: np.random.Generator) -> Iterator[Chunk]:
        for k in range(3):
            asked.append(k)
            chosen = rng.integers(0, 500, 200)
            yield few.glyphs[chosen], few.labels[chosen]

    stream = from_views([View("as given", few.glyphs)], few.labels, split(few, 0))
    fit = fit_recipe(QUICK, replace(stream, epoch=epoch, everything=epoch), seed=0)
    assert [point.glyphs for point in fit.epochs] == [600, 1200]
    assert asked[-3:] == [0, 1, 2]


@pytest.fixture(scope="module")
def few(bundled: DataSet) -> DataSet:
    """A third of the bundled digits."""
    return bundled.take(np.arange(600))


def test_pairs(few: DataSet) -> None:
    """Products of components read digits too, and go to a file in a byte each."""
    parts = split(few, 0)
    quick = replace(RECIPES["pairs"], phases=(Phase(3, 3e-3),), last=Phase(1, 5e-4))
    stream = from_views([View("as given", few.glyphs)], few.labels, parts)
    fit = fit_recipe(quick, stream, seed=0, storage="int8")
    compute = Computer(fit.form.features, BIT_THRESHOLD)
    test = compute(few.glyphs[parts.test])
    assert fit.estimator.score(test, few.labels[parts.test]) > 0.85
    card = sample_card(name="pairs")
    content = to_onnx(fit.estimator, with_golden(fit.estimator, card, fit.form), fit.form)
    assert len(content) < 280_000
    verify(content, fit.estimator, few.glyphs[:100], threshold=96, form=fit.form)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, few: DataSet) -> Path:
    """What fit writes for the oriented model on these digits."""
    folder = tmp_path_factory.mktemp("oriented")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "load_bundled", lambda: few)
        patch.setitem(RECIPES, "oriented", ENOUGH)
        assert main(["fit", "--data", "bundled", "--model", "oriented", "-o", str(folder)]) == 0
    return folder


def test_oriented(folder: Path, few: DataSet) -> None:
    """The oriented model reads digits it has not seen, in a file that the device takes."""
    report = json.loads((folder / "report.json").read_text())
    assert report["model"] == "oriented"
    assert report["features"] == 784
    assert report["storage"] == "float16"
    assert len(report["epochs"]) == sum(phase.epochs for phase in ENOUGH.phases)
    assert report["measures"]["accuracy"] > 0.9
    assert report["verification"]["reference"]["mismatches"] == 0
    assert report["model_bytes"] < 36_000
    assert report["portrait"]["coefficients"] is None
    classifier = Classifier.load(folder / "digits.onnx")
    assert classifier.card.name == "oriented"
    assert evaluate(classifier, few).measures.accuracy == report["measures"]["accuracy"]


def test_exported_again(folder: Path, tmp_path: Path) -> None:
    """The folder holds all that makes the same file again."""
    again = tmp_path / "again.onnx"
    assert export([str(folder), "-o", str(again)]) == 0
    assert again.read_bytes() == (folder / "digits.onnx").read_bytes()


def test_linear_in_bytes(bundled: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The linear model goes into bytes too, and keeps its pictures."""
    monkeypatch.setattr(training, "write_report", lambda *_: None)
    few = replace(bundled.take(np.arange(300)), by_device=True)
    report = train(few, Wanted(storage="int8"), tmp_path, StageClock())
    assert (report.model, report.storage) == ("linear", "int8")
    assert report.portrait.coefficients is not None
    assert report.model_bytes < 14_000


def test_eleven_classes(bundled: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Glyphs labelled 10 make a model that knows what is none of the digits; bytes hold it too."""
    monkeypatch.setitem(RECIPES, "oriented", ENOUGH)
    monkeypatch.setattr(training, "write_report", lambda *_: None)
    monkeypatch.setattr(training, "show_evidence", lambda *_: ())
    shuffled = np.random.default_rng(0).permuted(bundled.glyphs[:150].reshape(150, -1), axis=1)
    mixed_in = DataSet(
        "with none",
        np.concatenate([bundled.glyphs[:450], shuffled.reshape(-1, 28, 28)]),
        np.concatenate([bundled.labels[:450], np.full(150, 10)]),
        by_device=True,
    )
    report = train(mixed_in, Wanted("oriented", storage="int8"), tmp_path, StageClock())
    assert report.measures.labels[-1] == "none"
    assert report.measures.classes[10].f1 > 0.95
    assert report.storage == "int8"
    assert report.model_bytes < 25_000
    assert report.data.counts["test"][10] == 30
    classifier = Classifier.load(tmp_path / "digits.onnx")
    assert classifier.probabilities(shuffled.reshape(-1, 28, 28)).argmax(axis=1).mean() > 9.5
    assert classifier.card.threshold == BIT_THRESHOLD
