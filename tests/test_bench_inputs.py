"""What is asked about: digits that are known, glyphs and frames, drawn or pictured."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from samples import picture_of, sample_model
from tinydigits.bench.candidates import Candidate, load_candidates, model_files
from tinydigits.bench.inputs import (
    COUNTS,
    SIZES,
    drawn_frames,
    drawn_glyphs,
    least_size,
    pictured_frames,
    pictured_glyphs,
)
from tinydigits.bench.plan import Plan, Round
from tinydigits.bench.runners.ort import open_frames
from tinydigits.bench.supply import Supply
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.errors import DataError, ModelError, OutputError

SHIPPED = Classifier.load(DEFAULT_MODEL)


@pytest.fixture
def linear(tmp_path: Path) -> Candidate:
    """A linear model."""
    (tmp_path / "linear.onnx").write_bytes(sample_model())
    return load_candidates([tmp_path / "linear.onnx"])[0]


def first_round(plan: Plan) -> Round:
    """The first of a plan."""
    return next(plan.rounds())


def test_glyphs() -> None:
    """Each golden digit is there in 25 places, and the model that ships reads all of them."""
    drawn = drawn_glyphs(SHIPPED.card)
    assert np.bincount(drawn.labels).tolist() == [25] * 10
    assert np.array_equal(SHIPPED.probabilities(drawn.glyphs).argmax(axis=1), drawn.labels)


def test_no_golden() -> None:
    """A model without a golden glyph of each digit can't be asked about drawn ones."""
    few = msgspec.structs.replace(SHIPPED.card, golden=SHIPPED.card.golden[:9])
    with pytest.raises(DataError, match="carries 9 golden glyphs"):
        drawn_glyphs(few)


@pytest.mark.parametrize("count", COUNTS)
def test_frames(count: int) -> None:
    """Frames have the size and as many digits as were asked for, always the same."""
    drawn, again = (drawn_frames(SHIPPED.card, SIZES[0], count) for _ in range(2))
    assert {frame.shape for frame in drawn.frames} == {SIZES[0][::-1]}
    assert {len(digits) for digits in drawn.digits} == {count}
    assert all(map(np.array_equal, drawn.frames, again.frames))


def test_frames_read() -> None:
    """The device reads what was drawn."""
    drawn = drawn_frames(SHIPPED.card, SIZES[0], 5)
    read = open_frames(DEFAULT_MODEL.read_bytes())
    assert [read(frame) for frame in drawn.frames[:3]] == list(drawn.digits[:3])


def test_large_frames() -> None:
    """Of large frames there are fewer: all processes share them, and they take time to be drawn."""
    assert len(drawn_frames(SHIPPED.card, (1920, 1080), 1).frames) == 4


@pytest.mark.parametrize("count", [1, 5, 11, 50])
def test_room(count: int) -> None:
    """Digits need room: one pixel less is refused."""
    width, height = least_size(count)
    assert drawn_frames(SHIPPED.card, (width, height), count).frames[0].shape == (height, width)
    with pytest.raises(DataError, match=f"has no room for {count} digits"):
        drawn_frames(SHIPPED.card, (width - 1, height), count)
    with pytest.raises(DataError, match="has no room"):
        drawn_frames(SHIPPED.card, (width, height - 1), count)


def test_pictures(labelled: Path) -> None:
    """Labelled pictures are asked about as they are, those without a digit left out."""
    assert pictured_frames(labelled).digits == ("27", "5411")
    with pytest.raises(DataError, match="no picture in it shows one digit"):
        pictured_glyphs(labelled)
    picture_of("7").save(labelled / "27.png")
    (labelled / "labels.csv").write_text("file,digits\n27.png,7\n")
    glyphs = pictured_glyphs(labelled)
    assert SHIPPED.probabilities(glyphs.glyphs).argmax(axis=1).tolist() == [7]


def test_no_digit(folder: Path) -> None:
    """A folder in which no picture shows a digit is refused."""
    (folder / "labels.csv").write_text("file,label\n27.png,10\n")
    with pytest.raises(DataError, match="no picture in it shows a digit"):
        pictured_frames(folder)


def test_known(tmp_path: Path, linear: Candidate) -> None:
    """A model is asked only about glyphs that it reads right, in files that processes share."""
    (tmp_path / "supply").mkdir()
    supply = Supply(tmp_path / "supply", [linear], None)
    for _ in range(2):
        given = supply.gives(first_round(Plan(subjects=["glyph"])))["linear"]
        glyphs, labels = np.load(given.files[0]), [int(truth) for truth in given.truths]
        assert 10 <= len(glyphs) == len(labels) < 250
        assert linear.classifier.probabilities(glyphs).argmax(axis=1).tolist() == labels
        assert len(list((tmp_path / "supply").iterdir())) == 1


def test_no_space(tmp_path: Path, linear: Candidate) -> None:
    """Where there is no room for what is asked about, that is said, and what to do."""
    supply = Supply(tmp_path / "gone", [linear], None)
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "1.npy").mkdir()
    with pytest.raises(OutputError, match="set TMPDIR to another folder"):
        supply._saved(np.zeros((1, 1), np.uint8))  # noqa: SLF001


def test_known_pictures(tmp_path: Path, labelled: Path) -> None:
    """Of pictures too; where all are read wrong, that is said."""
    models = load_candidates([DEFAULT_MODEL])
    (tmp_path / "supply").mkdir()
    asked = first_round(Plan(subjects=["frame"], pictures=True))
    given = Supply(tmp_path / "supply", models, labelled).gives(asked)
    assert given[models[0].file.name].truths == ("27",)
    (labelled / "labels.csv").write_text("file,digits\n27.png,28\n")
    with pytest.raises(DataError, match="reads none of them right"):
        Supply(tmp_path / "supply", models, labelled).gives(asked)


def test_model_files(tmp_path: Path) -> None:
    """A model may be named by its file, by the folder of its fit, or several in one word."""
    for name in ("linear", "pairs"):
        (tmp_path / name).mkdir()
    (tmp_path / "a,b.onnx").write_bytes(b"")
    linear, pairs = tmp_path / "linear", tmp_path / "pairs"
    assert model_files([Path(f"{linear},{pairs}")]) == [
        linear / "digits.onnx",
        pairs / "digits.onnx",
    ]
    assert model_files([linear, tmp_path / "a,b.onnx", Path("c.onnx")]) == [
        linear / "digits.onnx",
        tmp_path / "a,b.onnx",
        Path("c.onnx"),
    ]


def test_candidates(tmp_path: Path, linear: Candidate) -> None:
    """Models are named as their cards say, or by their files where two would have one name."""
    assert (linear.file.name, linear.file.weights) == ("linear", "float32")
    assert linear.file.bytes == len(sample_model())
    assert linear.is_linear
    assert not load_candidates([DEFAULT_MODEL])[0].is_linear
    assert len(linear.file.sha256) == 64
    (tmp_path / "again.onnx").write_bytes(sample_model())
    paths = [linear.path, tmp_path / "again.onnx", DEFAULT_MODEL, linear.path]
    names = [one.file.name for one in load_candidates(paths)]
    assert names == [str(paths[0]), str(paths[1]), SHIPPED.card.name]
    with pytest.raises(ModelError, match=r"no-such\.onnx"):
        load_candidates([tmp_path / "no-such.onnx"])
