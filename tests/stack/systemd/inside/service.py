"""The service under test, as systemd, its journal and its readings show it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

UNIT: Final = "tinydigits.service"
CONFIG: Final = Path("/etc/tinydigits/config.toml")
STATE: Final = Path("/var/lib/private/tinydigits")
SOCKET: Final = Path("/run/tinydigits/status.sock")
HERE: Final = Path("/opt/stack")
CAMERA: Final = Path("/run/camera")
"""The picture that it shows and the fault that it has, as tests/faulty/picamera2.py wants them."""

NUMBER: Final = "2706"
"""What it shows unless it is told otherwise, as draw.py draws it."""

READINGS: Final = Path("/run/readings")
DROP_INS: Final = Path("/etc/systemd/system/tinydigits.service.d")

FPS: Final = 5
"""Frames a second: in between a busy machine has time enough for one."""

WATCHDOG: Final = 5
"""Seconds, in the place of the unit's own: the rows that wait for it would take a minute."""

WATCHDOG_FILE: Final = "watchdog.conf"

DROP_IN_FILES: Final = {
    "stack.conf": f"""\
[Service]
Environment=PYTHONPATH={HERE}/faulty FAULTY_CAMERA={CAMERA}
StandardOutput=append:{READINGS}
""",
    WATCHDOG_FILE: f"""\
[Service]
WatchdogSec={WATCHDOG}
""",
}
"""What makes the installed service one that can be tested."""

CONFIG_TEXT: Final = f"""\
[camera]
source = "picamera2"
fps = {FPS}.0
[camera.picamera2]
width = 320
timeout = 1.0
[reader]
digits = 4
[judge]
agree = 1
of = 1
"""


class MissingError(AssertionError):
    """What should have happened didn't, in the time it has."""


@dataclass(frozen=True)
class Gap:
    """A time without readings: its seconds, and how many frames were lost in it."""

    seconds: float
    lost: int


def sh(*command: str, check: bool = True) -> str:
    """What a command prints."""
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if check and ended.returncode:
        raise MissingError(f"{' '.join(command)} ended with {ended.returncode}")
    return ended.stdout.strip()


def show(name: str) -> str:
    """A property of the unit."""
    return sh("systemctl", "show", "-P", name, UNIT)


def wait_for(what: str, happened: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait until it is true, and give what it is."""
    until = time.monotonic() + seconds
    while not (result := happened()):
        if time.monotonic() > until:
            raise MissingError(f"not in {seconds:g} s: {what}")
        time.sleep(0.02)
    return result


def fail(fault: str = "") -> None:
    """Let the camera have this fault from now on, or none."""
    new = CAMERA / "new"
    new.write_text(fault)
    new.rename(CAMERA / "fault")


def readings() -> list[dict[str, Any]]:
    """All that were printed so far."""
    if not READINGS.exists():
        return []
    lines = READINGS.read_text().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def last_reading() -> float:
    """When the newest frame that was read was taken, on the wall clock."""
    found = readings()
    return float(found[-1]["wall"]) if found else 0.0


def reading_after(moment: float, seconds: float = 30.0) -> dict[str, Any]:
    """The first reading of a frame that was taken later than that."""

    def found() -> dict[str, Any] | None:
        return next((one for one in readings() if one["wall"] > moment), None)

    result: dict[str, Any] = wait_for("a reading", found, seconds)
    return result


def gap_from(moment: float) -> Gap:
    """From a fault, or its end, to the first reading of a frame that was taken later."""
    seconds = reading_after(moment)["wall"] - moment
    return Gap(seconds, int(seconds * FPS))


def longest_gap(moment: float) -> Gap:
    """The longest time between two readings that ended after this moment and before now."""
    reading_after(time.time())
    times = [one["wall"] for one in readings()]
    seconds = max(after - before for before, after in pairwise(times) if after > moment)
    return Gap(seconds, lost_in(seconds))


def lost_in(seconds: float) -> int:
    """How many frames should have been read between two that were."""
    return max(0, round(seconds * FPS) - 1)


def journal(since: float) -> list[str]:
    """What the unit logged, its own messages and systemd's about it."""
    return sh("journalctl", "-u", UNIT, "-o", "cat", "--since", f"@{since:.6f}").splitlines()


def logged(since: float, text: str) -> bool:
    """Whether a line of the log has this in it."""
    sh("journalctl", "--sync", check=False)
    return any(text in line for line in journal(since))


def configure(text: str = CONFIG_TEXT) -> None:
    """Write the configuration."""
    CONFIG.write_text(text)


def fresh() -> None:
    """Start anew, with nothing that earlier faults have left behind, and wait for readings."""
    fail()
    configure()
    sh("systemctl", "stop", UNIT)
    shutil.rmtree(STATE / "models", ignore_errors=True)
    sh("systemctl", "start", UNIT, check=False)
    reading_after(time.time())


def main_pid() -> int:
    """The process that reads."""
    return int(show("MainPID"))


def status() -> dict[str, Any]:
    """What the running service tells of itself: asked as often as here, the command is too slow."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(SOCKET))
        told: dict[str, Any] = json.load(connection.makefile())
    return told


@contextmanager
def drop_in(name: str, content: str | None) -> Iterator[None]:
    """Another drop-in, in the place of the one of this name, or none; the service is stopped."""
    place = DROP_INS / name
    kept = place.read_text() if place.exists() else None
    sh("systemctl", "stop", UNIT)
    _put(place, content)
    try:
        yield
    finally:
        sh("systemctl", "stop", UNIT)
        _put(place, kept)


def _put(place: Path, content: str | None) -> None:
    if content is None:
        place.unlink(missing_ok=True)
    else:
        place.write_text(content)
    sh("systemctl", "daemon-reload")
