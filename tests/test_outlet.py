"""Output leaves in its order, and a reader who hangs holds nobody up."""

from __future__ import annotations

import errno
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import repeat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import costly
from samples import picture_of
from tinydigits import outlet as module
from tinydigits.outlet import LINES, Outlet

FEW = 16
"""Lines that wait at most, and some four in the pipe."""

IDLE = 10_000_000
"""Nanoseconds of processor time in 0.3 s: who takes less does nothing, on a busy machine too."""


class Slow:
    """A reader who takes some bytes at a time, none while it is held, or is gone."""

    def __init__(self, *, most: int = 1000) -> None:
        self.most = most
        self.free = threading.Event()
        self.free.set()
        self.asked = threading.Event()
        self.taken = b""
        self.error: OSError | None = None
        self.full_for = 0

    def write(self, data: bytes, /) -> int | None:
        """Take some."""
        self.asked.set()
        assert self.free.wait(30)
        if self.error:
            raise self.error
        if self.full_for:
            self.full_for -= 1
            return None
        self.taken += data[: self.most]
        return min(self.most, len(data))


def never() -> bool:
    """Nobody says stop."""
    return False


def numbered(count: int) -> list[bytes]:
    """So many lines."""
    return [b"%d\n" % number for number in range(count)]


@given(count=st.integers(0, 3 * LINES), most=st.integers(1, 9))
@costly(0.2)
def test_patient(count: int, most: int) -> None:
    """Where frames wait nothing is lost, however many there are and however they are taken."""
    reader = Slow(most=most)
    with Outlet(reader, never, patient=True) as outlet:
        for line in numbered(count):
            outlet.put(line)
    assert reader.taken == b"".join(numbered(count))
    assert outlet.dropped == 0


def test_latest_wins(caplog: pytest.LogCaptureFixture) -> None:
    """Of a camera's readings the newest wait for a reader who hangs, and the others are counted."""
    caplog.set_level("INFO")
    reader = Slow()
    reader.free.clear()
    lines = numbered(2 * LINES + 1)
    with Outlet(reader, never) as outlet:
        outlet.put(lines[0])
        assert reader.asked.wait(30)  # so the first is on its way
        began = time.monotonic()
        for line in lines[1:]:
            outlet.put(line)
        assert time.monotonic() - began < 1
        assert outlet.dropped == LINES
        reader.free.set()
        until = time.monotonic() + 30
        while reader.taken != lines[0] + b"".join(lines[-LINES:]):
            assert time.monotonic() < until
            time.sleep(0.001)
        outlet.put(b"again\n")
    assert reader.taken.endswith(lines[-1] + b"again\n")
    assert [record.getMessage() for record in caplog.records] == [
        "nobody takes the output: its oldest readings make room for new ones",
        f"the output is taken again; lost since the start: {LINES}",
    ]


@pytest.mark.parametrize("patient", [True, False])
def test_stopped(patient: bool, caplog: pytest.LogCaptureFixture) -> None:  # noqa: FBT001
    """A program that was told to stop waits for a moment only, and tells what is lost."""
    reader = Slow()
    reader.free.clear()
    stopped = threading.Event()
    with Outlet(reader, stopped.is_set, patient=patient) as outlet:
        for line in numbered(LINES):
            outlet.put(line)
        assert reader.asked.wait(30)
        stopped.set()
        for line in numbered(2):  # it may just have a frame in hand
            outlet.put(line)
        began = time.monotonic()
    assert time.monotonic() - began < 1
    assert caplog.records[-1].getMessage() == (
        f"nobody takes the output: the last readings are lost: {LINES + 1}"
    )
    reader.free.set()


def test_told_to_stop_while_waiting() -> None:
    """Whoever waits for room is let go by a signal to stop."""
    reader = Slow()
    reader.free.clear()
    stopped = threading.Event()
    timer = threading.Timer(0.1, stopped.set)
    with Outlet(reader, stopped.is_set, patient=True) as outlet:
        timer.start()
        for line in numbered(LINES + 5):
            outlet.put(line)
        assert stopped.is_set()
    timer.join()
    reader.free.set()


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC])
def test_fails(number: int) -> None:
    """An output that can't be written ends the program, at the next line or at the end."""
    reader = Slow()
    reader.error = OSError(number, os.strerror(number))
    with pytest.raises(OSError, match=os.strerror(number)), Outlet(reader, never) as outlet:
        deque(map(outlet.put, repeat(b"line\n")), maxlen=0)
    with pytest.raises(OSError, match=os.strerror(number)), Outlet(reader, never) as outlet:
        outlet.put(b"line\n")


