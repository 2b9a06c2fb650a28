"""Several numbers in one frame are read each in its place, bumped or not."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image, ImageDraw

from samples import picture_of
from tinydigits import regions
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.config import Config, load_config
from tinydigits.errors import ConfigError
from tinydigits.frame import Frame, Luma
from tinydigits.reader import WHOLE_FRAME, FrameReadings
from tinydigits.region import Corners, Rectifier
from tinydigits.regions import make_frame_reader, make_rules

Log = pytest.LogCaptureFixture

TWO = """
[[region]]
name = "water"
corners = [[50, 50], [382, 50], [382, 150], [50, 150]]

[[region]]
name = "power"
corners = [[330, 298], [606, 298], [606, 398], [330, 398]]
digits = 4
judge = {decimals = 1, may_decrease = false, max_rate = 5.0}
"""


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    """The model that ships."""
    return Classifier.load(DEFAULT_MODEL)


@pytest.fixture(scope="module")
def wall() -> Image.Image:
    """A wall with a screw plate on it, and two numbers on labels."""
    picture = Image.new("L", (640, 480), 225)
    picture.paste(picture_of("02753", 2), (60, 56))
    picture.paste(picture_of("8346", 2), (340, 304))
    draw = ImageDraw.Draw(picture)
    rng = np.random.default_rng(4)
    for _ in range(40):
        x, y = rng.integers((90, 220), (250, 400)).tolist()
        wide, high = rng.integers(6, 30, 2).tolist()
        draw.rectangle((x, y, x + wide, y + high), fill=int(rng.integers(40, 256)))
    return picture


def luma_of(picture: Image.Image, shift: tuple[int, int] = (0, 0), angle: float = 0.0) -> Luma:
    """What the camera sees, bumped by so many pixels and degrees."""
    moved = picture.rotate(
        angle, Image.Resampling.BICUBIC, translate=shift, fillcolor=225, center=(320, 240)
    )
    return np.asarray(moved)


def configured(folder: Path, text: str) -> Config:
    """The configuration that a file with this text gives."""
    (folder / "config.toml").write_text(text)
    return load_config(folder / "config.toml")


def texts(readings: FrameReadings) -> dict[str, str]:
    """What was read, by region."""
    return {reading.region: reading.text for reading in readings.readings}


def test_each_in_its_place(tmp_path: Path, classifier: Classifier, wall: Image.Image) -> None:
    """Each region makes a reading of its own, with boxes in pixels of the frame."""
    reader = make_frame_reader(configured(tmp_path, TWO), classifier)
    found = reader.read(Frame(luma_of(wall), "wall"))
    assert texts(found) == {"water": "02753", "power": "8346"}
    for reading, (left, top, right, bottom) in zip(
        found.readings, ((50, 50, 382, 150), (330, 298, 606, 398)), strict=True
    ):
        for digit in reading.digits:
            x, y, width, height = digit.box
            assert left <= x < x + width <= right
            assert top <= y < y + height <= bottom
    assert {"rectify", "ink", "classify", "total"} <= set(found.timing_ms)


def test_whole_frame(tmp_path: Path, classifier: Classifier) -> None:
    """Without a region the whole frame is one."""
    reader = make_frame_reader(configured(tmp_path, ""), classifier)
    found = reader.read(Frame(np.asarray(picture_of("41")), "picture"))
    assert texts(found) == {WHOLE_FRAME: "41"}


@pytest.mark.parametrize("angle", [-14, 6, 14])
def test_seen_at_a_slant(
    angle: float, tmp_path: Path, classifier: Classifier, wall: Image.Image
) -> None:
    """A region's corners put a turned number upright."""
    turn = np.radians(angle)
    corners = [
        (
            320 + (x - 320) * np.cos(turn) + (y - 240) * np.sin(turn),
            240 - (x - 320) * np.sin(turn) + (y - 240) * np.cos(turn),
        )
        for x, y in ((50, 50), (382, 50), (382, 150), (50, 150))
    ]
    text = f'[[region]]\nname = "water"\ncorners = {[list(map(float, c)) for c in corners]}\n'
    reader = make_frame_reader(configured(tmp_path, text), classifier)
    found = reader.read(Frame(luma_of(wall, angle=angle), "wall"))
    assert texts(found) == {"water": "02753"}


def test_cells(tmp_path: Path, classifier: Classifier, wall: Image.Image) -> None:
    """Cells are read one by one; what is wrong with one says which."""
    text = """
[[region]]
name = "drums"
corners = [[76, 56], [356, 56], [356, 144], [76, 144]]
digits = 5
cells = true
"""
    reader = make_frame_reader(configured(tmp_path, text), classifier)
    found = reader.read(Frame(luma_of(wall), "wall"))
    assert texts(found) == {"drums": "02753"}
    covered = luma_of(wall).copy()
    covered[56:144, 188:244] = 225
    (reading,) = reader.read(Frame(covered, "wall")).readings
    assert reading.rejected
    assert "cell 3: no digit was found" in reading.reasons


