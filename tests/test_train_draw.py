"""Drawn frames show what their table says, in uneven light and both polarities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinydigits.frame import MIN_SIDE
from tinydigits.labels import LABELS_FILE, list_pictures
from tinydigits_export.golden import golden_glyphs
from tinydigits_train import sources
from tinydigits_train.__main__ import main
from tinydigits_train.datasets import DataSet
from tinydigits_train.draw import draw_frame

Capture = pytest.CaptureFixture[str]


pytestmark = pytest.mark.usefixtures("loaded_once")


def draw(folder: Path, *options: str) -> int:
    """Draw the bundled digits."""
    return main(["draw", "--data", "bundled", "-o", str(folder), *options])


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("count", [1, 5])
def test_frame(count: int, dark: bool) -> None:  # noqa: FBT001  a parameter of the test
    """Digits stand out from their surroundings in the polarity asked for."""
    glyphs = golden_glyphs()[:count]
    for seed in range(20):
        luma = draw_frame(glyphs, np.random.default_rng(seed), dark=dark)
        assert luma.dtype == np.uint8
        assert min(luma.shape) >= MIN_SIDE
        edge = np.median(np.concatenate([luma[0], luma[-1], luma[:, 0], luma[:, -1]]))
        darkest, brightest = np.percentile(luma, [1, 99])
        assert (edge - darkest > brightest - edge) == dark


def test_folder(tmp_path: Path, capsys: Capture) -> None:
    """Every frame of the folder is in its table, with as many digits as were asked for."""
    assert draw(tmp_path / "frames", "--digits", "3", "--count", "6") == 0
    assert "holds 6 frames" in capsys.readouterr().out
    pictures = list_pictures(tmp_path / "frames")
    names = {path.name for path in (tmp_path / "frames").iterdir()}
    assert names == {picture.path.name for picture in pictures} | {LABELS_FILE}
    for number, picture in enumerate(pictures):
        assert picture.digits
        assert len(picture.digits) == 3
        assert picture.path.name == f"{number:05d}_{picture.digits}.png"
        with Image.open(picture.path) as image:
            assert image.mode == "L"


def test_same_again(tmp_path: Path) -> None:
    """The same seed draws the same frames, another one others."""
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert draw(tmp_path / name, "--count", "4", "--seed", seed) == 0
    a, b, c = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in "abc"
    )
    assert a == b
    assert a != c


def test_held_out_only(tmp_path: Path, bundled: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default only the test part is drawn: a fifth of the digits."""
    few = bundled.take(np.arange(400))
    monkeypatch.setattr(sources, "load_bundled", lambda: few)
    assert draw(tmp_path / "test", "--digits", "20") == 0
    assert draw(tmp_path / "all", "--digits", "20", "--part", "all") == 0
    test, everything = (len(list_pictures(tmp_path / name)) for name in ("test", "all"))
    assert (test, everything) == (80 // 20, 400 // 20)


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--digits", "400"], "fewer than 400 digits"), ([], "is not empty: name a new folder")],
)
def test_refused(options: list[str], message: str, tmp_path: Path, capsys: Capture) -> None:
    """Numbers too long for the data, and a folder with other files in it, are refused."""
    (tmp_path / "old.png").write_bytes(b"old")
    assert draw(tmp_path, *options) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["old.png"]
