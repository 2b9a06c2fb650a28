"""Many devices on one machine: each a process of its own that reads and publishes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

FPS: Final = 0.2
"""Frames a second of a device; each becomes a reading."""

TOPIC: Final = "fleet"

STARTING: Final = 3
"""That start or stop at a time: a start takes a second of a processor."""

START_SECONDS: Final = 60.0
"""For one, where others do so too."""

STOP_SECONDS: Final = 20.0

TICKS: Final = os.sysconf("SC_CLK_TCK")


def until(what: str, condition: Callable[[], Any], seconds: float) -> float:
    """Wait until it is so; how long that took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"not in {seconds:g} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - began


@dataclass
class Device:
    """A daemon, and the files with what it prints and logs."""

    name: str
    program: subprocess.Popen[bytes]
    printed: Path
    log: Path

    @classmethod
    def start(cls, folder: Path, name: str, pictures: Path, port: int) -> Self:
        """Start one that reads these pictures again and again."""
        config = folder / f"{name}.toml"
        config.write_text(
            f'[camera]\npath = "{pictures}"\nloop = true\nfps = {FPS}\n'
            f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\n'
            f'topic = "{TOPIC}/{name}"\nclient_id = "{name}"\n'
        )
        printed, log = folder / f"{name}.jsonl", folder / f"{name}.log"
        with printed.open("wb") as out, log.open("wb") as error:
            program = subprocess.Popen(
                [sys.executable, "-m", "tinydigits", "run", "--config", str(config)],
                stdout=out,
                stderr=error,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )
        return cls(name, program, printed, log)

    @property
    def has_begun(self) -> bool:
        """Whether it has read a frame."""
        if self.program.poll() is not None:
            raise ChildProcessError(f"{self.name} has ended: {self.log.read_text()}")
        return self.printed.stat().st_size > 0

    def read(self) -> set[tuple[str, int]]:
        """All that it has read: its name and the number of the frame."""
        lines = self.printed.read_bytes().splitlines(keepends=True)
        return {(self.name, json.loads(line)["sequence"]) for line in lines if line.endswith(b"\n")}


class Fleet:
    """All of them; leaving it ends what still runs."""

    def __init__(self, folder: Path, pictures: Path, port: int) -> None:
        self._folder = folder
        self._pictures = pictures
        self._port = port
        self.devices: list[Device] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for device in self.devices:
            device.program.kill()
            device.program.wait()

    def start(self, count: int, tell: Callable[[int], None]) -> None:
        """Start so many, a few at a time."""
        for number in range(count):
            until("a device starts", lambda: self._starting() < STARTING, START_SECONDS)
            name = f"device-{number:03d}"
            device = Device.start(self._folder, name, self._pictures, self._port)
            self.devices.append(device)
            tell(number + 1)
        until("all have begun", lambda: not self._starting(), START_SECONDS)

    def _starting(self) -> int:
        """How many have not read a frame yet."""
        return sum(not device.has_begun for device in self.devices)

    def stop(self) -> None:
        """Tell all of them to stop, as systemd does, a few at a time."""
        for place in range(0, len(self.devices), STARTING):
            few = self.devices[place : place + STARTING]
            for device in few:
                device.program.send_signal(signal.SIGTERM)
            for device in few:
                code = device.program.wait(STOP_SECONDS)
                if code:
                    raise ChildProcessError(f"{device.name} ended with {code}")

    def read(self) -> set[tuple[str, int]]:
        """All that was read."""
        return set[tuple[str, int]]().union(*(device.read() for device in self.devices))

    def processor_seconds(self) -> float:
        """That all of them have taken."""
        return sum(processor_seconds(device.program.pid) for device in self.devices)

    def memory(self) -> tuple[float, float]:
        """Bytes that one holds: alone, and with its share of what several hold in common."""
        sample = self.devices[:: max(1, len(self.devices) // 10)]
        told = [_memory(device.program.pid) for device in sample]
        return tuple(sum(column) / len(told) for column in zip(*told, strict=True))


def processor_seconds(process: int) -> float:
    """That it has taken since its start."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _memory(process: int) -> tuple[int, int]:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    told = {line.split(":")[0]: 1024 * int(line.split()[1]) for line in lines}
    return told["Rss"], told["Pss"]
