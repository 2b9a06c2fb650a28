"""A folder of crops keeps what may be learned from, and never loses a label."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tinydigits.errors import DataError, OutputError, PictureError, UsageError
from tinydigits.frame import Luma
from tinydigits.labels import LabelledPicture, list_pictures
from tinydigits.learn.crop_file import MAX_SIDE, Note, crop_name, note_in, to_crop
from tinydigits.learn.crop_labels import changing
from tinydigits.learn.crops import Crop, Crops

TAKEN = 1795342500.25
"""2026-11-22 10:15:00 UTC, and a quarter of a second."""


def luma(seed: int = 0, width: int = 30, height: int = 40) -> Luma:
    """A picture, each another one."""
    return np.random.default_rng(seed).integers(0, 255, (height, width), np.uint8)


def note(second: int = 0, place: int = 1, region: str = "frame") -> Note:
    """What is known of a crop."""
    return Note(region, place, "7", 0.5, TAKEN + second, "unsure")


def filled(folder: Path, count: int, **limits: int) -> tuple[Crops, list[str]]:
    """A folder of so many crops, a second apart, and their names."""
    crops = Crops(folder, **limits)
    return crops, [str(crops.keep(luma(second), note(second))) for second in range(count)]


def test_kept(tmp_path: Path) -> None:
    """A crop is one file: a grey picture that tells itself what was read where, when, and why it
    was kept.
    """
    crops = Crops(tmp_path / "crops")
    name = crops.keep(luma(), note(place=3, region="Wasser, kalt"))
    assert name == "20261122-101500-250-wasser-kalt-3.png"
    assert crops.list() == [
        Crop(name, None, "Wasser, kalt", 3, "7", 0.5, TAKEN, "unsure"),
    ]
    with Image.open(tmp_path / "crops" / name) as image:
        assert image.mode == "L"
        assert np.array_equal(np.asarray(image), luma())
    assert crops.picture(name) == (tmp_path / "crops" / name).read_bytes()


def test_same_moment(tmp_path: Path) -> None:
    """Crops that would be called the same get names of their own."""
    crops = Crops(tmp_path)
    names = [crops.keep(luma(), note()) for _ in range(3)]
    assert len(set(names)) == len(crops.list()) == 3


def test_small(tmp_path: Path) -> None:
    """A crop of a camera with many pixels is averaged down, its sides in proportion."""
    crops = Crops(tmp_path)
    name = str(crops.keep(luma(width=300, height=600), note()))
    with Image.open(tmp_path / name) as image:
        assert image.size == (MAX_SIDE // 2, MAX_SIDE)


@given(st.text(), st.integers(1, 200), st.floats(0, 1), st.floats(0, 4e9))
def test_notes(region: str, place: int, confidence: float, wall: float) -> None:
    """Whatever a region is called, its crops have plain names and their note is read back."""
    written = Note(region, place, "", confidence, wall, "rejected")
    name = crop_name(written)
    assert Path(name).name == name
    assert name.isascii()
    assert len(name) < 100
    assert note_in(to_crop(luma(), written)) == written


@given(st.binary(max_size=200), st.integers(0, 100))
def test_damaged_notes(junk: bytes, at: int) -> None:
    """A damaged file, or a foreign one, has no note, and is no trouble."""
    whole = to_crop(luma(), note())
    found = note_in(whole[:at] + junk + whole[at + len(junk) :])
    assert found is None or isinstance(found, Note)


def test_data_set(tmp_path: Path) -> None:
    """What has a label is a data set to train on; crops of one frame belong together."""
    crops, names = filled(tmp_path, 3)
    other = str(crops.keep(luma(9), note(0, place=2)))
    for name, label in ((names[0], "7"), (other, "1"), (names[1], "none")):
        crops.label(name, label)
    assert list_pictures(tmp_path) == [
        LabelledPicture(tmp_path / names[0], "7", "20261122-101500-250"),
        LabelledPicture(tmp_path / other, "1", "20261122-101500-250"),
        LabelledPicture(tmp_path / names[1], None, "20261122-101501-250"),
    ]
    assert [crop.label for crop in crops.list()] == ["7", "1", "none", None]
    crops.label(names[0], None)
    assert [crop.label for crop in crops.list()] == [None, "1", "none", None]


def test_room(tmp_path: Path) -> None:
    """Where there are too many, the oldest without a label make room; labelled ones never do."""
    crops, names = filled(tmp_path, 4, max_files=4)
    crops.label(names[0], "3")
    newest = crops.keep(luma(9), note(9))
    assert [crop.name for crop in crops.list()] == [names[0], *names[2:], newest]
    for name in (*names[2:], str(newest)):
        crops.label(name, "3")
    assert crops.keep(luma(10), note(10)) is None
    assert len(crops.list()) == 4


def test_bytes(tmp_path: Path) -> None:
    """The same holds for their bytes."""
    crops, names = filled(tmp_path, 10, max_bytes=10_000)
    kept = [crop.name for crop in crops.list()]
    assert kept == names[-len(kept) :]
    assert 5_000 < sum((tmp_path / name).stat().st_size for name in kept) <= 10_000


def test_foreign_files(tmp_path: Path) -> None:
    """Files that others put there are neither counted nor deleted, even of a name like ours."""
    look_alike = tmp_path / crop_name(note(-100))
    others = [tmp_path / "photo.png", look_alike]
    for path in others:
        Image.fromarray(luma()).save(path)
    (tmp_path / "notes.txt").write_text("mine")
    _, names = filled(tmp_path, 5, max_files=3)
    assert all(path.exists() for path in (*others, tmp_path / "notes.txt"))
    assert [(tmp_path / name).exists() for name in names] == [False, False, True, True, True]


def test_any_pictures(tmp_path: Path) -> None:
    """Any folder of pictures can be labelled; what others wrote into its labels stays."""
    for name in ("a.jpg", "b.png", "c.png"):
        Image.fromarray(luma()).save(tmp_path / name)
    (tmp_path / "labels.csv").write_text("file,label,meter\na.jpg,4,water\nb.png,,gas\n")
    crops = Crops(tmp_path)
    crops.label("b.png", "5")
    crops.label("c.png", "none")
    assert [(crop.name, crop.label, crop.why) for crop in crops.list()] == [
        ("a.jpg", "4", None),
        ("b.png", "5", None),
        ("c.png", "none", None),
    ]
    written = (tmp_path / "labels.csv").read_text()
    assert written == "file,label,meter\na.jpg,4,water\nb.png,5,gas\nc.png,10,\n"
    assert crops.picture("a.jpg").startswith(b"\x89PNG")


def test_spaces(tmp_path: Path) -> None:
    """A picture whose name begins with a space has a label like any other."""
    names = [" a.png", "a.png"]
    for name in names:
        Image.fromarray(luma()).save(tmp_path / name)
    crops = Crops(tmp_path)
    for name, label in zip(names, "34", strict=True):
        crops.label(name, label)
    for looked in (crops, Crops(tmp_path)):
        assert [(crop.name, crop.label) for crop in looked.list()] == [
            *zip(names, "34", strict=True)
        ]
    assert [picture.path.name for picture in list_pictures(tmp_path)] == names


def test_others_rows(tmp_path: Path) -> None:
    """What others wrote of a picture outlives its label; a row of our own goes with it."""
    for name in ("a.jpg", "b.png", "c.png"):
        Image.fromarray(luma()).save(tmp_path / name)
    crops, [own] = filled(tmp_path, 1)
    table = tmp_path / "labels.csv"
    table.write_text("file,label,camera,group\na.jpg,4,hall,\nb.png,5,,water\n")
    for name in ("a.jpg", "b.png", "c.png", own):
        crops.label(name, "6")
    for name in ("a.jpg", "b.png", "c.png", own):
        crops.label(name, None)
    assert table.read_text() == "file,label,camera,group\na.jpg,,hall,\nb.png,,,water\n"
    assert [crop.label for crop in crops.list()] == [None] * 4
    crops.label("c.png", "3")
    assert list_pictures(tmp_path) == [LabelledPicture(tmp_path / "c.png", "3")]


def test_rows_of_one_picture(tmp_path: Path) -> None:
    """A picture with several rows has its label in each; none is lost, nor are cells of no column,
    empty lines and columns of one name.
    """
    for name in ("a.png", "b.png"):
        Image.fromarray(luma()).save(tmp_path / name)
    table = tmp_path / "labels.csv"
    head, others = " file,note,label,note", ["c.png, x ,1,y,more", "", "c.png"]
    table.write_text("\n".join([head, "a.png,dawn,3,", "a.png,dusk", *others, ""]))
    crops = Crops(tmp_path)
    assert [crop.label for crop in crops.list()] == ["3", None]
    crops.label("b.png", "7")
    crops.label("a.png", "8")
    rows = ["a.png,dawn,8,", "a.png,dusk,8,", *others, "b.png,,7,"]
    assert table.read_text().splitlines() == [head, *rows]
    crops.label("b.png", None)
    crops.label("a.png", None)
    assert table.read_text().splitlines() == [head, "a.png,dawn,,", "a.png,dusk,,", *others]


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../secret.png", "sub/a.png", "/etc/passwd", ".hidden.png"),
        *("labels.csv", "a\0.png", "a" * 300 + ".png", "\udcff.png", "gone.png"),
    ],
)
def test_names(name: str, tmp_path: Path) -> None:
    """Only a picture in the folder itself can be had or labelled."""
    (tmp_path / "secret.png").write_bytes(b"secret")
    folder = tmp_path / "crops"
    (folder / "sub").mkdir(parents=True)
    for path in (folder / "sub" / "a.png", folder / ".hidden.png"):
        path.write_bytes(to_crop(luma()))
    crops, _ = filled(folder, 1)
    for ask in (crops.picture, lambda name: crops.label(name, "1")):
        with pytest.raises(UsageError, match="there is no crop"):
            ask(name)


def test_no_picture(tmp_path: Path) -> None:
    """A file that only looks like a picture is not given away."""
    (tmp_path / "secret.png").write_bytes(b"secret")
    with pytest.raises(PictureError):
        Crops(tmp_path).picture("secret.png")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,digits\na.png,12\n", r"no columns 'file' and 'label', only file, digits"),
        ("file,label\na.png,12\n", r"labels.csv:2: the label is '12' where 0 to 9 is due"),
        ("file,label\na.png,\udcff\n", "can't be read"),
    ],
)
def test_bad_labels(table: str, message: str, tmp_path: Path) -> None:
    """Labels that can't be understood are told with their line, and stay as they are."""
    crops, names = filled(tmp_path, 2, max_files=2)
    content = table.encode(errors="surrogateescape")
    (tmp_path / "labels.csv").write_bytes(content)
    for ask in (crops.list, lambda: crops.label(names[0], "1"), lambda: crops.keep(luma(), note())):
        with pytest.raises(DataError, match=message):
            ask()
    assert (tmp_path / "labels.csv").read_bytes() == content


