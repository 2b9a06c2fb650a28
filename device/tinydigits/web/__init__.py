"""The page and the interface for programs: answered on a thread that the loop never waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tinydigits.errors import ConfigError

if TYPE_CHECKING:  # all else is imported where it is asked for
    from tinydigits.config import Config
    from tinydigits.outputs.told import Daemon, Output

OLDEST: Final = (0, 32)
"""Of Uvicorn, that connections are made as this program makes them: Debian 13's own."""

_INSTALL: Final = (
    "pip install 'tinydigits[web]' "
    "(Debian 13: python3-starlette python3-uvicorn python3-prometheus-client)"
)


def make(config: Config, daemon: Daemon) -> Output:
    """The output that a configuration asks for.

    :raises ConfigError: where it can't work, or what it needs is not installed.
    """
    check_library()
    from tinydigits.web.output import WebOutput  # noqa: PLC0415  15 MiB

    return WebOutput(config.web, daemon)


def check_library() -> None:
    """Refuse to go on without the libraries.

    :raises ConfigError: saying how to install them.
    """
    try:
        import prometheus_client  # noqa: F401, PLC0415  most devices have no use for them
        import starlette  # noqa: F401, PLC0415
        import uvicorn  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            f"web: the Python module {error.name} is not installed: {_INSTALL}"
        ) from None
    if tuple(map(int, uvicorn.__version__.split(".")[:2])) < OLDEST:
        raise ConfigError(f"web: the Python module uvicorn is too old: {_INSTALL}")
