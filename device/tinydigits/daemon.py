"""The loop that a device runs for years: capture, read, publish."""

from __future__ import annotations

import logging
import select
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Final, Self

from tinydigits.camera import Camera
from tinydigits.reader import FrameReadings
from tinydigits.regions import FrameReader

log = logging.getLogger(__name__)

Publish = Callable[[FrameReadings], None]

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

_IDLE_PAUSE: Final = 0.2
"""Seconds until a camera without a frame is asked again."""

_LONGEST_PAUSE: Final = 86_400.0
"""Seconds; the operating system refuses to wait for much more than a lifetime."""


class Signals:
    """Signals as bytes on a socket, so that waiting for the next frame is waiting for them too.

    Python writes the number of each signal that arrives to the socket; a test writes it itself.
    """

    def __init__(self) -> None:
        self._receiver, self.sender = socket.socketpair()
        self.sender.setblocking(False)
        self._previous: list[tuple[signal.Signals, signal._HANDLER]] = []
        self._wakeup = -1

    def __enter__(self) -> Self:
        self._wakeup = signal.set_wakeup_fd(self.sender.fileno())
        self._previous = [(number, signal.signal(number, _ignore)) for number in STOP_SIGNALS]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous:
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._receiver.close()
        self.sender.close()

    def stopped(self, seconds: float = 0.0) -> bool:
        """Wait so long at most, and tell whether a signal to stop has come."""
        until = time.monotonic() + seconds
        while True:
            left = max(0.0, until - time.monotonic())
            readable, _, _ = select.select([self._receiver], [], [], left)
            if not readable:
                return False
            if any(number in STOP_SIGNALS for number in self._receiver.recv(64)):
                return True


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Leave a signal to the socket."""


@dataclass(frozen=True)
class Run:
    """How a run ended: how many frames it read, and whether a signal stopped it."""

    frames: int
    stopped: bool


def run(
    camera: Camera, reader: FrameReader, publish: Publish, signals: Signals, fps: float = 0.0
) -> Run:
    """Read frames until the camera has no more or a signal says stop.

    :param fps: frames a second at most; 0 is as fast as they come.
    """
    count = 0
    pause = min(1 / fps, _LONGEST_PAUSE) if fps else 0.0
    due = time.monotonic()
    with camera:
        frames = camera.frames()
        while not (stopped := signals.stopped(due - time.monotonic())):
            # a frame that took too long delays the ones after it instead of crowding them
            now = max(due, time.monotonic())
            try:
                frame = next(frames)
            except StopIteration:
                break
            due = now + (_IDLE_PAUSE if frame is None else pause)
            if frame is not None:
                publish(reader.read(frame))
                count += 1
    log.info("stopped, frames read: %d", count)
    return Run(count, stopped)
