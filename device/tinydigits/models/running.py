"""The daemon that runs, found by the socket that it listens on."""

from __future__ import annotations

import os
import signal
import socket
import struct
from pathlib import Path
from typing import Final

SOCKET_NAME: Final = "status.sock"

SYSTEM_FOLDER: Final = Path("/run/tinydigits")
"""The installed service's; systemd tells the service itself of it."""

_SECONDS: Final = 1.0
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED


def runtime_folder() -> Path:
    """The folder for what is there only while the daemon runs."""
    folder = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(folder) if folder else SYSTEM_FOLDER


def daemon_process() -> int | None:
    """The process that listens on the daemon's socket, as the kernel says; ``None`` if none does.

    A number in a file could be that of any process by now.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_SECONDS)
        try:
            connection.connect(str(runtime_folder() / SOCKET_NAME))
            told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        except OSError:
            return None
    process, _, _ = _CREDENTIALS.unpack(told)
    return int(process) or None


def tell_to_reload(process: int) -> str:
    """Ask the daemon to look at its configuration and its model again; says how that went."""
    try:
        os.kill(process, signal.SIGHUP)
    except OSError as error:
        return f"the daemon (process {process}) can't be told: {error.strerror}: restart it"
    return f"told the daemon (process {process})"
