"""Around everything: what is looked at before anything else, and what no answer goes without."""

from __future__ import annotations

import logging
from collections import Counter
from ipaddress import ip_address
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tinydigits.web.limits import REQUESTS, Buckets, client_of
from tinydigits.web.refusal import Abuse, Refusal, error_response
from tinydigits.web.security import HEADERS, Gate

log = logging.getLogger(__name__)

_TOLD: Final[dict[Abuse, str]] = {
    "host": "asked for another computer, by a name that web.hosts doesn't have",
    "origin": "sent by a page of others",
    "token": "a wrong token",
    "guesses": "too many wrong tokens",
    "rate": "too many requests",
    "crowd": "too many connections",
    "size": "too large",
    "slow": "too slow",
    "garbage": "not HTTP, or not what was announced",
}


class Refused:
    """Counts what was refused, and tells it in the log, which tells the same once in a while."""

    def __init__(self) -> None:
        self.counts: Counter[Abuse] = Counter(dict.fromkeys(_TOLD, 0))

    def note(self, abuse: Abuse, client: str) -> None:
        """Note one."""
        self.counts[abuse] += 1
        log.warning("refused: %s (from %s)", _TOLD[abuse], _where(client))


def _where(client: str) -> str:
    """Roughly: addresses are many, and told one by one they would fill the log."""
    try:
        address = ip_address(client)
    except ValueError:
        return "somewhere"
    if address.is_loopback:
        return "this computer"
    return "the local network" if address.is_private else "the internet"


class Guard:
    """Refuses what no part of the program is to see, and answers whatever happens in any."""

    def __init__(self, app: ASGIApp, gate: Gate, refused: Refused) -> None:
        self._app = app
        self._gate = gate
        self._refused = refused
        self._requests = Buckets(REQUESTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        client = client_of(scope["client"][0] if scope["client"] else "")
        try:
            self._check(scope, client)
            await self._app(scope, receive, send_guarded)
        except Refusal as refusal:
            if refusal.abuse:
                self._refused.note(refusal.abuse, client)
            await refusal.response()(scope, receive, send_guarded)
        except Exception as error:  # noqa: BLE001  the client is told nothing of it
            log.warning("a request failed: %s: %s", type(error).__name__, error)
            if not started:
                await error_response(500, "that failed: see the log")(scope, receive, send_guarded)

    def _check(self, scope: Scope, client: str) -> None:
        if wait := self._requests.take(client):
            raise Refusal(429, "too many requests: wait", abuse="rate", wait=wait)
        server = scope.get("server")
        host = Headers(scope=scope).get("host", "")
        self._gate.check_host(host, server[0] if server else "")
