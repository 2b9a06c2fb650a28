"""A camera is read as Picamera2 grants it, waited for so long only, and given everything back."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from command_line import Capture, complaint
from standin import Standin
from tinydigits.__main__ import main
from tinydigits.camera.sensor import (
    Sensor,
    choose_sizes,
    find_camera,
    load_library,
    luma_plane,
)
from tinydigits.config import Picamera2Config, load_config
from tinydigits.errors import CameraError


def config(**changes: Any) -> Picamera2Config:
    """The defaults of a camera, but for these."""
    return msgspec.structs.replace(load_config().camera.picamera2, **changes)


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> Standin:
    """One camera that works."""
    return Standin().install(monkeypatch)


def granted(standin: Standin, **changes: Any) -> None:
    """Let every stream get this, whatever is asked."""
    standin.grants = lambda asked: {"stride": asked["size"][0]} | changes


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"format": "NV12"},
        {"stride": 704},
        {"format": "NV12", "size": (1280, 720), "stride": 1536},
        {"size": (24, 18), "stride": 64},
    ],
)
def test_luma(changes: dict[str, Any], standin: Standin) -> None:
    """The luma is taken as it was granted, whatever was asked, and outlives the frame's release."""
    granted(standin, **changes)
    sensor = Sensor.open(config())
    for number in range(3):
        luma = sensor.take(1)
        assert luma is not None
        assert np.array_equal(luma, standin.requests[number].luma["main"])
        assert luma.flags.c_contiguous
    assert standin.kept == 0
    assert standin.cameras[0].configuration["main"]["format"] in {"YUV420", "NV12"}


def test_small_stream(standin: Standin) -> None:
    """Of a sensor with much more than is needed, the small stream is read."""
    standin.sensor = (4608, 2592)
    standin.grants = lambda asked: {"stride": asked["size"][0] + 64}
    luma = Sensor.open(config(width=1280)).take(1)
    assert luma is not None
    assert luma.shape == (720, 1280)
    assert np.array_equal(luma, standin.requests[0].luma["lores"])


@pytest.mark.parametrize(
    ("sensor", "width", "main", "lores"),
    [
        ((4608, 2592), 1280, (2304, 1296), (1280, 720)),
        ((3280, 2464), 640, (1640, 1232), (640, 480)),
        ((3280, 2464), 1640, (1640, 1232), None),
        ((3280, 2464), 2000, (2000, 1502), None),
        ((1456, 1088), 1280, (1280, 956), None),
        ((640, 480), 1280, (640, 480), None),
    ],
)
def test_sizes(
    sensor: tuple[int, int], width: int, main: tuple[int, int], lores: tuple[int, int] | None
) -> None:
    """Frames have the sensor's shape and no more than its size, and even sides."""
    assert choose_sizes(sensor, width) == (main, lores)


@pytest.mark.parametrize("kind", ["MJPEG", "YUYV", "BGR888"])
def test_other_formats(kind: str, standin: Standin) -> None:
    """A format that doesn't begin with the luma is refused, and the camera closed."""
    granted(standin, format=kind)
    with pytest.raises(CameraError, match=f"the camera gives {kind} frames, where one of NV12"):
        Sensor.open(config())
    assert standin.cameras[0].closed == 1


OPENING = (
    "global_camera_info",
    "open",
    "create_video_configuration",
    "configure",
    "camera_configuration",
    "start",
)


@pytest.mark.parametrize("closes", [True, False])
@pytest.mark.parametrize("call", OPENING)
def test_opening_fails(call: str, closes: bool, standin: Standin) -> None:  # noqa: FBT001
    """Whatever fails while opening is told in one line, and a camera that was opened is closed."""
    standin.fails[call] = RuntimeError("it broke")
    if not closes:
        standin.fails["close"] = RuntimeError("it won't")
    with pytest.raises(CameraError, match=r"^the camera can't be opened: it broke$"):
        Sensor.open(config())
    assert [camera.closed for camera in standin.cameras] == [1] * len(standin.cameras)


def test_reason(standin: Standin) -> None:
    """Of errors wrapped in one another the first is told, and by its name where it has no text."""
    busy = OSError("Device or resource busy")
    wrapped = RuntimeError("Camera __init__ sequence did not complete.")
    wrapped.__cause__ = busy
    standin.fails["open"] = wrapped
    with pytest.raises(CameraError, match=r"^the camera can't be opened: Device or resource busy$"):
        Sensor.open(config())
    standin.fails["open"] = KeyError()
    with pytest.raises(CameraError, match=r"^the camera can't be opened: KeyError$"):
        Sensor.open(config())


