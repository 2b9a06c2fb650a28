"""Systemd is told what is so: ready after a frame, alive after a new one, and nothing else."""

from __future__ import annotations

import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

from manager import Manager, short_folder
from samples import picture_of
from standin import Clock
from tinydigits.camera import FilesCamera
from tinydigits.camera.watch import WatchCamera
from tinydigits.daemon import Work, run
from tinydigits.frame import Frame
from tinydigits.reader import FrameReadings
from tinydigits.signals import Signals
from tinydigits.systemd import Supervisor, notify, watchdog_seconds

TERM = bytes([signal.SIGTERM])


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a name short enough for a socket's address."""
    with short_folder() as folder:
        yield folder


@pytest.fixture
def manager(address: str) -> Iterator[Manager]:
    """A manager that this process was started by."""
    manager = Manager(address)
    yield manager
    manager.close()


@pytest.fixture
def address(short: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address at which this process is told to find its manager."""
    monkeypatch.setenv("NOTIFY_SOCKET", f"{short}/notify")
    return f"{short}/notify"


def test_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a manager nothing is sent, and nothing is wrong."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "vsock:2:1234")  # of a virtual machine's host
    assert not notify("READY=1")


def test_notify(manager: Manager) -> None:
    """Lines arrive together in one message."""
    assert notify("READY=1", "STATUS=reading")
    assert manager.next() == "READY=1\nSTATUS=reading"


def test_abstract(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address without a file works as well."""
    manager = Manager(f"@{short}/notify")
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{short}/notify")
    assert notify("WATCHDOG=1")
    assert manager.next() == "WATCHDOG=1"
    manager.close()


@pytest.mark.usefixtures("address")
def test_gone(caplog: pytest.LogCaptureFixture) -> None:
    """A manager that isn't there is told once, and is nothing to stop for."""
    supervisor = Supervisor()
    supervisor.ready("reading")
    supervisor.stopping()
    (record,) = caplog.records
    assert record.getMessage() == "systemd can't be told how things are: No such file or directory"


def test_full(address: str, caplog: pytest.LogCaptureFixture) -> None:
    """A manager that hangs holds the program for a moment only."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as silent:
        silent.bind(address)
        supervisor = Supervisor()
        began = time.monotonic()
        for number in range(1000):
            supervisor.status(f"{number}")
            if caplog.records:
                break
    assert caplog.records[0].getMessage() == "systemd can't be told how things are: timed out"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("period", "process", "seconds"),
    [
        ("2000000", None, 2.0),
        ("2000000", "own", 2.0),
        ("2000000", "1", math.inf),
        ("0", None, math.inf),
        ("soon", None, math.inf),
        (None, None, math.inf),
    ],
)
def test_watchdog_seconds(
    period: str | None, process: str | None, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watchdog counts where it was asked for, and of this process."""
    values = {
        "WATCHDOG_USEC": period,
        "WATCHDOG_PID": str(os.getpid()) if process == "own" else process,
    }
    for name, value in values.items():
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert watchdog_seconds() == seconds


def test_supervisor(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said twice, and the watchdog is fed no more often than it needs."""
    monkeypatch.setenv("WATCHDOG_USEC", "2000000")
    clock = Clock()
    supervisor = Supervisor(clock)
    supervisor.status("waiting")
    supervisor.alive()  # nobody counts before it is ready
    supervisor.reloading()
    supervisor.reloaded()  # and this would say that it is
    for _ in range(3):
        supervisor.ready("reading")
        supervisor.status("reading")
        supervisor.alive()
    clock.now += 0.2
    supervisor.alive()
    supervisor.stopping()
    assert manager.waiting() == [
        "STATUS=waiting",
        "READY=1\nSTATUS=reading",
        "WATCHDOG=1",
        "STOPPING=1",
    ]


def test_reloading(manager: Manager) -> None:
    """A reload says when it began, on the clock that systemd goes by, and when it is over."""
    supervisor = Supervisor()
    supervisor.ready("reading")
    before = time.monotonic()
    supervisor.reloading()
    supervisor.reloaded()
    manager.next()
    reloading, began = manager.next().splitlines()
    assert reloading == "RELOADING=1"
    name, microseconds = began.split("=")
    assert name == "MONOTONIC_USEC"
    assert before - 1e-6 <= int(microseconds) / 1e6 <= time.monotonic()
    assert manager.next() == "READY=1"


class Script(FilesCamera):
    """A camera that gives frames of these numbers, None for none; then it asks for the end."""

    def __init__(self, signals: Signals, *numbers: int | None) -> None:
        super().__init__("")
        self._signals = signals
        self._numbers = numbers

    def __enter__(self) -> Self:
        """There is nothing to open."""
        return self

    def frames(self) -> Iterator[Frame | None]:
        """What the script says."""
        for number in self._numbers:
            yield None if number is None else Frame(np.zeros((8, 8), np.uint8), "", number)
        self._signals.sender.send(TERM)
        yield None


class NoReader:
    """Reads nothing, at once."""

    def read(self, frame: Frame) -> FrameReadings:
        """A frame without readings."""
        return FrameReadings("", frame.sequence, frame.monotonic, frame.wall, (), {})


class Eager(Supervisor):
    """One that says it lives whenever it may."""

    def alive(self) -> None:
        """Forget when it was said last."""
        self._fed = -math.inf
        super().alive()


@pytest.fixture
def watched(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> Manager:
    """A manager with a watchdog of 50 ms."""
    monkeypatch.setenv("WATCHDOG_USEC", "50000")
    return manager


def said(manager: Manager, fps: float, *numbers: int | None) -> list[str]:
    """What the loop says over a script, but for its status."""
    published: list[int] = []
    with Signals() as signals:
        camera = Script(signals, *numbers)
        work = Work(camera, NoReader(), lambda _, result: published.append(result.sequence), fps)
        run(work, signals, Eager())
    new = [number for k, number in enumerate(numbers) if number not in (None, *numbers[:k])]
    assert published == new
    lines = [line for message in manager.waiting() for line in message.splitlines()]
    return [line for line in lines if not line.startswith("STATUS=")]


def test_ready_after_a_frame(watched: Manager) -> None:
    """It is ready when the first frame has been read, and not when there is none."""
    assert said(watched, 0, None, None) == ["STOPPING=1"]
    assert said(watched, 0, 0) == ["READY=1", "WATCHDOG=1", "STOPPING=1"]


def test_fed_by_new_frames(watched: Manager) -> None:
    """Each new frame feeds the watchdog; gaps in which there should have been one do not."""
    fed = ["WATCHDOG=1"]
    assert said(watched, 0, 0, 1, 2) == ["READY=1", *3 * fed, "STOPPING=1"]
    assert said(watched, 0, 0, None, 1, None) == ["READY=1", *2 * fed, "STOPPING=1"]


def test_frozen(watched: Manager, caplog: pytest.LogCaptureFixture) -> None:
    """A frame that repeats its number is neither read again nor a sign of life, and is told."""
    caplog.set_level("WARNING")
    assert said(watched, 0, 0, 0, 0, 1) == ["READY=1", *2 * ["WATCHDOG=1"], "STOPPING=1"]
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ["no frames: the camera repeats its frame 0"]


def test_idle_by_schedule(watched: Manager) -> None:
    """Between two frames that are due ten watchdog's periods apart it is fed, else it is not."""
    fed = said(watched, 2, 0, 1)
    assert 20 <= fed.count("WATCHDOG=1") <= 2 + 2 * 25
    assert said(watched, 2, 0, None, None, None).count("WATCHDOG=1") <= 1 + 25


def test_idle_folder(watched: Manager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder into which nobody drops pictures is no fault; one that went away is."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    with Signals() as signals:
        camera = WatchCamera(str(folder))
        looks: list[int] = []

        def look() -> Any:
            looks.append(1)
            if len(looks) == 3:
                folder.rmdir()
            if len(looks) == 4:
                signals.sender.send(TERM)
            return settled()

        settled = camera._settled  # noqa: SLF001  each look at the folder
        monkeypatch.setattr(camera, "_settled", look)
        run(Work(camera, NoReader(), lambda *_: None), signals, Eager())
    lines = [line for message in watched.waiting() for line in message.splitlines()]
    assert lines[:4] == [
        "STATUS=waiting for the first frame",
        "READY=1",
        "STATUS=waiting for a picture",
        "WATCHDOG=1",
    ]
    assert f"STATUS=no frames: {folder}: it can't be watched: No such file or directory" in lines
    # the two looks that went well, each followed by a pause of 0.2 s
    assert lines.count("WATCHDOG=1") <= 2 + 2 * 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with pictures of 27 and 40, and where the configuration is."""
    for number in ("27", "40"):
        picture_of(number).save(tmp_path / f"{number}.png")
    return tmp_path


def test_process(folder: Path, short: Path) -> None:
    """The program itself is ready after its first frame, fed, reloaded and stopped."""
    manager = Manager(f"{short}/notify")
    config = folder / "my.toml"
    config.write_text(f'[camera]\npath = "{folder}"\nloop = true\nfps = 20.0\n')
    command = [sys.executable, "-m", "tinydigits", "run", "--config", str(config)]
    environment = {**os.environ, **manager.environment, "WATCHDOG_USEC": "1000000"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout
        assert manager.until("READY=1") == [
            "STATUS=waiting for the first frame",
            "READY=1\nSTATUS=reading",
        ]
        assert '"text":"27"' in process.stdout.readline()
        assert manager.until("WATCHDOG=1") == ["WATCHDOG=1"]
        config.write_text(f'[camera]\npath = "{folder}/40.png"\nloop = true\nfps = 20.0\n')
        process.send_signal(signal.SIGHUP)
        assert manager.until("READY=1")[-2].startswith("RELOADING=1\nMONOTONIC_USEC=")
        config.write_text("[camera]\nfsp = 1\n")
        process.send_signal(signal.SIGHUP)
        manager.until("READY=1")
        manager.until("WATCHDOG=1")
        process.send_signal(signal.SIGTERM)
        assert manager.until("STOPPING=1")[-1] == "STOPPING=1"
        out, error = process.communicate(timeout=30)
    manager.close()
    assert process.returncode == 0
    assert '"text":"40"' in out.splitlines()[-1]
    reloaded, refused, stopped = error.splitlines()
    assert reloaded == "tinydigits: reloaded"
    assert refused == (
        f"tinydigits: not reloaded, all goes on as before: {config}: there is no key 'camera.fsp': "
        "did you mean 'fps'?"
    )
    assert stopped.startswith("tinydigits: stopped, frames read: ")
