"""A person can look at every stage of a reading."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samples import picture_of
from tinydigits.__main__ import main
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.explain import explain
from tinydigits.frame import Frame

STAGES = ["1-frame", "2-ink", "3-components", "4-lines", "5-glyphs"]


@pytest.mark.parametrize(("digits", "stages"), [(None, STAGES), (1, [*STAGES[:2], STAGES[4]])])
def test_stages(digits: int | None, stages: list[str]) -> None:
    """There is a picture for each stage, the frame itself first."""
    frame = Frame(np.asarray(picture_of("27")), "drawn")
    pictures = explain(frame, Classifier.load(DEFAULT_MODEL), digits)
    assert list(pictures) == stages
    assert np.array_equal(np.asarray(pictures["1-frame"]), frame.luma)


@pytest.mark.parametrize("digits", [None, 1, 3])
def test_nothing_to_explain(digits: int | None) -> None:
    """A blank frame is explained too."""
    blank = Frame(np.full((60, 80), 128, np.uint8), "blank")
    assert "5-glyphs" in explain(blank, Classifier.load(DEFAULT_MODEL), digits)


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`read --explain` writes the pictures, for several pictures into a folder each."""
    monkeypatch.setattr("tinydigits.explain._TILE", 60)
    for name in ("one", "two"):
        picture_of("7", 1).save(tmp_path / f"{name}.png")
    pictures = [str(tmp_path / f"{name}.png") for name in ("one", "two")]
    assert main(["read", pictures[0], "--explain", str(tmp_path / "a")]) == 0
    assert sorted(path.stem for path in (tmp_path / "a").iterdir()) == STAGES
    assert main(["read", *pictures, "--explain", str(tmp_path / "b")]) == 0
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["one", "two"]
    with Image.open(tmp_path / "b" / "two" / "4-lines.png") as picture:
        assert picture.size > (1, 1)
