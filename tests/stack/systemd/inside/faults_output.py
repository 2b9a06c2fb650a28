"""Faults of whoever takes the readings, which come through a pipe here."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from recovery import STOP_SECONDS, still, stopped, told_once
from rows import Outcome, busy, expect, fault
from service import (
    CONFIG_TEXT,
    FPS,
    UNIT,
    configure,
    drop_in,
    logged,
    main_pid,
    sh,
    status,
    wait_for,
)

PIPE: Final = Path("/run/taker")
PIPE_BYTES: Final = 4096
"""As small as there are, so that it is full soon."""

FAST: Final = 10
"""Frames a second, with a line for each region: 256 lines wait before the first is lost."""

REGION: Final = """
[[region]]
name = "{number}"
corners = [[0, 0], [300, 0], [300, 180], [0, 180]]
digits = 4
"""

REGIONS: Final = "".join(REGION.format(number=number) for number in range(4))

WATCHED_SECONDS: Final = 2.0
"""For which the pace is taken."""

LEAST: Final = 0.8
"""Of the pace before the fault: on a machine that does other things too it is never quite even."""

MORE_MEMORY: Final = 4 * 2**20
"""Bytes, of which what waits may take half a MiB."""


@contextmanager
def piped() -> Iterator[int]:
    """The service with a pipe for its output; gives the end for reading."""
    PIPE.unlink(missing_ok=True)
    os.mkfifo(PIPE)
    configure(CONFIG_TEXT.replace(f"fps = {FPS}.0", f"fps = {FAST}.0") + REGIONS)
    with drop_in("taker.conf", f"[Service]\nStandardOutput=append:{PIPE}\n"):
        end = os.open(PIPE, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        sh("systemctl", "start", UNIT)
        yield end
        sh("systemctl", "stop", UNIT)
    PIPE.unlink()


@contextmanager
def taken(end: int) -> Iterator[bytearray]:
    """Somebody who takes all that comes through the pipe, and holds it."""
    held = bytearray()
    is_over = threading.Event()

    def take() -> None:
        while not is_over.wait(0.02):
            try:
                held.extend(os.read(end, PIPE_BYTES))
            except BlockingIOError:
                continue

    taker = threading.Thread(target=take)
    taker.start()
    try:
        yield held
    finally:
        is_over.set()
        taker.join()


def pace() -> float:
    """Frames a second, over some."""
    before, began = status()["frames"], time.monotonic()
    time.sleep(WATCHED_SECONDS)
    return float((status()["frames"] - before) / (time.monotonic() - began))


def _as_fast(before: float) -> float:
    now = pace()
    expect(now >= LEAST * before / busy(), f"{now:.1f} frames a second, where it were {before:.1f}")
    return now


def _dropped() -> int:
    return int(status()["outputs"]["stdout"]["dropped"])


@fault(
    "nobody takes the output",
    "standard output is a pipe that nobody reads any more",
    f"as fast as before; lost lines are counted and told once; a stop within {STOP_SECONDS:g} s",
)
def not_taken() -> Outcome:
    """A reader who hangs costs lines, and nothing else."""
    with piped() as end:
        pid, began = main_pid(), time.time()
        with taken(end):
            before = pace()
        memory = status()["memory"]
        wait_for("a lost line", _dropped, 30 * busy())
        now = _as_fast(before)
        after: dict[str, Any] = status()
        expect(after["memory"] - memory <= MORE_MEMORY, f"{after['memory'] - memory} bytes more")
        told_once(began, "nobody takes the output")
        still(pid)
        lines = after["outputs"]["stdout"]["waiting"]
        stop = stopped()
        os.close(end)
    return Outcome(
        f"{now:.0f} frames a second, {before:.0f} before; {lines} lines wait, the rest is counted; "
        f"stopped in {stop:.1f} s"
    )


@fault(
    "who takes the output dies",
    "standard output is a pipe whose reader ends, and another comes",
    f"the same; the next reader gets whole lines; a stop within {STOP_SECONDS:g} s",
)
def taker_dies() -> Outcome:
    """A named pipe may be read again, so that there is no reason to end."""
    with piped() as end:
        pid, began = main_pid(), time.time()
        with taken(end) as held:
            before = pace()
        expect(held.count(b"\n"), "nothing came through the pipe")
        os.close(end)
        wait_for("a lost line", _dropped)
        now = _as_fast(before)
        told_once(began, "the output can't be written")
        ended = time.time()
        other = os.open(PIPE, os.O_RDONLY | os.O_NONBLOCK)
        with taken(other) as held:
            wait_for("two lines", lambda: held.count(b"\n") >= 2)
        seconds = time.time() - ended
        expect(held.startswith((b"{", b"\n{")), f"the first line is torn: {bytes(held[:40])!r}")
        wait_for("the journal's word", lambda: logged(began, "the output is taken again"))
        still(pid)
        dropped = _dropped()
        stop = stopped()
        os.close(other)
    return Outcome(
        f"{now:.0f} frames a second, {before:.0f} before; {dropped} lines lost, counted; "
        f"stopped in {stop:.1f} s",
        seconds,
    )
