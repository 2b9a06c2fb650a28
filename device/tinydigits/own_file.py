"""Small files in which the program remembers something, from one run to the next."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from tinydigits.systemd import made_folder

Kind = TypeVar("Kind")


def state_directory() -> Path | None:
    """The folder for such files that systemd made for the service, if it did."""
    return made_folder("STATE_DIRECTORY")


def own_path(configured: str) -> Path:
    """Where a file or folder of ours is that the configuration names.

    A relative name is looked for in the service's folder for such files, else here.
    """
    return (state_directory() or Path()) / configured


def read_own(path: Path, kind: type[Kind], max_bytes: int) -> Kind | None:
    """What a JSON file of ours holds; ``None`` where there is no file.

    :raises OSError: where it can't be read.
    :raises ValueError: where it is not ours, or is larger than ``max_bytes``.
    """
    if not path.exists():
        return None
    if not path.is_file():  # opening a pipe would wait for ever
        raise OSError("it is not a regular file")
    with path.open("rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError("it is far too large")
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from error


def put_aside(path: Path) -> str:
    """Rename a file that is not ours, so that it can be looked at; says what was done."""
    aside = path.with_name(f"{path.name}.bad")
    try:
        path.replace(aside)
    except OSError as error:
        return f"and can't be put aside ({error.strerror})"
    return f"put aside as {aside}"
