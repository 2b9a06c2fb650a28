"""Doubtful digits are kept as pictures: few, each once, and never at the loop's expense."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from folders import closed
from pasts import until
from samples import picture_of
from standin import Clock
from standin import told as logged
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.config import Config, load_config
from tinydigits.errors import ConfigError, OutputError
from tinydigits.frame import Frame
from tinydigits.judges import Judges
from tinydigits.learn import crops as crops_module
from tinydigits.learn.crops import Crop, Crops
from tinydigits.memory import Memory
from tinydigits.outputs.collect import Collector
from tinydigits.outputs.doubtful import digits_due, lies_between
from tinydigits.outputs.kinds import KINDS
from tinydigits.outputs.pace import LONGEST_PAUSE, Pace
from tinydigits.outputs.told import Told
from tinydigits.reader import Reader
from tinydigits.regions import make_rules

CLASSIFIER = Classifier.load(DEFAULT_MODEL)

COUNTER = {"may_decrease": False, "max_rate": 1.0, "agree": 2, "of": 3}


class Meter:
    """A number that a camera sees and a judge judges, as configured."""

    def __init__(self, folder: Path, **tables: Any) -> None:
        collect = {"folder": str(folder), "unsure": 0.0} | tables.pop("collect", {})
        self.config: Config = load_config(changes={"collect": collect, **tables})
        self.clock = Clock()
        self.collector = Collector(self.config, self.clock)
        self.crops = Crops(folder)
        self._reader = Reader(CLASSIFIER, max_error=self.config.reader.max_error, memory=Memory())
        self._judges = Judges(make_rules(self.config), monotonic=self.clock)
        self._frames = 0

    def told(self, number: str, seconds: float = 1.0, noise: float = 0.0) -> Told:
        """What is told of a frame that shows a number, or nothing at all, so much later."""
        self.clock.now += seconds
        self._frames += 1
        luma = np.asarray(picture_of(number)) if number else np.full((100, 200), 9, np.uint8)
        if noise:
            rng = np.random.default_rng(self._frames)
            luma = (luma + rng.normal(0, noise, luma.shape)).clip(0, 255).astype(np.uint8)
        frame = Frame(luma, "test", self._frames, self.clock.now, 1_795_342_500 + self.clock.now)
        result = self._reader.read(frame)
        return Told(frame, result, tuple(self._judges.judge(result.readings, frame.monotonic)))

    def sees(self, *numbers: str, seconds: float = 1.0) -> list[Crop]:
        """What has been collected when these numbers have been seen, one after the other."""
        for number in numbers:
            self.collector.look(self.told(number, seconds))
        return self.crops.list()


def shown(crops: Sequence[Crop]) -> list[tuple[int, str, str | None]]:
    """Place, digit and reason of each."""
    return sorted((crop.place, crop.read, crop.why) for crop in crops)


def test_sure(tmp_path: Path) -> None:
    """What was read surely and accepted is not kept."""
    assert Meter(tmp_path, judge=COUNTER).sees("40275", "40275", "40275") == []


def test_unsure(tmp_path: Path) -> None:
    """Digits below the configured confidence are kept, each of them once."""
    meter = Meter(tmp_path, collect={"unsure": 1.0})
    expected = [(1, "4", "unsure"), (2, "0", "unsure"), (3, "2", "unsure")]
    assert shown(meter.sees("402", "402", "402")) == expected
    (crop, *_) = meter.crops.list()
    assert crop.region == "frame"
    assert 0 < crop.confidence < 1
    assert crop.wall == 1_795_342_500 + 1001


def test_rejected(tmp_path: Path) -> None:
    """Digits that the reader rejects are kept, whatever the configured confidence."""
    meter = Meter(tmp_path)
    told = meter.told("402")
    (reading,) = told.result.readings
    first, *others = reading.digits
    doubtful = replace(reading, digits=(replace(first, rejected=True), *others))
    meter.collector.look(replace(told, result=replace(told.result, readings=(doubtful,))))
    assert shown(meter.crops.list()) == [(1, "4", "rejected")]


def test_contradicted(tmp_path: Path) -> None:
    """Where the judge says that a number can't have got there, the digits that differ are kept."""
    meter = Meter(tmp_path, judge=COUNTER)
    assert meter.sees("40275", "40275", "48235") == []
    assert shown(meter.sees("48235")) == [(2, "8", "contradicted"), (4, "3", "contradicted")]


def test_alone(tmp_path: Path) -> None:
    """A reading that stays alone among others is held against what is accepted after it."""
    meter = Meter(tmp_path)
    assert meter.sees("40275", "40275", "40215") == []
    assert shown(meter.sees("40275")) == [(4, "1", "contradicted")]


