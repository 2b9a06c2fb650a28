"""The files of the page: those that are named here, and no others."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from starlette.responses import Response

from tinydigits.style import SHEET
from tinydigits.web.operation import Call, Operation
from tinydigits.web.security import Access

FOLDER: Final = Path(__file__).parent

_SCRIPTS: Final = (
    *("api", "chart", "dom", "editor", "geometry", "health", "live", "loupe", "page", "panel"),
    *("picture", "setup", "store", "teach"),
)

FILES: Final = {
    "/": (FOLDER / "page.html", "text/html"),
    "/style.css": (SHEET, "text/css"),
    "/page.css": (FOLDER / "page.css", "text/css"),
    "/setup.css": (FOLDER / "setup.css", "text/css"),
    "/icon.svg": (FOLDER / "icon.svg", "image/svg+xml"),
    **{f"/{name}.js": (FOLDER / f"{name}.js", "text/javascript") for name in _SCRIPTS},
}
"""By their paths: the file, and its media type."""


@cache
def _content(file: Path) -> tuple[bytes, str]:
    """A file, and what tells it from other versions of it."""
    content = file.read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:16]}"'


def _handle(file: Path, media: str) -> Callable[[Call[Any, Any]], Awaitable[Response]]:
    async def respond(call: Call[Any, Any]) -> Response:
        content, tag = _content(file)
        headers = {"etag": tag, "cache-control": "no-cache"}
        if call.request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=media)

    return respond


OPERATIONS: Final = tuple(
    Operation(
        "GET",
        path,
        f"The page: {file.name}",
        _handle(file, media),
        answer=media,
        access=Access.FREE,
        statuses=(200, 304),
    )
    for path, (file, media) in FILES.items()
)
