"""What is answered in place of what was asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import msgspec
from starlette.responses import Response

Abuse = Literal["host", "origin", "token", "guesses", "rate", "crowd", "size", "slow", "garbage"]
"""Kinds of requests that are refused because somebody may mean harm; told in the log, counted."""


class Error(msgspec.Struct, frozen=True):
    """What was wrong, and what to do, in one line."""

    error: str


class Refusal(Exception):  # noqa: N818  an answer, not a fault
    """An answer that is not what was asked for.

    :param message: for the client: what was wrong, and what to do; never a secret.
    :param abuse: what it may be a sign of.
    :param wait: seconds after which it may be tried again.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        abuse: Abuse | None = None,
        wait: float = 0.0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.abuse = abuse
        self.headers = {
            **(headers or {}),
            **({"retry-after": str(math.ceil(wait))} if wait else {}),
        }

    def response(self) -> Response:
        """As it is sent."""
        return error_response(self.status, str(self), self.headers)


def error_response(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error in JSON."""
    content = msgspec.json.encode(Error(message))
    return Response(content, status, headers, "application/json")
