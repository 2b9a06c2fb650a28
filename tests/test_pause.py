"""The pause before a start that follows others too soon."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

PAUSE = Path(__file__).parents[1] / "systemd/pause"

TEN_MINUTES = 600


class Service:
    """Starts, one after another, in which nobody really waits."""

    def __init__(self, folder: Path) -> None:
        self.runtime = folder / "runtime"
        self.runtime.mkdir()
        sleep = folder / "bin/sleep"
        sleep.parent.mkdir()
        sleep.write_text(f'#!/bin/sh\necho "$1" > {folder}/slept\n')
        sleep.chmod(0o755)
        self._slept = folder / "slept"
        self._path = f"{sleep.parent}:{os.environ['PATH']}"

    def start(self) -> int:
        """The seconds that a start waits."""
        self._slept.unlink(missing_ok=True)
        environment = {"PATH": self._path, "RUNTIME_DIRECTORY": str(self.runtime)}
        subprocess.run([PAUSE], env=environment, check=True, capture_output=True)
        return int(self._slept.read_text()) if self._slept.exists() else 0

    def pass_time(self, seconds: float) -> None:
        """Let the last start be longer ago."""
        starts = self.runtime / "starts"
        now = starts.stat().st_mtime
        os.utime(starts, (now, now - seconds))


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """A service that was never started."""
    return Service(tmp_path)


def test_growth(service: Service) -> None:
    """Three starts don't wait, then each twice as long as the one before, a minute at most."""
    pauses = [service.start() for _ in range(12)]
    assert pauses == [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_forgotten(service: Service) -> None:
    """After ten minutes without a start it begins anew, and not before."""
    for _ in range(6):
        service.start()
    service.pass_time(TEN_MINUTES - 60)
    assert service.start() == 8
    service.pass_time(TEN_MINUTES + 60)
    assert service.start() == 0


def test_damaged(service: Service) -> None:
    """A file that is damaged, and a folder that is full or gone, keep nothing from starting."""
    (service.runtime / "starts").write_text("")
    assert service.start() == 0
    (service.runtime / "starts").unlink()
    service.runtime.rmdir()
    with pytest.raises(subprocess.CalledProcessError):  # which the unit is told to ignore
        service.start()
