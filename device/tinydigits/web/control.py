"""How the program is, and what it can be told to do."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final

import msgspec

from tinydigits.config import MAX_DIGITS
from tinydigits.status.document import Document
from tinydigits.web.operation import Call, Nothing, Operation

_NUMBER: Final = rf"^-?[0-9]{{1,{MAX_DIGITS}}}(\.[0-9]{{1,{MAX_DIGITS}}})?$"


class Confirm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A region, and the value it shows, like ``"00472.1"``; ``null`` is what was read last."""

    region: str
    value: Annotated[str, msgspec.Meta(pattern=_NUMBER)] | None = None


class Confirmed(msgspec.Struct, frozen=True):
    """What is believed from now on."""

    region: str
    value: Decimal


class Done(msgspec.Struct, frozen=True):
    """It will be."""

    done: bool = True


async def _status(call: Call[Nothing, None]) -> Document:
    return call.site.daemon.document()


async def _read_now(call: Call[Nothing, None]) -> Done:
    call.site.daemon.read_now()
    return Done()


async def _confirm(call: Call[Nothing, Confirm]) -> Confirmed:
    region, value = call.body.region, call.body.value
    daemon = call.site.daemon
    # the judges have a lock, which the loop keeps for a millisecond
    confirmed = await call.site.worker.do(
        lambda: daemon.confirm(region, None if value is None else Decimal(value))
    )
    return Confirmed(region, confirmed)


OPERATIONS: Final = (
    Operation("GET", "/api/v1/status", "How the program is", _status, answer=Document),
    Operation(
        "POST",
        "/api/v1/read-now",
        "Read the next frame at once, however long it is until it is due",
        _read_now,
        answer=Done,
    ),
    Operation(
        "POST",
        "/api/v1/confirm",
        "Accept a value because a person says so",
        _confirm,
        answer=Confirmed,
        body=Confirm,
        refusals=(503,),
    ),
)
