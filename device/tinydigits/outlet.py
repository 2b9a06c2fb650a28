"""Lines on their way to standard output, which whoever reads them can't hold up.

A program that writes to a pipe hangs as soon as the pipe is full and its reader does. So a thread
writes, and what it hasn't got rid of yet waits in a queue that is bounded.

An output that can't be written at all ends the program, as `head` is used to: whoever supervises it
starts it anew with a new pipe or a new connection. Only where that would be the same file again the
service reads on without: lines are lost until the disk has room, or the pipe somebody who reads it.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Condition, Thread
from typing import Final, Protocol, Self

log = logging.getLogger(__name__)

LINES: Final = 256
"""That wait at most: half a megabyte, and four minutes of a camera that is read once a second."""

DRAIN_SECONDS: Final = 0.4
"""For what waits when the program was told to stop; it has two seconds for all it does then."""

_LOOK: Final = 0.1
"""Seconds between two looks at whether to go on waiting."""


class Sink(Protocol):
    """A file that is written without a buffer, whose lock a writer that hangs would keep."""

    def write(self, data: bytes, /) -> int | None:
        """Write some of it, and tell how many bytes; None where there is no room just now."""


def standard_output() -> Sink | None:
    """What lies below :data:`sys.stdout`; None where that was closed before the start."""
    if sys.stdout is None:
        return None
    sink: Sink = getattr(sys.stdout.buffer, "raw", sys.stdout.buffer)
    return sink


def has_a_place() -> bool:
    """Whether standard output is among the files, where a new process would find the same again.

    A file, a pipe with a name and a device are; a pipe between two programs and a connection to the
    journal are not.
    """
    try:
        return Path("/proc/self/fd/1").readlink().is_absolute()
    except OSError:  # it is closed
        return False


class Outlet:
    """Writes lines in their order; leaving it gets rid of those that wait.

    :param stopped: tells whether the program was told to stop.
    :param patient: whether a full queue makes the giver wait, and nothing is lost; else its oldest
        line gives way to the newest and ``dropped`` counts it.
    :param lasting: whether a line that can't be written is lost, and counted too, instead of ending
        the program; not where it is patient.
    """

    def __init__(
        self,
        sink: Sink | None,
        stopped: Callable[[], bool],
        *,
        patient: bool = False,
        lasting: bool = False,
    ) -> None:
        self._sink = sink
        self._stopped = stopped
        self._lines: deque[bytes] = deque()
        self._changed = Condition()
        self._writing = False
        self._ended = False
        self._full = False
        self._error: OSError | None = None
        self._failing = False
        self._torn = False
        self._lasting = lasting
        self.patient = patient
        self.dropped = 0

    def __enter__(self) -> Self:
        if self._sink:
            Thread(target=self._work, args=(self._sink,), name="output", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._changed:
            self._drain()
            self._ended = True
            self._changed.notify_all()
            left = len(self._lines) + self._writing
            if self._error and kind is None:
                raise self._error
        if left and not self._error:
            log.warning("nobody takes the output: the last readings are lost: %d", left)

    @property
    def waiting(self) -> int:
        """Lines that have not been taken yet."""
        return len(self._lines)

    def put(self, line: bytes) -> None:
        """Have a line written, soon.

        :raises OSError: where an earlier one couldn't be.
        """
        if self._sink is None:
            return
        with self._changed:
            while self.patient and self._has_no_room() and not self._stopped():
                self._changed.wait(_LOOK)
            if self._error:
                raise self._error
            if self._has_no_room():
                self._drop()
            elif self._full and not self._lines and not self._failing:
                self._full = False
                self._tell_taken()
            self._lines.append(line)
            self._changed.notify_all()

    def _has_no_room(self) -> bool:
        return len(self._lines) >= LINES and not self._error

    def _drop(self) -> None:
        self._lines.popleft()
        self.dropped += 1
        if not self._full and not self._stopped():
            log.warning("nobody takes the output: its oldest readings make room for new ones")
        self._full = True

    def _drain(self) -> None:
        """Wait until all is written: without end, or for a moment once there is a reason to end."""
        until = None
        while (self._lines or self._writing) and self._sink and not self._error:
            if until is None and (self._stopped() or not self.patient):
                until = time.monotonic() + DRAIN_SECONDS
            if until is not None and time.monotonic() >= until:
                return
            self._changed.wait(_LOOK)

    def _work(self, sink: Sink) -> None:
        while True:
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                while not self._lines and not self._ended:
                    self._changed.wait()
                if self._ended or self._error:
                    return
                line = self._lines.popleft()
                self._writing = True
            try:
                self._write(sink, line)
            except OSError as error:
                self._failed(error)

    def _write(self, sink: Sink, line: bytes) -> None:
        left = b"\n" + line if self._torn else line
        while left:
            written = sink.write(left)
            if written is None:  # a pipe that another program made so that it never waits
                time.sleep(_LOOK)
                continue
            left = left[written:]
            self._torn = 0 < len(left) < len(line)
        if self._failing:
            self._failing = self._full = False
            self._tell_taken()

    def _failed(self, error: OSError) -> None:
        with self._changed:
            if self.patient or not self._lasting:
                self._error = error
                return
            self.dropped += 1
        if not self._failing:
            log.warning(
                "the output can't be written, readings are lost: %s", error.strerror or error
            )
        self._failing = True

    def _tell_taken(self) -> None:
        log.info("the output is taken again; lost since the start: %d", self.dropped)
