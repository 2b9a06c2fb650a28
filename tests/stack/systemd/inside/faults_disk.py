"""Faults of the disk with the state."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rows import Outcome, expect, fault
from service import STATE, UNIT, logged, main_pid, reading_after, sh, show


@contextmanager
def small_disk() -> Iterator[None]:
    """A disk of 128 kB for the state, with what was there."""
    sh("systemctl", "stop", UNIT)
    kept = {path.name: path.read_bytes() for path in STATE.iterdir() if path.is_file()}
    sh("mount", "-t", "tmpfs", "-o", "size=128k,mode=700", "tmpfs", str(STATE))
    for name, content in kept.items():
        (STATE / name).write_bytes(content)
    try:
        yield
    finally:
        sh("systemctl", "stop", UNIT)
        sh("umount", str(STATE))


def _kept() -> str:
    """The state, which must be whole."""
    content = (STATE / "judge.json").read_text()
    expect(json.loads(content)["content"] == "tinydigits judge", "the state is damaged")
    return content


@fault(
    "disk full",
    "no byte left where the state is; a start, 3 s, a stop",
    "reads on, says so once, keeps the old state whole",
)
def disk_full() -> Outcome:
    """A full disk costs what would be remembered, and nothing else."""
    with small_disk():
        state = _kept()
        with (STATE / "filler").open("wb", buffering=0) as filler:
            size = os.statvfs(STATE).f_bavail * os.statvfs(STATE).f_frsize
            filler.write(bytes(size))
        return _not_remembered(state)


@fault(
    "disk read-only",
    "the state's file system becomes read-only; a start, 3 s, a stop",
    "reads on, says so once, keeps the old state whole",
)
def disk_read_only() -> Outcome:
    """As Linux makes an SD card that fails."""
    with small_disk():
        sh("systemctl", "start", UNIT)  # the folder is given to its user
        sh("systemctl", "stop", UNIT)
        state = _kept()
        sh("mount", "-o", "remount,ro", str(STATE))
        return _not_remembered(state)


def _not_remembered(state: str) -> Outcome:
    began = time.time()
    sh("systemctl", "start", UNIT)
    reading_after(time.time() + 2)
    pid = main_pid()
    sh("systemctl", "stop", UNIT)
    expect(pid and int(show("NRestarts")) == 0, "it was started again")
    expect(logged(began, "accepted values are not remembered"), "the journal doesn't tell it")
    expect(_kept() == state, "the old state has changed")
    return Outcome("read on, told, state whole")
