"""The socket at which the daemon tells how it is, to whoever connects."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Final, Self

from tinydigits.errors import OutputError
from tinydigits.runtime import SOCKET_NAME

log = logging.getLogger(__name__)

_WAITING: Final = 64
"""Connections at a time; each takes less than a millisecond."""

_SECONDS: Final = 1.0
"""For one of them: a document is far smaller than what a socket takes without being read."""

_MODE: Final = 0o666
"""Everybody who may enter the folder may ask."""


class StatusServer:
    """Writes a document to every connection and closes it.

    A thread does, so that neither a question nor whoever asks it can slow the loop, and so that a
    loop that hangs can be asked about.

    :param document: makes the document, on that thread.
    :raises OutputError: where there can be no socket in the folder.
    """

    def __init__(self, folder: Path, document: Callable[[], bytes]) -> None:
        self._path = folder / SOCKET_NAME
        self._document = document
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def __enter__(self) -> Self:
        try:
            self._path.unlink(missing_ok=True)  # of one that was killed: this one holds the folder
            self._socket.bind(str(self._path))
            self._path.chmod(_MODE)
            self._socket.listen(_WAITING)
        except OSError as error:
            self._socket.close()
            reason = error.strerror or error  # a path too long has no number
            raise OutputError(f"{self._path} can't be made: {reason}") from error
        Thread(target=self._serve, name="status", daemon=True).start()
        return self

    def __exit__(self, *reason: object) -> None:
        with suppress(OSError):
            self._path.unlink()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # closing alone would not wake the thread

    def _serve(self) -> None:
        with self._socket:
            while True:
                try:
                    connection, _ = self._socket.accept()
                except OSError:
                    return
                with connection, suppress(OSError):  # whoever asked has gone
                    connection.settimeout(_SECONDS)
                    connection.sendall(self._answer())

    def _answer(self) -> bytes:
        try:
            return self._document()
        except Exception as error:  # noqa: BLE001  a question must not end the thread
            log.warning("the status can't be told: %s: %s", type(error).__name__, error)
            return b""
