"""The command tinydigits-export."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from samples import sample_card, sample_estimator, sample_glyphs, sample_model, to_bits
from tinydigits.classifier import Classifier, ModelCard
from tinydigits_export.__main__ import main
from tinydigits_export.fitted import Fitted

GLYPHS = 150
"""Of the test part, that the export is verified on."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as tinydigits-train fit writes it."""
    folder = tmp_path / "fitted"
    Fitted(sample_estimator(), sample_card(), sample_glyphs()[0][:GLYPHS]).save(folder)
    return folder


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """What was said on standard error, which must be one line of the command."""
    error = capsys.readouterr().err
    assert error.startswith("tinydigits-export: ")
    assert error.count("\n") == 1
    return error


def test_export(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The model file lies in the folder by default, and its figures are told."""
    assert main([str(folder)]) == 0
    path = folder / "digits.onnx"
    Classifier.load(path)
    said = capsys.readouterr().out
    assert said.startswith(f"{path}: {path.stat().st_size} bytes, verified on {GLYPHS} glyphs\n")
    assert "ONNX Runtime: 0 labels differ" in said
    assert "reference: 0 labels differ" in said


def test_int8(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a byte a weight the file is a third as large, and what it costs is told first."""
    path = tmp_path / "small.onnx"
    assert main([str(folder), "--int8", "-o", str(path)]) == 0
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("with a byte a weight, ")
    changed = int(first.split()[5])
    assert changed < 20
    assert first.endswith(f"{changed} of {GLYPHS} glyphs are read otherwise")
    glyphs = sample_glyphs()[0]
    read = Classifier.load(path).probabilities(glyphs).argmax(axis=1)
    assert (read != sample_estimator().predict(to_bits(glyphs))).sum() == changed
    assert path.stat().st_size < len(sample_model()) - 23_000


def test_bad_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that isn't one of training's ends with one line and no model file."""
    (folder / "card.json").write_bytes(b"{}")
    assert main([str(folder)]) == 2
    assert "card.json is not a model card" in one_line(capsys)
    assert not (folder / "digits.onnx").exists()


def test_nowhere_to_write(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An output that can't be written ends with the exit code for outputs."""
    assert main([str(folder), "-o", str(folder / "missing" / "file")]) == 5
    assert "No such file or directory" in one_line(capsys)


def test_inspect_foreign(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The card of a file that this device would refuse can be looked at, also as JSON."""
    path = folder / "model.onnx"
    mark = sample_card().fingerprint.encode()
    path.write_bytes(sample_model().replace(mark, b"0" * 64))
    assert main(["--inspect", str(path)]) == 0
    assert f"pre-processing: {'0' * 64}" in capsys.readouterr().out
    assert main(["--inspect", str(path), "--json"]) == 0
    card = msgspec.json.decode(capsys.readouterr().out, type=ModelCard)
    assert card.fingerprint == "0" * 64
    assert len(card.golden) == 10


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"Hello\n", "not an ONNX file"),
        (b"", "carries no tinydigits metadata"),
        (bytes(1_000_001), "larger than 1000000 bytes"),
    ],
)
def test_inspect_other(
    content: bytes | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file without a card is refused in one line that names it."""
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    assert main(["--inspect", str(path)]) == 4
    said = one_line(capsys)
    assert str(path) in said
    assert message in said


@pytest.mark.parametrize(
    "args",
    [[], ["--inspect"], ["a", "--inspect", "b"], ["a", "--json"], ["--inspect", "a", "-o", "b"]],
)
def test_usage(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A command line that asks for nothing, or for two things, ends with code 2 and one line."""
    with pytest.raises(SystemExit) as end:
        main(args)
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tinydigits-export")
    assert line.endswith("--help)")


def test_help_is_quick() -> None:
    """Help needs neither scikit-learn nor onnx."""
    code = (
        "import sys, contextlib\n"
        "from tinydigits_export.__main__ import main\n"
        "with contextlib.suppress(SystemExit): main(['--help'])\n"
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'onnx', 'onnxruntime')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
