"""Regions that are drawn in the page lie over those of the configuration, and are kept whole."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from examples import costly
from tinydigits.config import Config, load_config, regions_file
from tinydigits.drawn import Drawing, DrawnReference, DrawnRegion, toml_string, toml_value
from tinydigits.drawn_file import with_drawing, write_drawing
from tinydigits.errors import ConfigError, OutputError
from tinydigits.frame import Frame
from tinydigits.regions import load_reference

MAIN = """
[web]
regions = "drawn.toml"
[judge]
agree = 1
[reference]
seconds = 3.0
[[region]]
name = "water"
corners = [[0, 0], [99, 0], [99, 50], [0, 50]]
digits = 5
judge = {decimals = 3}
[[region]]
name = "power"
corners = [[0, 60], [99, 60], [99, 99], [0, 99]]
"""

WATER = DrawnRegion("water", ((1.5, 2.0), (80.0, 3.0), (81.0, 40.0), (2.0, 41.0)), 4, "light", True)
GAS = DrawnRegion("gas", ((10.0, 10.0), (90.0, 10.0), (90.0, 50.0), (10.0, 50.0)))
PATCH = DrawnReference(20, 30, 48, 40)


@pytest.fixture
def main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration that names a file for regions, where the program runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    (tmp_path / "main.toml").write_text(MAIN)
    return tmp_path / "main.toml"


@pytest.fixture
def drawn(main: Path) -> Path:
    """That file, which isn't there yet."""
    return main.with_name("drawn.toml")


@pytest.fixture(scope="module")
def luma() -> np.ndarray:
    """A frame in which every part stands out."""
    return np.random.default_rng(3).integers(0, 255, (120, 160), np.uint8)


def names(config: Config) -> list[str]:
    """The regions of a configuration."""
    return [region.name for region in config.region]


def test_never_drawn(main: Path) -> None:
    """While there is no such file all is as the configuration has it."""
    assert names(load_config(main)) == ["water", "power"]


def test_drawn_over(main: Path, drawn: Path, luma: np.ndarray) -> None:
    """What was drawn is what counts: regions that aren't drawn are gone, new ones are there."""
    write_drawing(drawn, Drawing((GAS, WATER), PATCH), luma)
    config = load_config(main)
    gas, water = config.region
    assert (gas.corners, gas.digits, gas.polarity, gas.cells) == (GAS.corners, 0, "auto", False)
    assert (water.corners, water.digits, water.polarity, water.cells) == (
        *(WATER.corners, 4, "light", True),
    )


def test_judge_stays(main: Path, drawn: Path, luma: np.ndarray) -> None:
    """A drawn region has the judge that the configuration gives to the one of its name."""
    write_drawing(drawn, Drawing((GAS, WATER)), luma)
    gas, water = load_config(main).region
    assert (gas.judge.agree, gas.judge.decimals) == (1, -1)
    assert (water.judge.agree, water.judge.decimals) == (1, 3)


def test_other_keys_stay(main: Path, drawn: Path, luma: np.ndarray) -> None:
    """What somebody wrote beside a drawn region outlives its being drawn again."""
    drawn.write_text(
        '[[region]]\nname = "gas"\njudge = {max_rate = 3.5, may_decrease = false}\n'
        'sensor.unit = "m³"\ncorners = []\n'
    )
    write_drawing(drawn, Drawing((GAS, WATER)), luma)
    gas = load_config(main).region[0]
    assert gas.corners == GAS.corners
    assert (gas.judge.max_rate, gas.judge.may_decrease, gas.sensor.unit) == (3.5, False, "m³")


def test_reference(main: Path, drawn: Path, luma: np.ndarray) -> None:
    """The patch is cut out of the frame that was drawn into; how often to look stays."""
    write_drawing(drawn, Drawing((GAS,), PATCH), luma)
    config = load_config(main).reference
    assert (config.left, config.top, config.seconds) == (20, 30, 3.0)
    patch = Frame.from_file(Path(config.picture)).luma
    assert np.array_equal(patch, luma[30:70, 20:68])
    assert load_reference(config)


def test_one_patch(main: Path, drawn: Path, luma: np.ndarray) -> None:
    """Only the patch in use is kept, and none where none is drawn, whatever was configured."""
    (main.parent / "drawn-mine.png").write_bytes(b"")
    for left in (0, 1, 2):
        patch = DrawnReference(left, 0, 64, 64)
        write_drawing(drawn, Drawing((GAS,), patch), luma)
    assert len(list(main.parent.glob("drawn-*.png"))) == 2
    write_drawing(drawn, Drawing((GAS,)), luma)
    assert [path.name for path in main.parent.glob("drawn-*.png")] == ["drawn-mine.png"]
    main.write_text(MAIN.replace("[reference]", '[reference]\npicture = "gone.png"'))
    assert load_reference(load_config(main).reference) is None


