"""Server-sent events, as the HTML standard has them: each frame's readings as soon as they are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tinydigits.status.document import NUMBERS
from tinydigits.web.limits import STREAMS
from tinydigits.web.operation import Call, Nothing, Operation
from tinydigits.web.readings import latest
from tinydigits.web.refusal import Refusal

if TYPE_CHECKING:  # which has one
    from tinydigits.web.site import Site

EVENT_STREAM: Final = "text/event-stream"

QUIET_SECONDS: Final = 15.0
"""After which a comment shows that the connection lives; who is in between may cut it after 30."""

_COMMENT: Final = b": nothing new\n\n"


class Events:
    """The streams there are, and the last event, which is written once for all of them."""

    def __init__(self) -> None:
        self.streams = 0
        self._written: tuple[int, bytes] = (0, b"")

    def last(self, site: Site) -> tuple[int, bytes]:
        """The last event and its number; 0 where there is none yet."""
        number, told = site.board.last
        if told and number != self._written[0]:
            data = NUMBERS.encode(latest(told, site.daemon.config))
            self._written = (number, b"event: reading\ndata: " + data + b"\n\n")
        return self._written


class EventStream(Response):
    """Sends the newest event whenever the client has taken what was sent before."""

    media_type = EVENT_STREAM

    def __init__(self, site: Site) -> None:
        super().__init__(
            headers={"x-accel-buffering": "no"}
        )  # as nginx is told to hold nothing back
        self._site = site
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go on until the client leaves."""
        events = self._site.events
        if events.streams >= STREAMS:
            raise Refusal(503, "too many clients are told of events", abuse="crowd", wait=10)
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        events.streams += 1
        sending = asyncio.create_task(self._send(send))
        left = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({sending, left}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            events.streams -= 1
            sending.cancel()
            left.cancel()

    async def _send(self, send: Send) -> None:
        sent = 0
        while True:
            number, event = self._site.events.last(self._site)
            part = event if number > sent else _COMMENT
            await send({"type": "http.response.body", "body": part, "more_body": True})
            sent = number
            await self._site.board.newer(sent, QUIET_SECONDS)


async def _left(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _events(call: Call[Nothing, None]) -> Response:
    return EventStream(call.site)


OPERATIONS: Final = (
    Operation(
        "GET",
        "/api/v1/events",
        "Each frame's readings as soon as they are: events called reading",
        _events,
        answer=EVENT_STREAM,
        refusals=(503,),
    ),
)
