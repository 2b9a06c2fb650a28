"""Answers that are sent no faster than they are taken."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_PART: Final = 16_384
"""Bytes; what waits for a slow client is one of these, and its answer is kept once for all."""


class InParts(Response):
    """A large answer, sent part by part."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI
        """Send it."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        content = memoryview(self.body)
        for start in range(0, len(content), _PART):
            part = bytes(content[start : start + _PART])
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
