"""All outputs that are configured, behind one call that neither waits nor fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NamedTuple, Self

from msgspec.structs import replace

from tinydigits.config import Config
from tinydigits.errors import OutputError
from tinydigits.outputs.kinds import KINDS, Kind
from tinydigits.outputs.told import Daemon, Output, Told
from tinydigits.status.document import OutputState

log = logging.getLogger(__name__)

REQUIRED_SECONDS: Final = 15.0
"""For what the configuration requires; the network of a computer that starts takes ten."""


class Made(NamedTuple):
    """An output, and what it goes by."""

    output: Output
    goes_by: object


class Outputs:
    """The outputs of a running program.

    Nothing that goes wrong in one of them reaches the loop; it is told in the log.

    :param kinds: those there are, by their names.
    :raises ConfigError: where one can't work as configured.
    """

    def __init__(self, config: Config, daemon: Daemon, kinds: Mapping[str, Kind] = KINDS) -> None:
        self._config = config
        self._daemon = daemon
        self._kinds = kinds
        self._at_work: dict[str, Made] = {}
        self._lost: dict[str, int] = {}
        self._first = self._made(config, kinds)

    def __enter__(self) -> Self:
        self.change(self._config, self._first)
        for name, (output, _) in self._at_work.items():
            if self._kinds[name].is_required(self._config) and not output.wait(REQUIRED_SECONDS):
                why = output.state.trouble or "it doesn't answer"
                self.__exit__()
                raise OutputError(f"{name}: {why} ({name}.required asks for it at the start)")
        return self

    def __exit__(self, *reason: object) -> None:
        for name in list(self._at_work):
            self._end(name)

    def prepared(self, config: Config) -> dict[str, Made]:
        """Those that another configuration asks for in place of the ones at work.

        :raises ConfigError: where one can't work as configured.
        """
        changed = {
            name: kind
            for name, kind in self._kinds.items()
            if name not in self._at_work or kind.goes_by(config) != self._at_work[name].goes_by
        }
        return self._made(config, changed)

    def change(self, config: Config, made: Mapping[str, Made]) -> None:
        """Go over to another configuration, with what was prepared for it."""
        for name in list(self._at_work):
            if name in made or not self._kinds[name].is_asked(config):
                self._end(name)
        self._config = config
        for name, one in made.items():
            with _told_only(name):
                one.output.__enter__()
                self._at_work[name] = one

    def put(self, told: Told) -> None:
        """Tell all of them of a frame."""
        for name, (output, _) in self._at_work.items():
            with _told_only(name):
                output.put(told)

    def states(self) -> dict[str, OutputState]:
        """How each of them is; may be asked on any thread.

        What was lost with those that gave way to others of their kind is counted too.
        """
        states = {name: output.state for name, (output, _) in list(self._at_work.items())}
        return {
            name: replace(state, dropped=state.dropped + self._lost.get(name, 0))
            for name, state in states.items()
        }

    def _made(self, config: Config, kinds: Mapping[str, Kind]) -> dict[str, Made]:
        made = {}
        for name, kind in kinds.items():
            if kind.is_asked(config):
                goes_by = kind.goes_by(config)  # before files are read, that may change meanwhile
                made[name] = Made(kind.make(config, self._daemon), goes_by)
        return made

    def _end(self, name: str) -> None:
        with _told_only(name):
            output = self._at_work.pop(name).output
            try:
                output.__exit__(None, None, None)
            finally:
                state = output.state
                self._lost[name] = self._lost.get(name, 0) + state.dropped + state.waiting


@contextmanager
def _told_only(name: str) -> Iterator[None]:
    """Lets no mistake of an output through."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  reading goes on whatever an output does
        log.warning("%s: unexpected %s: %s", name, type(error).__name__, error)
