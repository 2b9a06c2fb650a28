"""Signals as bytes on a socket, so that waiting for the next frame is waiting for them too."""

from __future__ import annotations

import enum
import logging
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from types import FrameType
from typing import Final, Self

log = logging.getLogger(__name__)

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
RELOAD_SIGNALS: Final = (signal.SIGHUP,)

STOP_SECONDS: Final = 1.8
"""After this a program that was told to stop and hangs is ended by force: a service has two."""

READ: Final = 255
"""The byte that asks for a frame at once; signals have smaller numbers."""

_FEW: Final = 64
"""Bytes to look at together; signals come one by one."""

_BUSY_PAUSE: Final = 0.05
"""Seconds between two looks at signals that the loop hasn't taken yet."""


class Call(enum.Enum):
    """What the loop is called to do."""

    STOP = enum.auto()
    RELOAD = enum.auto()
    READ = enum.auto()


class Signals:
    """Waits for signals; Python writes the number of each to a socket, and so may a test.

    :param force: called when the program has not ended :data:`STOP_SECONDS` after it was told to;
        ``None`` is to wait for ever.
    """

    def __init__(self, force: Callable[[], object] | None = None) -> None:
        self._receiver, self.sender = socket.socketpair()
        self.sender.setblocking(False)
        self._force = force
        self._ended = Event()
        self._previous: list[tuple[signal.Signals, signal._HANDLER]] = []
        self._wakeup = -1

    def __enter__(self) -> Self:
        self._wakeup = signal.set_wakeup_fd(self.sender.fileno())
        self._previous = [
            (number, signal.signal(number, _ignore)) for number in (*STOP_SIGNALS, *RELOAD_SIGNALS)
        ]
        if self._force:
            Thread(target=self._guard, args=(self._force,), name="stop", daemon=True).start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._ended.set()
        for number, handler in self._previous:
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self.sender.close()
        if not self._force:  # whose thread may be looking
            self._receiver.close()

    def wait(self, seconds: float = 0.0) -> Call | None:
        """Wait so long at most, and tell what has been called for; stopping is for good."""
        until = time.monotonic() + seconds
        while True:
            left = max(0.0, until - time.monotonic())
            readable, _, _ = select.select([self._receiver], [], [], left)
            if not readable:
                return None
            numbers = self._receiver.recv(_FEW, socket.MSG_PEEK)
            if not set(numbers).isdisjoint(STOP_SIGNALS):
                return Call.STOP  # left where it is, for the guard to see
            self._receiver.recv(len(numbers))
            if not set(numbers).isdisjoint(RELOAD_SIGNALS):
                return Call.RELOAD
            if READ in numbers:
                return Call.READ

    def call(self, number: int) -> None:
        """Have the loop called, from any thread, as a signal of this number would call it."""
        with suppress(BlockingIOError):  # the loop hangs, and has enough to hear when it wakes
            self.sender.send(bytes([number]))

    def is_stopped(self) -> bool:
        """Whether a signal to stop has come; other calls are left for :meth:`wait`."""
        readable, _, _ = select.select([self._receiver], [], [], 0)
        numbers = self._receiver.recv(_FEW, socket.MSG_PEEK) if readable else b""
        return not set(numbers).isdisjoint(STOP_SIGNALS)

    def _guard(self, force: Callable[[], object]) -> None:
        """See to it that the program ends when it is told to, whatever the loop hangs in."""
        while numbers := self._receiver.recv(_FEW, socket.MSG_PEEK):
            stop = not set(numbers).isdisjoint(STOP_SIGNALS)
            if self._ended.wait(STOP_SECONDS if stop else _BUSY_PAUSE):
                break
            if stop:
                force()
                break
        self._ended.wait()
        self._receiver.close()


def end_now() -> None:
    """End the program without waiting for anything that hangs in it."""
    # a log that hangs must not hold this too
    Thread(target=log.warning, args=("it hangs, and is ended by force",), daemon=True).start()
    time.sleep(_BUSY_PAUSE)
    os._exit(0)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Leave a signal to the socket."""
