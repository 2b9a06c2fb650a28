"""An LED shines when the camera looks, and never when nobody does."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, ClassVar

import msgspec
import pytest

from standin import Clock, Standin
from tinydigits.camera.light import Light
from tinydigits.camera.picamera2 import Picamera2Camera
from tinydigits.config import load_config
from tinydigits.errors import CameraError


class LED:
    """What of gpiozero's LED is used."""

    made: ClassVar[list[LED]] = []

    def __init__(self, pin: int) -> None:
        if pin == 27:
            raise RuntimeError("GPIO busy")
        self.pin = pin
        self.shines = False
        self.closed = False
        self.made.append(self)

    def on(self) -> None:
        """Shine."""
        self.shines = True

    def off(self) -> None:
        """Don't."""
        self.shines = False

    def close(self) -> None:
        """Give the pin back."""
        self.closed = True


@pytest.fixture
def leds(monkeypatch: pytest.MonkeyPatch) -> list[LED]:
    """The LEDs in use."""
    module = ModuleType("gpiozero")
    module.LED = LED  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gpiozero", module)
    monkeypatch.setattr(LED, "made", [])
    return LED.made


def camera(clock: Clock, **changes: Any) -> Picamera2Camera:
    """A camera with a light."""
    config = msgspec.structs.replace(load_config().camera.picamera2, led=17, **changes)
    return Picamera2Camera(config, clock=clock)


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> Standin:
    """One camera that works."""
    return Standin().install(monkeypatch)


def test_always(leds: list[LED], standin: Standin) -> None:
    """Without a time of its own it shines as long as the camera is open."""
    with camera(Clock()) as source:
        frames = source.frames()
        for _ in range(2):
            assert next(frames)
            assert leds[0].shines
    assert (leds[0].pin, leds[0].shines, leds[0].closed) == (17, False, True)
    assert standin.cameras[0].flushes == [None, None]


def test_flashes(leds: list[LED], standin: Standin) -> None:
    """With a time it shines that long before a frame, which is exposed after that, and goes out."""
    clock = Clock()
    with camera(clock, led_seconds=1.5) as source:
        assert not leds[0].shines
        frames = source.frames()
        for _ in range(2):
            assert next(frames) is None
            assert leds[0].shines
            clock.now += 1.4
            assert next(frames) is None
            clock.now += 0.1
            assert next(frames)
            assert not leds[0].shines
        assert next(frames) is None
    assert not leds[0].shines
    assert standin.cameras[0].flushes == [True, True]


def test_trouble(leds: list[LED], standin: Standin) -> None:
    """It goes out where the camera fails, and stays out until there may be a frame again."""
    clock = Clock()
    with camera(clock, led_seconds=1) as source:
        frames = source.frames()
        next(frames)
        clock.now += 1
        standin.fails["capture_request"] = RuntimeError("it broke")
        assert next(frames) is None
        assert not leds[0].shines
        assert next(frames) is None
        assert not leds[0].shines


def test_camera_fails(leds: list[LED], standin: Standin) -> None:
    """It goes out where the camera can't be used."""
    standin.grants = lambda asked: {"stride": asked["size"][0], "format": "MJPEG"}
    with pytest.raises(CameraError), camera(Clock()):
        pass
    assert leds[0].closed


def test_none() -> None:
    """Without a pin nothing is imported and nothing shines."""
    assert Light.at(-1, 2.0).ready()
    assert "gpiozero" not in sys.modules


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without gpiozero it is said how to install it."""
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(CameraError, match="the Python module gpiozero is missing, which the LED"):
        Light.at(17, 0)


@pytest.mark.usefixtures("leds")
def test_busy() -> None:
    """A pin that can't be had is told with the reason."""
    with pytest.raises(CameraError, match=r"^the LED at GPIO 27 can't be used: GPIO busy$"):
        Light.at(27, 0)
