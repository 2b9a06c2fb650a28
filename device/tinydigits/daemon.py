"""The loop that a device runs for years: capture, read, publish."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

from tinydigits.camera import Camera
from tinydigits.clock import period_of
from tinydigits.errors import TinyDigitsError
from tinydigits.frame import Frame
from tinydigits.reader import FrameReadings
from tinydigits.regions import FrameReader
from tinydigits.signals import Call, Signals
from tinydigits.systemd import Supervisor

log = logging.getLogger(__name__)

Publish = Callable[[Frame, FrameReadings], None]

_IDLE_PAUSE: Final = 0.2
"""Seconds until a camera without a frame is asked again."""

_WATCH_SHARE: Final = 0.4
"""Of the watchdog's period, the longest wait in which it isn't fed; systemd advises half."""


@dataclass(frozen=True)
class Work:
    """What is done with each frame.

    :param fps: frames a second at most; 0 is as fast as they come.
    :param begin: called when it takes the place of other work, its camera open.
    """

    camera: Camera
    reader: FrameReader
    publish: Publish
    fps: float = 0.0
    begin: Callable[[], None] = lambda: None


Renew = Callable[[Work], Work]
"""Makes the work that a new configuration asks for; the same camera where it stays open."""


@dataclass(frozen=True)
class Run:
    """How a run ended: how many frames it read, and whether a signal stopped it."""

    frames: int
    stopped: bool


def run(
    work: Work, signals: Signals, supervisor: Supervisor | None = None, renew: Renew | None = None
) -> Run:
    """Read frames until the camera has no more or a signal says stop.

    :param renew: is asked for other work on SIGHUP; where it fails, or its camera does, the old
        work goes on.
    """
    loop = _Loop(work, signals, supervisor or Supervisor())
    with loop:
        stopped = loop.turn(renew)
    log.info("stopped, frames read: %d", loop.count)
    return Run(loop.count, stopped)


class _Loop:
    """A camera that is open, and what becomes of its frames."""

    def __init__(self, work: Work, signals: Signals, supervisor: Supervisor) -> None:
        self._work = work
        self._signals = signals
        self._supervisor = supervisor
        self._frames: Iterator[Frame | None] = iter(())
        self._due = time.monotonic()
        self._overdue = False
        self._sequence: int | None = None
        self._frozen = False
        self.count = 0

    def __enter__(self) -> Self:
        self._supervisor.status("waiting for the first frame")
        self._open(self._work)
        return self

    def __exit__(self, *reason: object) -> None:
        self._supervisor.stopping()
        self._work.camera.__exit__(None, None, None)

    def turn(self, renew: Renew | None) -> bool:
        """Go on until the end; whether a signal made it."""
        with suppress(StopIteration):
            while (call := self._wait()) is not Call.STOP:
                if call is None:
                    self._take()
                elif call is Call.READ:
                    self._due = time.monotonic()
                elif renew:
                    self._renew(renew)
            return True
        return False

    def _open(self, work: Work) -> None:
        work.camera.__enter__()
        self._work = work
        self._frames = work.camera.frames()
        self._sequence = None

    def _wait(self) -> Call | None:
        """Wait until a frame is due or something else is.

        While none is due the watchdog is content; a frame that should have come is another matter.
        """
        while True:
            left = self._due - time.monotonic()
            longest = _WATCH_SHARE * self._supervisor.watchdog
            call = self._signals.wait(min(left, longest))
            if call or left <= longest:
                return call
            if not self._overdue:
                self._supervisor.alive()

    def _take(self) -> None:
        """Read the next frame, where there is one; StopIteration where there will be no more."""
        due, now = self._due, max(self._due, time.monotonic())
        frame = next(self._frames)
        self._due = now + _IDLE_PAUSE
        if frame is None or self._is_repeated(frame):
            self._overdue = frame is not None or not self._work.camera.is_idle
            if not self._overdue:
                self._live("waiting for a picture")
            elif told := self._work.camera.trouble.told or (frame and "the camera repeats one"):
                self._supervisor.status(f"no frames: {told}")
            return
        period = period_of(self._work.fps)
        # timers are always a little late, which must not add up; a frame that is late by a whole
        # period delays the ones after it instead of crowding them
        self._due = (due if now - due < period else now) + period
        self._work.publish(frame, self._work.reader.read(frame))
        self.count += 1
        self._overdue = False
        self._live("reading")

    def _is_repeated(self, frame: Frame) -> bool:
        """Whether the camera gave this frame before: frozen, it must not look alive."""
        repeated = frame.sequence == self._sequence
        if repeated and not self._frozen:
            log.warning("no frames: the camera repeats its frame %d", frame.sequence)
        if self._frozen and not repeated:
            log.info("frames again: the camera repeats its frame no more")
        self._sequence, self._frozen = frame.sequence, repeated
        return repeated

    def _live(self, status: str) -> None:
        self._supervisor.ready(status)
        self._supervisor.status(status)
        self._supervisor.alive()

    def _renew(self, renew: Renew) -> None:
        """Go over to other work; the old goes on where that can't be done."""
        self._supervisor.reloading()
        old, is_closed = self._work, False
        try:
            new = renew(old)
            if new.camera is not old.camera:  # it may be another name of the same device
                old.camera.__exit__(None, None, None)
                is_closed = True
                self._open(new)
        except (TinyDigitsError, OSError) as error:
            log.error("not reloaded, all goes on as before: %s", error)
            if is_closed:
                self._open(old)
        else:
            self._work = new
            new.begin()
            self._due, self._overdue = time.monotonic(), False
            log.info("reloaded")
        self._supervisor.reloaded()
