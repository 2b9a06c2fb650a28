"""The device program, run in the root file system with the virtual camera."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any, Self

INSIDE = {
    "PATH": "/opt/venv/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/root",
    "PYTHONPATH": "/opt/glue",
    "LD_PRELOAD": "/opt/fakedmabuf.so",
}

# in a mount namespace of its own, so that nothing stays mounted however the program ends
_ENTER = 'mount -t proc proc "$0/proc" && exec /usr/sbin/chroot "$0" /usr/bin/env -i "$@"'


class Program:
    """A running ``tinydigits run``, which is killed where it goes on longer than ``seconds``."""

    def __init__(self, root: Path, *options: str, seconds: float, **environment: str) -> None:
        settings = [f"{name}={value}" for name, value in (INSIDE | environment).items()]
        # each of these becomes the next, so that the process is the program in the end
        enter = ["unshare", "--mount", "sh", "-c", _ENTER, str(root)]
        self.process = subprocess.Popen(
            [*enter, *settings, "tinydigits", "run", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._limit = Timer(seconds, self.process.kill)

    def __enter__(self) -> Self:
        self._limit.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._limit.cancel()
        self.process.kill()
        self.process.communicate()

    def readings(self) -> Iterator[dict[str, Any]]:
        """What it prints."""
        assert self.process.stdout
        for line in self.process.stdout:
            yield json.loads(line)

    def memory(self) -> int:
        """Its resident memory in bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE")

    def descriptors(self) -> int:
        """How many files it has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def stop(self) -> tuple[float, int, str]:
        """Tell it to stop: the seconds that took, its exit code, and what it said all the while."""
        began = time.monotonic()
        self.process.terminate()
        _, said = self.process.communicate()
        return time.monotonic() - began, self.process.returncode, said
