"""A model file that breaks a promise is refused in one line that says which."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper

from examples import costly
from hostile import Change, changed, other_rows, weights
from samples import sample_card, sample_estimator, sample_glyphs, sample_model, to_bits
from tinydigits.bench.inputs import drawn_glyphs
from tinydigits.classifier import DEFAULT_MODEL, Classifier, GoldenGlyph, ModelCard, steadied
from tinydigits.errors import ModelError
from tinydigits.glyph import jittered
from tinydigits_export.convert import to_onnx
from tinydigits_export.export import with_golden
from tinydigits_export.golden import golden_glyphs


def renamed_input(model: ModelProto) -> None:
    """Call the input otherwise."""
    model.graph.input[0].name = model.graph.node[0].input[0] = "image"


def other_input(kind: int, *shape: int | str) -> Change:
    """Give the input another type or shape."""

    def change(model: ModelProto) -> None:
        model.graph.input[0].CopyFrom(helper.make_tensor_value_info("ink", kind, shape))

    return change


def float_input(model: ModelProto) -> None:
    """Take floats, and make the bytes of them that the graph goes on with."""
    other_input(TensorProto.FLOAT, "N", 28, 28)(model)
    model.graph.node[0].input[0] = "bytes"
    model.graph.node.insert(0, helper.make_node("Cast", ["ink"], ["bytes"], to=TensorProto.UINT8))


def second_input(model: ModelProto) -> None:
    """Ask for something else beside the glyphs."""
    more = helper.make_tensor_value_info("more", TensorProto.UINT8, ["N", 28, 28])
    model.graph.input.append(more)


def no_label(model: ModelProto) -> None:
    """Take the first output away."""
    del model.graph.output[0]


def third_output(model: ModelProto) -> None:
    """Show an inner tensor too."""
    model.graph.output.append(helper.make_tensor_value_info("bits", TensorProto.FLOAT, ["N", 784]))


def double_output(model: ModelProto) -> None:
    """Give the probabilities as float64."""
    to_double = helper.make_node("Cast", ["single"], ["probability"], to=TensorProto.DOUBLE)
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = ["single" if name == "probability" else name for name in names]
    model.graph.node.append(to_double)
    kind = helper.make_tensor_value_info("probability", TensorProto.DOUBLE, ["N", 10])
    model.graph.output[1].CopyFrom(kind)


def one_weight(values: np.typing.NDArray[np.float32]) -> None:
    """Change one weight of the 8 by half, where the golden 8 has ink."""
    values[np.flatnonzero(golden_glyphs()[8])[0], 8] += 0.5


def metadata(field: str, value: str | None) -> Change:
    """Set a field of the metadata, or remove it."""

    def change(model: ModelProto) -> None:
        properties = {p.key: p.value for p in model.metadata_props}
        del properties["tinydigits." + field]
        if value is not None:
            properties["tinydigits." + field] = value
        del model.metadata_props[:]
        helper.set_model_props(model, properties)

    return change


def no_metadata(model: ModelProto) -> None:
    """Remove all metadata."""
    del model.metadata_props[:]


def golden(change: Callable[[GoldenGlyph], GoldenGlyph]) -> Change:
    """Change the third golden glyph."""

    def apply(model: ModelProto) -> None:
        glyphs = list(
            ModelCard.from_metadata({p.key: p.value for p in model.metadata_props}).golden
        )
        glyphs[2] = change(glyphs[2])
        metadata("golden", msgspec.json.encode(glyphs).decode())(model)

    return apply


def bits(text: str) -> Change:
    """Replace the third golden glyph's bits."""
    return golden(lambda glyph: msgspec.structs.replace(glyph, bits=text))


def inverted(glyph: GoldenGlyph) -> GoldenGlyph:
    """Make ink of paper and paper of ink, with the old probabilities."""
    return GoldenGlyph.from_glyph(255 - glyph.glyph(), np.array(glyph.probability))


NOT_ONNX = "not an ONNX model that this ONNX Runtime can load"
OTHER_RESULT = "computes something else here than where it was trained"

