"""A camera that fails or hangs is opened again or given up, and never holds the loop."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec
import numpy as np
import pytest

from standin import Clock, Standin, told
from tinydigits.camera import picamera2
from tinydigits.camera.errand import Errand
from tinydigits.camera.picamera2 import HungCameraError, Picamera2Camera
from tinydigits.camera.trouble import FIRST_PAUSE, LONGEST_PAUSE, Trouble
from tinydigits.config import load_config
from tinydigits.errors import CameraError

PATIENT = 60
"""Times that opening may take longer than it does on a device."""


@pytest.fixture
def clock() -> Clock:
    """The time."""
    return Clock()


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> Standin:
    """One camera that works, and opens before anybody looks, however busy the machine is."""
    result = Errand.result
    monkeypatch.setattr(Errand, "result", lambda errand, seconds: result(errand, PATIENT * seconds))
    return Standin().install(monkeypatch)


def camera(clock: Clock, **changes: Any) -> Picamera2Camera:
    """The camera with the defaults, but for these."""
    config = msgspec.structs.replace(load_config().camera.picamera2, **changes)
    return Picamera2Camera(config, clock=clock)


def test_frames(standin: Standin, clock: Clock) -> None:
    """Frames are numbered and say which camera they are from, which is closed in the end."""
    with camera(clock) as source:
        frames = [frame for frame in islice(source.frames(), 3) if frame]
        assert [(frame.sequence, frame.source) for frame in frames] == [
            (number, "picamera2:imx708") for number in range(3)
        ]
        for frame, request in zip(frames, standin.requests, strict=True):
            assert np.array_equal(frame.luma, request.luma["main"])
    assert standin.kept == 0
    assert [one.closed for one in standin.cameras] == [1]


def test_opens_again(
    standin: Standin,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A camera that fails is opened again after pauses that grow, its frames are numbered on."""
    caplog.set_level("INFO")
    with camera(clock) as source:
        frames = source.frames()
        assert next(frames)
        standin.fails["capture_request"] = RuntimeError("it broke")
        assert next(frames) is None
        assert told(caplog) == ["no frames: the camera failed: it broke"]
        standin.fails = {"open": RuntimeError("it is gone")}
        pauses = []
        for _ in range(9):
            began = clock.now
            attempts: list[str] = []
            monkeypatch.setattr(standin, "before", attempts.append)
            while not attempts:
                clock.now += FIRST_PAUSE / 2
                assert next(frames) is None
            pauses.append(clock.now - began)
        assert pauses == [0.5, 1, 2, 4, 8, 16, 20, 20, 20]
        assert told(caplog) == ["no frames: the camera can't be opened: it is gone"]
        standin.fails.clear()
        clock.now += LONGEST_PAUSE
        frame = next(frames)
        assert frame
        assert frame.sequence == 1
        assert told(caplog) == [f"frames again after {sum(pauses) + LONGEST_PAUSE:.1f} s"]
    assert [one.closed for one in standin.cameras] == [1, 1]
    assert standin.kept == 0


