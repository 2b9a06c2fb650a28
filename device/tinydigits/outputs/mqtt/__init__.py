"""Readings for a broker: what is told, and that it arrives, whatever happens to the broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinydigits.errors import ConfigError

if TYPE_CHECKING:  # all else is imported where it is asked for
    from tinydigits.config import Config
    from tinydigits.outputs.told import Daemon, Output


def make(config: Config, daemon: Daemon) -> Output:
    """The output that a configuration asks for.

    :raises ConfigError: where it can't work, or what it needs is not installed.
    """
    check_library()
    from tinydigits.outputs.mqtt.output import MqttOutput  # noqa: PLC0415  takes paho

    return MqttOutput(config, daemon)


def check_library() -> None:
    """Refuse to go on without paho.

    :raises ConfigError: saying how to install it.
    """
    try:
        from paho.mqtt import client  # noqa: PLC0415  most devices have no use for it
    except ImportError:
        raise ConfigError(f"mqtt: the Python module paho is not installed: {_INSTALL}") from None
    if not hasattr(client, "CallbackAPIVersion"):  # since 2.0, of February 2024
        raise ConfigError(f"mqtt: the Python module paho is too old: {_INSTALL}")


_INSTALL = "pip install 'tinydigits[mqtt]' (Debian 13: python3-paho-mqtt)"
