"""The loop reads no faster than asked for and stops when it is told to."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Self

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import costly
from samples import picture_of
from tinydigits import daemon
from tinydigits.camera import FilesCamera
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.daemon import Run, Work, run
from tinydigits.errors import CameraError
from tinydigits.frame import Frame
from tinydigits.reader import FrameReadings, Reader
from tinydigits.signals import READ, STOP_SIGNALS, Call, Signals

TERM = bytes([signal.SIGTERM])


@pytest.fixture(scope="module")
def reader() -> Reader:
    """A reader with the model that ships."""
    return Reader(Classifier.load(DEFAULT_MODEL))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two pictures."""
    for number in ("27", "40"):
        picture_of(number).save(tmp_path / f"{number}.png")
    return tmp_path


def test_read_all(folder: Path, reader: Reader) -> None:
    """Every frame is read and published in its order, until there are no more."""
    results: list[FrameReadings] = []
    with Signals() as signals:
        work = Work(FilesCamera(str(folder)), reader, lambda _, result: results.append(result))
        assert run(work, signals) == Run(2, stopped=False)
    assert [result.readings[0].text for result in results] == ["27", "40"]
    assert [result.sequence for result in results] == [0, 1]


@pytest.mark.parametrize("fps", [0.0, 1e-9, 5e-324])
def test_stop(fps: float, folder: Path, reader: Reader) -> None:
    """A signal to stop ends the loop after the frame in hand, however long the pause would be."""
    results: list[FrameReadings] = []

    def publish(_: Frame, result: FrameReadings) -> None:
        results.append(result)
        signals.sender.send(TERM)

    with Signals() as signals:
        work = Work(FilesCamera(str(folder), loop=True), reader, publish, fps)
        assert run(work, signals) == Run(1, stopped=True)
    assert len(results) == 1


def test_stopped_before_the_first(folder: Path, reader: Reader) -> None:
    """A signal that comes before the first frame is not lost."""
    with Signals() as signals:
        signals.sender.send(TERM)
        work = Work(FilesCamera(str(folder), loop=True), reader, lambda *_: None)
        assert run(work, signals) == Run(0, stopped=True)


def test_camera_is_closed(folder: Path, reader: Reader) -> None:
    """An error while publishing ends the loop, and the camera is closed."""

    def publish(*_: object) -> None:
        raise BrokenPipeError

    camera = FilesCamera(str(folder), loop=True)
    with Signals() as signals, pytest.raises(BrokenPipeError):
        run(Work(camera, reader, publish), signals)
    with pytest.raises(CameraError):  # as it has no pictures any more
        next(camera.frames())


class Clockwork(Signals):
    """Signals and a clock of their own, where waiting takes no time."""

    now = Fraction(0)

    def wait(self, seconds: float = 0.0) -> Call | None:
        """Let the time pass."""
        self.now += Fraction(max(0, seconds))
        return None

    def monotonic(self) -> Fraction:
        """The time."""
        return self.now


class SlowCamera(FilesCamera):
    """A camera that takes a while for each frame."""

    def __init__(self, clock: Clockwork, costs: list[Fraction]) -> None:
        super().__init__("")
        self._clock = clock
        self._costs = costs
        self.asked: list[Fraction] = []

    def __enter__(self) -> Self:
        """There is nothing to open."""
        return self

    def frames(self) -> Iterator[Frame | None]:
        """A blank frame for every cost; for one below zero none."""
        for number, cost in enumerate(self._costs):
            self.asked.append(self._clock.now)
            self._clock.now += max(cost, Fraction(0))
            yield Frame(np.zeros((8, 8), np.uint8), "", number) if cost >= 0 else None


class NoReader:
    """Reads nothing, at once."""

    def read(self, frame: Frame) -> FrameReadings:
        """A frame without readings."""
        return FrameReadings("", frame.sequence, frame.monotonic, frame.wall, (), {})


EIGHTHS = st.integers(0, 24).map(lambda n: Fraction(n, 8))