def test_nothing_drawn(main: Path, drawn: Path, luma: np.ndarray) -> None:
    """All regions deleted is a drawing too: the whole frame is read."""
    write_drawing(drawn, Drawing(()), luma)
    assert load_config(main).region == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[region]", "it is not TOML"),
        ("[camera]\nfps = 1", "there is no key 'camera': only [[region]] and [reference]"),
        ("[reference]\nrigth = 1", "there is no key 'reference.rigth'"),
        ("reference = 1", "'reference' is a table"),
        ("region = 1", "regions are tables in a list"),
        ("[[region]]\nname = 1", "region.name: Expected `str`, got `int`"),
        ("[[region]]\nname = 'a'\ncells = true", "region.digits is needed"),
        ("[[region]]\nname = 'a'\n[[region]]\nname = 'a'", "two regions are called 'a'"),
    ],
)
def test_refused(text: str, message: str, main: Path, drawn: Path) -> None:
    """A file that is no drawing is refused in one line that names it."""
    drawn.write_text(text)
    with pytest.raises(ConfigError) as raised:
        load_config(main)
    assert str(raised.value).startswith(f"drawn.toml: {message}")
    assert "\n" not in str(raised.value)


def test_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative name lies in the folder that systemd made, an absolute one where it says."""
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/tinydigits")
    assert regions_file("") is None
    assert regions_file("a.toml") == Path("/var/lib/tinydigits/a.toml")
    assert regions_file("/etc/a.toml") == Path("/etc/a.toml")
    monkeypatch.delenv("STATE_DIRECTORY")
    assert regions_file("a.toml") == Path("a.toml")


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (DrawnReference(140, 100, 40, 40), "is 20x20 pixels where its box is 40x40"),
        (DrawnReference(500, 500, 40, 40), "is 0x0 pixels where its box is 40x40"),
        (DrawnReference(0, 0, 20, 20), "too small"),
    ],
)
def test_bad_patch(patch: DrawnReference, message: str, drawn: Path, luma: np.ndarray) -> None:
    """A patch that can't be one is refused, and nothing is written."""
    with pytest.raises(ConfigError, match=message):
        write_drawing(drawn, Drawing((GAS,), patch), luma)
    assert [path.name for path in drawn.parent.iterdir()] == ["main.toml"]


def test_not_writable(main: Path, luma: np.ndarray) -> None:
    """Where the file can't be written that is told, and what was there stays."""
    place = main.parent / "folder.toml"
    place.mkdir()
    with pytest.raises(OutputError, match="not a regular file"):
        write_drawing(place, Drawing((GAS,)), luma)


def test_with_drawing(main: Path) -> None:
    """A drawing can be tried without being written: the configuration is otherwise the same."""
    config = load_config(main)
    tried = with_drawing(config, Drawing((WATER, GAS), PATCH))
    assert names(tried) == ["water", "gas"]
    assert [region.judge.decimals for region in tried.region] == [3, -1]
    assert msgspec.structs.replace(tried, region=config.region) == config


@pytest.mark.parametrize(
    "regions", [(GAS, GAS), (msgspec.structs.replace(GAS, cells=True),)], ids=["twice", "cells"]
)
def test_does_not_fit(regions: tuple[DrawnRegion, ...], main: Path) -> None:
    """Regions that don't fit together are refused with the words of the configuration."""
    with pytest.raises(ConfigError, match=r"two regions are called|region\.digits is needed"):
        with_drawing(load_config(main), Drawing(regions))


@given(st.text() | st.text("\"\\'\n\t\x00\x1f\x7f\u2028\U0001f4a1"))
def test_strings(text: str) -> None:
    """Any text is in TOML what it was."""
    assert tomllib.loads(f"key = {toml_string(text)}") == {"key": text}


SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6
)


@given(VALUES)
def test_values(value: object) -> None:
    """Any value that a configuration can have is in TOML what it was."""
    assert tomllib.loads(f"key = {toml_value(value)}") == {"key": value}


COORDINATES = st.floats(-65535, 65535).map(lambda x: round(x, 1))
REGIONS = st.builds(
    DrawnRegion,
    name=st.text(min_size=1, max_size=20),
    corners=st.tuples(*[st.tuples(COORDINATES, COORDINATES)] * 4),
    digits=st.integers(1, 100),
    polarity=st.sampled_from(["auto", "dark", "light"]),
    cells=st.booleans(),
)


@given(regions=st.lists(REGIONS, max_size=4, unique_by=lambda region: region.name))
@costly(0.5)
def test_any_drawing(regions: list[DrawnRegion], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever is drawn is read back as it was drawn."""
    folder = tmp_path_factory.getbasetemp()
    drawn = folder / "any-drawing.toml"
    write_drawing(drawn, Drawing(tuple(regions)), np.zeros((8, 8), np.uint8))
    config = load_config(changes={"web": {"regions": str(drawn.resolve())}})
    assert [
        DrawnRegion(r.name, r.corners, r.digits, r.polarity, r.cells) for r in config.region
    ] == regions


def test_patch_is_grey(drawn: Path, luma: np.ndarray) -> None:
    """The patch beside the file is a plain picture that anybody can look at."""
    write_drawing(drawn, Drawing((GAS,), PATCH), luma)
    (path,) = drawn.parent.glob("drawn-????????.png")
    with Image.open(path) as picture:
        assert (picture.mode, picture.size) == ("L", (48, 40))
