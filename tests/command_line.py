"""What the tests of the command line share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tinydigits.__main__ import main

Capture = pytest.CaptureFixture[str]


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
