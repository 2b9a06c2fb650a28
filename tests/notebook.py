"""The notebook, run from start to end on the bundled digits, as a person would run it.

Run with ``make reports``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import nbformat
import pytest
from nbclient import NotebookClient

from tinydigits_train.preparations import PREPARATIONS
from tinydigits_train.sources import load_bundled
from tinydigits_train.variants import orders, train_variant

NOTEBOOK: Final = Path(__file__).parents[1] / "train" / "article.ipynb"
SECONDS: Final = 300

Outputs = list[dict[str, Any]]


def kept() -> Any:
    """The notebook as it is kept."""
    return nbformat.reads(NOTEBOOK.read_text(), 4)  # type: ignore[no-untyped-call] # has no types


@pytest.fixture(scope="module")
def cells() -> list[Any]:
    """The cells that hold code."""
    return [cell for cell in kept().cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def outputs() -> Outputs:
    """All that the cells put out; a cell that fails ends the run."""
    notebook = kept()
    NotebookClient(notebook, timeout=SECONDS).execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def test_kept_without_outputs(cells: list[Any]) -> None:
    """What is generated is not kept."""
    assert not any(cell.outputs or cell.execution_count for cell in cells)


def test_one_variable(cells: list[Any]) -> None:
    """Which digits are looked at is one variable, in a cell of its own."""
    assert cells[0].source == 'DATA = "bundled"'
    assert sum("bundled" in cell.source for cell in cells) == 1


def test_short_cells(cells: list[Any]) -> None:
    """No cell asks for a scroll, and none but the one that shows pictures defines anything."""
    assert max(len(cell.source.splitlines()) for cell in cells) <= 25
    assert sum("def " in cell.source or "class " in cell.source for cell in cells) == 1


def test_same_figures(outputs: Outputs) -> None:
    """It prints what the package computes, for each preparation."""
    printed = "".join(output["text"] for output in outputs if output["output_type"] == "stream")
    bundled = load_bundled()
    order, _ = orders(bundled)
    raw = train_variant(PREPARATIONS[0], bundled.glyphs, bundled.labels, order)
    assert f"accuracy           {100 * raw.measures.accuracy:.2f} %" in printed
    for preparation in PREPARATIONS:
        assert f"\n{preparation.name:<20}  macro F1" in f"\n{printed}"


def test_pictures(outputs: Outputs) -> None:
    """Plots come out as pictures, and digits and coefficients too."""
    shown = [output["data"] for output in outputs if "data" in output]
    assert sum("image/png" in data for data in shown) == 3
    pictures = [data["text/html"].count("<img") for data in shown if "text/html" in data]
    assert pictures == [10, 8, 10, 11]
