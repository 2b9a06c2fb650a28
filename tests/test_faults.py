"""The program itself, with a camera that fails: it says so once, lives, and reads again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from PIL import Image

from drawing import on_paper, photographed, written
from manager import Manager, short_folder

FAULTY = Path(__file__).with_name("faulty")

CONFIG = """
[camera]
source = "picamera2"
fps = 10.0
[camera.picamera2]
timeout = 0.5
width = 320
"""


class Device:
    """The program, as systemd would start it, and what comes of it."""

    def __init__(self, home: Path, manager: Manager, fault: str = "", **environment: str) -> None:
        self.home = home
        self.manager = manager
        self.fail(fault)
        (home / "my.toml").write_text(CONFIG)
        path = os.pathsep.join([str(FAULTY), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tinydigits", "run", "--config", str(home / "my.toml")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                **manager.environment,
                "FAULTY_CAMERA": str(home),
                "PYTHONPATH": path,
                **environment,
            },
        )
        self.lines: SimpleQueue[str] = SimpleQueue()
        self.said: SimpleQueue[str] = SimpleQueue()
        self._collectors = [
            threading.Thread(target=self._collect, args=pair)
            for pair in ((self.process.stdout, self.lines), (self.process.stderr, self.said))
        ]
        for collector in self._collectors:
            collector.start()

    @staticmethod
    def _collect(pipe: Any, lines: SimpleQueue[str]) -> None:
        with pipe:
            for line in pipe:
                lines.put(line.rstrip())

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        for collector in self._collectors:
            collector.join()

    def fail(self, fault: str) -> None:
        """Let this be wrong from now on."""
        partial = self.home / "fault.part"
        partial.write_text(fault)
        partial.replace(self.home / "fault")

    def reading(self, seconds: float = 30) -> dict[str, Any]:
        """The next reading."""
        line: dict[str, Any] = json.loads(self.lines.get(timeout=seconds))
        return line

    def reads(self) -> None:
        """Readings come, the next ones included that were not there yet."""
        with_silence = time.monotonic() + 0.2
        while time.monotonic() < with_silence:
            try:
                self.lines.get(timeout=0.05)
            except Empty:
                break
        assert self.reading()["text"] == "3140"

    def silence(self) -> list[str]:
        """Wait until no readings come any more; what its manager was told since the last one."""
        while True:
            try:
                self.lines.get(timeout=0.4)
            except Empty:
                return self.manager.waiting()
            self.manager.waiting(0)

    def hangs(self) -> None:
        """Wait until a call of its camera hangs."""
        until = time.monotonic() + 30
        while not (self.home / "hangs").exists():
            assert time.monotonic() < until
            time.sleep(0.01)

    def says(self, seconds: float = 30) -> str:
        """The next line of its log."""
        line: str = self.said.get(timeout=seconds)
        return line.removeprefix("tinydigits: ")

    def stop(self) -> float:
        """Stop it; how many seconds that takes."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)
        return time.monotonic() - began


@contextmanager
def running(fault: str = "", **environment: str) -> Iterator[Device]:
    """The program with a camera that shows 3140, or fails."""
    with short_folder() as home:
        picture = photographed(on_paper(written("3140", 3), 30))
        Image.fromarray(picture).save(home / "picture.png")
        manager = Manager(f"{home}/notify")
        device = Device(home, manager, fault, **environment)
        try:
            yield device
        finally:
            device.close()
            manager.close()


FAILURES = {
    "missing": "no frames: the camera failed: No such device",
    "busy": "no frames: the camera failed: Device or resource busy",
    "error": "no frames: the camera failed: the camera has failed",
    "broken": "no frames: the camera failed: Input/output error",
    "silent": "no frames: the camera gave no frame for 0.5 s",
    "frozen": "no frames: the camera has repeated one frame for 0.5 s",
    "short": "no frames: the camera gave a frame of 1000 bytes where",
}


def test_comes_back() -> None:
    """A camera that fails is told, feeds no watchdog, and is read again when it works again."""
    with running(WATCHDOG_USEC="200000") as device:
        for fault, told in FAILURES.items():
            device.reads()
            device.manager.until("WATCHDOG=1")
            device.fail(fault)
            while not device.says().startswith(told):
                pass  # what it still had to say of the fault before
            fed = [message for message in device.silence() if "WATCHDOG" in message]
            assert len(fed) <= 1  # by the last reading: every 0.1 s is due
            device.fail("")
        device.reads()
        device.manager.until("WATCHDOG=1")
        assert device.stop() < 3
        assert device.process.returncode == 0


def test_missing_at_first() -> None:
    """A camera that is plugged in later is found; until then it isn't ready."""
    with running("missing") as device:
        assert device.says() == (
            "no frames: there is no camera: look at its cable, and at rpicam-hello"
        )
        time.sleep(0.5)
        told = [line for message in device.manager.waiting() for line in message.splitlines()]
        assert "READY=1" not in told
        assert told[-1].startswith("STATUS=no frames: there is no camera")
        device.fail("")
        device.manager.until("READY=1")
        assert device.reading()["text"] == "3140"
        assert device.stop() < 3


def test_nothing_to_see() -> None:
    """Frames that show nothing are read, rejected with a reason, and no crash."""
    with running("black") as device:
        for fault in ("black", "white", "noise"):
            device.fail(fault)
            for _ in range(4):  # the first may be of what was seen before
                reading = device.reading()
                assert reading["rejected"]
                assert reading["reasons"]
                assert reading["verdict"]["value"] is None
        device.fail("")
        while device.reading()["text"] != "3140":
            pass
        assert device.said.empty()


def test_stops_while_it_hangs() -> None:
    """The program stops within two seconds whatever its camera hangs in, opening it too."""
    with ExitStack() as programs:
        opening = programs.enter_context(running("hang-open"))
        devices = {
            fault: programs.enter_context(running()) for fault in ("hang", "hang-close", "silent")
        }
        for fault, device in devices.items():
            assert device.reading()["sequence"] == 0
            device.fail(fault)
        for fault in ("hang", "silent"):
            devices[fault].silence()
        opening.hangs()
        for device in (opening, *devices.values()):
            device.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        for device in (opening, *devices.values()):
            assert device.process.wait(timeout=20) == 0
        assert time.monotonic() - began < 4  # the machine that runs tests may be busy


def test_writes_nothing() -> None:
    """In steady state nothing is written to a disk, but what the judge accepted, once."""
    with short_folder() as state, running(STATE_DIRECTORY=str(state)) as device:
        while device.reading()["verdict"]["value"] is None:
            pass
        device.reading()
        counters = Path(f"/proc/{device.process.pid}/io")
        written = (state / "judge.json").stat()
        before = counters.read_text().partition("\nwrite_bytes")[2]
        time.sleep(1)
        assert counters.read_text().partition("\nwrite_bytes")[2] == before
        assert (state / "judge.json").stat() == written
