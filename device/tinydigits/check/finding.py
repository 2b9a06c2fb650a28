"""What a check found, and how it is shown."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, Literal, TextIO

import msgspec

from tinydigits.errors import TinyDigitsError
from tinydigits.journal import one_line

State = Literal["ok", "warn", "fail"]

_MARKS: Final[dict[State, str]] = {"ok": "ok", "warn": "warn", "fail": "FAIL"}
"""Read without any colour; the one that stops the program stands out."""

_COLOURS: Final[dict[State, str]] = {"ok": "32", "warn": "33", "fail": "1;31"}
"""Of ECMA-48: green, yellow, bold red."""


class Finding(msgspec.Struct, frozen=True):
    """What was looked at, how it is, and what to do; ``code`` is the exit code of a failure."""

    check: str
    state: State
    text: str
    code: int = 0


def good(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", text)


def doubtful(check: str, text: str) -> Finding:
    """It works, and may not for long."""
    return Finding(check, "warn", text)


def failed(check: str, error: TinyDigitsError) -> Finding:
    """The program won't run, or not read."""
    return Finding(check, "fail", str(error), error.exit_code)


def exit_code(findings: Sequence[Finding]) -> int:
    """That of the first failure: it may be why others follow."""
    return next((finding.code for finding in findings if finding.state == "fail"), 0)


def render(findings: Sequence[Finding], *, coloured: bool) -> str:
    """A line each."""
    width = max(len(finding.check) for finding in findings)
    return "\n".join(
        f"{_mark(finding.state, coloured=coloured)}  {finding.check:<{width}}  "
        f"{one_line(finding.text)}"
        for finding in findings
    )


def wants_colour(stream: TextIO) -> bool:
    """Whether there is a terminal that shows colours, and nobody who minds (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _mark(state: State, *, coloured: bool) -> str:
    mark = f"{_MARKS[state]:<4}"
    return f"\033[{_COLOURS[state]}m{mark}\033[0m" if coloured else mark
