"""Who can be asked: all ways to run a model give what ONNX Runtime gives."""

from __future__ import annotations

import shutil
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx.reference import ReferenceEvaluator
from sklearn.base import clone

from samples import sample_card, sample_estimator, sample_glyphs, sample_model, to_bits
from tinydigits.bench.graph import Graph
from tinydigits.bench.linear import Linear
from tinydigits.bench.runners import NAMES, RUNNERS, SkippedError
from tinydigits.bench.runners.floor import identity_model
from tinydigits.bench.runners.floor import open_frames as open_passes
from tinydigits.bench.runners.floor import open_glyphs as open_floor
from tinydigits.bench.runners.once import open_frames as open_once
from tinydigits.bench.runners.ort import open_frames
from tinydigits.bench.runners.program import frame_program, pgm
from tinydigits.bench.systems import Classify, ReadText
from tinydigits.bench.wire import field, fields
from tinydigits.classifier import DEFAULT_MODEL, Classifier, Glyphs
from tinydigits.errors import ModelError
from tinydigits.frame import Frame
from tinydigits_export.convert import to_onnx
from tinydigits_export.features import BITS
from tinydigits_export.form import Form
from tinydigits_export.storage import Storage

LINEAR = ("reference", "numpy", "sklearn", "litert", "c")


@cache
def asked() -> Glyphs:
    """The golden glyphs, 200 others, and such as no camera gives."""
    golden = [one.glyph() for one in Classifier.from_bytes(sample_model()).card.golden]
    noise = np.random.default_rng(0).integers(0, 256, (10, 28, 28), np.uint8)
    extremes = np.zeros((2, 28, 28), np.uint8)
    extremes[1] = 255
    return np.concatenate([np.stack(golden), sample_glyphs()[0][:200], noise, extremes])


def opened(name: str, model: bytes) -> Classify:
    """The runner of this name."""
    classify: Classify = import_module(f"tinydigits.bench.runners.{name}").open_glyphs(model)
    return classify


def few() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Enough to fit an estimator."""
    glyphs, labels = sample_glyphs()
    return to_bits(glyphs[:100]), labels[:100]


@pytest.mark.parametrize("name", LINEAR)
def test_alike(name: str) -> None:
    """A runner gives ONNX Runtime's probabilities, of many glyphs at once and of one after one."""
    classify = opened(name, sample_model())
    due = Classifier.from_bytes(sample_model()).probabilities(asked())
    given = classify(asked())
    assert given.dtype == np.float32
    assert np.abs(given - due).max() < 1e-5
    assert np.array_equal(given.argmax(axis=1), due.argmax(axis=1))
    for one in (0, 7, 200):
        assert np.abs(classify(asked()[one : one + 1]) - due[one]).max() < 1e-5


def test_all_at_once() -> None:
    """The device's classifier gives the same in one call as in several."""
    due = Classifier.from_bytes(sample_model()).probabilities(asked())
    assert np.abs(opened("ort", sample_model())(asked()) - due).max() < 1e-6


def test_alike_shipped() -> None:
    """ONNX's evaluator computes the model of the package too."""
    model = DEFAULT_MODEL.read_bytes()
    due = Classifier.from_bytes(model).probabilities(asked()[:1])
    assert np.abs(opened("reference", model)(asked()[:1]) - due).max() < 1e-4


@pytest.mark.parametrize("name", LINEAR[1:])
def test_nonlinear(name: str) -> None:
    """What computes a linear model alone says so of another."""
    with pytest.raises(SkippedError, match=r"^nonlinear: "):
        opened(name, DEFAULT_MODEL.read_bytes())


def test_registry() -> None:
    """Every runner has a module with the function that its subject asks for."""
    for runner in RUNNERS:
        module = import_module(f"tinydigits.bench.runners.{runner.name}")
        assert callable(getattr(module, f"open_{runner.subject}s"))
    assert set(LINEAR) < set(NAMES)


def test_floor() -> None:
    """The floor's graph is one that ONNX accepts, and it gives back what it was given."""
    model = onnx.load_from_string(identity_model())
    onnx.checker.check_model(model, full_check=True)
    assert model.SerializeToString(deterministic=True) == identity_model()
    glyphs = asked()[:1]
    (same,) = ReferenceEvaluator(model).run(None, {"ink": glyphs})
    assert np.array_equal(same, glyphs)
    assert np.array_equal(open_floor(b"")(glyphs), glyphs)


