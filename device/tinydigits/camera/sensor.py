"""One opening of a Raspberry Pi's camera by Picamera2, from which brightness is taken."""

from __future__ import annotations

import gc
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tinydigits.config import Picamera2Config
from tinydigits.errors import CameraError
from tinydigits.frame import Luma

LUMA_FIRST: Final = frozenset({"NV12", "NV21", "YUV420", "YVU420"})
"""Formats that begin with the whole luma plane."""

_BUFFERS: Final = 4
"""One being read, one waiting, two being filled; on a small Pi each more is felt."""

_SHORTEST: Final = 33_333
_LONGEST_AUTOMATIC: Final = 200_000
"""Microseconds of a frame: 30 a second, and 5 in the dark; Picamera2's own are too short for it."""


class UnsuitableCameraError(CameraError):
    """A camera that is there, but not as configured; waiting won't change that."""


class Sensor:
    """An open camera, the stream of it that is read, and the wait for its next frame.

    ``stamp`` is when its last frame was exposed, where the camera tells, in nanoseconds.
    """

    def __init__(self, camera: Any, model: str, stream: str, timeout: float) -> None:
        self.model = model
        self._camera = camera
        self._stream = stream
        self._granted = camera.camera_configuration()[stream]
        self._timeout = timeout
        self._job: Any = None
        self._asked_at = 0.0
        self.stamp: int | None = None
        self._repeats_since: float | None = None

    @classmethod
    def open(cls, config: Picamera2Config) -> Sensor:
        """Open, configure and start the camera.

        :raises CameraError: where that fails; it is closed again then.
        """
        library = load_library()
        with _explained("the camera can't be opened"):
            number, model = find_camera(library.Picamera2.global_camera_info(), config.camera)
            camera = library.Picamera2(number)
            try:
                stream = _configure(camera, config)
                camera.start()
                return cls(camera, model, stream, config.timeout)
            except BaseException:
                with suppress(Exception):  # why it failed says more than that it can't be closed
                    camera.close()
                raise

    def take(
        self, seconds: float, *, fresh: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> Luma | None:
        """The next frame's brightness, or None where no new one has come after so many seconds.

        :param fresh: no frame that was exposed before this was asked.
        :raises CameraError: where it fails, or gives no new frame for as long as configured.
        """
        with _explained("the camera failed"):
            if self._job is None:
                # Picamera2 itself waits for ever, or until a timeout that loses the request
                options = {"flush": True} if fresh else {}
                self._job = self._camera.capture_request(wait=False, **options)
                self._asked_at = clock()
            try:
                request = self._job.get_result(timeout=seconds)
            except TimeoutError:
                if clock() - self._asked_at < self._timeout:
                    return None
                raise CameraError(f"the camera gave no frame for {self._timeout:g} s") from None
            self._job = None
            try:
                return None if self._is_repeated(request, clock()) else self._luma(request)
            finally:
                request.release()

    def _is_repeated(self, request: Any, now: float) -> bool:
        """Whether this frame was exposed when the one before was: a frozen camera shows the past.

        :raises CameraError: where that goes on.
        """
        stamp = request.get_metadata().get("SensorTimestamp")
        if stamp is None or stamp != self.stamp:  # not every camera says
            self.stamp, self._repeats_since = stamp, None
            return False
        if self._repeats_since is None:
            self._repeats_since = now
        if now - self._repeats_since >= self._timeout:
            raise CameraError(f"the camera has repeated one frame for {self._timeout:g} s")
        return True

    def _luma(self, request: Any) -> Luma:
        mapped_array = load_library().MappedArray
        with mapped_array(request, self._stream, reshape=False, write=False) as mapped:
            return luma_plane(mapped.array, self._granted)

    def close(self) -> None:
        """Close the camera; may hang where the driver does.

        :raises CameraError: where that fails.
        """
        with _explained("the camera can't be closed"):
            try:
                if self._job is not None:
                    self._give_back()
            finally:
                self._camera.close()
        # Picamera2's objects hold each other, and the open files of their frames with them: left to
        # the collector's own time, a camera that is reopened often has dozens more of them open
        del self._camera
        gc.collect()

    def _give_back(self) -> None:
        """Release a frame that came after nobody waited for it any more, and the wait for one."""
        job, self._job = self._job, None
        with suppress(Exception):  # there may be none, for any reason
            job.get_result(timeout=0).release()
        self._camera.cancel_all_and_flush()


def load_library() -> Any:
    """Picamera2, which comes from apt.

    :raises CameraError: saying how to install it, where it is missing.
    """
    # libcamera and Picamera2 would tell every step on standard error
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    logging.getLogger("picamera2").setLevel(logging.CRITICAL)
    try:
        import picamera2  # noqa: PLC0415  half a second, and not there without a camera
    except ImportError as error:
        raise CameraError(
            f"the Python module {error.name} is missing: sudo apt install python3-picamera2, and "
            "make a venv with --system-site-packages"
        ) from error
    except Exception as error:  # of another NumPy than it was built with, for one
        raise CameraError(f"Picamera2 can't be used: {error}") from error
    return picamera2


def find_camera(cameras: Sequence[Mapping[str, Any]], wanted: str) -> tuple[int, str]:
    """The position and the model of the camera with this position, model or id; "" is the first.

    It is the position by which Picamera2 opens cameras: ``Num`` may run the other way.

    :raises CameraError: naming those there are.
    """
    for number, camera in enumerate(cameras):
        if wanted in {"", str(number), camera.get("Model"), camera.get("Id")}:
            return number, str(camera.get("Model") or camera.get("Id") or number)
    if not cameras:
        raise CameraError("there is no camera: look at its cable, and at rpicam-hello")
    there = ", ".join(f"{n} ({camera.get('Model')})" for n, camera in enumerate(cameras))
    raise UnsuitableCameraError(f"there is no camera '{wanted}': there is {there}")


def luma_plane(buffer: npt.NDArray[np.uint8], granted: Mapping[str, Any]) -> Luma:
    """The luma of a buffer in the format, size and stride that the camera granted.

    It is copied, without the padding of its rows: the buffer goes back to the camera.

    :raises CameraError: where the buffer has another size than such frames have: rows of another
        length than was granted would otherwise be read askew.
    """
    width, height = granted["size"]
    stride = granted["stride"]
    # chroma takes half of what luma does, in all these formats; the camera may have its own word
    due = stride * height * 3 // 2
    known = buffer.size in {due, granted.get("framesize", due)}
    if stride < width or not known or buffer.size < stride * height:
        raise CameraError(
            f"the camera gave a frame of {buffer.size} bytes where {due} are due, in rows of "
            f"{stride}: that is no frame of {width}x{height} pixels"
        )
    return buffer[: stride * height].reshape(height, stride)[:, :width].copy()


def _configure(camera: Any, config: Picamera2Config) -> str:
    """Configure the camera, and say which stream is read."""
    controls = _controls(camera, config)
    main, lores = choose_sizes(camera.sensor_resolution, config.width)
    streams = {"main": _asked(main), "lores": _asked(lores) if lores else None}
    camera.configure(
        camera.create_video_configuration(
            **streams,
            raw=None,
            controls=controls,
            buffer_count=_BUFFERS,
            display=None,
            encode=None,
        )
    )
    stream = "lores" if lores else "main"
    granted = camera.camera_configuration()[stream]
    if granted["format"] not in LUMA_FIRST:
        raise UnsuitableCameraError(
            f"the camera gives {granted['format']} frames, where one of "
            f"{', '.join(sorted(LUMA_FIRST))} is needed"
        )
    return stream


def choose_sizes(
    sensor: tuple[int, int], width: int
) -> tuple[tuple[int, int], tuple[int, int] | None]:
    """The sizes to ask of the main stream and, where the sensor has much more, of a small one.

    The small one is read then, and the main one has half the sensor's width: the common sensors
    bin 2x2 for that and keep their whole field of view, where smaller modes cut its edges off.
    """
    full_width, full_height = sensor
    width = _even(min(width, full_width))
    wanted = width, _even(width * full_height / full_width)
    half = _even(full_width / 2), _even(full_height / 2)
    return (half, wanted) if width < half[0] else (wanted, None)


def _even(value: float) -> int:
    return max(2, 2 * round(value / 2))


def _asked(size: tuple[int, int]) -> dict[str, Any]:
    return {"format": "YUV420", "size": size}


def _controls(camera: Any, config: Picamera2Config) -> dict[str, Any]:
    asked: dict[str, dict[str, Any]] = {}
    if "FrameDurationLimits" in camera.camera_controls:
        longest = max(_LONGEST_AUTOMATIC, config.exposure)
        asked["rate"] = {"FrameDurationLimits": (_SHORTEST, longest)}
    if config.focus >= 0:
        asked["focus"] = {"AfMode": 0, "LensPosition": config.focus}  # 0 is by hand
    elif "AfMode" in camera.camera_controls:
        asked["focus"] = {"AfMode": 2}  # 2 is continuous
    if config.exposure:
        asked["exposure"] = {"ExposureTime": config.exposure}
    if config.gain:
        asked["gain"] = {"AnalogueGain": config.gain}
    for key, controls in asked.items():
        if not controls.keys() <= camera.camera_controls.keys():
            raise UnsuitableCameraError(
                f"this camera has no {key}: leave out camera.picamera2.{key}"
            )
    return {name: value for controls in asked.values() for name, value in controls.items()}


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Whatever libcamera and Picamera2 raise, as one line."""
    try:
        yield
    except CameraError:
        raise
    except Exception as error:
        cause: BaseException = error
        while cause.__cause__:  # Picamera2 wraps the reason several times
            cause = cause.__cause__
        raise CameraError(f"{what}: {str(cause) or type(cause).__name__}") from error
