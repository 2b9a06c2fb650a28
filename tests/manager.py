"""Whoever starts a service, as systemd does: the other end of the notify socket."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread


class Manager:
    """The end of the notify socket that systemd has; a thread reads it, as few messages fit in."""

    def __init__(self, address: str) -> None:
        self.environment = {"NOTIFY_SOCKET": address}
        self._messages: SimpleQueue[str] = SimpleQueue()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while message := self._socket.recv(4096):
            self._messages.put(message.decode())

    def close(self) -> None:
        """Go away."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()

    def next(self, seconds: float = 20) -> str:
        """The next message; queue.Empty where there is none."""
        return self._messages.get(timeout=seconds)

    def until(self, wanted: str) -> list[str]:
        """All messages up to one with this line."""
        messages: list[str] = []
        while not messages or wanted not in messages[-1].splitlines():
            messages.append(self.next())
        return messages

    def waiting(self, seconds: float = 0.05) -> list[str]:
        """The messages that have come, and come within some seconds of each other."""
        messages: list[str] = []
        with suppress(Empty):
            while True:
                messages.append(self.next(seconds))
        return messages


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder with a name short enough for a socket's address; pytest's is too long."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
