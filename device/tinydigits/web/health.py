"""Whether it reads: for whoever restarts, balances or alerts."""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from starlette.responses import Response

from tinydigits.clock import period_of
from tinydigits.config import Config
from tinydigits.status.document import Document
from tinydigits.web.operation import JSON, Call, Nothing, Operation
from tinydigits.web.security import Access

LATE_SECONDS: Final = 60.0
"""Beyond three periods of the camera, after which a frame is missing and not only late."""

_PERIODS: Final = 3

State = Literal["reading", "idle", "starting", "no frames"]


class Health(msgspec.Struct, frozen=True):
    """How it is, and how many seconds ago a frame was read; ``idle`` is waiting for a picture."""

    state: State
    last_frame: float | None

    @property
    def is_well(self) -> bool:
        """Whether frames come, or there are none to come."""
        return self.state in {"reading", "idle"}


def health(document: Document, config: Config) -> Health:
    """What the daemon's own word comes to."""
    return Health(_state(document, config), document.last_frame)


def _state(document: Document, config: Config) -> State:
    if document.camera.trouble or document.state.startswith("no frames"):
        return "no frames"
    if document.state == "waiting for a picture":
        return "idle"
    if document.last_frame is None:
        return "starting"
    late = document.last_frame > LATE_SECONDS + _PERIODS * period_of(config.camera.fps)
    return "no frames" if late else "reading"


async def _health(call: Call[Nothing, None]) -> Response:
    daemon = call.site.daemon
    found = health(daemon.document(), daemon.config)
    return Response(msgspec.json.encode(found), 200 if found.is_well else 503, media_type=JSON)


OPERATIONS: Final = (
    Operation(
        "GET",
        "/healthz",
        "Whether it reads: 200, or 503",
        _health,
        answer=Health,
        access=Access.FREE,
        statuses=(200, 503),
    ),
)
