"""The server: an event loop in a thread, Uvicorn in it, and a hand on who may connect."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from functools import partial
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from tinydigits.web.connection import Connection
from tinydigits.web.crowd import Crowd, Place
from tinydigits.web.guard import Refused
from tinydigits.web.limits import (
    HEADER_BYTES,
    REQUEST_SECONDS,
    SOCKET_BYTES,
    STALL_SECONDS,
    client_of,
)

log = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 0.5
"""Until another try to accept where the system has no more files: others may close some."""

_KEEP_ALIVE: Final = 5
"""Seconds for which a connection is kept for another request."""


class Server:
    """Answers at a socket, until it is told to stop.

    :param context: for TLS.
    """

    def __init__(self, app: ASGIApp, refused: Refused, context: ssl.SSLContext | None) -> None:
        self._refused = refused
        self._context = context
        self._config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="critical",  # what matters is told by this program's own words
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
            h11_max_incomplete_event_size=HEADER_BYTES,
        )
        self._uvicorn = uvicorn.Server(self._config)
        self._crowd = Crowd(refused)
        self._tasks: list[asyncio.Task[None]] = []
        self._connecting: set[asyncio.Task[None]] = set()

    async def serve(self, listener: socket.socket) -> None:
        """Answer whoever connects, until :meth:`stop`."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_told)
        loop.add_reader(listener, self._accept, loop, listener)
        # without a socket of its own Uvicorn only keeps the date
        self._tasks = [
            asyncio.create_task(self._uvicorn.serve(sockets=[])),
            asyncio.create_task(self._crowd.watch()),
        ]
        try:
            await asyncio.gather(*self._tasks)
        except asyncio.CancelledError:  # by stop
            pass
        finally:
            loop.remove_reader(listener)
            for task in self._connecting:
                task.cancel()
            await asyncio.gather(*self._connecting, return_exceptions=True)
            self._crowd.disperse()

    def stop(self) -> None:
        """End, whoever is connected; in the event loop's thread."""
        for task in self._tasks:
            task.cancel()

    def _accept(self, loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
        """Take one connection that waits, or turn it away."""
        try:
            connection, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # it has gone again
            return
        except OSError as error:
            log.warning("no more connections for a moment: %s", error.strerror or error)
            loop.remove_reader(listener)
            again = partial(loop.add_reader, listener, self._accept, loop, listener)
            loop.call_later(_PAUSE_SECONDS, again)
            return
        place = self._crowd.enter(client_of(address[0]))
        if place is None:
            connection.close()
            return
        task = loop.create_task(self._connect(connection, place))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        task.add_done_callback(partial(_ended, connection))

    async def _connect(self, connection: socket.socket, place: Place) -> None:
        """Speak TLS where that is asked for, and HTTP."""

        def protocol() -> Connection:
            state = self._uvicorn.server_state
            return Connection(place, config=self._config, server_state=state, app_state={})

        try:
            _bound(connection)
            await asyncio.get_running_loop().connect_accepted_socket(
                protocol,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=REQUEST_SECONDS if self._context else None,
            )
        except OSError:  # it has gone, or speaks no TLS
            connection.close()
            place.leave()


def _ended(connection: socket.socket, task: asyncio.Task[None]) -> None:
    """Close what the end of the server came before; nobody else has it then."""
    if task.cancelled():
        connection.close()


def _bound(connection: socket.socket) -> None:
    """Have the system keep little for it, and give it up when the other end is gone."""
    connection.setblocking(False)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
    milliseconds = round(1000 * STALL_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _told(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What the event loop has to say, in a line."""
    log.warning("the web server: %s: %s", context["message"], context.get("exception", ""))
