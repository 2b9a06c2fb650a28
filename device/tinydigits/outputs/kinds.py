"""The outputs there are; each is imported only where it is asked for, its libraries too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from tinydigits.config import Config
from tinydigits.outputs.told import Daemon, Output
from tinydigits.secret import secret_mark


class Kind(msgspec.Struct, frozen=True):
    """One of them: whether a configuration asks for it, and what of it, with no other, it goes by,
    files that it names among that.

    ``is_required`` tells whether the program ends where it can't be reached at the start.
    """

    is_asked: Callable[[Config], bool]
    goes_by: Callable[[Config], object]
    make: Callable[[Config, Daemon], Output]
    is_required: Callable[[Config], bool] = lambda _: False


def _web(config: Config, daemon: Daemon) -> Output:
    from tinydigits.web import make  # noqa: PLC0415  with its libraries, where it is asked for

    return make(config, daemon)


def _web_goes_by(config: Config) -> object:
    web = config.web
    return web, [secret_mark(name) for name in (web.token, web.certificate, web.key)]


def _history(config: Config, _: Daemon) -> Output:
    from tinydigits.outputs.history import HistoryOutput  # noqa: PLC0415  it loads SQLite

    return HistoryOutput(config.history)


def _collect(config: Config, _: Daemon) -> Output:
    from tinydigits.outputs.collect import Collector  # noqa: PLC0415  it loads what cuts pictures

    return Collector(config)


def _mqtt(config: Config, daemon: Daemon) -> Output:
    from tinydigits.outputs.mqtt import make  # noqa: PLC0415  with paho, where it is asked for

    return make(config, daemon)


KINDS: Final[Mapping[str, Kind]] = {
    "web": Kind(
        is_asked=lambda config: bool(config.web.address),
        goes_by=_web_goes_by,
        make=_web,
        is_required=lambda config: config.web.required,
    ),
    "history": Kind(
        is_asked=lambda config: bool(config.history.file),
        goes_by=lambda config: config.history,
        make=_history,
    ),
    "collect": Kind(
        is_asked=lambda config: bool(config.collect.folder),
        goes_by=lambda config: (config.collect, config.region, config.judge),
        make=_collect,
    ),
    "mqtt": Kind(
        is_asked=lambda config: bool(config.mqtt.host),
        goes_by=lambda config: (
            config.mqtt,
            config.camera.fps,
            config.sensor,
            [(region.name, region.sensor) for region in config.region],
        ),
        make=_mqtt,
        is_required=lambda config: config.mqtt.required,
    ),
}
"""By the names of their tables in the configuration."""