def test_label(tmp_path: Path) -> None:
    """Only digits and none are labels."""
    crops, names = filled(tmp_path, 1)
    for label in ("10", "", "x", "٣"):
        with pytest.raises(UsageError, match="there is no label"):
            crops.label(names[0], label)


def test_together(tmp_path: Path) -> None:
    """Several who label and one who collects at the same time lose nothing."""
    _, names = filled(tmp_path, 20)

    def label(own: list[str], digit: str) -> None:
        crops = Crops(tmp_path)
        for name in own:
            with suppress(UsageError):  # it has made room
                crops.label(name, digit)

    threads = [
        threading.Thread(target=label, args=(names[:10], "1")),
        threading.Thread(target=label, args=(names[10:], "2")),
    ]
    for thread in threads:
        thread.start()
    collecting = Crops(tmp_path, max_files=20)
    for second in range(100, 110):
        collecting.keep(luma(second), note(second))
    for thread in threads:
        thread.join(30)
    kept = {crop.name: crop.label for crop in Crops(tmp_path).list()}
    written = (tmp_path / "labels.csv").read_text().splitlines()[1:]
    labelled = {line.split(",")[0] for line in written}
    assert labelled == {name for name, label in kept.items() if label}


def test_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who never gives the folder free is told of."""
    monkeypatch.setattr("tinydigits.learn.crop_labels._PATIENCE", 0.05)
    crops, names = filled(tmp_path, 1)
    with changing(tmp_path), pytest.raises(OutputError, match="another program is at it"):
        crops.label(names[0], "1")


def test_left_over(tmp_path: Path) -> None:
    """What a power failure left half written goes with the next crop."""
    (tmp_path / ".0123456789abcdef.tmp").write_text("half")
    (tmp_path / ".mine.tmp").write_text("mine")
    filled(tmp_path, 1)
    assert not (tmp_path / ".0123456789abcdef.tmp").exists()
    assert (tmp_path / ".mine.tmp").exists()
