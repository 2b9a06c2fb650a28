"""Pictures on disk stand in for a camera."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from samples import picture_of
from tinydigits.camera import FilesCamera, find_pictures
from tinydigits.errors import CameraError
from tinydigits.frame import Frame

NAMES = ("b.png", "a.jpg", "sub/c.PNG", "sub/deep/d.bmp")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with pictures, sub-folders, and files that are none."""
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "folder.png").mkdir()
    for name in NAMES:
        picture_of("7").save(tmp_path / name)
    for name in ("notes.txt", ".hidden.png"):
        (tmp_path / name).write_text("This is no picture.\n")
    return tmp_path


def names(pattern: Path | str, folder: Path) -> list[str]:
    """What a pattern finds, below the folder."""
    return [str(path.relative_to(folder)) for path in find_pictures(str(pattern))]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", ["a.jpg", "b.png"]),
        ("b.png", ["b.png"]),
        ("notes.txt", ["notes.txt"]),
        ("*.png", ["b.png"]),
        ("[ab].*", ["a.jpg", "b.png"]),
        ("?.*", ["a.jpg", "b.png"]),
        ("**/*.*", ["a.jpg", "b.png", "notes.txt", "sub/c.PNG", "sub/deep/d.bmp"]),
        ("sub/**/?.*", ["sub/c.PNG", "sub/deep/d.bmp"]),
    ],
)
def test_find(pattern: str, found: list[str], folder: Path) -> None:
    """A folder gives its pictures, a pattern the files that match, a file itself; all sorted."""
    assert names(folder / pattern, folder) == found


def test_find_relative(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern without a leading slash is looked for where the program runs."""
    monkeypatch.chdir(folder)
    assert find_pictures("*.png") == [Path("b.png")]
    assert find_pictures(".") == [Path("a.jpg"), Path("b.png")]


def test_find_brackets(folder: Path) -> None:
    """A file whose name looks like a pattern is that file, not what the pattern would match."""
    (folder / "a.jpg").rename(folder / "b[1].png")
    assert names(folder / "b[1].png", folder) == ["b[1].png"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("missing.png", "there is no such file or folder"),
        ("folder.png", "there is no picture in this folder"),
        ("*.tiff", "no file matches"),
        ("folder.*", "no file matches"),
        ("x" * 300, "it can't be read: File name too long"),
        ("a\0b", "there is no such file or folder"),
    ],
)
def test_nothing(pattern: str, message: str, folder: Path) -> None:
    """Where there is no picture, the camera can't be opened, and says which rule was broken."""
    with (
        pytest.raises(CameraError) as raised,
        FilesCamera(str(folder / pattern)),
    ):
        pass
    assert str(raised.value) == f"{folder / pattern}: {message}"


def test_forbidden(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be listed is told with the system's reason."""

    def forbidden(_: Path) -> Iterator[Path]:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(Path, "iterdir", forbidden)
    with pytest.raises(CameraError, match="it can't be read: Permission denied"):
        find_pictures(str(folder))


def taken(camera: FilesCamera, count: int | None = None) -> list[Frame]:
    """So many of the frames, or all of them."""
    return list(islice((frame for frame in camera.frames() if frame is not None), count))


def test_frames(folder: Path) -> None:
    """The frames are the pictures in their order, numbered from 0, and then there are no more."""
    with FilesCamera(str(folder)) as camera:
        frames = taken(camera)
    assert [(Path(frame.source).name, frame.sequence) for frame in frames] == [
        ("a.jpg", 0),
        ("b.png", 1),
    ]
    assert list(camera.frames()) == []  # it is closed


def test_loop(folder: Path) -> None:
    """A looping camera starts over, and its numbers go on."""
    with FilesCamera(str(folder), loop=True) as camera:
        frames = taken(camera, 5)
    assert [Path(frame.source).name for frame in frames] == ["a.jpg", "b.png"] * 2 + ["a.jpg"]
    assert [frame.sequence for frame in frames] == [0, 1, 2, 3, 4]


def test_passed_over(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A picture that can't be read is passed over without a number, and told once."""
    (folder / "a.jpg").write_bytes(b"")
    with FilesCamera(str(folder), loop=True) as camera:
        frames = taken(camera, 3)
    assert [frame.sequence for frame in frames] == [0, 1, 2]
    assert {Path(frame.source).name for frame in frames} == {"b.png"}
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == 1
    assert told[0].startswith(f"picture passed over: {folder / 'a.jpg'}: ")


@pytest.mark.parametrize("loop", [False, True])
def test_none_readable(loop: bool, folder: Path) -> None:  # noqa: FBT001  a parametrised fixture
    """Pictures none of which can be read give no frame; going round them for ever is an error."""
    (folder / "a.jpg").write_bytes(b"")
    (folder / "b.png").unlink()
    with FilesCamera(str(folder), loop=loop) as camera:
        frames = camera.frames()
        if loop:
            with pytest.raises(CameraError, match="none of these pictures can be read"):
                next(frames)
        else:
            assert next(frames, None) is None


def test_gap(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Pictures that another program is just writing, or has taken away, are waited for."""
    with FilesCamera(str(folder / "*.png"), loop=True) as camera:
        frames = camera.frames()
        sequences = []
        picture = folder / "b.png"
        content = picture.read_bytes()
        assert next(frames)
        for _ in range(3):
            picture.write_bytes(content[:20])
            assert next(frames) is None
            picture.unlink()
            assert next(frames) is None
            picture.write_bytes(content)
            sequences += [frame.sequence for frame in [next(frames)] if frame]
    assert sequences == [1, 2, 3]
    assert len(caplog.records) == 3


def test_name_with_nul() -> None:
    """A name that no file can have is refused like a missing one."""
    with pytest.raises(CameraError, match="can't be read"):
        find_pictures("a\0/*")
