"""The daemon that runs, found by the socket that it listens on."""

from __future__ import annotations

import os
import signal
import socket
import struct
from typing import Final

from tinydigits.runtime import SOCKET_NAME, daemon_folder

_SECONDS: Final = 1.0
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED


def daemon_process(runtime: str = "") -> int | None:
    """The process that listens on the daemon's socket, as the kernel says; ``None`` if none does.

    ``runtime`` is the folder that the configuration names, if it does.
    A number in a file could be that of any process by now.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_SECONDS)
        try:
            connection.connect(str(daemon_folder(runtime) / SOCKET_NAME))
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