def test_gives_no_frame(standin: Standin, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A camera that goes silent is asked until its time is over, then opened again."""
    with camera(clock, timeout=5, led=-1) as source:
        frames = source.frames()
        standin.silent = True
        assert next(frames) is None
        clock.now += 4.9
        assert next(frames) is None
        assert told(caplog) == []
        clock.now += 0.1
        assert next(frames) is None
        assert told(caplog) == ["no frames: the camera gave no frame for 5 s"]
        standin.silent = False
        clock.now += FIRST_PAUSE
        assert next(frames)
    assert [one.closed for one in standin.cameras] == [1, 1]


def test_plugged_in_later(standin: Standin, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A camera that is missing to begin with is told, looked for, and found when it is there."""
    infos, standin.infos = standin.infos, []
    with camera(clock) as source:
        frames = source.frames()
        for _ in range(100):
            assert next(frames) is None
            clock.now += 10
        assert told(caplog) == [
            "no frames: there is no camera: look at its cable, and at rpicam-hello"
        ]
        standin.infos = infos
        clock.now += LONGEST_PAUSE
        assert next(frames)
        assert (source.trouble.told, source.trouble.times) == ("", 1)


def test_frozen_for_good(standin: Standin, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A camera that gives the old frame again even after it was opened again gives none."""
    with camera(clock, timeout=5) as source:
        frames = source.frames()
        assert next(frames)
        standin.stamps = lambda _: 0
        for _ in range(20):
            assert next(frames) is None
            clock.now += 5
        assert told(caplog) == ["no frames: the camera has repeated one frame for 5 s"]
        standin.stamps = lambda _: 1
        clock.now += LONGEST_PAUSE
        assert next(frames)
    assert len(standin.cameras) > 2


def test_busy(standin: Standin, clock: Clock) -> None:
    """A camera that another program has to begin with is waited for too, its LED dark."""
    standin.fails["start"] = RuntimeError("Device or resource busy")
    with camera(clock) as source:
        assert next(source.frames()) is None
        assert source.trouble.told == "the camera can't be opened: Device or resource busy"
        standin.fails.clear()
        clock.now += FIRST_PAUSE
        assert next(source.frames())
    assert [one.closed for one in standin.cameras] == [1, 1]


def test_unsuitable(standin: Standin, clock: Clock) -> None:
    """A camera that is there but not as configured is an error, as it won't change by itself."""
    with pytest.raises(CameraError, match="has no focus"), camera(clock, focus=1.0):
        pass
    assert [one.closed for one in standin.cameras] == [1]


def test_closing_fails(standin: Standin, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A camera that can't be closed is told, in between and in the end, and that is all."""
    caplog.set_level("INFO")
    standin.fails["close"] = RuntimeError("it broke")
    with camera(clock) as source:
        frames = source.frames()
        standin.fails["get_result"] = OSError("it went away")
        assert next(frames) is None
        del standin.fails["get_result"]
        clock.now += FIRST_PAUSE
        assert next(frames)
    assert told(caplog) == [
        "no frames: the camera failed: it went away",
        "the camera can't be closed: it broke",
        "frames again after 0.5 s",
        "the camera can't be closed: it broke",
    ]


@pytest.fixture
def hang(standin: Standin, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Calls that hang until the test is over, and waits that are short."""
    over = threading.Event()
    calls: list[str] = []
    monkeypatch.setattr("test_camera_picamera2.PATIENT", 1)
    monkeypatch.setattr(picamera2, "_GLANCE", 0.01)
    monkeypatch.setattr(picamera2, "CLOSE_SECONDS", 0.02)
    monkeypatch.setattr(standin, "before", lambda call: call in calls and over.wait())
    yield calls
    over.set()


@pytest.mark.parametrize("call", ["close", "open", "configure", "start"])
def test_hangs(
    call: str, hang: list[str], standin: Standin, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A camera that hangs while it is opened again is given up in time, and not waited for."""
    with camera(clock) as source:
        frames = source.frames()
        standin.fails["capture_request"] = RuntimeError("it broke")
        assert next(frames) is None
        clock.now += FIRST_PAUSE
        hang.append(call)
        assert next(frames) is None
        clock.now += 14.9
        assert next(frames) is None
        clock.now += 0.1
        with pytest.raises(HungCameraError, match="the camera hangs: it neither opened nor"):
            next(frames)
    assert told(caplog)[-1] == "the camera hangs, and is left open"
    assert HungCameraError.exit_code == CameraError.exit_code


@pytest.mark.usefixtures("standin")
def test_hangs_while_closing(
    hang: list[str], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A camera that hangs while it is closed doesn't keep the program from ending."""
    with camera(clock) as source:
        assert next(source.frames())
        hang.append("close")
        began = time.monotonic()
    assert time.monotonic() - began < 2
    assert told(caplog) == ["the camera hangs, and is left open"]


def test_closed_while_opening(
    hang: list[str], standin: Standin, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that opens at last while the program ends is closed again."""
    monkeypatch.setattr(picamera2, "CLOSE_SECONDS", 10.0)
    with camera(clock) as source:
        frames = source.frames()
        standin.fails["capture_request"] = RuntimeError("it broke")
        assert next(frames) is None
        clock.now += FIRST_PAUSE
        standin.before = lambda call: time.sleep(0.015 if call == "start" else 0)
        assert next(frames) is None
        assert not hang
    assert [one.closed for one in standin.cameras] == [1, 1]


def test_errand() -> None:
    """What an errand comes to is given once it is there, however often it was asked before."""
    go = threading.Event()
    errand = Errand(lambda: go.wait() and 7)
    with pytest.raises(TimeoutError):
        errand.result(0)
    go.set()
    assert [errand.result(10), errand.result(0)] == [7, 7]


@pytest.mark.parametrize("error", [CameraError("it broke"), SystemExit(3)])
def test_errand_fails(error: BaseException) -> None:
    """What an errand raises is raised where its result is asked for."""

    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        Errand(fail).result(10)
    assert raised.value is error


def test_trouble(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Trouble is told when it begins, changes and ends, and pauses grow until it ends."""
    caplog.set_level("INFO")
    trouble = Trouble(clock)
    trouble.over()
    assert not trouble.pausing
    for message in ("a", "a", "b", "a"):
        trouble.failed(CameraError(message))
        assert trouble.pausing
    assert told(caplog) == ["no frames: a", "no frames: b", "no frames: a"]
    clock.now += 8 * FIRST_PAUSE
    assert not trouble.pausing
    trouble.over()
    trouble.over()
    assert told(caplog) == ["frames again after 4.0 s"]
    trouble.failed(CameraError("a"))
    clock.now += FIRST_PAUSE
    assert not trouble.pausing
