"""The daemon that runs, found by the socket that it listens on."""

from __future__ import annotations

import os
import signal
import socket
import struct
from typing import Final, NamedTuple

from tinydigits.runtime import SOCKET_NAME, daemon_folder

_SECONDS: Final = 1.0
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED


class Daemon(NamedTuple):
    """A process that listens, and the user that it did so as."""

    process: int
    user: int


def running_daemon(runtime: str = "") -> Daemon | None:
    """Who listens on the daemon's socket, as the kernel says; ``None`` where nobody does.

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
    process, user, _ = _CREDENTIALS.unpack(told)
    return Daemon(process, user) if process else None


def tell_to_reload(daemon: Daemon) -> str:
    """Ask the daemon to look at its configuration and its model again; says how that went.

    Root asks as the daemon's own user, which is not always the one to whom its files belong, so
    that nobody else's process can be meant.
    """
    we = os.geteuid()
    try:
        if we == 0:
            os.seteuid(daemon.user)
        os.kill(daemon.process, signal.SIGHUP)
    except OSError as error:
        return f"the daemon (process {daemon.process}) can't be told: {error.strerror}: restart it"
    finally:
        os.seteuid(we)
    return f"told the daemon (process {daemon.process})"
