"""What the command tinydigits-train refuses, and how."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tinydigits_train.__main__ import main

Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.usefixtures("loaded_once")


def complaint(capsys: Capture) -> str:
    """What was said on standard error, which must be one line of the command."""
    error = capsys.readouterr().err
    assert error.startswith("tinydigits-train: ")
    assert error.count("\n") == 1
    return error


def a_file(path: Path) -> Path:
    """A file where a folder is due."""
    path.write_bytes(b"")
    return path


def below_a_file(path: Path) -> Path:
    """A folder that can't be, as its parent is a file."""
    return a_file(path) / "folder"


@pytest.mark.parametrize("make", [a_file, below_a_file, lambda _: Path("/proc/tinydigits")])
@pytest.mark.parametrize("command", ["fit", "article"])
def test_output_is_tried_first(
    command: str, make: Callable[[Path], Path], tmp_path: Path, capsys: Capture
) -> None:
    """A folder that can't be written is told before anything is trained."""
    output = make(tmp_path / "output")
    assert main([command, "--data", "bundled", "-o", str(output)]) == 5
    assert f"the folder {output} can't be written" in complaint(capsys)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["fit", "--data", "emnist", "-o", "OUT"], 2, "there is no data set 'emnist'"),
        (["fit", "--data", "folder:/nowhere", "-o", "OUT"], 2, "/nowhere: there is no such folder"),
        (["fit", "--data", "mnist", "--data-dir", "OUT", "-o", "OUT"], 2, "is missing: all four"),
        (["article", "--data", "mnist", "--data-dir", "/nowhere", "-o", "OUT"], 2, "/nowhere"),
        (["evaluate", "OUT/no.onnx", "--data", "bundled"], 4, "no.onnx: it can't be read"),
    ],
)
def test_refuses(
    arguments: list[str], code: int, message: str, tmp_path: Path, capsys: Capture
) -> None:
    """What can't be done is told in one line, with an exit code of its own."""
    assert main([argument.replace("OUT", str(tmp_path)) for argument in arguments]) == code
    assert message in complaint(capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fit"],
        ["fit", "--data", "bundled"],
        ["fit", "--data", "x", "-o", "y", "--seed", "-1"],
        ["fit", "--data", "x", "-o", "y", "--seed", "x"],
    ],
)
def test_usage(arguments: list[str], capsys: Capture) -> None:
    """A command line that is no command line ends with 2 and one line."""
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tinydigits-train")
    assert line.endswith("--help)")


def test_help_is_quick() -> None:
    """--help brings in neither scikit-learn nor NumPy."""
    code = (
        "import sys; from tinydigits_train.__main__ import main\n"
        "try: main(['fit', '--help'])\n"
        "except SystemExit: print({'sklearn', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")
