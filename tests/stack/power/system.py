"""Programs of the system, and what is mounted."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PATIENCE: Final = 60.0
"""Seconds for every command."""


def run(*command: str | Path) -> None:
    """Run a program of the system, which is to succeed.

    :raises ChildProcessError: with all that it said, where it does not.
    """
    ended = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        check=False,
    )
    if ended.returncode:
        raise ChildProcessError(f"{command[0]}: {ended.stdout.decode(errors='replace')}")


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[Path]:
    """The file system in a file; the loop device is mount's, and goes with it."""
    place.mkdir(exist_ok=True)
    run("mount", "-t", "ext4", "-o", "loop,noatime", image, place)
    try:
        yield place
    finally:
        run("umount", place)
