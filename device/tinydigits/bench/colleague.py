"""A process with one runner, as seen from the benchmark: asked, waited for, and ended in time."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import msgspec

from tinydigits.bench.messages import MOST, PREFIX, Reply, Request, Skipped, as_reply, to_bytes
from tinydigits.journal import one_line

COMMAND: Final = (sys.executable, "-P", "-m", "tinydigits.bench.worker")
"""``-P``: a numpy.py in the folder where one stands is none of ours."""

ONE_THREAD: Final = {
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",  # Tesseract's
    "OPENBLAS_NUM_THREADS": "1",
}
"""What runs here for a device has one thread, so all others get one too."""

PATIENCE: Final = 120.0
"""Seconds beyond those that it is to take: the smallest computers import for ten, and a query of
the slowest runner takes some."""

GRACE: Final = 2.0
"""Seconds in which a process ends by itself when nobody asks it any more."""

_LAST: Final = 4096
"""Bytes of its complaints that are looked at."""


_ENDED: Final = "it ended"


class CrashError(Exception):
    """A process that ended, or didn't answer in time; its last words."""


class Colleague:
    """One process. As a context manager it is ended at the end, come what may."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        # a pipe that nobody reads would fill up
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  closed when all is at an end
        self._process = subprocess.Popen(  # noqa: S603  this program
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env=os.environ | ONE_THREAD,
            process_group=0,  # Ctrl-C is for the benchmark; its own programs are ended with it
            bufsize=0,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end(0.0 if kind else GRACE)

    def send(self, request: Request) -> None:
        """Ask for something; whether it went away is known when the answer is due."""
        assert self._process.stdin is not None  # noqa: S101  a pipe was asked for
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(to_bytes(request))  # far less than a pipe takes at once

    def receive(self, seconds: float = 0.0) -> Reply:
        """The answer to what was asked first.

        :param seconds: that it is to take; some patience is added.
        :raises CrashError: where the process ended, or takes too long; it is ended then.
        """
        deadline = time.monotonic() + seconds + PATIENCE
        size = int.from_bytes(self._read(PREFIX, deadline), "big")
        if size > MOST:
            raise self._crash("it answers nonsense")
        try:
            return as_reply(self._read(size, deadline))
        except msgspec.MsgspecError as error:
            raise self._crash(f"it answers nonsense ({error})") from error

    def ask(self, request: Request, seconds: float = 0.0) -> Reply:
        """Ask, and wait for the answer."""
        self.send(request)
        return self.receive(seconds)

    def end(self, grace: float = GRACE) -> None:
        """End the process and all that it started."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._wait(grace)
        self._complaints.close()

    def _wait(self, seconds: float) -> None:
        """Wait for its end, and bring it about when that takes too long."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _read(self, size: int, deadline: float) -> bytes:
        assert self._process.stdout is not None  # noqa: S101  a pipe was asked for
        pipe = self._process.stdout.fileno()
        content = bytearray()
        while len(content) < size:
            left = deadline - time.monotonic()
            if not select.select([pipe], [], [], max(0.0, left))[0]:
                raise self._crash("it took too long")
            part = os.read(pipe, size - len(content))
            if not part:
                raise self._crash(_ENDED)
            content += part
        return bytes(content)

    def _crash(self, what: str) -> CrashError:
        """What to say of it, now that it is of no use any more."""
        self._wait(GRACE if what == _ENDED else 0.0)
        code = self._process.returncode
        if what == _ENDED and code < 0:
            what = f"it was ended by {signal.Signals(-code).name}"
        self._complaints.seek(max(0, self._complaints.seek(0, os.SEEK_END) - _LAST))
        words = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
        return CrashError(f"crashed: {what}" + (f": {one_line(words[-1])}" if words else ""))


def skipped(colleague: Colleague, request: Request) -> str | None:
    """Why what was asked for can't be done; ``None`` where it was."""
    try:
        reply = colleague.ask(request)
    except CrashError as error:
        return str(error)
    return reply.why if isinstance(reply, Skipped) else None
