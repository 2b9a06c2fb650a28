"""Reading pictures that are sent here: the device as a service for others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Annotated, Final, Literal

import msgspec
from PIL import Image, PngImagePlugin

from tinydigits.classifier import Classifier
from tinydigits.config import MAX_DIGITS
from tinydigits.errors import PictureError
from tinydigits.frame import JPEG_FORMATS, Frame
from tinydigits.ink import POLARITIES
from tinydigits.picture_read import PictureRead, picture_read
from tinydigits.reader import Reader
from tinydigits.web.limits import OTHER_PIXELS, PHOTO_PIXELS, PICTURE_BYTES, PICTURES, Buckets
from tinydigits.web.operation import Call, Operation, read_body
from tinydigits.web.refusal import Refusal

MEDIA: Final = ("image/jpeg", "image/png")
_FORMATS: Final = ("JPEG", "PNG")
"""What cameras and screens make. Most of Pillow's other decoders are old, some start programs."""

_PHOTO_MODES: Final = frozenset({"L", "RGB"})
"""Of JPEG, that take five bytes a pixel; all else takes up to 24."""

_SOURCE: Final = "posted"

_TEXT_BYTES: Final = 2**20
"""Of texts in a PNG, unpacked; Pillow would take 64 MiB."""

PngImagePlugin.MAX_TEXT_MEMORY = _TEXT_BYTES


class ReadAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many digits the picture shows, 0 where that is to be found; and dark ones, or light."""

    digits: Annotated[int, msgspec.Meta(ge=0, le=MAX_DIGITS)] = 0
    polarity: Literal["auto", "dark", "light"] = "auto"


class Desk:
    """Where pictures are read, one at a time and not too many."""

    def __init__(self) -> None:
        self._pictures = Buckets(PICTURES)
        self._taken = False

    @contextmanager
    def take(self) -> Iterator[None]:
        """Have it for oneself; it is taken while the picture is still on its way, as two would
        fill the memory.
        """
        if self._taken:
            raise Refusal(503, "another picture is being read: try again", wait=1)
        if wait := self._pictures.take(""):
            raise Refusal(429, "too many pictures: wait", abuse="rate", wait=wait)
        self._taken = True
        try:
            yield
        finally:
            self._taken = False


async def _read(call: Call[ReadAsked, None]) -> PictureRead:
    with call.site.desk.take():
        content = await read_body(call.request, PICTURE_BYTES)
        classifier, config = call.site.daemon.classifier, call.site.daemon.config
        reader = _reader(classifier, call.asked, config.reader.max_error)
        return await call.site.worker.do(
            lambda: picture_read(reader.read(_frame(content)), classifier.card)
        )


def _reader(classifier: Classifier, asked: ReadAsked, max_error: float) -> Reader:
    polarities = POLARITIES if asked.polarity == "auto" else (asked.polarity,)
    digits = asked.digits or None
    return Reader(classifier, digits=digits, polarities=polarities, max_error=max_error)


def _frame(content: bytes) -> Frame:
    """The picture, once its head has told that it is neither too large nor something else."""
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as image:
            is_photo = image.format in JPEG_FORMATS and image.mode in _PHOTO_MODES
            most = PHOTO_PIXELS if is_photo else OTHER_PIXELS
            width, height = image.size
    except Exception:  # noqa: BLE001  damaged files make Pillow raise almost anything
        raise PictureError("it is no JPEG and no PNG") from None
    if width * height > most:
        raise PictureError(
            f"the picture is {width}x{height} pixels, more than {most:,}: scale it down first"
        )
    return Frame.from_bytes(content, _SOURCE)


OPERATIONS: Final = (
    Operation(
        "POST",
        "/api/v1/read",
        "Read a picture",
        _read,
        answer=PictureRead,
        asks=ReadAsked,
        body=MEDIA,
        refusals=(422, 503),
    ),
)
