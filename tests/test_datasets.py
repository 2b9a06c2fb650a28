"""Data sets by name, and pictures that become glyphs by the device's own steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tinydigits.errors import DataError, UsageError
from tinydigits.frame import Frame
from tinydigits.glyph import INK_CENTRE
from tinydigits.reader import single_glyph
from tinydigits_export.golden import golden_glyphs
from tinydigits_train.datasets import DataSet, through_device
from tinydigits_train.folder import load_folder
from tinydigits_train.sources import load

DIGITS = golden_glyphs()


def draw(path: Path, digit: int) -> None:
    """A picture of a digit, dark on light, with room around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    paper = 255 - np.pad(DIGITS[digit] // 255 * 200, 6)
    Image.fromarray(paper.astype(np.uint8)).resize((120, 120)).save(path)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with two pictures of each digit in sub-folders."""
    folder = tmp_path / "pictures"
    for digit in range(10):
        for name in "ab":
            draw(folder / str(digit) / f"{name}.png", digit)
    return folder


@pytest.mark.usefixtures("loaded_once")
def test_bundled() -> None:
    """Scikit-learn's 1,797 digits come as glyphs: 20 pixels long and centred as MNIST's are."""
    bundled = load("bundled")
    assert (bundled.name, bundled.glyphs.shape) == ("bundled", (1797, 28, 28))
    assert np.bincount(bundled.labels).tolist() == [
        178,
        182,
        177,
        183,
        181,
        182,
        181,
        179,
        174,
        180,
    ]
    weights = bundled.glyphs.astype(np.float64)
    middles = np.arange(28) + 0.5
    centres = (weights.sum(axis=2) @ middles) / weights.sum(axis=(1, 2))
    assert np.abs(centres - INK_CENTRE).max() < 0.26
    heights = (bundled.glyphs >= 96).any(axis=2).sum(axis=1)
    assert np.median(heights) in {19, 20, 21}


def test_through_device(mnist: DataSet) -> None:
    """MNIST's glyphs, made again by the device's step, hardly move: the geometry is the same."""
    glyphs = mnist.glyphs[60_000:60_100]
    again = through_device(glyphs)
    assert again.shape == glyphs.shape
    both = (glyphs >= 96) & (again >= 96)
    either = (glyphs >= 96) | (again >= 96)
    assert np.median(both.sum(axis=(1, 2)) / either.sum(axis=(1, 2))) > 0.6
    assert np.array_equal(through_device(glyphs[:3]), again[:3])


def test_through_device_of_nothing() -> None:
    """No glyphs give no glyphs, and empty ones stay empty."""
    assert through_device(np.zeros((0, 28, 28), np.uint8)).shape == (0, 28, 28)
    assert not through_device(np.zeros((2, 28, 28), np.uint8)).any()


@given(st.integers(0, 19), st.integers(0, 783), st.sampled_from(["glyph", "label", "order"]))
def test_hash(which: int, pixel: int, change: str) -> None:
    """The hash names one content: any other pixel, label or order has another."""
    rng = np.random.default_rng(0)
    glyphs, labels = rng.integers(0, 256, (20, 28, 28), np.uint8), np.arange(20) % 10
    before = DataSet("a", glyphs, labels)
    assert before.sha256 == DataSet("b", glyphs.copy(), labels.copy()).sha256
    glyphs, labels = glyphs.copy(), labels.copy()
    if change == "glyph":
        glyphs[which].flat[pixel] ^= 1
    elif change == "label":
        labels[which] += 1
    else:
        glyphs, labels = glyphs[::-1], labels[::-1]
    assert DataSet("a", glyphs, labels).sha256 != before.sha256


def test_take() -> None:
    """A part of a set has the named glyphs, labels and groups in the named order."""
    glyphs = np.arange(3, dtype=np.uint8)[:, None, None] + np.zeros((3, 28, 28), np.uint8)
    whole = DataSet("a", glyphs, np.arange(3), np.array(["x", "y", "z"]))
    part = whole.take(np.array([2, 0]))
    assert part.glyphs[:, 0, 0].tolist() == part.labels.tolist() == [2, 0]
    assert part.groups is not None
    assert part.groups.tolist() == ["z", "x"]
    assert part.source().count == 2


def test_shapes_must_fit() -> None:
    """Glyphs and labels of different number are a mistake in the program."""
    with pytest.raises(ValueError, match="2 labels for glyphs of shape"):
        DataSet("a", np.zeros((3, 28, 28), np.uint8), np.arange(2))


@pytest.mark.parametrize("name", ["", "MNIST", "folder:", "folder", "mnist "])
def test_unknown_name(name: str) -> None:
    """A name that is no data set is answered with those that are."""
    with pytest.raises(UsageError, match="take mnist, bundled, synthetic"):
        load(name)


def test_sub_folders(pictures: Path) -> None:
    """Pictures in sub-folders 0 to 9 become the glyphs that the device makes of them."""
    draw(pictures / "none" / "drum.png", 8)
    draw(pictures / "0" / ".hidden.png", 8)
    dataset = load(f"folder:{pictures}")
    assert dataset.name == "folder:pictures"
    assert dataset.labels.tolist() == [digit for digit in range(10) for _ in "ab"]
    assert dataset.groups is None
    expected = single_glyph(Frame.from_file(pictures / "3" / "b.png"))
    assert expected is not None
    assert np.array_equal(dataset.glyphs[7], expected)


def test_tells_what_it_leaves_out(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What shows no digit, can't be decoded, or is labelled as none is counted and named."""
    draw(pictures / "none" / "drum.png", 8)
    (pictures / "4" / "notes.txt").write_text("no picture")
    Image.new("L", (60, 60), 200).save(pictures / "5" / "empty.png")
    assert len(load_folder(pictures)) == 20
    assert capsys.readouterr().err == (
        f"{pictures}: of 23 pictures left out: 1 unreadable (notes.txt); "
        "1 without a digit (empty.png); 1 labelled as not one digit (drum.png)\n"
    )


def test_nothing_left(tmp_path: Path) -> None:
    """A folder in which no picture gives a digit is an error."""
    (tmp_path / "7").mkdir()
    Image.new("L", (60, 60), 200).save(tmp_path / "7" / "empty.png")
    with pytest.raises(DataError, match="no picture in it gave a digit"):
        load_folder(tmp_path)


def to_table(folder: Path, header: str, *rows: str) -> Path:
    """Write labels.csv into a folder."""
    table = folder / "labels.csv"
    table.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return table


@pytest.mark.parametrize("column", ["group", "writer_group", "source_group"])
def test_table(pictures: Path, column: str) -> None:
    """A labels.csv names files, labels 0 to 10 or none yet, and groups in a column of that name."""
    to_table(
        pictures,
        f"\ufeffkind,file,label,{column}",
        "pen,1/a.png,1,ann",
        'pen,"2/a.png",2,bob',
        "pen,4/a.png,,bob",
        "drum,3/a.png,10,bob",
    )
    dataset = load_folder(pictures)
    assert dataset.labels.tolist() == [1, 2]
    assert dataset.groups is not None
    assert dataset.groups.tolist() == ["ann", "bob"]


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (
            "file,digit",
            "1/a.png,1",
            "labels.csv:1: there is no column 'digits' or 'label', only file, digit",
        ),
        ("name,label", "1/a.png,1", "labels.csv:1: there is no column 'file', only name, label"),
        ("file,label", "1/a.png,11", "labels.csv:3: the label is '11' where 0 to 9 is due"),
        ("file,label", "1/a.png,one", "labels.csv:3: the label is 'one'"),
        ("file,label", "1/z.png,1", "labels.csv:3: there is no picture .*1/z.png"),
        ("file,label", ",1", "labels.csv:3: there is no picture"),
    ],
)
def test_bad_table(pictures: Path, header: str, row: str, message: str) -> None:
    """A mistake in labels.csv is told with its file and line."""
    to_table(pictures, header, "1/a.png,1", row)
    with pytest.raises(DataError, match=message):
        load_folder(pictures)


def no_folder(folder: Path) -> None:
    """Nothing is there."""


def empty_folder(folder: Path) -> None:
    """A folder without sub-folders of digits."""
    folder.mkdir()


def header_only(folder: Path) -> None:
    """A table without rows."""
    folder.mkdir()
    to_table(folder, "file,label")


def not_utf8(folder: Path) -> None:
    """A table that is no text."""
    folder.mkdir()
    (folder / "labels.csv").write_bytes(b"file,label\n\xff\xfe,1\n")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (no_folder, "there is no such folder"),
        (empty_folder, "neither a labels.csv with pictures nor sub-folders 0 to 9"),
        (header_only, "neither a labels.csv with pictures nor sub-folders 0 to 9"),
        (not_utf8, "it can't be read"),
    ],
)
def test_no_pictures(make: Callable[[Path], None], message: str, tmp_path: Path) -> None:
    """A folder that holds no labelled pictures is refused, and the message says what is due."""
    make(tmp_path / "photos")
    with pytest.raises(DataError, match=message):
        load(f"folder:{tmp_path / 'photos'}")
