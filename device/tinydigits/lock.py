"""Folders that several programs may change, one at a time."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tinydigits.errors import OutputError

_PAUSE: Final = 0.01
"""Seconds between two looks at whether another program is done."""


@contextmanager
def locked(folder: Path, seconds: float, *, name: str, busy: str) -> Iterator[None]:
    """Be the only one who changes a folder, among those who ask this way.

    :param seconds: to wait for another one at most.
    :param name: what the folder is called in errors.
    :param busy: what is said of it where another one is not done by then.
    :raises OutputError: where that can't be had.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise OutputError(f"{name} can't be opened: {error.strerror}") from error
    try:
        try:
            is_ours = _lock(descriptor, seconds)
        except OSError as error:
            raise OutputError(f"{name} can't be locked: {error.strerror}") from error
        if not is_ours:
            raise OutputError(f"{name} {busy}")
        yield
    finally:
        os.close(descriptor)  # and with it goes the lock


def _lock(descriptor: int, seconds: float) -> bool:
    """Whether it could be had within that time."""
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(_PAUSE)
        else:
            return True
