"""What can be asked for: each operation says all there is to know of it, once.

From it come the route, the checks of what is asked, and the description for programs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tinydigits.errors import TinyDigitsError
from tinydigits.status.document import NUMBERS
from tinydigits.web.limits import BODY_SECONDS, JSON_BYTES
from tinydigits.web.refusal import Refusal
from tinydigits.web.security import Access

if TYPE_CHECKING:  # which has the operations' own state
    from tinydigits.web.site import Site

log = logging.getLogger(__name__)

Asked = TypeVar("Asked", bound=msgspec.Struct)
Body = TypeVar("Body")

JSON: Final = "application/json"


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


@dataclass(frozen=True)
class Call(Generic[Asked, Body]):
    """A request that may be answered.

    ``asked`` has the parameters of the path and of the query, ``body`` what was sent.
    """

    site: Site
    request: Request
    asked: Asked
    body: Body


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    :param handle: answers with what ``answer`` says, or with a response; may raise
        :class:`~tinydigits.web.refusal.Refusal` and every error of this project's.
    :param answer: what is sent as JSON, or the media type of a response.
    :param asks: the parameters; those that the path names are in it, the others in the query.
    :param body: what is to be sent as JSON, or the media types of what ``handle`` takes itself,
        with :func:`read_body`.
    :param takes: headers of a request that it goes by, and what each says.
    :param tells: headers of its answers, the same.
    :param statuses: with which it answers.
    :param refusals: statuses of refusals, beside those that every operation has.
    """

    method: str
    path: str
    summary: str
    handle: Callable[[Call[Any, Any]], Awaitable[object]]
    answer: type | str
    access: Access = Access.GUARDED
    asks: type[msgspec.Struct] = Nothing
    body: type[msgspec.Struct] | tuple[str, ...] | None = None
    takes: Mapping[str, str] = field(default_factory=dict)
    tells: Mapping[str, str] = field(default_factory=dict)
    statuses: tuple[int, ...] = (200,)
    refusals: tuple[int, ...] = ()

    async def respond(self, site: Site, request: Request) -> Response:
        """Answer a request; errors of this project's become refusals."""
        site.gate.admit(request, self.access)
        asked = self._asked(request)
        body = await self._body(request)
        try:
            answer = await self.handle(Call(site, request, asked, body))
        except TinyDigitsError as error:
            raise Refusal(422, str(error)) from None
        if isinstance(answer, Response):
            return answer
        return Response(NUMBERS.encode(answer), media_type=JSON)

    def _asked(self, request: Request) -> msgspec.Struct:
        query = request.query_params.multi_items()
        given = dict(query)
        if len(given) < len(query):
            raise Refusal(400, "a parameter is there twice")
        if given.keys() & request.path_params.keys():
            raise Refusal(400, "a parameter of the path is in the query, too")
        return _checked(given | request.path_params, self.asks)

    async def _body(self, request: Request) -> object:
        if self.body is None:
            return None
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        kinds = self.body if isinstance(self.body, tuple) else (JSON,)
        # asking for JSON also keeps out forms, which any page can have a browser send
        if media not in kinds:
            raise Refusal(415, f"its Content-Type must be {' or '.join(kinds)}")
        if isinstance(self.body, tuple):
            return None
        try:
            return msgspec.json.decode(await read_body(request, JSON_BYTES), type=self.body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise Refusal(400, f"it can't be understood: {error}") from None


def _checked(given: Mapping[str, str], kind: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        return msgspec.convert(dict(given), kind, strict=False)
    except msgspec.ValidationError as error:
        raise Refusal(400, f"it can't be answered: {error}") from None


async def read_body(request: Request, most: int) -> bytes:
    """The body of a request.

    :raises Refusal: where it is larger than that, or doesn't come in time.
    """
    large = Refusal(413, f"it is too large: {most:,} bytes at most", abuse="size")
    if int(request.headers.get("content-length", "0")) > most:  # h11 has made sure of its form
        raise large
    content = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                content += part
                if len(content) > most:
                    raise large
    except TimeoutError:
        raise Refusal(408, f"it took longer than {BODY_SECONDS:g} s", abuse="slow") from None
    except ClientDisconnect:
        raise Refusal(400, "it ended early") from None
    return bytes(content)