CHANGES: dict[str, tuple[Change, str]] = {
    "input's name": (renamed_input, "its input is 'image: tensor(uint8)"),
    "input's shape": (other_input(TensorProto.UINT8, "N", 784), "its input is 'ink: tensor(uint8)"),
    "input's type": (float_input, "its input is 'ink: tensor(flo"),
    "second input": (second_input, "more: tensor(uint8)"),
    "no label": (no_label, "its outputs are 'probability: tensor(float)' where"),
    "third output": (third_output, "bits: tensor(float)"),
    "output's type": (double_output, "probability: tensor(double)"),
    "no metadata": (no_metadata, "carries no tinydigits metadata"),
    "newer contract": (metadata("contract", "2"), "version 2 of the model contract"),
    "no contract": (metadata("contract", None), "carries no tinydigits metadata"),
    "no threshold": (metadata("threshold", None), "missing required field `threshold`"),
    "broken JSON": (metadata("labels", '["0", "1"'), "metadata is damaged: Input data was trunc"),
    "other JSON": (metadata("labels", "10"), "Expected `array`, got `int` - at `$.labels`"),
    "other fingerprint": (metadata("fingerprint", f'"{"0" * 64}"'), "another pre-processing"),
    "fewer labels": (
        metadata("labels", json.dumps(list("012345678"))),
        "where the digits 0 to 9 are due",
    ),
    "other labels": (metadata("labels", json.dumps(list("abcdefghij"))), "digits 0 to 9 are due"),
    "NaN weights": (weights(lambda values: values.fill(np.nan)), OTHER_RESULT),
    "one weight": (weights(one_weight), OTHER_RESULT),
    "no golden glyphs": (metadata("golden", "[]"), "golden glyphs are damaged"),
    "golden bits not base64": (bits("?"), "golden glyphs are damaged"),
    "too few golden bits": (bits(base64.b64encode(b"1234").decode()), "golden glyphs are damaged"),
    "other golden bits": (golden(inverted), OTHER_RESULT),
    "fixed number": (other_input(TensorProto.UINT8, 10, 28, 28), "its input is 'ink"),
    "fails when run": (other_rows, "can't be run"),
    "deep JSON": (metadata("labels", "[" * 100_000), "metadata is damaged"),
    "golden probabilities cut": (
        golden(lambda glyph: msgspec.structs.replace(glyph, probability=glyph.probability[:9])),
        "golden glyphs are damaged",
    ),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the model file under test lies."""
    return tmp_path / "digits.onnx"


def refusal(path: Path) -> str:
    """Why a file is refused: one line that begins with its name."""
    with pytest.raises(ModelError) as raised:
        Classifier.load(path)
    message = str(raised.value)
    assert message.startswith(f"model {path}: ")
    assert "\n" not in message
    return message


def test_good(path: Path) -> None:
    """A model that keeps its promises gives the estimator's probabilities, for none or many."""
    path.write_bytes(sample_model())
    classifier = Classifier.load(path)
    assert classifier.card.labels == tuple("0123456789")
    glyphs, _ = sample_glyphs()
    for n in (1, 7, 1797):
        oracle = sample_estimator().predict_proba(to_bits(glyphs[:n]))
        np.testing.assert_allclose(classifier.probabilities(glyphs[:n]), oracle, rtol=0, atol=1e-5)
    nothing = classifier.probabilities(glyphs[:0])
    assert nothing.shape == (0, 10)
    assert nothing.dtype == np.float32


@pytest.mark.parametrize("name", CHANGES)
def test_changed(name: str, path: Path) -> None:
    """A change to any promise of a good model is found when it is loaded."""
    change, message = CHANGES[name]
    path.write_bytes(changed(change))
    assert message in refusal(path)


@given(st.integers(0, 8 * len(sample_model()) - 1))
@costly(0.6)
def test_any_flipped_bit(position: int) -> None:
    """A file in which a single bit is wrong, anywhere, is refused."""
    content = bytearray(sample_model())
    content[position // 8] ^= 1 << position % 8
    with pytest.raises(ModelError):
        Classifier.from_bytes(bytes(content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"This is no model.\n", NOT_ONNX),
        (b"", NOT_ONNX),
        (bytes(1_000_001), "larger than 1000000 bytes"),
    ],
)
def test_other_file(content: bytes, message: str, path: Path) -> None:
    """A file of something else, of nothing, or of too much is refused."""
    path.write_bytes(content)
    assert message in refusal(path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9, 0.99])
def test_truncated(share: float, path: Path) -> None:
    """A file that ends early is refused, wherever it ends."""
    content = sample_model()
    path.write_bytes(content[: int(len(content) * share)])
    refusal(path)


def test_unreadable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is missing, a folder, or forbidden is refused with the system's reason."""
    assert "can't be read: No such file or directory" in refusal(path)
    path.mkdir()
    assert "can't be read: Is a directory" in refusal(path)

    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    assert "can't be read: Permission denied" in refusal(path)


@pytest.mark.parametrize("views", [1, 5])
def test_views(views: int) -> None:
    """The card says over how many views of a glyph the device takes the mean."""
    card = sample_card(views=views)
    model = Classifier.from_bytes(
        to_onnx(sample_estimator(), with_golden(sample_estimator(), card))
    )
    glyphs = sample_glyphs()[0][:20]
    due = model.probabilities(glyphs)
    if views == 5:
        due = steadied(model.probabilities(jittered(glyphs)))
    assert np.array_equal(model.steady(glyphs), due)


def test_unknown_views() -> None:
    """Other numbers of views are refused by name."""
    content = to_onnx(sample_estimator(), with_golden(sample_estimator(), sample_card(views=3)))
    with pytest.raises(ModelError, match="it asks for 3 views of a glyph: 1 or 5 are known"):
        Classifier.from_bytes(content)


def test_as_stored() -> None:
    """No ONNX Runtime computes less exactly than the graph of the model that ships says."""
    classifier = Classifier.load(DEFAULT_MODEL)
    glyphs = drawn_glyphs(classifier.card).glyphs
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    plain = ort.InferenceSession(
        DEFAULT_MODEL.read_bytes(), options, providers=["CPUExecutionProvider"]
    )
    (due,) = plain.run(["probability"], {"ink": glyphs})
    np.testing.assert_allclose(classifier.probabilities(glyphs), due, rtol=0, atol=1e-4)