@pytest.mark.parametrize(
    "call", ["capture_request", "get_result", "get_metadata", "MappedArray", "release"]
)
def test_taking_fails(call: str, standin: Standin) -> None:
    """Whatever fails while taking a frame is told in one line, and no frame is kept."""
    sensor = Sensor.open(config())
    assert sensor.take(1) is not None
    standin.fails[call] = RuntimeError("it broke")
    with pytest.raises(CameraError, match=r"^the camera failed: it broke$"):
        sensor.take(1)
    standin.fails.clear()
    sensor.close()
    assert standin.kept == 0
    assert standin.cameras[0].closed == 1


def test_short_buffer(standin: Standin) -> None:
    """A buffer with less than was granted is an error, and is given back."""
    sensor = Sensor.open(config())
    standin.length = 640 * 479
    with pytest.raises(CameraError) as raised:
        sensor.take(1)
    assert str(raised.value) == (
        "the camera gave a frame of 306560 bytes where 460800 are due, in rows of 640: "
        "that is no frame of 640x480 pixels"
    )
    assert standin.kept == 0


def test_short_rows() -> None:
    """Rows that are shorter than their pixels are an error, however large the buffer is."""
    buffer = np.zeros(2 * 640 * 480, np.uint8)
    with pytest.raises(CameraError, match=r"in rows of 600: that is no frame of 640x480 pixels"):
        luma_plane(buffer, {"size": (640, 480), "stride": 600})


@pytest.mark.parametrize("rows", [608, 672])
def test_other_rows(rows: int) -> None:
    """Rows of another length than was granted are an error: read all the same they would slant."""
    granted = {"size": (600, 480), "stride": 640}
    assert luma_plane(np.zeros(640 * 720, np.uint8), granted).shape == (480, 600)
    with pytest.raises(CameraError, match=r"where 460800 are due"):
        luma_plane(np.zeros(rows * 720, np.uint8), granted)


def test_own_size() -> None:
    """Where the camera says how large its buffers are, frames of that size are frames, too."""
    granted = {"size": (640, 480), "stride": 640, "framesize": 640 * 736}
    for rows in (720, 736):
        assert luma_plane(np.zeros(640 * rows, np.uint8), granted).shape == (480, 640)
    with pytest.raises(CameraError, match=r"465920 bytes where 460800 are due"):
        luma_plane(np.zeros(640 * 728, np.uint8), granted)


def test_frozen(standin: Standin) -> None:
    """A frame that was exposed when the last one was is none; after a while that is an error."""
    now = 0.0
    sensor = Sensor.open(config(timeout=5))
    take = partial(sensor.take, 0.5, clock=lambda: now)
    assert take() is not None
    standin.stamps = lambda number: min(number, 1) * 33_000_000
    assert take() is not None
    now = 100.0  # it is asked seldom, so that nothing is known of the time between
    assert take() is None
    now = 104.9
    assert take() is None
    standin.stamps = lambda number: number
    assert take() is not None
    standin.stamps = lambda _: 7
    assert take() is not None
    assert take() is None
    now = 109.9
    with pytest.raises(CameraError, match=r"^the camera has repeated one frame for 5 s$"):
        take()
    assert standin.kept == 0


def test_without_stamps(standin: Standin) -> None:
    """Of a camera that doesn't tell when frames were exposed each is new."""
    standin.stamps = lambda _: None
    sensor = Sensor.open(config())
    assert all(sensor.take(1) is not None for _ in range(3))


def test_no_frame(standin: Standin) -> None:
    """A camera that gives no frame is an error after the time for that, and none before it."""
    now = 0.0
    sensor = Sensor.open(config(timeout=5))
    standin.silent = True
    take = partial(sensor.take, 0.5, clock=lambda: now)
    assert take() is None
    now = 4.9
    assert take() is None
    now = 5.0
    with pytest.raises(CameraError, match=r"^the camera gave no frame for 5 s$"):
        take()


def test_late_frame(standin: Standin) -> None:
    """A frame that comes after all is the next one; one that comes too late is given back."""
    sensor = Sensor.open(config())
    standin.silent = True
    assert sensor.take(0) is None
    assert sensor.take(0) is None
    assert len(standin.cameras[0].flushes) == 1  # it was asked for once
    standin.silent = False
    assert sensor.take(0) is not None
    standin.silent = True
    assert sensor.take(0) is None
    standin.silent = False
    sensor.close()
    assert len(standin.requests) == 2
    assert standin.kept == 0