@pytest.mark.parametrize(("shift", "angle"), [((30, -22), 0.0), ((-45, 20), 3.0), ((10, 40), -4.5)])
def test_bumped(
    shift: tuple[int, int],
    angle: float,
    tmp_path: Path,
    classifier: Classifier,
    wall: Image.Image,
) -> None:
    """With a reference patch the regions go where the numbers went."""
    wall.crop((90, 220, 250, 400)).save(tmp_path / "patch.png")
    text = f'{TWO}\n[reference]\npicture = "{tmp_path}/patch.png"\nleft = 90\ntop = 220\n'
    reader = make_frame_reader(configured(tmp_path, text), classifier)
    assert texts(reader.read(Frame(luma_of(wall), "wall", monotonic=0.0)))["water"] == "02753"
    bumped = Frame(luma_of(wall, shift, angle), "wall", monotonic=60.0)
    assert texts(reader.read(bumped)) == {"water": "02753", "power": "8346"}


def test_put_upright_as_before(
    tmp_path: Path, classifier: Classifier, wall: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How a region is put upright is worked out once, and again where it has moved."""
    made: list[Corners] = []

    class Counted(Rectifier):
        def __init__(self, corners: Corners) -> None:
            made.append(corners)
            super().__init__(corners)

    monkeypatch.setattr(regions, "Rectifier", Counted)
    wall.crop((90, 220, 250, 400)).save(tmp_path / "patch.png")
    text = f'{TWO}\n[reference]\npicture = "{tmp_path}/patch.png"\nleft = 90\ntop = 220\n'
    reader = make_frame_reader(configured(tmp_path, text + "seconds = 1000.0\n"), classifier)
    counts = []
    for second, shift in ((0, (0, 0)), (1, (0, 0)), (2000, (30, -22)), (2001, (30, -22))):
        reader.read(Frame(luma_of(wall, shift), "wall", monotonic=float(second)))
        counts.append(len(made))
    assert counts[0] == counts[1] < counts[2] == counts[3] == counts[1] + 2


def test_looked_for_now_and_then(
    tmp_path: Path,
    classifier: Classifier,
    wall: Image.Image,
    caplog: Log,
) -> None:
    """While all is read well the patch is looked for every few seconds; if it can't be seen, that
    is told once and all stays where it was.
    """
    wall.crop((90, 220, 250, 400)).save(tmp_path / "patch.png")
    text = f'{TWO}\n[reference]\npicture = "{tmp_path}/patch.png"\nleft = 90\ntop = 220\n'
    config = configured(tmp_path, text + "[reader]\nmax_error = 1.0\n")
    reader = make_frame_reader(config, classifier)
    hidden = luma_of(wall).copy()
    hidden[200:430, 60:300] = 225
    looked = []
    for second in range(0, 28, 4):
        found = reader.read(Frame(hidden, "wall", monotonic=float(second)))
        looked.append("follow" in found.timing_ms)
        assert texts(found) == {"water": "02753", "power": "8346"}
    assert looked == [True, False, False, True, False, False, True]
    assert caplog.text.count("reference patch is not seen") == 1


def test_rules_of_each(tmp_path: Path) -> None:
    """A region's judge goes by its own keys, and by [judge] for the rest."""
    rules = make_rules(configured(tmp_path, TWO + "[judge]\nagree = 4\nof = 7\n"))
    assert rules["power"].decimals == 1
    assert rules["water"].decimals is None
    assert rules["power"].digits == 4
    assert {r.agree for r in rules.values()} == {4}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[region]\nname = 'a'", "write [[region]] above each"),
        ("region = 3", "write [[region]] above each"),
        ("[[region]]\ncorner = []", "there is no key 'region.corner': did you mean"),
        ("[[region]]\njudge = {agre = 3}", "there is no key 'region.judge.agre': did you mean"),
        ("[[region]]\njudge = {agree = 9}", "judge.agree is 9: judge.of is only 3"),
        ("[[region]]\npolarity = 'grey'", "region.polarity: it must be 'auto'"),
        ("[[region]]\ndigits = -1", "region.digits: "),
        ("[[region]]\ncorners = [[1, 2, 3]]", "region.corners: "),
        ("[[region]]\nname = 'm'\ncells = true", "region.digits is needed where region.cells"),
        ("[[region]]\nname = 'm'\n[[region]]\nname = 'm'", "two regions are called 'm'"),
        ("[reference]\nleft = -1", "reference.left: "),
    ],
)
def test_refused_configuration(text: str, message: str, tmp_path: Path) -> None:
    """What can't be meant is told with its key, and what to write instead."""
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, text)
    assert message in str(caught.value)
    assert "config.toml: " in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[region]]\nname = 'a'", "region 'a': corners are four points"),
        (
            "[[region]]\nname = 'a'\ncorners = [[0, 0], [0, 50], [50, 50], [50, 0]]",
            "region 'a': the corners don't go round clockwise",
        ),
        (f"{TWO}[reference]\npicture = '/nowhere.png'", "reference.picture: /nowhere.png: there"),
    ],
)
def test_refused_regions(text: str, message: str, tmp_path: Path, classifier: Classifier) -> None:
    """Corners that are none and patches that can't be read are refused before anything is read."""
    with pytest.raises(ConfigError) as caught:
        make_frame_reader(configured(tmp_path, text), classifier)
    assert message in str(caught.value)


def test_readings_are_json(tmp_path: Path, classifier: Classifier, wall: Image.Image) -> None:
    """Readings of regions are written like those of a frame."""
    reader = make_frame_reader(configured(tmp_path, TWO), classifier)
    document = msgspec.json.decode(msgspec.json.encode(reader.read(Frame(luma_of(wall), "wall"))))
    assert [reading["region"] for reading in document["readings"]] == ["water", "power"]