def waits_for(condition: Callable[[], object]) -> None:
    """Wait until it is true."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)


def test_lasting(caplog: pytest.LogCaptureFixture) -> None:
    """Where an output can be had again lines are lost meanwhile, counted, and it is told once."""
    caplog.set_level("INFO")
    reader = Slow()
    reader.error = OSError(errno.ENOSPC, "No space left on device")
    with Outlet(reader, never, lasting=True) as outlet:
        for line in numbered(LINES):
            outlet.put(line)
        waits_for(lambda: outlet.dropped == LINES)
        reader.error = None
        outlet.put(b"again\n")
    assert reader.taken == b"again\n"
    assert [record.getMessage() for record in caplog.records] == [
        "the output can't be written, readings are lost: No space left on device",
        f"the output is taken again; lost since the start: {LINES}",
    ]


def test_torn(caplog: pytest.LogCaptureFixture) -> None:
    """After a line that could only be written in part the next one is whole."""
    caplog.set_level("INFO")
    reader = Slow(most=3)
    write, failures = reader.write, iter([False, True])

    def fails_in_the_middle(data: bytes) -> int | None:
        if next(failures, False):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(data)

    reader.write = fails_in_the_middle  # type: ignore[method-assign]
    with Outlet(reader, never, lasting=True) as outlet:
        for line in (b"torn line\n", b"whole line\n", b"another\n"):
            outlet.put(line)
    assert reader.taken == b"tor\nwhole line\nanother\n"
    assert outlet.dropped == 1
    assert len(caplog.records) == 2


def test_lasting_files() -> None:
    """Where frames wait nothing may be lost, so that an output that fails ends the program."""
    reader = Slow()
    reader.error = BrokenPipeError(errno.EPIPE, "Broken pipe")
    with (
        pytest.raises(BrokenPipeError),
        Outlet(reader, never, patient=True, lasting=True) as outlet,
    ):
        outlet.put(b"line\n")


def place_of(stdout: int) -> str:
    """Whether a program finds a place of its standard output among the files."""
    lines = ("import sys", "from tinydigits.outlet import has_a_place")
    command = [sys.executable, "-c", "; ".join((*lines, "print(has_a_place(), file=sys.stderr)"))]
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=True
    ).stderr.strip()


def test_place(tmp_path: Path) -> None:
    """A file and a pipe with a name can be had again; a pipe and a connection without can't."""
    os.mkfifo(tmp_path / "pipe")
    for name in ("file", "pipe"):
        descriptor = os.open(tmp_path / name, os.O_RDWR | os.O_CREAT)
        assert place_of(descriptor) == "True"
        os.close(descriptor)
    assert place_of(subprocess.PIPE) == "False"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert place_of(theirs.fileno()) == "False"


def test_without_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that says it is full, as it was told not to wait, is tried again."""
    monkeypatch.setattr(module, "_LOOK", 0.001)
    reader = Slow(most=3)
    reader.full_for = 5
    with Outlet(reader, never, patient=True) as outlet:
        outlet.put(b"a long line\n")
    assert reader.taken == b"a long line\n"


def test_without_output() -> None:
    """Without a standard output lines go nowhere."""
    with Outlet(None, never, patient=True) as outlet:
        for line in numbered(2 * LINES):
            outlet.put(line)
    assert outlet.dropped == 0


def test_unbuffered() -> None:
    """Standard output is written below its buffers, whose locks a writer that hangs would keep."""
    sink = module.standard_output()
    assert not isinstance(sink, io.BufferedIOBase) or isinstance(sink, io.BytesIO)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two pictures."""
    for number in ("27", "40"):
        picture_of(number).save(tmp_path / f"{number}.png")
    return tmp_path


def reading(folder: Path, *options: str) -> subprocess.Popen[str]:
    """The program, which nobody reads yet, and little room for what it writes."""
    program = f"""import sys
from tinydigits import outlet
from tinydigits.__main__ import main
outlet.LINES = {FEW}
sys.exit(main())"""
    command = [sys.executable, "-c", program, "run", "--source", str(folder), *options]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, pipesize=4096
    )


def wait_until_it_hangs(process: subprocess.Popen[str]) -> None:
    """Until it has begun to write, and does nothing any more but look whether it is to stop."""
    assert process.stdout
    assert select.select([process.stdout], [], [], 30)[0]
    until, before, now = time.monotonic() + 30, 0, IDLE
    while now - before >= IDLE:
        assert time.monotonic() < until
        time.sleep(0.3)
        before, now = now, nanoseconds(process)


def nanoseconds(process: subprocess.Popen[str]) -> int:
    """Of processor time that all threads of a process have taken."""
    threads = Path(f"/proc/{process.pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads)


def test_slow_reader_of_files(folder: Path) -> None:
    """What is read from files arrives whole at a reader that is slow."""
    for number in range(2 * FEW):
        (folder / f"more {number}.png").symlink_to("27.png")
    with reading(folder) as process:
        wait_until_it_hangs(process)
        assert process.stdout
        out = process.stdout.read()
    assert [json.loads(line)["sequence"] for line in out.splitlines()] == list(range(2 * FEW + 2))


def test_reader_of_files_hangs(folder: Path) -> None:
    """A program whose reader hangs stops in time all the same."""
    with reading(folder, "--loop") as process:
        wait_until_it_hangs(process)
        assert process.stderr
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        assert time.monotonic() - began < 3  # the machine that runs tests may be busy
        assert process.returncode == 0
        stopped, lost = process.stderr.read().splitlines()
    assert stopped.startswith("tinydigits: stopped, frames read: ")
    assert lost.startswith("tinydigits: nobody takes the output: the last readings are lost: ")