def test_counting(tmp_path: Path) -> None:
    """A number that goes on is no contradiction."""
    numbers = [number for k in range(40278, 40283) for number in (str(k), str(k))]
    assert Meter(tmp_path).sees(*numbers) == []


def test_restart(tmp_path: Path) -> None:
    """What an earlier run has kept is not kept again."""
    first = Meter(tmp_path, collect={"unsure": 1.0})
    kept = first.sees("402")
    again = Meter(tmp_path, collect={"unsure": 1.0})
    with again.collector as collector:
        assert collector.wait(10)
        collector.put(again.told("409"))
    assert shown(again.crops.list()) == [*shown(kept), (3, "9", "unsure")]


def test_few_an_hour(tmp_path: Path) -> None:
    """No more are kept in an hour than configured, however many there are."""
    meter = Meter(tmp_path, collect={"unsure": 1.0, "per_hour": 4})
    assert len(meter.sees("012", "345", "678", "901")) == 4
    assert len(meter.sees("456", seconds=3600)) == 7
    assert len(meter.sees("789")) == 8


def taken(collector: Collector) -> int:
    """How many frames were taken to be looked at, those included that made room."""
    return collector.state.waiting + collector.state.dropped


def test_night(tmp_path: Path) -> None:
    """A night in the dark keeps nothing, and costs a look in a minute."""
    meter = Meter(tmp_path, collect={"unsure": 1.0})
    told, looks = meter.told(""), 0
    for _ in range(3600):
        meter.clock.now += 1
        before = taken(meter.collector)
        meter.collector.put(told)
        if taken(meter.collector) > before:
            looks += 1
            meter.collector.look(told)
    assert meter.crops.list() == []
    assert looks < 80


@pytest.mark.parametrize("noise", [1.0, 4.0, 10.0])
def test_noise(noise: float, tmp_path: Path) -> None:
    """Nor does the noise of a camera in the dark."""
    meter = Meter(tmp_path, collect={"unsure": 1.0})
    for _ in range(5):
        meter.collector.look(meter.told("", noise=noise))
    assert meter.crops.list() == []


