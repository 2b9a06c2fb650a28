"""``bench.json``, written."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tinydigits.bench.result import Result
from tinydigits.files import atomic_write


def write_json(result: Result, path: Path) -> None:
    """Write a result, whole or not at all.

    :raises OutputError: where it can't be written.
    """
    atomic_write(path, msgspec.json.encode(result) + b"\n")
