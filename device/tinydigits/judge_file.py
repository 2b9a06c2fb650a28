"""The file in which judges remember what they accepted, from one run to the next."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from tinydigits.errors import OutputError
from tinydigits.files import atomic_write
from tinydigits.judge_state import State

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
    folder = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]  # it may name several
    return Path(folder) / FILE_NAME if folder else None


def load_memory(path: Path) -> Memory | None:
    """What the file holds, or ``None``; a file that is not ours is put aside, which is told."""
    try:
        if not path.exists():
            return None
        if not path.is_file():  # opening a pipe would wait for ever
            raise OSError("it is not a regular file")  # noqa: TRY301  told as those of the system
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or error
        log.warning("state %s can't be read, values start afresh: %s", path, reason)
        return None
    try:
        if len(content) > MAX_BYTES:
            raise ValueError("it is far too large")  # noqa: TRY301  told as what else is wrong
        return msgspec.json.decode(content, type=Memory)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        log.warning("state %s is not ours, %s: %s", path, _put_aside(path), error)
        return None


def _put_aside(path: Path) -> str:
    aside = path.with_name(f"{path.name}.bad")
    try:
        path.replace(aside)
    except OSError as error:
        return f"and can't be put aside ({error.strerror})"
    return f"put aside as {aside}"


class MemoryFile:
    """Writes the file; a failure is told once, until it works again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._failed = False

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
