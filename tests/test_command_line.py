"""The command tinydigits: what it prints, and how it ends when something is wrong."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import ExifTags, Image

from samples import picture_of, sample_model
from test_classifier import CHANGES, changed
from tinydigits import __version__
from tinydigits.__main__ import main
from tinydigits.score import Score

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pictures of 27 and 5410, where the command runs."""
    for number in ("27", "5410"):
        picture_of(number).save(tmp_path / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def labelled(folder: Path) -> Path:
    """The same with labels: 27 is labelled right, 5410 wrong, and a blank picture shows none."""
    Image.new("L", (90, 90), 200).save(folder / "blank.png")
    (folder / "labels.csv").write_text("file,digits\n27.png,27\n5410.png,5411\n")
    return folder


def printed(capsys: Capture) -> str:
    """What was printed, where nothing was said beside it."""
    out, error = capsys.readouterr()
    assert error == ""
    return out


def complaint(capsys: Capture) -> str:
    """What was said on standard error, which must be one line of the command."""
    error = capsys.readouterr().err
    assert error.startswith("tinydigits: ")
    assert error.count("\n") == 1
    return error


def read_json(capsys: Capture, *arguments: str) -> list[dict[str, Any]]:
    """The objects that reading with ``--json`` prints."""
    assert main(["read", "--json", *arguments]) == 0
    return [msgspec.json.decode(line) for line in printed(capsys).splitlines()]


def files(folder: Path) -> set[str]:
    """The names of all files in a folder, hidden ones too."""
    return {path.name for path in folder.iterdir()}


def only(*arguments: str) -> list[str]:
    """A command line that accepts every digit, so that nothing is said beside the numbers."""
    return [*arguments, "--max-error", "1"]


def test_read(folder: Path, capsys: Capture) -> None:
    """One picture gives its number, several give each number with its picture's name."""
    assert main(only("read", "27.png")) == 0
    assert printed(capsys) == "27\n"
    assert main(only("read", "5410.png", str(folder / "27.png"))) == 0
    assert printed(capsys) == f"5410.png: 5410\n{folder}/27.png: 27\n"


def test_read_lines(folder: Path, capsys: Capture) -> None:
    """Two lines of digits are two lines of output."""
    two = Image.new("L", (300, 360), 225)
    two.paste(picture_of("27"), (0, 20))
    two.paste(picture_of("40"), (0, 200))
    two.save(folder / "two.png")
    assert main(only("read", "two.png")) == 0
    assert printed(capsys) == "27\n40\n"


def test_read_json(folder: Path, capsys: Capture) -> None:
    """The JSON of a picture has every digit's value, confidence, place and probabilities."""
    results = read_json(capsys, "27.png", "5410.png", "--max-error", "1")
    assert [result["source"] for result in results] == ["27.png", "5410.png"]
    first = results[0]
    assert {"source", "readings", "model", "timing_ms"} <= set(first)
    assert {"name", "labels", "data"} <= set(first["model"])
    assert "total" in first["timing_ms"]
    (reading,) = first["readings"]
    assert set(reading) == {"region", "text", "confidence", "rejected", "reasons", "digits"}
    assert (reading["region"], reading["text"], reading["rejected"]) == ("frame", "27", False)
    assert reading["reasons"] == []
    assert [digit["value"] for digit in reading["digits"]] == [2, 7]
    for digit in reading["digits"]:
        assert set(digit) == {"value", "confidence", "rejected", "box", "probability"}
        assert len(digit["probability"]) == len(first["model"]["labels"])
        assert digit["confidence"] == max(digit["probability"])
        assert digit["probability"].index(digit["confidence"]) == digit["value"]
    with Image.open(folder / "27.png") as picture:
        width, height = picture.size
    boxes = [digit["box"] for digit in reading["digits"]]
    assert boxes == sorted(boxes)
    for left, top, across, down in boxes:
        assert 0 <= left < left + across <= width
        assert 0 <= top < top + down <= height


def test_read_rejected(folder: Path, capsys: Capture) -> None:
    """What is not sure is printed all the same, and why is said beside it."""
    assert main(["read", str(folder / "27.png"), "--digits", "3", "--max-error", "1"]) == 0
    out, error = capsys.readouterr()
    assert out == "27\n"
    assert error.startswith(f"tinydigits: {folder}/27.png: not sure: ")
    assert error.endswith("where 3 is due\n")
    results = read_json(capsys, "27.png", "--digits", "3")
    assert results[0]["readings"][0]["rejected"] is True


def test_read_model(folder: Path, capsys: Capture) -> None:
    """Another model file reads in the place of the one that ships."""
    (folder / "other.onnx").write_bytes(sample_model())
    assert main(["read", "--json", "27.png", "--model", "other.onnx"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    data = msgspec.json.decode(line)["model"]["data"]
    assert set(data) == {"scikit-learn digits, enlarged"}


def test_annotate_file(folder: Path, capsys: Capture) -> None:
    """One picture's copy is written where asked, in the format of its suffix."""
    for name in ("out.png", "out.jpg"):
        assert main(only("read", "27.png", "--annotate", name)) == 0
        assert printed(capsys) == "27\n"
        with Image.open(folder / name) as copy:
            assert copy.mode == "RGB"
    assert files(folder) == {"27.png", "5410.png", "out.png", "out.jpg"}


def test_annotate_folder(folder: Path) -> None:
    """Several copies go to a folder that is made, and none overwrites another."""
    (folder / "sub").mkdir()
    picture_of("3").save(folder / "sub" / "27.jpg")
    pictures = ["27.png", "5410.png", "sub/27.jpg"]
    assert main(["read", *pictures, "--annotate", "new/out"]) == 0
    assert files(folder / "new" / "out") == {"27.png", "5410.png", "27-2.png"}
    assert main(["read", "27.png", "--annotate", "one"]) == 0
    assert files(folder / "one") == {"27.png"}


@pytest.mark.parametrize("target", [".", "27.png", "link.png"])
def test_annotate_never_overwrites(target: str, folder: Path, capsys: Capture) -> None:
    """The picture that is read is never replaced by its copy."""
    (folder / "link.png").symlink_to("27.png")
    before = (folder / "27.png").read_bytes()
    assert main(only("read", "27.png", "--annotate", target)) == 2
    assert "could overwrite" in complaint(capsys)
    assert (folder / "27.png").read_bytes() == before


def test_run(folder: Path, capsys: Capture) -> None:
    """Running prints one JSON line a reading, in the order of the frames."""
    (folder / "my.toml").write_text('[camera]\npath = "*.png"\n[reader]\nmax_error = 1.0\n')
    assert main(["run", "--config", "my.toml"]) == 0
    out, error = capsys.readouterr()
    lines = [msgspec.json.decode(line) for line in out.splitlines()]
    assert [(line["source"], line["sequence"], line["text"]) for line in lines] == [
        ("27.png", 0, "27"),
        ("5410.png", 1, "5410"),
    ]
    assert lines[0]["wall"] <= lines[1]["wall"]
    assert {"region", "confidence", "rejected", "reasons", "digits"} <= set(lines[0])
    assert error == "tinydigits: stopped, frames read: 2\n"


def test_run_options(folder: Path, capsys: Capture) -> None:
    """What the command line says goes before what the configuration says."""
    (folder / "my.toml").write_text('[camera]\npath = "missing"\n[model]\npath = "missing"\n')
    (folder / "other.onnx").write_bytes(sample_model())
    options = ["--source", "27.png", "--digits", "3", "--model", "other.onnx", "--fps", "1000"]
    assert main(["run", "--config", "my.toml", *options]) == 0
    line = msgspec.json.decode(capsys.readouterr().out)
    assert line["reasons"][0].endswith("where 3 is due")


def test_score(labelled: Path, capsys: Capture) -> None:
    """A score is told as text, each picture too if asked for, with copies if asked for."""
    assert main(only("score", ".", "--list", "--annotate", "out")) == 0
    lines = printed(capsys).splitlines()
    assert lines[:3] == [
        "27.png: shows 27, read 27: right",
        "5410.png: shows 5411, read 5410: WRONG",
        ".: 2 pictures",
    ]
    assert lines[3].split() == ["whole", "number", "right", "50.00", "%"]
    assert files(labelled / "out") == {"27.png", "5410.png"}


def test_score_json(labelled: Path, capsys: Capture) -> None:
    """The JSON of a score has its figures under their names, shares as fractions."""
    (labelled / "broken.png").write_bytes(b"")
    with (labelled / "labels.csv").open("a") as file:
        file.write("broken.png,1\n")
    assert main(only("score", ".", "--json")) == 0
    out, error = capsys.readouterr()
    assert "broken.png: it is not a picture" in error
    assert list(msgspec.json.decode(out)) == [
        *("n", "exact", "count_right", "digit_accuracy", "rejected", "error_among_accepted"),
        *("none_accepted", "confusion", "worst", "unreadable"),
    ]
    result = msgspec.json.decode(out, type=Score)
    assert (result.n, result.exact, result.count_right) == (3, 1 / 3, 2 / 3)
    assert (result.digit_accuracy, result.none_accepted) == (5 / 7, None)
    assert result.unreadable == ["broken.png"]
    assert [worst.file for worst in result.worst] == ["5410.png"]


def test_score_sub_folders(labelled: Path, capsys: Capture) -> None:
    """Pictures of the same name in two sub-folders get copies of their own."""
    for digit in "27":
        (labelled / "set" / digit).mkdir(parents=True)
        picture_of(digit).save(labelled / "set" / digit / "a.png")
    (labelled / "set" / "none").mkdir()
    (labelled / "blank.png").rename(labelled / "set" / "none" / "blank.png")
    options = ["--digits", "1", "--annotate", "out", "--json", "--min-exact", "1"]
    assert main(only("score", "set", *options)) == 0
    result = msgspec.json.decode(printed(capsys), type=Score)
    assert (result.exact, result.none_accepted) == (1.0, 0.0)
    assert files(labelled / "out") == {"2-a.png", "7-a.png", "none-blank.png"}


@pytest.mark.parametrize(("bar", "code"), [("0", 0), ("0.5", 0), ("0.51", 1), ("1", 1)])
def test_min_exact(bar: str, code: int, labelled: Path, capsys: Capture) -> None:
    """A share of right numbers below the bar ends with code 1 and says so, at the bar with 0."""
    assert main(only("score", str(labelled), "--min-exact", bar)) == code
    said = f"tinydigits: 0.5000 of the numbers are right where {bar} is asked for\n"
    assert capsys.readouterr().err == (said if code else "")


def test_score_never_overwrites(labelled: Path, capsys: Capture) -> None:
    """Copies into the folder of the pictures themselves are refused."""
    before = {path.name: path.read_bytes() for path in labelled.iterdir()}
    assert main(only("score", ".", "--annotate", ".")) == 2
    assert "could overwrite a picture" in complaint(capsys)
    assert {path.name: path.read_bytes() for path in labelled.iterdir()} == before


def test_read_never_overwrites(folder: Path, capsys: Capture) -> None:
    """A copy never takes the place of any of the pictures, not of one still to be read either."""
    (folder / "other").mkdir()
    picture_of("3").save(folder / "other" / "27.png")
    before = (folder / "other" / "27.png").read_bytes()
    assert main(["read", "27.png", "other/27.png", "--annotate", "other"]) == 2
    assert "could overwrite a picture" in complaint(capsys)
    assert (folder / "other" / "27.png").read_bytes() == before


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


def plain(size: tuple[int, int], mode: str = "L", level: int = 0) -> Callable[[Path], None]:
    """A picture of one colour."""
    return lambda path: Image.new(mode, size, level).save(path, "PNG")


BAD_PICTURES: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (lambda path: path.write_text("27\n"), "it is not a picture"),
    "empty": (lambda path: path.write_bytes(b""), "it is not a picture"),
    "cut": (cut, "damaged or cut off"),
    "one pixel": (plain((1, 1)), "the picture is 1x1 pixels"),
    "huge": (plain((20_000, 20_000), "1"), "more than 64 million"),
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


def deep(picture: Image.Image) -> Image.Image:
    """With 16 bits a pixel."""
    return Image.fromarray(np.asarray(picture, np.uint16) * 257)


def transparent(picture: Image.Image) -> Image.Image:
    """The digits alone, before nothing."""
    alpha = picture.point(lambda level: 255 if level < 128 else 0)
    black = Image.new("RGBA", picture.size)
    black.putalpha(alpha)
    return black


def palette(picture: Image.Image) -> Image.Image:
    """With a table of colours."""
    return picture.convert("RGB").quantize(8)


@pytest.mark.parametrize(
    ("change", "suffix"),
    [
        (deep, "png"),
        (transparent, "png"),
        (palette, "png"),
        (lambda picture: picture.convert("CMYK"), "jpg"),
        (lambda picture: picture.convert("CMYK"), "tiff"),
        (lambda picture: picture.convert("LA"), "png"),
        (lambda picture: picture.convert("1"), "png"),
        (lambda picture: picture.convert("RGB"), "webp"),
    ],
)
def test_modes(
    change: Callable[[Image.Image], Image.Image], suffix: str, folder: Path, capsys: Capture
) -> None:
    """Pictures are read whatever way they hold their colours."""
    change(picture_of("5410")).save(folder / f"other.{suffix}")
    assert main(only("read", f"other.{suffix}")) == 0
    assert printed(capsys) == "5410\n"


def test_turned(folder: Path, capsys: Capture) -> None:
    """A photo that was taken upright with a turned camera is read upright."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # shown right after a quarter turn clockwise
    picture_of("5410").transpose(Image.Transpose.ROTATE_90).save(folder / "turned.jpg", exif=exif)
    assert main(only("read", "turned.jpg")) == 0
    assert printed(capsys) == "5410\n"


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


def test_name_without_encoding(folder: Path, capsys: Capture) -> None:
    """A file name that is not UTF-8 can be printed, as text and as JSON."""
    name = os.fsdecode(b"\xff.png")
    (folder / "27.png").rename(folder / name)
    assert main(only("read", name, "5410.png")) == 0
    assert printed(capsys).splitlines()[0] == r"\xff.png: 27"
    assert read_json(capsys, name)[0]["source"] == r"\xff.png"
    assert main(["run", "--source", name]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["source"] == r"\xff.png"


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


@pytest.mark.parametrize("command", [[], ["read"], ["run"], ["score"]])
def test_help(command: list[str], capsys: Capture) -> None:
    """Help goes to standard output and names the exit codes and what every argument means."""
    with pytest.raises(SystemExit) as raised:
        main([*command, "--help"])
    assert raised.value.code == 0
    out = printed(capsys)
    codes = out[out.index("exit codes:") :]
    assert [word for word in codes.split() if word.isdigit()] == [
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "70",
    ]
    assert "==SUPPRESS==" not in out


def test_version(capsys: Capture) -> None:
    """The version is the package's."""
    with pytest.raises(SystemExit):
        main(["--version"])
    assert printed(capsys) == f"tinydigits {__version__}\n"


def test_process(folder: Path) -> None:
    """The module and the installed command are the same program, and end with its exit code."""
    installed = Path(sys.executable).with_name("tinydigits")
    for command in ([sys.executable, "-m", "tinydigits"], [str(installed)]):
        ended = subprocess.run(
            [*command, "read", "27.png", "missing.png", "--max-error", "1"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 1
        assert ended.stdout == "27.png: 27\n"
        assert ended.stderr == "tinydigits: missing.png: there is no such file\n"


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
