"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import pytest

from tinydigits.errors import OutputError
from tinydigits.files import atomic_write, make_folder, printable, remove_left_over


def folder_content(folder: Path) -> dict[str, bytes]:
    """All files of a folder, hidden ones too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_disk_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that turns out to be full keeps the old file, leaves no other, and is told."""
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"file can't be written: No space left on device$"):
        atomic_write(path, b"new")
    assert folder_content(tmp_path) == {"file": b"old"}


def test_write_cut_short(tmp_path: Path) -> None:
    """A write that the system really cuts short keeps the old file and leaves no other."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OutputError, match="File too large"):
            atomic_write(path, bytes(200_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert folder_content(tmp_path) == {"file": b"old"}


def test_left_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a writer left that was stopped short of renaming goes, and no other file's does."""
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("file")
    before = folder_content(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: 1 / 0)
        patch.setattr(Path, "unlink", lambda _: None)
        for name in ("file", "link", "other"):
            with pytest.raises(ZeroDivisionError):
                atomic_write(tmp_path / name, b"new")
    assert len(folder_content(tmp_path)) == len(before) + 3
    remove_left_over(tmp_path / "link")
    assert len(folder_content(tmp_path)) == len(before) + 1
    remove_left_over(tmp_path / "other")
    assert folder_content(tmp_path) == before


def test_no_regular_file(tmp_path: Path) -> None:
    """A folder, a device or a missing folder in the file's place is an error, and is left alone."""
    for path, message in (
        (tmp_path, "not a regular file"),
        (Path(os.devnull), "not a regular file"),
        (tmp_path / "missing" / "file", "No such file or directory"),
    ):
        with pytest.raises(OutputError, match=message):
            atomic_write(path, b"new")
    assert Path(os.devnull).is_char_device()
    assert folder_content(tmp_path) == {}


def test_link(tmp_path: Path) -> None:
    """What a symbolic link points at is replaced, and the link stays."""
    (tmp_path / "link").symlink_to("target")
    for content in (b"first", b"second"):
        atomic_write(tmp_path / "link", content)
        assert (tmp_path / "target").read_bytes() == content
        assert (tmp_path / "link").is_symlink()


def test_new_file_mode(tmp_path: Path) -> None:
    """A new file can be read by others as the process's umask allows, unlike a temporary one."""
    before = os.umask(0o027)
    try:
        atomic_write(tmp_path / "file", b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_make_folder(tmp_path: Path) -> None:
    """A folder is made with those above it, may be there already, and stays empty."""
    for _ in range(2):
        make_folder(tmp_path / "a" / "b")
        assert folder_content(tmp_path / "a" / "b") == {}


def test_no_folder(tmp_path: Path) -> None:
    """A file in the folder's place, or above it, is told and left as it is."""
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(OutputError, match=r"file can't be written: it is no folder$"):
        make_folder(tmp_path / "file")
    with pytest.raises(OutputError, match=r"below can't be written: Not a directory$"):
        make_folder(tmp_path / "file" / "below")
    assert folder_content(tmp_path) == {"file": b"old"}


def test_printable() -> None:
    """A name stays as it is, but for bytes that are no UTF-8, which become escapes."""
    assert printable(Path("a/Zähler 1.png")) == "a/Zähler 1.png"
    assert printable(os.fsdecode(b"a/\xff.png")) == "a/\\xff.png"
