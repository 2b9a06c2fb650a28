"""The files of the page: those that are named here, and no others."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from starlette.responses import Response

from tinydigits.web.operation import Call, Operation
from tinydigits.web.security import Access

FILES: Final = {
    "/": ("page.html", "text/html"),
}
"""By their paths: the name in this folder, and the media type."""


@cache
def _content(name: str) -> tuple[bytes, str]:
    """A file, and what tells it from other versions of it."""
    content = Path(__file__).with_name(name).read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:16]}"'


def _handle(name: str, media: str) -> Callable[[Call[Any, Any]], Awaitable[Response]]:
    async def respond(call: Call[Any, Any]) -> Response:
        content, tag = _content(name)
        headers = {"etag": tag, "cache-control": "no-cache"}
        if call.request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=media)

    return respond


OPERATIONS: Final = tuple(
    Operation(
        "GET",
        path,
        f"The page: {name}",
        _handle(name, media),
        answer=media,
        access=Access.FREE,
        statuses=(200, 304),
    )
    for path, (name, media) in FILES.items()
)
