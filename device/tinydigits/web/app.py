"""Everything that can be asked for, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from tinydigits.web import (
    control,
    events,
    frames,
    health,
    metrics,
    openapi,
    read,
    readings,
    setup,
    static,
    teach,
)
from tinydigits.web.guard import Guard
from tinydigits.web.operation import Operation
from tinydigits.web.refusal import Refusal
from tinydigits.web.site import Site

OPERATIONS: Final[tuple[Operation, ...]] = (
    *health.OPERATIONS,
    *metrics.OPERATIONS,
    *openapi.OPERATIONS,
    *read.OPERATIONS,
    *control.OPERATIONS,
    *readings.OPERATIONS,
    *events.OPERATIONS,
    *frames.OPERATIONS,
    *setup.OPERATIONS,
    *teach.OPERATIONS,
    *static.OPERATIONS,
)


def make_app(site: Site) -> ASGIApp:
    """The application, guarded."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in site.operations:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    routes = [Route(path, _Endpoint(site, methods)) for path, methods in by_path.items()]
    router = Router(routes, redirect_slashes=False, default=_nothing_there)
    return Guard(router, site.gate, site.refused)


class _Endpoint:
    """What is at a path: an operation for each of its methods."""

    def __init__(self, site: Site, methods: Mapping[str, Operation]) -> None:
        self._site = site
        self._methods = {**methods}
        if "GET" in methods:
            self._methods["HEAD"] = methods["GET"]  # of whose answer the server sends no body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation = self._methods.get(scope["method"])
        if operation is None:
            allowed = ", ".join(self._methods)
            raise Refusal(405, f"this path has {allowed} only", headers={"allow": allowed})
        response = await operation.respond(self._site, Request(scope, receive))
        await response(scope, receive, send)


async def _nothing_there(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001  ASGI
    raise Refusal(404, "there is nothing at this path")
