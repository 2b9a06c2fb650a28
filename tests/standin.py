"""Stand-ins for the module picamera2, with everything that may go wrong in it, and for time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pytest

from tinydigits.frame import Luma

CHROMA, PADDING = 99, 77
"""What lies in a buffer beside the luma."""


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged since this was asked last."""
    messages = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return messages


@dataclass
class Standin:
    """The cameras there are, how they behave, and what was done with them.

    ``fails`` maps the name of a call to the error it raises; ``grants`` changes what was asked of a
    stream to what it gets; ``silent`` cameras give no frame; ``length`` cuts buffers off;
    ``stamps`` says when each frame was exposed, None for cameras that don't tell.
    """

    infos: list[dict[str, Any]] = field(
        default_factory=lambda: [{"Model": "imx708", "Id": "/base/i2c0/imx708@1a", "Num": 0}]
    )
    sensor: tuple[int, int] = (640, 480)
    controls: frozenset[str] = frozenset({"FrameDurationLimits", "ExposureTime", "AnalogueGain"})
    grants: Callable[[dict[str, Any]], dict[str, Any]] = lambda asked: {"stride": asked["size"][0]}
    fails: dict[str, Exception] = field(default_factory=dict)
    silent: bool = False
    length: int | None = None
    stamps: Callable[[int], int | None] = lambda number: number * 33_000_000
    before: Callable[[str], None] = lambda _: None

    cameras: list[Camera] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def install(self, patch: pytest.MonkeyPatch) -> Self:
        """Be the module that is imported."""
        module = ModuleType("picamera2")
        module.MappedArray = MappedArray  # type: ignore[attr-defined]
        module.Picamera2 = type(  # type: ignore[attr-defined]
            "Picamera2",
            (Camera,),
            {"standin": self, "global_camera_info": staticmethod(self.global_camera_info)},
        )
        patch.setitem(sys.modules, "picamera2", module)
        return self

    def global_camera_info(self) -> list[dict[str, Any]]:
        """The cameras there are."""
        self.enter("global_camera_info")
        return self.infos

    def enter(self, call: str) -> None:
        """Every call begins here."""
        self.before(call)
        if call in self.fails:
            raise self.fails[call]

    @property
    def kept(self) -> int:
        """How many frames were not given back exactly once."""
        return sum(request.released != 1 for request in self.requests)


class Camera:
    """Picamera2's camera."""

    standin: Standin

    def __init__(self, number: int) -> None:
        self.standin.enter("open")
        self.standin.cameras.append(self)
        self.number = number
        self.closed = 0
        self.started = False
        self.configuration: dict[str, Any] = {}
        self.flushes: list[bool | None] = []
        self.sensor_resolution = self.standin.sensor
        self.camera_controls = dict.fromkeys(self.standin.controls, (0, 1, 0))

    def create_video_configuration(self, **options: Any) -> dict[str, Any]:
        """As it is asked."""
        self.standin.enter("create_video_configuration")
        return options

    def configure(self, configuration: dict[str, Any]) -> None:
        """Grant what it likes."""
        self.standin.enter("configure")
        self.configuration = dict(configuration)
        for stream in ("main", "lores"):
            asked = configuration[stream]
            if asked:
                self.configuration[stream] = asked | self.standin.grants(asked)

    def camera_configuration(self) -> dict[str, Any]:
        """What was granted."""
        self.standin.enter("camera_configuration")
        return self.configuration

    def start(self) -> None:
        """Begin to give frames."""
        self.standin.enter("start")
        self.started = True

    def capture_request(self, *, wait: bool, flush: bool | None = None) -> Job:
        """Promise a frame."""
        assert wait is False  # it would wait for ever
        assert self.started
        self.standin.enter("capture_request")
        self.flushes.append(flush)
        return Job(self)

    def cancel_all_and_flush(self) -> None:
        """Forget promises."""
        self.standin.enter("cancel_all_and_flush")

    def close(self) -> None:
        """Close it."""
        self.closed += 1
        self.standin.enter("close")


class Job:
    """The promise of a frame."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def get_result(self, timeout: float) -> Request:
        """The frame, where the camera gives any."""
        assert timeout is not None  # it would wait for ever
        standin = self._camera.standin
        standin.enter("get_result")
        if standin.silent:
            raise TimeoutError
        request = Request(self._camera, len(standin.requests))
        standin.requests.append(request)
        return request


class Request:
    """A frame that lies in the camera's memory until it is released."""

    def __init__(self, camera: Camera, number: int) -> None:
        self.camera = camera
        self.number = number
        self.released = 0
        self.luma: dict[str, Luma] = {}
        self.buffers: dict[str, npt.NDArray[np.uint8]] = {}
        for stream in ("main", "lores"):
            granted = camera.configuration[stream]
            if granted:
                self.fill(stream, granted, number)

    def fill(self, stream: str, granted: dict[str, Any], number: int) -> None:
        """Make a buffer with luma, padding and chroma."""
        (width, height), stride = granted["size"], granted["stride"]
        luma = np.random.default_rng(number).integers(0, 255, (height, width), np.uint8)
        rows = np.full((height, stride), PADDING, np.uint8)
        rows[:, :width] = luma
        chroma = np.full(stride * height // 2, CHROMA, np.uint8)
        self.luma[stream] = luma
        self.buffers[stream] = np.concatenate([rows.ravel(), chroma])[: self.camera.standin.length]

    def get_metadata(self) -> dict[str, Any]:
        """What libcamera knows of it."""
        self.camera.standin.enter("get_metadata")
        stamp = self.camera.standin.stamps(self.number)
        return {"Lux": 400.0} | ({} if stamp is None else {"SensorTimestamp": stamp})

    def release(self) -> None:
        """Give it back to the camera, which fills it anew at once."""
        self.released += 1
        for buffer in self.buffers.values():
            buffer[:] = 0
        self.camera.standin.enter("release")


class MappedArray:
    """A frame's memory."""

    def __init__(self, request: Request, stream: str, *, reshape: bool, write: bool) -> None:
        assert (reshape, write) == (False, False)
        request.camera.standin.enter("MappedArray")
        assert not request.released
        self.array = request.buffers[stream]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        del self.array
