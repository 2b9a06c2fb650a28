"""What the README says, and what the commands print that it names."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text()


def command(module: str, *arguments: str | Path) -> str:
    """What a command prints; it must end well."""
    line = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def readme_line(name: str) -> str:
    """The row of the README's tables that begins so, without what the tutorial claims."""
    (row,) = [line for line in README.splitlines() if line.startswith(f"| {name}")]
    return re.sub(r"\d % of F1", "", row)


def readme_row(name: str) -> list[float]:
    """The percentages in such a row."""
    return [float(percent) for percent in re.findall(r"([\d.]+) %", readme_line(name))]


def readme_points(name: str) -> list[float]:
    """The differences in points in such a row."""
    return [float(points) for points in re.findall(r"([+-]\d+\.\d+)", readme_line(name))]


def assert_claimed(row: str, *shares: float) -> None:
    """The README says what was measured, to a tenth of a point."""
    assert readme_row(row) == pytest.approx([100 * share for share in shares], abs=0.1)


def said(text: str) -> Any:
    """The share that the README gives in a text with a gap, to a tenth of a point."""
    pattern = re.escape(text).replace(r"\{\}", "([0-9.]+)")
    (percent,) = re.findall(pattern, " ".join(README.split()))
    return pytest.approx(float(percent) / 100, abs=0.001)
