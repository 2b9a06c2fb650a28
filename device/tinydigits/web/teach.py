"""Teach it: the pictures of doubtful digits, to be labelled by whoever looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, Literal

import msgspec
from starlette.responses import Response

from tinydigits.errors import UsageError
from tinydigits.learn.crops import Crop, Crops
from tinydigits.own_file import own_path
from tinydigits.web.operation import Call, Operation
from tinydigits.web.refusal import Refusal

MOST: Final = 1000
"""Crops in one answer: 250 kB."""

PNG: Final = "image/png"

Label = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "none"]


class CropsAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many at most."""

    limit: Annotated[int, msgspec.Meta(ge=0, le=MOST)] = 100


class CropsShown(msgspec.Struct, frozen=True):
    """Those without a label first, each the newest first; and how many there are in all."""

    crops: tuple[Crop, ...]
    unlabelled: int
    labelled: int


class CropAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which one."""

    name: str


class Labelled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a crop shows: a digit, or ``"none"``; ``null`` takes back what was said."""

    label: Label | None


async def _crops(call: Call[CropsAsked, None]) -> CropsShown:
    crops = await call.site.worker.do(_folder(call).list)
    newest = sorted(crops, key=lambda crop: crop.wall, reverse=True)
    unlabelled = [crop for crop in newest if crop.label is None]
    labelled = [crop for crop in newest if crop.label is not None]
    shown = (*unlabelled, *labelled)[: call.asked.limit]
    return CropsShown(shown, len(unlabelled), len(labelled))


async def _picture(call: Call[CropAsked, None]) -> Response:
    folder, name = _folder(call), call.asked.name
    with _there():
        return Response(await call.site.worker.do(lambda: folder.picture(name)), media_type=PNG)


async def _label(call: Call[CropAsked, Labelled]) -> Labelled:
    folder, name = _folder(call), call.asked.name
    with _there():
        await call.site.worker.do(lambda: folder.label(name, call.body.label))
    return call.body


@contextmanager
def _there() -> Iterator[None]:
    """Refuse what is asked of a crop that there is none of."""
    try:
        yield
    except UsageError as error:
        raise Refusal(404, str(error)) from None


def _folder(call: Call[Any, Any]) -> Crops:
    configured = call.site.daemon.config.collect.folder
    if not configured:
        raise Refusal(404, "no pictures of doubtful digits are kept: set collect.folder")
    return Crops(own_path(configured))


OPERATIONS: Final = (
    Operation(
        "GET",
        "/api/v1/crops",
        "Pictures of doubtful digits",
        _crops,
        answer=CropsShown,
        asks=CropsAsked,
        refusals=(404, 422, 503),
    ),
    Operation(
        "GET",
        "/api/v1/crops/{name}",
        "One of them",
        _picture,
        answer=PNG,
        asks=CropAsked,
        refusals=(404, 422, 503),
    ),
    Operation(
        "PUT",
        "/api/v1/crops/{name}/label",
        "Say what it shows",
        _label,
        answer=Labelled,
        asks=CropAsked,
        body=Labelled,
        refusals=(404, 503),
    ),
)
