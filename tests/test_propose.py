"""Regions proposed from a picture are where the numbers are, and can be configured as they are."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from samples import picture_of
from tinydigits.__main__ import main
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.config import load_config
from tinydigits.frame import Frame
from tinydigits.propose import propose_regions
from tinydigits.regions import make_frame_reader

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two numbers, one above the other, and a rating plate beside them."""
    picture = Image.new("L", (640, 480), 225)
    picture.paste(picture_of("027531", 2), (40, 30))
    picture.paste(picture_of("8346", 2), (60, 160))
    draw = ImageDraw.Draw(picture)
    rng = np.random.default_rng(7)
    for _ in range(250):
        x, y = rng.integers((400, 270), (600, 440)).tolist()
        wide, high = rng.integers(2, 11, 2).tolist()
        draw.rectangle((x, y, x + wide, y + high), fill=int(rng.integers(60, 256)))
    path = tmp_path_factory.mktemp("scene") / "meter.png"
    picture.save(path)
    return path


@pytest.fixture(scope="module")
def proposed(scene: Path) -> tuple[Path, str]:
    """What ``tinydigits regions`` writes for it, and what it prints."""
    folder = scene.parent / "proposal"
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert main(["regions", str(scene), "-o", str(folder)]) == 0
    return folder, printed.getvalue()


@pytest.fixture(scope="module")
def folder(proposed: tuple[Path, str]) -> Path:
    """The folder that it writes."""
    return proposed[0]


def test_writes(folder: Path) -> None:
    """The folder holds the configuration, the patch, and a picture to look at."""
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["reference.png", "regions.png", "regions.toml"]
    with Image.open(folder / "regions.png") as picture:
        assert picture.size == (640, 480)


def test_can_be_configured(folder: Path, scene: Path) -> None:
    """With the configuration as it was written, the daemon reads what the picture shows."""
    config = load_config(folder / "regions.toml")
    assert [region.digits for region in config.region] == [6, 4]
    reader = make_frame_reader(config, Classifier.load(DEFAULT_MODEL))
    found = reader.read(Frame.from_file(scene))
    assert [(r.region, r.text) for r in found.readings] == [
        ("number1", "027531"),
        ("number2", "8346"),
    ]


def test_patch_is_beside_the_numbers(folder: Path, scene: Path) -> None:
    """The reference patch is cut out where digits can't change it, and where there is detail."""
    config = load_config(folder / "regions.toml")
    luma = Frame.from_file(scene).luma
    left, top = config.reference.left, config.reference.top
    patch = Frame.from_file(Path(config.reference.picture)).luma
    height, width = patch.shape
    assert np.array_equal(patch, luma[top : top + height, left : left + width])
    for region in config.region:
        xs, ys = zip(*region.corners, strict=True)
        assert (
            left >= max(xs)
            or left + width <= min(xs)
            or top >= max(ys)
            or (top + height <= min(ys))
        )
    assert patch.std() > 20


def test_says_what_it_found(proposed: tuple[Path, str]) -> None:
    """The terminal gets each region with what is read there, and what to do next."""
    folder, printed = proposed
    lines = printed.splitlines()
    assert lines[:2] == ["number1: 027531", "number2: 8346"]
    assert str(folder / "regions.png") in lines[2]


def test_small_print() -> None:
    """Long small print below a number is no number more, a number not much smaller is one."""
    picture = Image.new("L", (640, 480), 225)
    picture.paste(picture_of("8346", 4), (100, 10))
    picture.paste(picture_of("275", 3), (250, 330))
    small = picture_of("0275314", 2)
    picture.paste(small.resize((small.width * 3 // 4, small.height * 3 // 4)), (60, 230))
    found = propose_regions(Classifier.load(DEFAULT_MODEL), np.asarray(picture))
    assert [region.text for region in found] == ["8346", "275"]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A number with noise below it, where the patch can be."""
    picture = Image.new("L", (200, 200), 225)
    picture.paste(picture_of("27", 1), (20, 10))
    noise = np.random.default_rng(7).integers(60, 256, (40, 40), np.uint8)
    picture.paste(Image.fromarray(noise).resize((100, 100), Image.Resampling.NEAREST), (60, 80))
    picture.save(tmp_path / "small.png")
    return tmp_path / "small.png"


def test_any_folder(small: Path, tmp_path: Path) -> None:
    """A folder may be called what it likes: the configuration in it can be read."""
    folder = tmp_path / 'the "meter"\\my\tfolder\n'
    assert main(["regions", str(small), "-o", str(folder)]) == 0
    config = load_config(folder / "regions.toml")
    assert config.reference.picture == str(folder / "reference.png")


def test_no_name_for_a_configuration(small: Path, tmp_path: Path, capsys: Capture) -> None:
    """A folder whose name is no UTF-8 is refused in one line, before anything is written."""
    folder = tmp_path / os.fsdecode(b"\xff")
    assert main(["regions", str(small), "-o", str(folder)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert r"\xff/reference.png: its name is not UTF-8" in error
    assert not folder.exists()


def test_nothing_there(tmp_path: Path, capsys: Capture) -> None:
    """A picture without a number gets no regions, and nothing is written."""
    Image.new("L", (320, 240), 200).save(tmp_path / "blank.png")
    assert main(["regions", str(tmp_path / "blank.png"), "-o", str(tmp_path / "out")]) == 1
    assert "nothing in it looks like a number" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_no_picture(tmp_path: Path, capsys: Capture) -> None:
    """A picture that can't be read is told in one line."""
    assert main(["regions", str(tmp_path / "no.png"), "-o", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
