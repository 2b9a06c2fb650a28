"""The file in which judges remember what they accepted, from one run to the next."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from tinydigits.errors import OutputError
from tinydigits.files import atomic_write, remove_left_over
from tinydigits.judge_state import State
from tinydigits.own_file import put_aside, read_own, state_directory

log = logging.getLogger(__name__)

FILE_NAME: Final = "judge.json"

MAX_BYTES: Final = 1_000_000
"""Far above every file of ours: a region takes less than a kilobyte."""


class Memory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is remembered of every region; times are seconds before ``wall``, so negative."""

    content: Literal["tinydigits judge"]
    version: Literal[1]
    wall: Annotated[float, msgspec.Meta(ge=0)]
    regions: dict[str, State]


def state_file(configured: str) -> Path | None:
    """The file that the configuration names, or the one in the folder that systemd made for it."""
    if configured:
        return Path(configured)
    folder = state_directory()
    return folder / FILE_NAME if folder else None


def load_memory(path: Path) -> Memory | None:
    """What the file holds, or ``None``; a file that is not ours is put aside, which is told."""
    try:
        return read_own(path, Memory, MAX_BYTES)
    except OSError as error:
        reason = error.strerror or error
        log.warning("state %s can't be read, values start afresh: %s", path, reason)
    except ValueError as error:
        log.warning("state %s is not ours, %s: %s", path, put_aside(path), error)
    return None


class MemoryFile:
    """Writes the file; a failure is told once, until it works again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._failed = False
        remove_left_over(path)

    def write(self, wall: float, regions: dict[str, State]) -> bool:
        """Write, whole or not at all; whether that worked."""
        memory = Memory("tinydigits judge", 1, wall, regions)
        try:
            atomic_write(self._path, msgspec.json.encode(memory))
        except (OutputError, ValueError) as error:  # ValueError: a name with a NUL
            if not self._failed:
                log.warning("accepted values are not remembered: %s", error)
            self._failed = True
            return False
        self._failed = False
        return True
