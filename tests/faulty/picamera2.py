"""A module ``picamera2`` whose camera fails when it is told to, for tests of whole processes.

Put this folder on ``PYTHONPATH`` and name another in ``FAULTY_CAMERA``. The picture in its file
``picture.png`` is what the camera shows; the word in its file ``fault``, which is looked at in
every call, says what is wrong just now: see :data:`FAULTS`. An empty or missing file is a camera
that works. For two of the words it shows another picture of the folder.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
from PIL import Image

FAULTS: Final = {
    "missing": "there is no camera, and one that is open fails",
    "busy": "the camera can't be opened, and one that is open fails",
    "silent": "no frame comes",
    "frozen": "every frame was exposed when the last one was",
    "error": "every request raises an error",
    "broken": "every frame raises an error while it is looked at",
    "short": "a frame has less bytes than it should have",
    "stride": "the rows of a frame are longer than was granted",
    "black": "all is dark",
    "white": "all is bright",
    "noise": "nothing but noise",
    "next": "it shows next.png",
    "other": "it shows other.png",
    "hang": "a call for a frame never returns",
    "hang-open": "opening never returns",
    "hang-close": "closing never returns",
    "crash": "opening ends the process",
    "leak": "each frame takes 64 MiB for good",
}

_ERRORS: Final = {
    "missing": "No such device",
    "busy": "Device or resource busy",
    "error": "the camera has failed",
}
"""What calls raise."""

FRAME_SECONDS: Final = 0.05
"""Twenty frames a second."""

PADDING: Final = 32
"""Bytes at the end of each row."""

_LEAK: Final = 64 * 2**20
_leaked: list[bytes] = []


def _home() -> Path:
    return Path(os.environ["FAULTY_CAMERA"])


def fault() -> str:
    """What is wrong just now."""
    try:
        word = (_home() / "fault").read_text().strip()
    except FileNotFoundError:
        return ""
    if word and word not in FAULTS:
        raise ValueError(f"there is no fault {word!r}: there is {', '.join(FAULTS)}")
    return word


def _picture(name: str) -> npt.NDArray[np.uint8]:
    with Image.open(_home() / f"{name}.png") as picture:
        return np.asarray(picture.convert("L"))


def _hang(word: str) -> None:
    while fault() == word:
        with suppress(OSError):  # a service may not write there
            (_home() / "hangs").touch()
        time.sleep(0.01)


class Picamera2:
    """The camera."""

    camera_controls: Final[dict[str, Any]] = {"FrameDurationLimits": (33_333, 200_000, 33_333)}

    def __init__(self, _number: int) -> None:
        _hang("hang-open")
        _must_work()
        if fault() == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        self.luma = _picture("picture")
        height, width = self.luma.shape
        self.sensor_resolution = (width, height)
        self.configuration: dict[str, Any] = {}

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        """The cameras there are."""
        return [] if fault() == "missing" else [{"Model": "faulty", "Id": "/faulty", "Num": 0}]

    def create_video_configuration(self, **options: Any) -> dict[str, Any]:
        """As it is asked."""
        return options

    def configure(self, configuration: dict[str, Any]) -> None:
        """Grant the sensor's own size in all streams."""
        for stream in ("main", "lores"):
            if configuration[stream]:
                (width, height) = self.sensor_resolution
                configuration[stream] |= {"size": (width, height), "stride": width + PADDING}
        self.configuration = configuration

    def camera_configuration(self) -> dict[str, Any]:
        """What was granted."""
        return self.configuration

    def start(self) -> None:
        """Begin to give frames."""
        _must_work()

    def capture_request(self, *, wait: bool, flush: bool | None = None) -> Job:
        """Promise a frame."""
        del wait, flush
        _hang("hang")
        _must_work()
        return Job(self)

    def cancel_all_and_flush(self) -> None:
        """Forget promises."""

    def close(self) -> None:
        """Close it."""
        _hang("hang-close")


def _must_work() -> None:
    if message := _ERRORS.get(fault()):
        raise RuntimeError(message)


class Job:
    """The promise of a frame."""

    def __init__(self, camera: Picamera2) -> None:
        self._camera = camera

    def get_result(self, timeout: float) -> Request:
        """The frame, where the camera gives any."""
        if fault() == "silent":
            time.sleep(timeout)
            raise TimeoutError
        if fault() == "leak":
            _leaked.append(bytes(_LEAK))
        time.sleep(min(FRAME_SECONDS, timeout))
        return Request(self._camera)


class Request:
    """A frame."""

    stamp = 0

    def __init__(self, camera: Picamera2) -> None:
        word = fault()
        if word != "frozen":
            Request.stamp = time.monotonic_ns()
        luma = _shown(camera.luma, word)
        height, width = luma.shape
        padding = 96 if word == "stride" else PADDING
        rows = np.full((height * 3 // 2, width + padding), 77, np.uint8)
        rows[:height, :width] = luma
        self.buffer: npt.NDArray[np.uint8] = rows.ravel()[: 1000 if word == "short" else None]

    def get_metadata(self) -> dict[str, Any]:
        """When it was exposed."""
        return {"SensorTimestamp": Request.stamp}

    def release(self) -> None:
        """Give it back."""


def _shown(luma: npt.NDArray[np.uint8], word: str) -> npt.NDArray[np.uint8]:
    if word in {"next", "other"}:
        return _picture(word)
    if word == "noise":
        return np.random.default_rng().integers(0, 256, luma.shape, np.uint8)
    levels = {"black": 0, "white": 255}
    return np.full_like(luma, levels[word]) if word in levels else luma


class MappedArray:
    """A frame's memory."""

    def __init__(self, request: Request, _stream: str, *, reshape: bool, write: bool) -> None:
        del reshape, write
        self.array = request.buffer

    def __enter__(self) -> Self:
        if fault() == "broken":
            raise OSError("Input/output error")
        return self

    def __exit__(self, *reason: object) -> None:
        del self.array
