"""The program as people run it, with a page, on frames that are made up."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from meter_scene import POWER_CORNERS, WATER_CORNERS, write_scenes

TOKEN: Final = "correct-horse-battery-staple"  # noqa: S105  the tests' own

CONFIG: Final = """\
[camera]
source = "files"
path = "frames"
loop = true
fps = 5.0

[web]
address = "127.0.0.1:{port}"
token = "web.token"
regions = "drawn.toml"

[collect]
folder = "crops"

[[region]]
name = "water"
corners = {water}
digits = 8
judge = {{decimals = 3}}

[[region]]
name = "power"
corners = {power}
digits = 5
judge = {{decimals = 1}}
"""

_SECONDS: Final = 30.0
"""Until it answers, however busy the machine is."""


class LiveProgram:
    """A folder with frames and a configuration, and the program that is run in it.

    :param scenes: what frames are to be like, as :func:`~meter_scene.write_scenes` has it.
    """

    def __init__(self, home: Path, **scenes: Any) -> None:
        self.home = home
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        write_scenes(home / "frames", **scenes)
        (home / "web.token").write_text(TOKEN + "\n")

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def log(self) -> str:
        """What it has said."""
        return (self.home / "log").read_text()

    def start(self) -> None:
        """Start it, at the port that it had before; it has then read a frame."""
        corners = {"water": _written(WATER_CORNERS), "power": _written(POWER_CORNERS)}
        (self.home / "my.toml").write_text(CONFIG.format(port=self.port, **corners))
        with (self.home / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tinydigits", "run", "--config", "my.toml"],
                cwd=self.home,
                env={k: v for k, v in os.environ.items() if k != "STATE_DIRECTORY"},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        until = time.monotonic() + _SECONDS
        while not (self.port and self._is_reading()):
            assert self.process.poll() is None, self.log
            assert time.monotonic() < until, self.log
            found = re.search(r"the page is at \S+:(\d+)", self.log)
            self.port = int(found[1]) if found else self.port
            time.sleep(0.05)

    def _is_reading(self) -> bool:
        try:
            return self.ask("readings?limit=0")["latest"] is not None
        except OSError:
            return False

    def stop(self) -> None:
        """End it, if it runs."""
        if self.process:
            self.process.terminate()
            self.process.wait(_SECONDS)
            self.process = None

    def ask(self, path: str) -> Any:
        """What its interface for programs answers."""
        request = urllib.request.Request(  # noqa: S310  it is this machine's
            f"{self.address}api/v1/{path}", headers={"authorization": f"Bearer {TOKEN}"}
        )
        # a machine's proxies are not for itself
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)


def _written(corners: tuple[tuple[int, int], ...]) -> str:
    return str([list(corner) for corner in corners])


@contextmanager
def live_program(home: Path, **scenes: Any) -> Iterator[LiveProgram]:
    """It runs in this folder."""
    program = LiveProgram(home, **scenes)
    try:
        program.start()
        yield program
    finally:
        program.stop()
