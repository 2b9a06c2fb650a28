"""One client's connection, and how long it may take for what."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

import h11
import msgspec
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from tinydigits.web.limits import (
    LINGER_BYTES,
    REQUEST_SECONDS,
    SEND_BYTES,
    STALL_SECONDS,
)
from tinydigits.web.refusal import Error

if TYPE_CHECKING:  # which has the connections
    from tinydigits.web.crowd import Place

_GARBAGE: Final = msgspec.json.encode(Error("that is not HTTP as this server speaks it"))


class Connection(H11Protocol):
    """Uvicorn's, which waits for nobody longer than the limits say.

    :param place: what it takes up while it lives.
    """

    def __init__(self, place: Place, **given: Any) -> None:
        super().__init__(**given)
        self._place = place
        self._asking_since = time.monotonic()
        self._stalled_since: float | None = None
        self._begun = False
        self._excess = 0
        self._exceeding: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)  # type: ignore[arg-type]  # it is one with two ways
        self.transport.set_write_buffer_limits(SEND_BYTES)
        self._place.connection = self

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it no more."""
        self._place.leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what comes, but not for ever what nobody wants."""
        self._begun = True
        if self._is_unwanted():
            self._excess += len(data)
            if self._excess > LINGER_BYTES:
                self.transport.abort()
                return
        super().data_received(data)

    def _is_unwanted(self) -> bool:
        """Whether what comes belongs to a body whose request is answered already."""
        if self.cycle is not self._exceeding:  # another request has begun since
            self._exceeding, self._excess = self.cycle, 0
        is_body = self.conn.their_state is h11.SEND_BODY
        return is_body and self.cycle is not None and self.cycle.response_complete

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self._asking_since = time.monotonic()
        self._begun = False
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The client takes less than there is."""
        self._stalled_since = time.monotonic()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It has taken it."""
        self._stalled_since = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  h11's own words
        """Answer what can't be understood."""
        self._place.note("garbage")
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            b"connection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(_GARBAGE), _GARBAGE)
        )
        self.transport.close()

    def check(self, now: float) -> None:
        """End it where the client is too slow."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        is_late = not is_answering and now - self._asking_since > REQUEST_SECONDS
        is_stalled = self._stalled_since is not None and now - self._stalled_since > STALL_SECONDS
        if is_stalled or (is_late and self._begun):
            self._place.note("slow")
        if is_stalled or is_late:  # browsers connect ahead of what they will ask for, or never do
            self.transport.abort()
