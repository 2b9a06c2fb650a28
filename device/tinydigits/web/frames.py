"""The last frame as a picture."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass
from io import BytesIO
from typing import Annotated, Final

import msgspec
from PIL import Image
from starlette.responses import Response

from tinydigits.frame import Frame
from tinydigits.web.operation import Call, Operation
from tinydigits.web.refusal import Refusal
from tinydigits.web.sending import InParts

JPEG: Final = "image/jpeg"

SEQUENCE_HEADER: Final = "X-Frame-Sequence"
"""The frame's number, as readings have it."""

_QUALITY: Final = 80
"""Of JPEG: digits stay sharp, and a frame of 640x480 takes 30 kB."""

_FRESH_SECONDS: Final = 0.1
"""For so long a picture is the last one; each costs milliseconds of a processor that reads."""

_WIDTHS: Final = 4
"""Different ones that are kept."""

_LEAST_WIDTH: Final = 16
_MOST_WIDTH: Final = 16_384

_MARK_BYTES: Final = 4
"""Random: one reload in four thousand million makes the mark that the last one made."""


class FrameAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How wide the picture may be at most, in pixels; it is never wider than the frame."""

    width: Annotated[int, msgspec.Meta(ge=_LEAST_WIDTH, le=_MOST_WIDTH)] = _MOST_WIDTH


@dataclass(frozen=True)
class Picture:
    """A frame as JPEG; ``number`` is the board's, ``sequence`` the frame's, ``at`` a time."""

    number: int
    sequence: int
    at: float
    content: bytes


class Pictures:
    """Makes a picture of the last frame when somebody asks, and for all who ask at a time one.

    ``mark`` tells its pictures from those of another, whose numbers are the same: after a reload
    there may be another, too.
    """

    def __init__(self) -> None:
        self.mark = secrets.token_hex(_MARK_BYTES)
        self._made: dict[int, asyncio.Task[Picture]] = {}

    async def picture(self, call: Call[FrameAsked, None]) -> Picture:
        """The last frame, or what was the last a moment ago."""
        number, told = call.site.board.last
        if told is None:
            raise Refusal(503, "no frame has come yet", wait=1)
        width = min(call.asked.width, told.frame.luma.shape[1])
        task = self._made.pop(width, None)
        if task is None or self._is_old(task, number):
            task = asyncio.create_task(self._make(call, number, told.frame, width))
        self._made[width] = task
        if len(self._made) > _WIDTHS:
            self._made.pop(next(iter(self._made)))
        return await asyncio.shield(task)

    @staticmethod
    def _is_old(task: asyncio.Task[Picture], number: int) -> bool:
        if not task.done():
            return False
        if task.cancelled() or task.exception():
            return True
        made = task.result()
        return made.number != number and time.monotonic() - made.at > _FRESH_SECONDS

    @staticmethod
    async def _make(call: Call[FrameAsked, None], number: int, frame: Frame, width: int) -> Picture:
        content = await call.site.worker.do(lambda: as_jpeg(frame, width))
        return Picture(number, frame.sequence, time.monotonic(), content)


def as_jpeg(frame: Frame, width: int) -> bytes:
    """A frame as a grey JPEG, so wide."""
    image = Image.fromarray(frame.luma)
    if width < image.width:
        height = max(1, round(image.height * width / image.width))
        image = image.resize((width, height), Image.Resampling.BOX)
    file = BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


async def _frame(call: Call[FrameAsked, None]) -> Response:
    pictures = call.site.pictures
    picture = await pictures.picture(call)
    tag = f'"{pictures.mark}-{picture.number}-{call.asked.width}"'
    headers = {"etag": tag, "cache-control": "no-cache", SEQUENCE_HEADER: str(picture.sequence)}
    known = call.request.headers.get("if-none-match", "")
    if tag in (part.strip() for part in known.split(",")):
        return Response(status_code=304, headers=headers)
    return InParts(picture.content, headers=headers, media_type=JPEG)


OPERATIONS: Final = (
    Operation(
        "GET",
        "/api/v1/frame.jpg",
        "The last frame, in grey",
        _frame,
        answer=JPEG,
        asks=FrameAsked,
        takes={"If-None-Match": "The ETag of a picture that needn't be sent again."},
        tells={"ETag": "Tells the picture from others.", SEQUENCE_HEADER: "The frame's number."},
        statuses=(200, 304),
        refusals=(503,),
    ),
)
