"""The output that answers questions: a server in a thread, told of every frame."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Event, Thread
from typing import Final, Self

from tinydigits.output_tables import WebConfig
from tinydigits.outputs.told import Daemon, Told
from tinydigits.status.document import OutputState
from tinydigits.web.address import Address, why
from tinydigits.web.app import OPERATIONS, make_app
from tinydigits.web.security import Gate
from tinydigits.web.server import Server
from tinydigits.web.site import Site
from tinydigits.web.tls import tls_context

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 5.0
"""Between two tries to listen: a network or another program may be about to come or to go."""

STOP_SECONDS: Final = 0.45
"""For the end of the server; what still hangs then ends with the program."""


class WebOutput:
    """The page and the interface for programs.

    :raises ConfigError: where it can't work as configured.
    """

    def __init__(self, config: WebConfig, daemon: Daemon) -> None:
        self.address = Address.from_text(config.address)
        self._context = tls_context(config)
        self.site = Site(config, daemon, Gate(config, self.address), OPERATIONS)
        self.port = self.address.port
        self._ending: Callable[[], object] | None = None
        self._listening = Event()
        self._stopped = Event()
        self._trouble = ""
        self._thread = Thread(target=self._run, name="web", daemon=True)

    @property
    def state(self) -> OutputState:
        """Nothing waits and nothing is lost: who asks gets what is newest."""
        return OutputState(0, 0, self._trouble)

    def __enter__(self) -> Self:
        self.site.worker.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._stopped.set()
        if self._ending:
            with suppress(RuntimeError):  # it has ended by itself
                self._ending()
        self._thread.join(STOP_SECONDS)
        self.site.worker.__exit__()

    def put(self, told: Told) -> None:
        """Show it to whoever asks from now on."""
        self.site.counts.put(told)
        self.site.board.put(told)

    def wait(self, seconds: float) -> bool:
        """Wait so long at most until others can connect."""
        return self._listening.wait(seconds)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                listener = self.address.listen()
            except OSError as error:
                self._troubled(why(self.address, error))
            else:
                self._answer(listener)
            self._stopped.wait(RETRY_SECONDS)

    def _answer(self, listener: socket.socket) -> None:
        """Answer at a socket, until the end."""
        try:
            with listener:
                asyncio.run(self._serve(listener))
        except Exception as error:  # noqa: BLE001  the page is no reason to stop reading
            self._troubled(f"the server failed: {type(error).__name__}: {error}")
        finally:
            self._listening.clear()

    async def _serve(self, listener: socket.socket) -> None:
        server = Server(make_app(self.site), self.site.refused, self._context)
        self._ending = partial(asyncio.get_running_loop().call_soon_threadsafe, server.stop)
        if self._stopped.is_set():
            return
        self.port = listener.getsockname()[1]
        scheme = "https" if self._context else "http"
        log.info("the page is at %s://%s", scheme, Address(self.address.host, self.port))
        self._trouble = ""
        self.site.board.open()
        self._listening.set()
        await server.serve(listener)

    def _troubled(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("web: %s; tried again every %g s", trouble, RETRY_SECONDS)
        self._trouble = trouble
