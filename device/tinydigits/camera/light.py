"""An LED beside the camera, for meters in the dark."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tinydigits.errors import CameraError


class Light:
    """A light on a GPIO pin, lit all the time or so many seconds before each frame.

    ``led`` is gpiozero's, or None where there is no light.
    """

    def __init__(
        self, led: Any = None, seconds: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._led = led
        self._seconds = seconds
        self._clock = clock
        self._lit_at: float | None = None
        self.flashes = led is not None and seconds > 0
        if led is not None and not self.flashes:
            led.on()

    @classmethod
    def at(cls, pin: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> Light:
        """The light on the pin of this GPIO number; -1 is none.

        :raises CameraError: where gpiozero or the pin can't be used.
        """
        if pin < 0:
            return cls()
        try:
            from gpiozero import LED  # noqa: PLC0415  only where there is a light

            return cls(LED(pin), seconds, clock)
        except ImportError as error:
            raise CameraError(
                f"the Python module {error.name} is missing, which the LED needs: "
                "sudo apt install python3-gpiozero python3-lgpio"
            ) from error
        except Exception as error:  # gpiozero's pin factories raise almost anything
            raise CameraError(f"the LED at GPIO {pin} can't be used: {error}") from error

    def ready(self) -> bool:
        """Light up for a frame, and tell whether that was long enough ago."""
        if not self.flashes:
            return True
        if self._lit_at is None:
            self._led.on()
            self._lit_at = self._clock()
        return self._clock() - self._lit_at >= self._seconds

    def rest(self) -> None:
        """Go out until the next frame, where it doesn't shine all the time."""
        if self.flashes and self._lit_at is not None:
            self._led.off()
            self._lit_at = None

    def close(self) -> None:
        """Go out and give the pin back."""
        if self._led is not None:
            self._led.off()
            self._led.close()
