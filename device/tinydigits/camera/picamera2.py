"""A Raspberry Pi's camera, opened again whenever it fails."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, Self

from tinydigits.camera.errand import Errand
from tinydigits.camera.light import Light
from tinydigits.camera.sensor import Sensor, UnsuitableCameraError, load_library
from tinydigits.camera.trouble import Trouble
from tinydigits.config import Picamera2Config
from tinydigits.errors import CameraError
from tinydigits.frame import Frame, Luma

log = logging.getLogger(__name__)

OPEN_SECONDS: Final = 15.0
"""The slowest sensors take three to open; after this the driver hangs."""

CLOSE_SECONDS: Final = 0.8
"""Closing takes 0.2 to 0.5; a service has two seconds to stop in all."""

_GLANCE: Final = 0.5
"""Seconds to wait for a frame before looking around."""


class HungCameraError(CameraError):
    """A camera that neither opens nor fails to: only a new process may get it back."""


class Picamera2Camera:
    """Frames from a camera that libcamera knows.

    libcamera may hang in any call, so that each is waited for so long and no longer. A camera that
    is missing is looked for, and after an error the camera is closed and opened again, with pauses
    that grow; where even that hangs, frames end with an error, and whoever supervises the program
    starts it anew.
    """

    is_idle = False

    def __init__(
        self, config: Picamera2Config, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._config = config
        self._clock = clock
        self.trouble = Trouble(clock)
        self._light = Light()
        self._sensor: Sensor | None = None
        self._broken: Sensor | None = None
        self._stamp: int | None = None
        self._opening: Errand[Sensor] | None = None
        self._opening_since = 0.0

    def __enter__(self) -> Self:
        load_library()
        self._light = Light.at(self._config.led, self._config.led_seconds, self._clock)
        try:
            while not self._open():
                pass
        except (HungCameraError, UnsuitableCameraError):
            self._light.close()
            raise
        except CameraError as error:
            self.trouble.failed(error)
        except BaseException:
            self._light.close()
            raise
        return self

    def __exit__(self, *reason: object) -> None:
        self._light.close()
        sensor = self._sensor or self._broken
        try:
            if self._opening:
                sensor = self._opening.result(CLOSE_SECONDS)
            if sensor:
                Errand(sensor.close).result(CLOSE_SECONDS)
        except TimeoutError:
            log.warning("the camera hangs, and is left open")
        except CameraError as problem:
            log.warning("%s", problem)
        finally:
            self._sensor = self._broken = self._opening = None

    def frames(self) -> Iterator[Frame | None]:
        """The newest frame each time; ``None`` while there is none."""
        sequence = 0
        while True:
            luma = self._luma()
            if luma is None or not self._sensor:
                yield None
                continue
            yield Frame(luma, f"picamera2:{self._sensor.model}", sequence)
            sequence += 1

    def _luma(self) -> Luma | None:
        try:
            sensor = self._sensor or self._open()
            if not sensor or not self._light.ready():
                return None
            luma = sensor.take(_GLANCE, fresh=self._light.flashes, clock=self._clock)
        except HungCameraError:
            raise
        except CameraError as error:
            self._light.rest()
            if self._sensor:
                self._broken, self._stamp = self._sensor, self._sensor.stamp
            self._sensor = None
            self.trouble.failed(error)
            return None
        if luma is not None:
            self._light.rest()
            self.trouble.over()
        return luma

    def _open(self) -> Sensor | None:
        """Go on with opening the camera; None while that takes, or while it is too early."""
        if not self._opening:
            if self.trouble.pausing:
                return None
            self._opening = Errand(partial(_reopen, self._broken, self._config))
            self._opening_since = self._clock()
            self._broken = None
        try:
            self._sensor = self._opening.result(_GLANCE)
        except TimeoutError:
            if self._clock() - self._opening_since < OPEN_SECONDS:
                return None
            raise HungCameraError(
                f"the camera hangs: it neither opened nor failed to in {OPEN_SECONDS:g} s"
            ) from None
        except CameraError:
            self._opening = None
            raise
        self._opening = None
        self._sensor.stamp = self._stamp  # opened again it may be as frozen as before
        return self._sensor


def _reopen(broken: Sensor | None, config: Picamera2Config) -> Sensor:
    if broken:
        try:
            broken.close()
        except CameraError as error:
            log.warning("%s", error)
    return Sensor.open(config)
