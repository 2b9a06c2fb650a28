"""The folder for what is there only while the daemon runs, and who may have it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final, Self

from tinydigits.errors import OutputError, UsageError
from tinydigits.files import make_folder
from tinydigits.systemd import made_folder

SYSTEM_FOLDER: Final = Path("/run/tinydigits")
"""The installed service's; systemd tells the service itself of it."""

SOCKET_NAME: Final = "status.sock"

_LOCK_NAME: Final = "daemon.lock"

_VARIABLE: Final = "RUNTIME_DIRECTORY"


def runtime_folder(configured: str) -> Path | None:
    """The folder that the configuration names, or the one that systemd made, or none."""
    return Path(configured) if configured else made_folder(_VARIABLE)


def daemon_folder(configured: str) -> Path:
    """Where a daemon is to be found: as :func:`runtime_folder` says, or the installed service's."""
    return runtime_folder(configured) or SYSTEM_FOLDER


class Hold:
    """A runtime folder that no other daemon may have meanwhile.

    The system ends the hold with the process, however that ends.

    :raises UsageError: where another daemon has it.
    :raises OutputError: where nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor = -1

    def __enter__(self) -> Self:
        make_folder(self._folder)
        lock = self._folder / _LOCK_NAME
        try:
            self._descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise UsageError(
                f"another tinydigits runs with {self._folder}: stop it, or give this one another "
                "folder with --runtime"
            ) from None
        except OSError as error:
            raise OutputError(f"{lock} can't be written: {error.strerror}") from error
        return self

    def __exit__(self, *reason: object) -> None:
        os.close(self._descriptor)
