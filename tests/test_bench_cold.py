"""From the start of a process to its first reading."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from samples import picture_of
from tinydigits.bench.cold import measure_cold_start, start_once
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


def test_cold_start(picture: Path) -> None:
    """Every start is told in steps, which make up the whole, and so is what it can't do without."""
    done: list[float] = []
    cold = measure_cold_start(DEFAULT_MODEL, picture, 1, done.append)
    assert done == [0.5, 1.0]
    assert tuple(cold.parts) == STEPS
    assert all(len(seconds) == 1 and seconds[0] > 0 for seconds in cold.parts.values())
    assert cold.total == pytest.approx([sum(seconds[0] for seconds in cold.parts.values())])
    assert len(cold.floor) == 1
    assert 0 < cold.floor[0] < 2 * cold.total[0]


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
