"""Files that nobody but the service may read: passwords, tokens, keys."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from tinydigits.errors import ConfigError

CREDENTIALS_VARIABLE: Final = "CREDENTIALS_DIRECTORY"
"""Environment variable in which systemd says where a service's credentials are."""


def secret_path(name: str) -> Path:
    """Where a file is that the configuration names.

    A bare name is looked for among the credentials that systemd gives the service, then here.
    """
    path = Path(name)
    given = os.environ.get(CREDENTIALS_VARIABLE)
    if given and path.name == name:
        with suppress(OSError):  # it is too long for a name, or the folder may not be entered
            if (Path(given) / name).exists():
                return Path(given) / name
    return path


def secret_mark(name: str) -> tuple[int, int] | None:
    """What is another one as soon as such a file is; ``None`` where there is none."""
    if not name:
        return None
    try:
        found = secret_path(name).stat()
    except (OSError, ValueError):  # a name with a NUL
        return None
    return found.st_mtime_ns, found.st_ino


def read_secret(key: str, name: str) -> str:
    """The first line of such a file, for the configuration's ``key``.

    :raises ConfigError: where there is no such file, or nothing in it.
    """
    path = secret_path(name)
    try:
        line = path.read_text("utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ConfigError(f"{key}: {path}: it can't be read: {reason}") from None
    if not line:
        raise ConfigError(f"{key}: {path}: its first line is empty")
    return line
