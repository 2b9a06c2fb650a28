"""Whatever is wrong, tinydigits ends with one clear line and the documented code."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from command_line import Capture, complaint, files, only
from hostile import changed
from samples import picture_of
from test_classifier import CHANGES
from test_frame import png_header
from tinydigits.__main__ import main


def test_closed_stderr(folder: Path) -> None:
    """Without a standard error, errors go nowhere, least of all among the results."""
    command = [sys.executable, "-m", "tinydigits", "score", "missing"]
    closed = ["sh", "-c", 'exec "$@" 2>&-', "sh", *command]
    done = subprocess.run(closed, stdout=subprocess.PIPE, check=False, cwd=folder)
    assert (done.returncode, done.stdout) == (2, b"")


def test_interrupted_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Ctrl-C while libraries load ends quietly too."""

    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("tinydigits.cli.main", interrupted)
    assert main(["read", "27.png"]) == 130


def test_no_number_readable(folder: Path, capsys: Capture) -> None:
    """A score over pictures none of which can be opened is none."""
    (folder / "27.png").write_bytes(b"")
    (folder / "labels.csv").write_text("file,digits\n27.png,27\n")
    assert main(["score", "."]) == 1
    assert "27.png: it is not a picture" in complaint(capsys)


def cut(path: Path) -> None:
    """A JPEG that ends early."""
    picture_of("27").save(path, "JPEG")
    path.write_bytes(path.read_bytes()[:900])


def plain(size: tuple[int, int], level: int = 0) -> Callable[[Path], None]:
    """A picture of one colour."""
    return lambda path: Image.new("L", size, level).save(path, "PNG")


BAD_PICTURES: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (lambda path: path.write_text("27\n"), "it is not a picture"),
    "empty": (lambda path: path.write_bytes(b""), "it is not a picture"),
    "cut": (cut, "damaged or cut off"),
    "one pixel": (plain((1, 1)), "the picture is 1x1 pixels"),
    "huge": (lambda path: path.write_bytes(png_header(20_000, 20_000)), "more than 64 million"),
    "blank": (plain((90, 90), level=255), "no digit was found"),
    "black": (plain((90, 90)), "no digit was found"),
    "missing": (lambda _: None, "there is no such file"),
    "folder": (lambda path: path.mkdir(), "it can't be read (Is a directory)"),
}


@pytest.mark.parametrize("name", BAD_PICTURES)
def test_bad_picture(name: str, folder: Path, capsys: Capture) -> None:
    """A picture in which nothing can be read is told in one line; the others are read."""
    make, message = BAD_PICTURES[name]
    make(folder / "bad.png")
    assert main(only("read", "bad.png")) == 1
    said = complaint(capsys)
    assert said.startswith("tinydigits: bad.png: ")
    assert message in said.replace("far more", "more")
    assert main(only("read", "bad.png", "27.png")) == 1
    out, error = capsys.readouterr()
    assert (out, error) == ("27.png: 27\n", said)


def test_forbidden_picture(folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that may not be read is told with the system's reason."""

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Image, "open", forbidden)
    assert main(["read", str(folder / "27.png")]) == 1
    assert complaint(capsys).endswith("27.png: it can't be read (Permission denied)\n")


@pytest.mark.parametrize(
    "name", ["input's name", "newer contract", "other fingerprint", "NaN weights"]
)
@pytest.mark.parametrize("command", ["read 27.png", "run --source 27.png", "score ."])
def test_bad_model(name: str, command: str, labelled: Path, capsys: Capture) -> None:
    """A model that breaks a promise is refused before anything is read."""
    change, message = CHANGES[name]
    (labelled / "bad.onnx").write_bytes(changed(change))
    assert main([*command.split(), "--model", "bad.onnx"]) == 4
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("tinydigits: model bad.onnx: ")
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("run", 2, "there is nothing to read: give --source, or camera.path in the config"),
        ("run --config typo.toml", 2, "typo.toml: there is no key 'camera.fsp': did you mean 'fps"),
        ("run --config missing.toml", 2, "missing.toml: it can't be read: No such file"),
        ("run --source missing", 3, "missing: there is no such file or folder"),
        ("run --source *.gif", 3, "*.gif: no file matches"),
        ("run --source typo.toml --loop", 3, "none of these pictures can be read"),
        ("read 27.png --max-error 2", 2, "--max-error is 2: it is a share, 0 to 1"),
        ("read 27.png --max-error nan", 2, "--max-error is nan: it is a share, 0 to 1"),
        ("run --source 27.png --max-error -1", 2, "--max-error is -1: it is a share, 0 to 1"),
        ("read 27.png --model typo.toml", 4, "typo.toml: it is not an ONNX model"),
        ("read 27.png --model missing", 4, "model missing: it can't be read: No such file"),
        ("read 27.png --annotate out.doc", 2, "out.doc: its suffix is not one"),
        ("read 27.png --annotate missing/out.png", 5, "missing/out.png can't be written: No such"),
        ("read 27.png 5410.png --annotate 27.png", 5, "the folder 27.png can't be written"),
        ("score missing", 2, "missing: there is no such folder"),
        ("score .", 2, ".: it has neither a labels.csv with pictures nor sub-folders 0 to 9"),
        ("score . --min-exact 95", 2, "--min-exact is 95: it is a share, 0 to 1"),
    ],
)
def test_refuses(command: str, code: int, message: str, folder: Path, capsys: Capture) -> None:
    """What can't be done ends with the code for its kind, and one line that says why at its end."""
    (folder / "typo.toml").write_text("[camera]\nfsp = 2\n")
    before = files(folder)
    assert main(command.split()) == code
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert files(folder) == before


def test_disk_full(folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that the disk has no room for leaves the old one, and no half of a new one."""
    (folder / "out.png").write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert main(only("read", "27.png", "--annotate", "out.png")) == 5
    assert complaint(capsys) == "tinydigits: out.png can't be written: No space left on device\n"
    assert files(folder) == {"27.png", "5410.png", "out.png"}
    assert (folder / "out.png").read_bytes() == b"old"


def test_debug(folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The debug variable shows where an error arose, before its line."""
    monkeypatch.setenv("TINYDIGITS_DEBUG", "1")
    assert main(["score", str(folder)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("Traceback")
    assert "labels.py" in error
    assert error.splitlines()[-1].startswith("tinydigits: ")


@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["paint"], ["read"], ["run", "27.png"], ["score"], ["score", "a", "b"]),
        *(["read", "a", "--digits", "two"], ["run", "--fps", "fast"], ["read", "a", "--list"]),
        *(["read", "a", "--digits", "0"], ["run", "--digits", "-1"], ["run", "--fps", "nan"]),
    ],
)
def test_usage(arguments: list[str], capsys: Capture) -> None:
    """A command line that is no command line ends with 2 and one line."""
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tinydigits")
    assert line.endswith("--help)")


def test_output_full(folder: Path) -> None:
    """Numbers that can't be written for want of room end with the code for outputs."""
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "tinydigits", "read", "27.png", "--max-error", "1"],
            cwd=folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 5
    assert ended.stderr == "tinydigits: the output can't be written: No space left on device\n"