def asked_at(clock: Clockwork, costs: list[Fraction]) -> list[Fraction]:
    """When a camera is asked for its frames, of which two a second are wanted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(daemon, "time", SimpleNamespace(monotonic=clock.monotonic))
        camera = SlowCamera(clock, costs)
        work = Work(camera, NoReader(), lambda *_: None, fps=2)
        assert run(work, clock) == Run(len(costs), stopped=False)
    return camera.asked


@given(costs=st.lists(EIGHTHS, min_size=1, max_size=8))
@costly(0.2)
def test_pace(costs: list[Fraction]) -> None:
    """Frames are asked for as soon as they are due, never more than were due so far."""
    period = Fraction(1, 2)
    with Clockwork() as clock:
        asked = asked_at(clock, costs)
    for place, (cost, moment, after) in enumerate(zip(costs, asked, asked[1:], strict=False)):
        assert after >= (place + 1) * period
        assert moment + cost <= after <= moment + max(period, cost)


@pytest.mark.parametrize("costs", [[3, 0, 0, 0], [Fraction(9, 8), 0, 0, 0]])
def test_no_crowd(costs: list[Fraction]) -> None:
    """A frame that takes several periods delays those after it: they don't make up for it."""
    with Clockwork() as clock:
        asked = asked_at(clock, [Fraction(cost) for cost in costs])
    assert [after - asked[1] for after in asked[1:]] == [0, Fraction(1, 2), 1]


def test_late_timer() -> None:
    """Timers that are always late make every frame as late as the first, and none is missed."""
    late = Fraction(1, 16)

    class Late(Clockwork):
        def wait(self, seconds: float = 0.0) -> Call | None:
            return super().wait(seconds + float(late) if seconds > 0 else 0.0)

    with Late() as clock:
        asked = asked_at(clock, [Fraction(1, 8)] * 40)
    assert asked[1:] == [Fraction(k, 2) + late for k in range(1, 40)]


def test_jitter() -> None:
    """Now and then a frame takes longer than a period; those after it are on time again."""
    with Clockwork() as clock:
        asked = asked_at(clock, [Fraction(k, 8) for k in (1, 5, 1, 1, 6, 1, 1)])
    assert [float(moment) for moment in asked] == [0, 0.5, 1.125, 1.5, 2, 2.75, 3]


def test_gap() -> None:
    """A camera without a frame is asked again soon, however slow the pace is."""
    with Clockwork() as clock, pytest.MonkeyPatch.context() as patch:
        patch.setattr(daemon, "time", SimpleNamespace(monotonic=clock.monotonic))
        camera = SlowCamera(clock, [Fraction(n) for n in (0, -1, -1, 0, 0)])
        work = Work(camera, NoReader(), lambda *_: None, fps=1 / 64)
        assert run(work, clock) == Run(3, stopped=False)
    assert [float(asked) for asked in camera.asked] == pytest.approx([0, 64, 64.2, 64.4, 128.4])


def started(folder: Path, *options: str) -> subprocess.Popen[str]:
    """The daemon itself, after its first line, and that line put back."""
    command = [sys.executable, "-m", "tinydigits", "run", "--source", str(folder), "--loop"]
    return subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_daemon_stops(number: int, folder: Path) -> None:
    """A daemon that gets a signal to stop ends well and soon, its last line whole."""
    with started(folder, "--fps", "2") as process:
        assert process.stdout
        assert process.stderr
        first = process.stdout.readline()
        process.send_signal(number)
        # not communicate(), which forgets what came together with the first line
        rest, said = process.stdout.read(), process.stderr.read()
    assert process.returncode == 0
    texts = [json.loads(line)["text"] for line in (first + rest).splitlines()]
    assert texts[0] == "27"
    assert said == f"tinydigits: stopped, frames read: {len(texts)}\n"


def test_daemon_without_reader(folder: Path) -> None:
    """A daemon whose output nobody reads any more ends without a word, as by SIGPIPE."""
    with started(folder) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=30) == 141
        assert process.stderr.read() == ""


def test_read_now(folder: Path, reader: Reader) -> None:
    """A frame that is asked for is read at once, however long it is until one is due."""
    results: list[FrameReadings] = []

    def publish(_: Frame, result: FrameReadings) -> None:
        results.append(result)
        signals.call(READ if len(results) < 3 else signal.SIGTERM)

    with Signals() as signals:
        work = Work(FilesCamera(str(folder), loop=True), reader, publish, 1e-4)
        assert run(work, signals) == Run(3, stopped=True)
    assert [result.sequence for result in results] == [0, 1, 2]
