"""The command tinydigits: what it prints, and where it writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import ExifTags, Image

from command_line import Capture, complaint, files, only, printed, read_json
from samples import picture_of, sample_model
from tinydigits import __version__
from tinydigits.__main__ import main
from tinydigits.score import Score


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
    assert {"region", "confidence", "rejected", "reasons", "digits", "verdict"} <= set(lines[0])
    assert error == "tinydigits: stopped, frames read: 2\n"


def test_run_verdicts(folder: Path, capsys: Capture) -> None:
    """Each line has the verdict, its value a number with the configured point."""
    (folder / "my.toml").write_text("[judge]\nagree = 1\ndecimals = 2\n[reader]\nmax_error = 1\n")
    assert main(["run", "--config", "my.toml", "--source", "*.png"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert (
        '"verdict":{"status":"accepted","value":0.27,"age":0.0,"text":"27","reasons":[],'
        '"event":null},"timing_ms":{"ink":'
    ) in first
    assert '"value":54.10,' in second
    assert main(["run", "--source", "27.png"]) == 0
    verdict = msgspec.json.decode(capsys.readouterr().out)["verdict"]
    assert (verdict["status"], verdict["value"]) == ("waiting", None)
    assert [reason["code"] for reason in verdict["reasons"]] == ["not_agreed"]


def test_run_state(folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was accepted is remembered where asked, or in the folder that systemd made."""
    monkeypatch.setenv("STATE_DIRECTORY", str(folder))
    (folder / "my.toml").write_text("[judge]\nagree = 1\n[reader]\nmax_error = 1\n")
    for state, name in ((["--state", "mine"], "mine"), ([], "judge.json")):
        options = ["run", "--config", "my.toml", *state, "--source"]
        assert main([*options, "27.png"]) == 0
        assert name in files(folder)
        Image.new("L", (90, 90), 200).save(folder / "blank.png")
        capsys.readouterr()
        assert main([*options, "blank.png"]) == 0
        verdict = msgspec.json.decode(capsys.readouterr().out)["verdict"]
        assert (verdict["status"], verdict["value"]) == ("rejected", 27)


def test_run_options(folder: Path, capsys: Capture) -> None:
    """What the command line says goes before what the configuration says."""
    (folder / "my.toml").write_text('[camera]\npath = "missing"\n[model]\npath = "missing"\n')
    (folder / "other.onnx").write_bytes(sample_model())
    options = ["--source", "27.png", "--digits", "3", "--model", "other.onnx", "--fps", "1000"]
    assert main(["run", "--config", "my.toml", *options]) == 0
    line = msgspec.json.decode(capsys.readouterr().out)
    assert line["reasons"][0].endswith("where 3 is due")


def test_run_max_error(folder: Path, capsys: Capture) -> None:
    """How sure digits have to be can be said on the command line, as it can for read."""
    (folder / "my.toml").write_text("[reader]\nmax_error = 0.5\n")
    rejected = {}
    for error in ("0", "1"):
        options = ["--config", "my.toml", "--source", "27.png", "--max-error", error]
        assert main(["run", *options]) == 0
        rejected[error] = msgspec.json.decode(capsys.readouterr().out)["rejected"]
    assert rejected == {"0": True, "1": False}


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


def test_score_labels(labelled: Path, capsys: Capture) -> None:
    """A score can tell the reader of each picture how many digits its label has."""
    with (labelled / "labels.csv").open("a") as file:
        file.write("blank.png,123\n")
    picture_of("27").save(labelled / "blank.png")
    assert main(only("score", ".", "--digits", "labels", "--json")) == 0
    result = msgspec.json.decode(printed(capsys), type=Score)
    assert (result.n, result.count_right, result.rejected) == (3, 2 / 3, 1 / 3)


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
        *("none_accepted", "none_among_most", "confusion", "worst", "unreadable"),
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


@pytest.mark.parametrize(("bar", "code"), [("0.5", 0), ("0.51", 1)])
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
    change(picture_of("27")).save(folder / f"other.{suffix}")
    assert main(only("read", f"other.{suffix}")) == 0
    assert printed(capsys) == "27\n"


def test_turned(folder: Path, capsys: Capture) -> None:
    """A photo that was taken upright with a turned camera is read upright."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # shown right after a quarter turn clockwise
    picture_of("27").transpose(Image.Transpose.ROTATE_90).save(folder / "turned.jpg", exif=exif)
    assert main(only("read", "turned.jpg")) == 0
    assert printed(capsys) == "27\n"


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
    "command",
    [
        [],
        *(["read"], ["run"], ["score"]),
        *(["model", *action] for action in ([], ["install"], ["show"], ["list"], ["rollback"])),
    ],
)
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
