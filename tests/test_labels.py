"""Labelled pictures are understood in either layout, or refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import costly
from tinydigits.errors import DataError
from tinydigits.labels import LabelledPicture, list_pictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two files that stand for pictures: listing opens none."""
    for name in ("a.png", "b.png"):
        (tmp_path / name).touch()
    return tmp_path


def labelled(folder: Path, content: str | bytes) -> list[LabelledPicture]:
    """The pictures of the folder after its labels.csv has got this content."""
    data = content if isinstance(content, bytes) else content.encode()
    (folder / "labels.csv").write_bytes(data)
    return list_pictures(folder)


@pytest.mark.parametrize(
    ("content", "digits"),
    [
        ("file,digits\na.png,00472\nb.png,7\n", ["00472", "7"]),
        ("file,label\na.png,0\nb.png,10\n", ["0", None]),
        ("digits,more,file\n 12 ,x,b.png\n", ["12"]),
        ("file,label,digits\na.png,1,123\n", ["123"]),
        ('\ufefffile,digits\r\n"a.png","1"\r\n\r\nb.png,2', ["1", "2"]),
        ("file,digits\na.png,1\na.png,2\n", ["1", "2"]),
    ],
)
def test_table(content: str, digits: list[str | None], folder: Path) -> None:
    """labels.csv names files and what they show, in any order of columns, as spreadsheets write."""
    assert [picture.digits for picture in labelled(folder, content)] == digits


def test_unlabelled(folder: Path) -> None:
    """A row whose label is empty, or missing, is passed over: nobody has said what it shows."""
    pictures = labelled(folder, "file,label,meter\na.png, ,gas\nb.png,7,gas\na.png\n")
    assert pictures == [LabelledPicture(folder / "b.png", "7")]


def test_table_paths(folder: Path) -> None:
    """Files are looked for beside labels.csv, in sub-folders too, and come in its order."""
    (folder / "sub").mkdir()
    (folder / "sub" / "c.png").touch()
    pictures = labelled(folder, "file,digits\nsub/c.png,1\na.png,2\n")
    assert [picture.path for picture in pictures] == [folder / "sub" / "c.png", folder / "a.png"]


@pytest.mark.parametrize("column", ["group", "writer_group"])
def test_groups(column: str, folder: Path) -> None:
    """A column of groups says what belongs together; an empty cell says nothing."""
    pictures = labelled(folder, f"file,digits,{column}\na.png,1,Ada\nb.png,2,\n")
    assert [picture.group for picture in pictures] == ["Ada", None]
    pictures = labelled(folder, "file,digits,groups\na.png,1,Ada\n")
    assert pictures[0].group is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "labels.csv:1: there is no column 'file', only nothing"),
        ("name,digits\na.png,1\n", "labels.csv:1: there is no column 'file', only name, digits"),
        ("file;digits\na.png;1\n", "labels.csv:1: there is no column 'file', only file;digits"),
        ("file,number\na.png,1\n", "labels.csv:1: there is no column 'digits' or 'label', only fi"),
        ("file,digits\na.png,1\nb.png,\n", "labels.csv:3: the digits are '' where a number like"),
        ("file,digits\na.png,1.5\n", "labels.csv:2: the digits are '1.5' where a number like 0047"),
        ("file,digits\na.png,٣\n", "labels.csv:2: the digits are '٣' where a number like 00472 is"),
        (
            "file,digits\na.png\n",
            "labels.csv:2: the digits are '' where a number like 00472 is due",
        ),
        ("file,label\na.png,11\n", "labels.csv:2: the label is '11' where 0 to 9 is due, or 10"),
        ("file,label\na.png,none\n", "labels.csv:2: the label is 'none' where 0 to 9 is due"),
        ("file,label\na.png,\n", "it has neither a labels.csv with pictures nor sub-folders 0"),
        ("file,digits\n\na.png,1\nc.png,2\n", "labels.csv:4: there is no picture"),
        ("file,digits\n,2\n", "labels.csv:2: there is no picture"),
        ("file,digits\n" + "x" * 300 + ",2\n", "it can't be read: File name too long"),
        (b"file,digits\n\xff.png,2\n", "labels.csv: it can't be read: 'utf-8' codec can't decode"),
        ("file,digits\n", "it has neither a labels.csv with pictures nor sub-folders 0 to 9"),
    ],
)
def test_bad_table(content: str | bytes, message: str, folder: Path) -> None:
    """What is wrong with labels.csv is told with its line."""
    with pytest.raises(DataError) as raised:
        labelled(folder, content)
    assert message in str(raised.value)
    assert str(folder) in str(raised.value) or "x" * 300 in str(raised.value)


def test_sub_folders(tmp_path: Path) -> None:
    """Sub-folders 0 to 9 and none hold pictures of what they are called, each sorted by name."""
    for name in ("7/b.png", "7/a.png", "none/c.png", "0/d.png", "12/e.png", "7/.hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "7" / "folder").mkdir()
    assert [(p.path.name, p.digits, p.group) for p in list_pictures(tmp_path)] == [
        ("d.png", "0", None),
        ("a.png", "7", None),
        ("b.png", "7", None),
        ("c.png", None, None),
    ]


def test_table_goes_first(folder: Path) -> None:
    """Where there are both, labels.csv counts."""
    (folder / "3").mkdir()
    (folder / "3" / "c.png").touch()
    assert [picture.digits for picture in labelled(folder, "file,digits\na.png,1\n")] == ["1"]


def test_no_folder(folder: Path) -> None:
    """A folder that is missing, a file, unlabelled, or can't even be asked for is refused."""
    for path in (folder / "missing", folder / "a.png"):
        with pytest.raises(DataError, match="there is no such folder"):
            list_pictures(path)
    with pytest.raises(DataError, match=r"neither a labels\.csv"):
        list_pictures(folder)
    with pytest.raises(DataError, match="can't be read: File name too long"):
        list_pictures(folder / ("x" * 300))


@given(content=st.binary() | st.text(alphabet='file,digtslab\n"0179 .png\r\0').map(str.encode))
@costly(0.6)
def test_any_table(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever labels.csv holds is either understood or refused as bad data."""
    folder = tmp_path_factory.getbasetemp()
    with pytest.raises(DataError):  # as there is not one picture
        labelled(folder, content)
