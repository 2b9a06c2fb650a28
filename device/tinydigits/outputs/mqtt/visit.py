"""A short visit to the broker, to see whether this device is let in."""

from __future__ import annotations

from msgspec.structs import replace

from tinydigits.config import Config
from tinydigits.outputs.mqtt.broker import Broker
from tinydigits.outputs.mqtt.connection import Connection
from tinydigits.outputs.mqtt.discovery import Discovery
from tinydigits.outputs.mqtt.topics import Topics
from tinydigits.reader import WHOLE_FRAME


def visit(config: Config) -> str:
    """Connect, by another name than the running program's, and leave; returns what was found.

    :raises ConfigError: where it can't work as configured.
    :raises OutputError: where the broker can't be reached, or refuses this device.
    """
    topics = Topics(config.mqtt.topic, [one.name for one in config.region] or [WHOLE_FRAME])
    if config.mqtt.discovery:
        Discovery(config, topics)
    name = f"{Broker(config.mqtt).client_id}-check"
    broker = Broker(replace(config.mqtt, client_id=name))
    connection = Connection(broker)
    connection.open()
    connection.farewell()
    who = f"the user '{config.mqtt.user}'" if config.mqtt.user else "anybody"
    return f"{broker} lets {who} in"
