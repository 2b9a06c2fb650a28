"""What the program tells systemd, as sd_notify(3) has it: that it is ready, that it lives.

A watchdog that is fed by a timer proves that the timer works. Here it is fed when a new frame was
really read, and while none is due; whoever supervises the program sees the rest.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

ADDRESS_VARIABLE: Final = "NOTIFY_SOCKET"
WATCHDOG_VARIABLE: Final = "WATCHDOG_USEC"
WATCHDOG_PID_VARIABLE: Final = "WATCHDOG_PID"

SEND_SECONDS: Final = 0.2
"""systemd answers in microseconds; a manager that hangs must not hold the loop."""

_SPARED: Final = 0.1
"""Share of the watchdog's period within which it isn't fed again: thirty frames a second are no
news to it, and it can fire early by no more than this."""


def notify(*lines: str) -> bool:
    """Send lines like ``READY=1`` in one message; whether there was somebody to take it.

    :raises OSError: where it can't be delivered.
    """
    address = os.environ.get(ADDRESS_VARIABLE, "")
    if not is_supervised():
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    import socket  # noqa: PLC0415  4 ms, and only a service notifies

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(SEND_SECONDS)
        sender.sendto("\n".join(lines).encode(), address)
    return True


def is_supervised() -> bool:
    """Whether somebody waits for such messages, as who starts the program anew when it ends."""
    address = os.environ.get(ADDRESS_VARIABLE, "")
    return address.startswith(("/", "@"))  # the other kinds are for virtual machines


def made_folder(variable: str) -> Path | None:
    """The folder that systemd made for the service and named in a variable, if it did."""
    folder = os.environ.get(variable, "").partition(":")[0]  # it may name several
    return Path(folder) if folder else None


def watchdog_seconds() -> float:
    """The watchdog's period, or infinity where none waits for this process."""
    period = os.environ.get(WATCHDOG_VARIABLE, "")
    for_us = os.environ.get(WATCHDOG_PID_VARIABLE) in {None, str(os.getpid())}
    if not (period.isdecimal() and int(period) and for_us):
        return math.inf
    return int(period) / 1e6


class Supervisor:
    """Whoever started the program and waits for word of it; where nobody does, nothing is sent.

    ``text`` is how things are, as told last; ``clock`` gives seconds on the monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed = False
        self.text = ""
        self._fed = -math.inf
        self.is_ready = False
        self.watchdog = watchdog_seconds()

    def ready(self, status: str) -> None:
        """It works: said once, from which on the watchdog counts."""
        if self.is_ready:
            return
        self.is_ready = True
        self.text = status
        self._fed = self._clock()
        self._notify("READY=1", f"STATUS={status}")

    def status(self, text: str) -> None:
        """How things are, in a line that ``systemctl status`` shows; only news are sent."""
        if text != self.text:
            self.text = text
            self._notify(f"STATUS={text}")

    def alive(self) -> None:
        """Feed the watchdog."""
        now = self._clock()
        if self.is_ready and now - self._fed >= _SPARED * self.watchdog:
            self._fed = now
            self._notify("WATCHDOG=1")

    def reloading(self) -> None:
        """A new configuration is being read; :meth:`reloaded` ends it."""
        if self.is_ready:  # before, the READY=1 that must follow would not be true
            microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            self._notify("RELOADING=1", f"MONOTONIC_USEC={microseconds}")

    def reloaded(self) -> None:
        """The new configuration is at work, or the old one again."""
        if self.is_ready:
            self._notify("READY=1")

    def stopping(self) -> None:
        """The end has begun."""
        self._notify("STOPPING=1")

    def _notify(self, *lines: str) -> None:
        try:
            notify(*lines)
        except OSError as error:
            if not self._failed:
                log.warning("systemd can't be told how things are: %s", error.strerror or error)
            self._failed = True
        else:
            self._failed = False