def test_full(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where only labelled pictures are left in a full folder, that is told once, and none goes."""
    meter = Meter(tmp_path, collect={"unsure": 1.0, "max_files": 3})
    for crop in meter.sees("402"):
        meter.crops.label(crop.name, "1")
    assert len(meter.sees("987", "651")) == 3
    (line,) = [line for line in logged(caplog) if "collected" in line]
    assert "is full of labelled pictures: move them away" in line
    assert "full of labelled" in meter.collector.state.trouble
    meter.crops.label(meter.crops.list()[0].name, None)
    assert meter.sees("3", seconds=3600)[-1].read == "3"
    assert meter.collector.state.trouble == ""


def test_no_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full is told of once, and tried again after a minute."""
    meter = Meter(tmp_path, collect={"unsure": 1.0})

    def fail(path: Path, _: bytes) -> None:
        raise OutputError(f"{path.parent.name} can't be written: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(crops_module, "atomic_write", fail)
        caplog.set_level("INFO")
        assert meter.sees("402", "987") == []
        meter.collector.put(meter.told("402"))
        assert meter.collector.state.waiting == 0
    (line,) = [line for line in logged(caplog) if "collected" in line]
    assert "No space left" in line
    assert len(meter.sees("402", seconds=LONGEST_PAUSE)) == 3
    assert logged(caplog)[-1] == "pictures are collected again"


def test_damaged_labels(tmp_path: Path) -> None:
    """Labels that can't be understood are left alone, with all pictures."""
    meter = Meter(tmp_path, collect={"unsure": 1.0, "max_files": 3})
    meter.sees("402")
    (tmp_path / "labels.csv").write_text("name,value\n")
    meter.collector.look(meter.told("987"))
    assert "there are no columns" in meter.collector.state.trouble
    assert len(list(tmp_path.glob("*.png"))) == 3


def test_mistake(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake in the collecting itself is told, and all goes on."""
    meter = Meter(tmp_path, collect={"unsure": 1.0})
    with monkeypatch.context() as patch:
        patch.setattr("tinydigits.outputs.collect.gist_of", lambda _: 1 / 0)
        assert meter.sees("402", "402") == []
    (line,) = [line for line in logged(caplog) if "unexpected" in line]
    assert "ZeroDivisionError" in line
    assert len(meter.sees("402", seconds=100)) == 3


def hanging(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A disk that never answers, until this is set."""
    free = threading.Event()

    def hang(*_: object) -> None:
        free.wait(30)

    monkeypatch.setattr(crops_module, "atomic_write", hang)
    return free


def test_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that hangs holds up neither the loop nor the end, and few frames are held for it."""
    free = hanging(monkeypatch)
    meter = Meter(tmp_path, collect={"unsure": 1.0})
    told = [meter.told("402"), meter.told("987")]
    began = time.monotonic()
    with meter.collector as collector:
        assert collector.wait(10)
        for _ in range(100):
            collector.put(told[0])
        assert collector.state.waiting <= 2
        assert collector.state.dropped >= 97
        left = time.monotonic()
    assert time.monotonic() - left < 0.5
    assert time.monotonic() - began < 5
    free.set()


def test_put_is_quick(tmp_path: Path) -> None:
    """Taking a frame takes microseconds, whatever is in it."""
    meter = Meter(tmp_path, collect={"unsure": 1.0})
    told = meter.told("4027531846")
    began = time.perf_counter()
    for _ in range(1000):
        meter.collector.put(told)
    assert time.perf_counter() - began < 0.1  # 3 microseconds here: room for a busy machine


@pytest.mark.parametrize("name", ["file", "a\0b", "a" * 300])
def test_no_folder(name: str, tmp_path: Path) -> None:
    """A folder that can't be one is a mistake in the configuration."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"collect\.folder is '.*': that is no folder"):
        Meter(Path(f"{tmp_path}/{name}"))


def test_closed_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder that may not be entered is told, and used as soon as it may be."""
    folder = tmp_path / "closed"
    folder.mkdir()
    with closed(folder):
        meter = Meter(folder / "crops", collect={"unsure": 1.0})
        with meter.collector:
            until(lambda: "Permission denied" in meter.collector.state.trouble)
        meter.collector.look(meter.told("4"))
    caplog.set_level("INFO")
    assert len(meter.sees("4", seconds=LONGEST_PAUSE)) == 1
    assert logged(caplog)[-1] == "pictures are collected again"


def test_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without a path is a folder in the one that systemd made for the service."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    assert Meter(Path("crops")).collector.folder == tmp_path / "crops"


def test_kind(tmp_path: Path) -> None:
    """It is an output like others, off unless a folder is named."""
    kind = KINDS["collect"]
    assert not kind.is_asked(load_config())
    config = load_config(changes={"collect": {"folder": str(tmp_path)}})
    assert kind.is_asked(config)
    moved = {"name": "a", "corners": [[0, 0], [50, 0], [50, 20], [0, 20]]}
    other = load_config(changes={"collect": {"folder": str(tmp_path)}, "region": [moved]})
    assert kind.goes_by(config) != kind.goes_by(other)


def test_not_ours(tmp_path: Path) -> None:
    """What can't be read of the folder is passed over."""
    Meter(tmp_path, collect={"unsure": 1.0}).sees("4")
    (broken,) = tmp_path.glob("*.png")
    broken.write_bytes(broken.read_bytes()[:200])
    meter = Meter(tmp_path, collect={"unsure": 1.0})
    with meter.collector as collector:
        assert collector.wait(10)
    assert meter.collector.state.trouble == ""


@pytest.mark.parametrize(
    ("text", "value", "decimals", "due"),
    [
        ("00472", "471", 0, "00471"),
        ("004721", "472.2", 1, "004722"),
        ("472.1", "47.2", -1, "0472"),
        ("472.1", "472", -1, None),  # the point is elsewhere
        ("472", "4721", 0, None),
        ("47\n12", "47", 0, None),
        ("472", None, 0, None),
    ],
)
def test_due(text: str, value: str | None, decimals: int, due: str | None) -> None:
    """What a display should show is told by the accepted value, where that can be told."""
    assert digits_due(text, None if value is None else Decimal(value), decimals) == due


@given(st.integers(0, 99999), st.integers(0, 99999), st.integers(0, 99999))
def test_between(old: int, new: int, shown_between: int) -> None:
    """What may have been shown on the way is no contradiction."""
    expected = min(old, new) <= shown_between <= max(old, new)
    assert lies_between(f"{shown_between:05}", Decimal(old), Decimal(new), 0) == expected


@given(st.lists(st.floats(0, 5000), max_size=60), st.integers(1, 50))
def test_pace(gaps: list[float], per_hour: int) -> None:
    """In no hour more than twice as many are kept as configured: those saved up, and new ones."""
    pace, now, kept = Pace(per_hour), 0.0, []
    for gap in gaps:
        now += gap
        if pace.is_due(now) and pace.take(now):
            kept.append(now)
    for first in kept:
        assert sum(first <= at < first + 3600 for at in kept) <= 2 * per_hour


def test_pause() -> None:
    """The less there is to be found, the less often it is looked for; until something is."""
    pace, now = Pace(1000), 0.0
    looks = 0
    while now < 3600:
        if pace.is_due(now):
            looks += 1
            pace.looked(now, found=False)
        now += 0.5
    assert looks < 80
    pace.looked(now + LONGEST_PAUSE, found=True)
    assert pace.is_due(now + LONGEST_PAUSE)
