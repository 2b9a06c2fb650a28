"""From the start of a process to its first reading."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from samples import picture_of
from tinydigits.bench.cold import start_once
from tinydigits.bench.start import STEPS
from tinydigits.bench.start import main as first_reading
from tinydigits.classifier import DEFAULT_MODEL
from tinydigits.errors import UsageError


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture with a number."""
    path = tmp_path / "27.png"
    picture_of("27").save(path)
    return path


def test_refused(picture: Path, tmp_path: Path) -> None:
    """A start that fails says why."""
    with pytest.raises(UsageError, match=r"ModelError: model .* it can't be read"):
        start_once(tmp_path / "none.onnx", picture)


def test_steps(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each step prints the clock and the memory, neither of which goes back by much."""
    first_reading(str(DEFAULT_MODEL), str(picture))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == len(STEPS)
    moments = [float(moment) for moment, _ in lines]
    assert moments == sorted(moments)
    assert all(int(memory) > 2**20 for _, memory in lines)
    assert "tinydigits.cli" in sys.modules
