"""The description of the interface for programs, made from the operations themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.responses import Response

from tinydigits import __version__
from tinydigits.web.operation import JSON, Call, Nothing, Operation
from tinydigits.web.refusal import Error
from tinydigits.web.security import Access

VERSION: Final = "3.1.0"
"""Of OpenAPI: the first whose schemas are JSON Schema itself."""

_REF: Final = "#/components/schemas/{name}"

_DECIMAL: Final = {"type": "string", "format": "decimal"}
"""What msgspec takes decimal numbers for; here they are written as numbers."""

_BEARER: Final = "bearer"

_ALWAYS: Final = (421, 429, 500)
_WITH_PARAMETERS: Final = (400,)
_WITH_TOKEN: Final = (401, 403)
_WITH_BODY: Final = (400, 408, 413, 415, 422)


def document(operations: Sequence[Operation], *, has_token: bool) -> dict[str, Any]:
    """The whole description.

    :param has_token: whether this device has one.
    """
    kinds = list(dict.fromkeys([Error, *_kinds(operations)]))
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    by_kind = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        told = _operation(operation, by_kind, components, has_token=has_token)
        paths.setdefault(operation.path, {})[operation.method.lower()] = told
    parameters = {operation.asks.__name__ for operation in operations}
    return {
        "openapi": VERSION,
        "info": {
            "title": "tinydigits",
            "version": __version__,
            "description": "What a camera reads, and what can be told to the program that reads.",
        },
        "paths": paths,
        "components": {
            "schemas": _with_numbers(
                {name: told for name, told in components.items() if name not in parameters}
            ),
            "securitySchemes": {_BEARER: {"type": "http", "scheme": _BEARER}},
        },
    }


def _kinds(operations: Iterable[Operation]) -> Iterator[type]:
    for operation in operations:
        yield operation.asks
        if isinstance(operation.answer, type):
            yield operation.answer
        if isinstance(operation.body, type):
            yield operation.body


def _operation(
    operation: Operation,
    schemas: dict[type, dict[str, Any]],
    components: dict[str, Any],
    *,
    has_token: bool,
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": _identity(operation),
        "parameters": list(_parameters(operation, components[operation.asks.__name__])),
        "responses": {
            **{str(status): _refusal(status, schemas) for status in _refusals(operation)},
            **{str(status): _answer(operation, status, schemas) for status in operation.statuses},
        },
        # without a token there is nothing to show, for what only its owner may do neither
        "security": [{_BEARER: []}] if has_token and operation.access is not Access.FREE else [],
    }
    if operation.body:
        told["requestBody"] = {"required": True, "content": _body(operation, schemas)}
    return told


def _identity(operation: Operation) -> str:
    """A name for it, as programs made from the description have functions."""
    words = operation.path.removeprefix("/api/v1/")
    for mark in "/.-{}":
        words = words.replace(mark, " ")
    return "_".join([operation.method.lower(), *(words.split() or ["page"])])


def _parameters(operation: Operation, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    required = schema.get("required", [])
    for name, told in schema["properties"].items():
        in_path = f"{{{name}}}" in operation.path
        yield {
            "name": name,
            "in": "path" if in_path else "query",
            "required": in_path or name in required,
            "schema": told,
        }
    for name, text in operation.takes.items():
        yield {
            "name": name,
            "in": "header",
            "description": text,
            "required": False,
            "schema": {"type": "string"},
        }


def _answer(
    operation: Operation, status: int, schemas: dict[type, dict[str, Any]]
) -> dict[str, Any]:
    told: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if operation.tells:
        told["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in operation.tells.items()
        }
    if status == HTTPStatus.NOT_MODIFIED:
        return told
    if isinstance(operation.answer, type):
        return {**told, "content": {JSON: {"schema": schemas[operation.answer]}}}
    return {**told, "content": {operation.answer: {}}}


def _body(operation: Operation, schemas: dict[type, dict[str, Any]]) -> dict[str, Any]:
    if isinstance(operation.body, type):
        return {JSON: {"schema": schemas[operation.body]}}
    return {media: {} for media in operation.body or ()}


def _refusal(status: int, schemas: dict[type, dict[str, Any]]) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {JSON: {"schema": schemas[Error]}},
    }


def _refusals(operation: Operation) -> list[int]:
    statuses = {*_ALWAYS, *operation.refusals, *_WITH_PARAMETERS}
    if operation.access is not Access.FREE:
        statuses |= {*_WITH_TOKEN}
    if operation.body:
        statuses |= {*_WITH_BODY}
    return sorted(statuses)


def _with_numbers(schema: Any) -> Any:
    """The schema with decimal numbers as they are written."""
    if schema == _DECIMAL:
        return {"type": "number"}
    if isinstance(schema, dict):
        return {key: _with_numbers(value) for key, value in schema.items()}
    return [*map(_with_numbers, schema)] if isinstance(schema, list) else schema


async def _openapi(call: Call[Nothing, None]) -> Response:
    site = call.site
    told = document(site.operations, has_token=site.gate.has_token)
    return Response(msgspec.json.encode(told), media_type=JSON)


OPERATIONS: Final = (
    Operation("GET", "/api/v1/openapi.json", "This description", _openapi, answer=JSON),
)
