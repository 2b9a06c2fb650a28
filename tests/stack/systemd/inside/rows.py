"""The rows of the table: a function for each, which injects a fault and returns what happened.

Where that is not what should have happened it raises :class:`MissingError`.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from service import UNIT, Gap, MissingError, fail, fresh, sh

THEMES: Final = ("process", "camera", "output", "disk", "clock", "models", "others")
"""Of the modules with rows, in the order of the table."""


@dataclass(frozen=True)
class Outcome:
    """What happened, how many seconds it took, and how many readings were lost."""

    happened: str
    seconds: float | None = None
    lost: int | None = None

    @classmethod
    def after(cls, gap: Gap, happened: str) -> Outcome:
        """With readings again after this gap."""
        return cls(happened, gap.seconds, gap.lost)


Fault = Callable[[], Outcome]
FAULTS: dict[tuple[str, str, str], Fault] = {}
"""The rows in their order: name, what is injected, what should happen."""


def fault(name: str, injected: str, should: str) -> Callable[[Fault], Fault]:
    """Make a function a row of the table."""

    def add(function: Fault) -> Fault:
        FAULTS[name, injected, should] = function
        return function

    return add


def expect(condition: object, what: str) -> None:
    """Hold what should have happened."""
    if not condition:
        raise MissingError(what)


def busy() -> float:
    """How much longer things may take, as others want the processors as well."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def within(seconds: float, limit: float, what: str) -> None:
    """Hold a time to what is promised."""
    most = limit * busy()
    expect(seconds <= most, f"{what} took {seconds:.1f} s, not {most:.1f}")


def run_all(only: str) -> Iterator[tuple[tuple[str, str, str], Outcome | MissingError]]:
    """Every row whose name has this pattern in it, each after a start of its own."""
    for theme in THEMES:
        import_module(f"faults_{theme}")
    for row, function in FAULTS.items():
        if not re.search(only, row[0]):
            continue
        try:
            fresh()
            yield row, function()
        except (MissingError, subprocess.SubprocessError) as error:
            yield row, error if isinstance(error, MissingError) else MissingError(str(error))
    fail()
    sh("systemctl", "stop", UNIT)
