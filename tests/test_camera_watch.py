"""Pictures that appear in a folder are read once each, when they are whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from samples import picture_of
from standin import Clock, told
from tinydigits.camera.watch import SETTLED, WatchCamera
from tinydigits.errors import CameraError
from tinydigits.frame import Frame


@pytest.fixture
def clock() -> Clock:
    """The time."""
    return Clock()


@pytest.fixture
def picture(tmp_path: Path) -> bytes:
    """The content of a picture."""
    path = tmp_path / "27.png"
    picture_of("27").save(path)
    return path.read_bytes()


@pytest.fixture
def folder(tmp_path: Path, picture: bytes) -> Path:
    """A folder with one picture in it."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "old.png").write_bytes(picture)
    return folder


def settled(frames: Iterator[Frame | None], clock: Clock) -> list[tuple[str, int]]:
    """Name and number of every frame that comes once nothing changes any more."""
    found = []
    for _ in range(2):
        while frame := next(frames):
            found.append((Path(frame.source).name, frame.sequence))
        clock.now += SETTLED
    while frame := next(frames):
        found.append((Path(frame.source).name, frame.sequence))
    return found


def test_appear(folder: Path, picture: bytes, clock: Clock) -> None:
    """What appears is read once, the oldest first; what lay there before is left alone."""
    with WatchCamera(str(folder), clock=clock) as camera:
        frames = camera.frames()
        assert settled(frames, clock) == []
        for age, name in enumerate(("a.png", "c.PNG", "b.png")):
            (folder / name).write_bytes(picture)
            os.utime(folder / name, (age, age))
        assert settled(frames, clock) == [("a.png", 0), ("c.PNG", 1), ("b.png", 2)]
        assert settled(frames, clock) == []
        (folder / "d.png").write_bytes(picture)
        assert settled(frames, clock) == [("d.png", 3)]
    assert len(list(folder.iterdir())) == 5


def test_written_slowly(folder: Path, picture: bytes, clock: Clock) -> None:
    """A picture is read when it hasn't changed for a while, however long it is being written."""
    with WatchCamera(str(folder), clock=clock) as camera:
        frames = camera.frames()
        with (folder / "slow.png").open("wb") as file:
            for start in range(0, len(picture), len(picture) // 5):
                file.write(picture[start : start + len(picture) // 5])
                file.flush()
                assert next(frames) is None
                clock.now += SETTLED * 0.9
        assert next(frames) is None
        assert settled(frames, clock) == [("slow.png", 0)]


@pytest.mark.parametrize(
    "name", [".hidden.png", "a.png.tmp", "a.png.part", ".a.png.XyZ", "a.txt", "a", "sub"]
)
def test_ignored(name: str, folder: Path, picture: bytes, clock: Clock) -> None:
    """What is hidden, unfinished by its name, or no picture by it, is ignored until renamed."""
    with WatchCamera(str(folder), clock=clock) as camera:
        frames = camera.frames()
        if name == "sub":
            (folder / "sub.png").mkdir()
        else:
            (folder / name).write_bytes(picture)
        assert settled(frames, clock) == []
        if name != "sub":
            (folder / name).rename(folder / "a.png")
            assert settled(frames, clock) == [("a.png", 0)]


def test_written_anew(folder: Path, picture: bytes, clock: Clock) -> None:
    """A picture that is written anew, in place or by renaming, is a new one."""
    with WatchCamera(str(folder), clock=clock) as camera:
        frames = camera.frames()
        (folder / "old.png").write_bytes(picture)
        os.utime(folder / "old.png", (1, 1))
        assert settled(frames, clock) == [("old.png", 0)]
        (folder / "new.tmp").write_bytes(picture)
        os.utime(folder / "new.tmp", (1, 1))
        (folder / "new.tmp").replace(folder / "old.png")
        assert settled(frames, clock) == [("old.png", 1)]
        assert settled(frames, clock) == []


def test_passed_over(
    folder: Path, picture: bytes, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A picture that can't be read is told once, kept, and read when it has been mended."""
    with WatchCamera(str(folder), delete_after=True, clock=clock) as camera:
        frames = camera.frames()
        settled(frames, clock)
        bad = folder / "bad.png"
        bad.write_bytes(picture[:50])
        assert settled(frames, clock) == []
        assert settled(frames, clock) == []
        messages = told(caplog)
        assert len(messages) == 1
        assert messages[0].startswith(f"picture passed over: {bad}: ")
        bad.write_bytes(picture)
        assert settled(frames, clock) == [("bad.png", 1)]
        assert not bad.exists()


def test_delete(folder: Path, picture: bytes, clock: Clock) -> None:
    """Where pictures are deleted after reading, what lay there before is still to be read."""
    with WatchCamera(str(folder), delete_after=True, clock=clock) as camera:
        frames = camera.frames()
        assert next(frames) is None
        clock.now += SETTLED
        assert next(frames)
        assert (folder / "old.png").exists()  # it is still being read
        (folder / "new.png").write_bytes(picture)
        assert settled(frames, clock) == [("new.png", 1)]
    assert list(folder.iterdir()) == []


def test_delete_spares(folder: Path, picture: bytes, clock: Clock) -> None:
    """A picture that was written anew or taken away while it was read is not deleted."""
    with WatchCamera(str(folder), delete_after=True, clock=clock) as camera:
        frames = camera.frames()
        (folder / "other.png").write_bytes(picture)
        assert next(frames) is None
        clock.now += SETTLED
        assert next(frames)
        (folder / "old.png").write_bytes(picture + b"more")
        (folder / "other.png").unlink()
        names = [name for name, _ in settled(frames, clock)]
        assert names == ["old.png"]


def test_delete_fails(
    folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A picture that can't be deleted is told, and not read again."""

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with WatchCamera(str(folder), delete_after=True, clock=clock) as camera:
        assert settled(camera.frames(), clock) == [("old.png", 0)]
    assert told(caplog) == [f"{folder / 'old.png'}: it can't be deleted: Permission denied"]


def test_folder_goes(
    folder: Path, picture: bytes, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder that goes away is told once, and waited for."""
    caplog.set_level("INFO")
    with WatchCamera(str(folder), clock=clock) as camera:
        frames = camera.frames()
        shutil.rmtree(folder)
        for _ in range(5):
            assert next(frames) is None
            clock.now += 60
        assert told(caplog) == [
            f"no frames: {folder}: it can't be watched: No such file or directory"
        ]
        folder.mkdir()
        (folder / "new.png").write_bytes(picture)
        assert settled(frames, clock) == [("new.png", 0)]
        assert told(caplog) == ["frames again after 300.0 s"]


@pytest.mark.parametrize("name", ["missing", "27.png", "a\0b"])
def test_no_folder(name: str, tmp_path: Path) -> None:
    """What is no folder can't be watched."""
    (tmp_path / "27.png").touch()
    with (
        pytest.raises(CameraError, match="it can't be watched: "),
        WatchCamera(str(tmp_path / name)),
    ):
        pass
