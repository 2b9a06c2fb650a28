"""The outputs there are; each is imported only where it is asked for, its libraries too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from tinydigits.config import Config
from tinydigits.outputs.told import Daemon, Output


class Kind(msgspec.Struct, frozen=True):
    """One of them: whether a configuration asks for it, and what of it, with no other, it goes by.

    ``is_required`` tells whether the program ends where it can't be reached at the start.
    """

    is_asked: Callable[[Config], bool]
    goes_by: Callable[[Config], object]
    make: Callable[[Config, Daemon], Output]
    is_required: Callable[[Config], bool] = lambda _: False


def _history(config: Config, _: Daemon) -> Output:
    from tinydigits.outputs.history import HistoryOutput  # noqa: PLC0415  it loads SQLite

    return HistoryOutput(config.history)


KINDS: Final[Mapping[str, Kind]] = {
    "history": Kind(
        is_asked=lambda config: bool(config.history.file),
        goes_by=lambda config: config.history,
        make=_history,
    ),
}
"""By the names of their tables in the configuration."""