def test_fresh(standin: Standin) -> None:
    """A fresh frame is one that was exposed since."""
    sensor = Sensor.open(config())
    sensor.take(1)
    sensor.take(1, fresh=True)
    assert standin.cameras[0].flushes == [None, True]


@pytest.mark.parametrize("call", ["cancel_all_and_flush", "close"])
def test_closing_fails(call: str, standin: Standin) -> None:
    """An error while closing is told in one line, and the camera is closed all the same."""
    sensor = Sensor.open(config())
    standin.silent = True
    sensor.take(0)
    standin.fails[call] = RuntimeError("it broke")
    with pytest.raises(CameraError, match=r"^the camera can't be closed: it broke$"):
        sensor.close()
    assert standin.cameras[0].closed == 1


CAMERAS = [
    {"Model": "imx708", "Id": "/base/i2c@1/imx708@1a", "Num": 1},
    {"Model": "ov5647", "Id": "/base/i2c@0/ov5647@36", "Num": 0},
    {"Model": "imx708", "Id": "/base/i2c@2/imx708@1a", "Num": 2},
]


@pytest.mark.parametrize(
    ("wanted", "number", "model"),
    [
        ("", 0, "imx708"),
        ("0", 0, "imx708"),
        ("1", 1, "ov5647"),
        ("imx708", 0, "imx708"),
        ("ov5647", 1, "ov5647"),
        ("/base/i2c@2/imx708@1a", 2, "imx708"),
    ],
)
def test_find(wanted: str, number: int, model: str) -> None:
    """A camera is found by its position, model or id; its position counts, not its ``Num``."""
    assert find_camera(CAMERAS, wanted) == (number, model)


def test_find_none() -> None:
    """A camera that isn't there is told with those that are."""
    with pytest.raises(CameraError) as raised:
        find_camera(CAMERAS, "imx219")
    assert str(raised.value) == (
        "there is no camera 'imx219': there is 0 (imx708), 1 (ov5647), 2 (imx708)"
    )
    with pytest.raises(CameraError, match="there is no camera: look at its cable"):
        find_camera([], "")


@pytest.mark.parametrize(
    ("changes", "controls"),
    [
        ({}, {"FrameDurationLimits": (33_333, 200_000), "AfMode": 2}),
        ({"focus": 4.0}, {"AfMode": 0, "LensPosition": 4.0}),
        (
            {"exposure": 500_000},
            {"FrameDurationLimits": (33_333, 500_000), "ExposureTime": 500_000},
        ),
        ({"gain": 2.0}, {"AnalogueGain": 2.0}),
    ],
)
def test_controls(changes: dict[str, Any], controls: dict[str, Any], standin: Standin) -> None:
    """Focus, exposure and gain are asked for where they are configured, else automatic."""
    standin.controls |= {"AfMode", "LensPosition"}
    Sensor.open(config(**changes))
    asked = standin.cameras[0].configuration["controls"]
    assert controls.items() <= asked.items()
    assert ("ExposureTime" in asked) == ("exposure" in changes)


@pytest.mark.parametrize("key", ["focus", "exposure", "gain"])
def test_no_control(key: str, standin: Standin) -> None:
    """A control that the camera hasn't got is refused by its key, unless it isn't asked for."""
    standin.controls = frozenset()
    Sensor.open(config()).close()
    with pytest.raises(CameraError, match=f"has no {key}: leave out camera.picamera2.{key}"):
        Sensor.open(config(**{key: 2}))


@pytest.mark.parametrize("missing", ["picamera2", "libcamera"])
def test_not_installed(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Without Picamera2 or libcamera the program ends with 3 and says how to install them."""
    (tmp_path / "picamera2.py").write_text("import libcamera")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    assert main(["run", "--source", "picamera2"]) == 3
    assert complaint(capsys) == (
        f"tinydigits: the Python module {missing} is missing: sudo apt install python3-picamera2, "
        "and make a venv with --system-site-packages\n"
    )


def test_unusable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Picamera2 that can't be imported for another reason is told with that."""
    (tmp_path / "picamera2.py").write_text("raise ValueError('numpy.dtype size changed')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    with pytest.raises(CameraError, match=r"^Picamera2 can't be used: numpy.dtype size changed$"):
        load_library()


def test_wrong_name(standin: Standin, capsys: Capture) -> None:
    """A wrong name ends the program with 3 and one line."""
    assert main(["run", "--source", "picamera2:imx219"]) == 3
    assert complaint(capsys) == "tinydigits: there is no camera 'imx219': there is 0 (imx708)\n"
    assert standin.cameras == []