def test_frames(folder: Path) -> None:
    """The device's reader reads a frame's digits, first and next; the floor of reading none."""
    frame = Frame.from_file(folder / "5410.png")
    model = DEFAULT_MODEL.read_bytes()
    remembering, forgetting = open_frames(model), open_once(model)
    assert [remembering(frame.luma) for _ in range(3)] == ["5410"] * 3
    assert forgetting(frame.luma) == "5410"
    assert open_passes(sample_model())(frame.luma) == ""


def test_program() -> None:
    """A program is given the frame as a picture, and its digits are what it prints of them."""
    luma = np.arange(12, dtype=np.uint8).reshape(3, 4) + 48
    assert pgm(luma) == b"P5 4 3 255\n" + luma.tobytes()
    assert frame_program("cat", "coreutils", ["-"])(luma) == "5432550123456789"
    assert frame_program("false", "coreutils", [])(luma) == ""
    with pytest.raises(SkippedError, match=r"^missing: apt install nothing$"):
        frame_program("no-such-program", "nothing", [])


def test_without_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no compiler, or one that fails, that is said in a line."""
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(SkippedError, match=r"^missing: a C compiler, apt install gcc"):
        opened("c", sample_model())
    monkeypatch.setenv("CC", "false")
    with pytest.raises(SkippedError, match=r"^uncompiled: .*false: it ended with 1$"):
        opened("c", sample_model())


def test_linear() -> None:
    """The weights are the estimator's."""
    linear, estimator = Linear.of(sample_model()), sample_estimator()
    assert np.array_equal(linear.weights, estimator.coef_.T.astype(np.float32))
    assert np.array_equal(linear.intercept, estimator.intercept_.astype(np.float32))
    assert linear.threshold == 96


@pytest.mark.parametrize("storage", ["float16", "int8"])
def test_linear_small(storage: Storage) -> None:
    """Weights that are stored in few bytes come out as what the graph computes with."""
    estimator, form = clone(sample_estimator()).fit(*few()), Form(BITS, storage)
    form.round(estimator)
    model = to_onnx(estimator, sample_card(), form)
    assert np.array_equal(Linear.of(model).weights, estimator.coef_.T.astype(np.float32))
    assert Graph.of(model).weights == storage


@pytest.mark.parametrize("content", [sample_model(), DEFAULT_MODEL.read_bytes()])
def test_graph(content: bytes) -> None:
    """Nodes and constants are those that the package onnx reads."""
    graph, due = Graph.of(content), onnx.load_from_string(content).graph
    assert [node.operator for node in graph.nodes] == [node.op_type for node in due.node]
    assert [node.inputs for node in graph.nodes] == [tuple(node.input) for node in due.node]
    assert [node.outputs for node in graph.nodes] == [tuple(node.output) for node in due.node]
    assert set(graph.constants) == {tensor.name for tensor in due.initializer}
    for tensor in due.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        assert graph.constants[tensor.name].dtype == values.dtype
        assert np.array_equal(graph.constants[tensor.name], values)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(1, 2**28), st.integers(0, 2**64 - 1) | st.binary())))
def test_wire(message: list[tuple[int, int | bytes]]) -> None:
    """Fields come back as they were written."""
    assert list(fields(b"".join(field(*one) for one in message))) == message


@settings(max_examples=50)
@given(st.binary(max_size=64))
def test_wire_foreign(content: bytes) -> None:
    """Whatever is no message is read as one, or refused."""
    try:
        found = list(fields(content))
    except ModelError:
        return
    assert all(isinstance(value, int | bytes) for _, value in found)


@pytest.mark.parametrize(("name", "program"), [("tesseract", "tesseract"), ("ssocr", "ssocr")])
def test_readers(name: str, program: str, folder: Path) -> None:
    """Other readers get the whole frame and give digits, where they are installed."""
    opener = import_module(f"tinydigits.bench.runners.{name}").open_frames
    if shutil.which(program) is None:
        with pytest.raises(SkippedError, match=r"^missing: apt install "):
            opener(b"")
        return
    read: ReadText = opener(b"")
    luma = Frame.from_file(folder / "5410.png").luma
    assert set(read(luma)) <= set("0123456789")
    assert read(np.full_like(luma, 200)) == ""
