"""What Home Assistant is told, so that it shows the device by itself.

One message describes the device and all its entities, at ``PREFIX/device/ID/config``: what Home
Assistant calls device discovery, which every version since 2025 knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from tinydigits import __version__
from tinydigits.config import Config
from tinydigits.output_tables import SensorConfig
from tinydigits.outputs.mqtt.bulletin import patience
from tinydigits.outputs.mqtt.classes import check_sensor, plain_unit
from tinydigits.outputs.mqtt.outbox import Message
from tinydigits.outputs.mqtt.topics import RegionTopics, Topics, checked_prefix
from tinydigits.reader import WHOLE_FRAME

READ_NOW: Final = "read_now"
CONFIRM: Final = "confirm"
"""What the buttons send."""

ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
"""As Home Assistant has them if it isn't told otherwise; it says of itself the same."""

_MOST: Final = 1000
"""Entities that are taken from what was told before: more were never told."""

Entity = dict[str, Any]


class Discovery:
    """What is told of this device.

    :raises ConfigError: where Home Assistant would refuse it.
    """

    def __init__(self, config: Config, topics: Topics) -> None:
        self._config = config
        self._topics = topics
        prefix = checked_prefix("mqtt.discovery", config.mqtt.discovery)
        self.id = identifier(topics.base)
        self.topic = f"{prefix}/device/{self.id}/config"
        self.status = f"{prefix}/status"
        self._entities = self._all()
        self._removed: dict[str, Entity] = {}

    def message(self) -> Message:
        """The message."""
        described = {
            "device": {
                "identifiers": [self.id],
                "name": self._topics.base.replace("/", " ").strip(),
                "manufacturer": "tinydigits",
                "model": "tinydigits",
                "sw_version": __version__,
            },
            "origin": {"name": "tinydigits", "sw_version": __version__},
            "availability_topic": self._topics.status,
            "qos": 1,
            "components": self._entities | self._removed,
        }
        return Message(self.topic, msgspec.json.encode(described))

    def remember(self, told: bytes) -> Iterable[str]:
        """What was told earlier: entities that are no more will be told to be removed.

        Returns the topics of their regions, where those are no more either.
        """
        old = {key: said for key, said in _entities(told).items() if key not in self._entities}
        self._removed = {key: {"platform": entity["platform"]} for key, entity in old.items()}
        topics = [entity.get("state_topic") for entity in old.values()]
        return [
            gone
            for topic in topics
            if isinstance(topic, str)
            for gone in self._topics.of_gone(topic)
        ]

    def _all(self) -> dict[str, Entity]:
        entities: dict[str, Entity] = {}
        for name, topics in self._topics.regions.items():
            sensor = self._sensor(name)
            entities |= self._of_region(identifier(name), self._title(name, sensor), sensor, topics)
        entities |= self._of_device()
        for key, entity in entities.items():
            entity["unique_id"] = f"{self.id}__{key}"
        return entities

    def _of_region(
        self, key: str, title: str, sensor: SensorConfig, topics: RegionTopics
    ) -> dict[str, Entity]:
        value: Entity = {
            "platform": "sensor",
            "name": title or "Value",
            "state_topic": topics.value,
            "expire_after": patience(self._config),
            "device_class": sensor.device_class,
            "state_class": sensor.state_class,
            "unit_of_measurement": plain_unit(sensor.unit),
        }
        return {
            f"{key}__value": {name: said for name, said in value.items() if said != ""},
            f"{key}__problem": {
                "platform": "binary_sensor",
                "name": _named(title, "problem"),
                "state_topic": topics.problem,
                "device_class": "problem",
                "entity_category": "diagnostic",
            },
            f"{key}__confidence": _share(title, "confidence", topics.diagnostics, "confidence"),
            f"{key}__rejected": _share(
                title, "rejected readings", topics.diagnostics, "reject_rate"
            ),
            f"{key}__confirm": {
                "platform": "button",
                "name": _named(title, "confirm value"),
                "command_topic": topics.command,
                "payload_press": CONFIRM,
                "entity_category": "config",
            },
        }

    def _of_device(self) -> dict[str, Entity]:
        return {
            "temperature": {
                "platform": "sensor",
                "name": "Temperature",
                "state_topic": self._topics.diagnostics,
                "value_template": "{{ value_json.temperature }}",
                "device_class": "temperature",
                "state_class": "measurement",
                "unit_of_measurement": "°C",
                "entity_category": "diagnostic",
            },
            "model": {
                "platform": "sensor",
                "name": "Model",
                "state_topic": self._topics.diagnostics,
                "value_template": "{{ value_json.model }}",
                "entity_category": "diagnostic",
            },
            "read_now": {
                "platform": "button",
                "name": "Read now",
                "command_topic": self._topics.command,
                "payload_press": READ_NOW,
            },
        }

    def _sensor(self, name: str) -> SensorConfig:
        """What is known of a region's number, and fits together."""
        found = next((region for region in self._config.region if region.name == name), None)
        sensor = found.sensor if found else self._config.sensor
        check_sensor(f"region '{name}': sensor" if found else "sensor", sensor)
        return sensor

    def _title(self, name: str, sensor: SensorConfig) -> str:
        """What people call a number; nothing where a device has only one, without a name."""
        return sensor.title or ("" if name == WHOLE_FRAME else name)


def identifier(name: str) -> str:
    """A name of nothing but ASCII letters, digits, ``-`` and ``_``, as topics of discovery must be.

    Each other byte becomes ``_`` and its two hexadecimal digits, so that no two become the same.
    """
    return re.sub(rb"[^A-Za-z0-9-]", lambda byte: b"_%02x" % ord(byte[0]), name.encode()).decode()


def _named(title: str, what: str) -> str:
    return f"{title} {what}" if title else what.capitalize()


def _share(title: str, what: str, topic: str, key: str) -> Entity:
    """A share, shown in percent."""
    return {
        "platform": "sensor",
        "name": _named(title, what),
        "state_topic": topic,
        "value_template": f"{{{{ (100 * value_json.{key}) | round(1) }}}}",
        "state_class": "measurement",
        "unit_of_measurement": "%",
        "entity_category": "diagnostic",
    }


def _entities(told: bytes) -> Mapping[str, Entity]:
    """The entities of a message, whoever it may be from."""
    try:
        found = msgspec.json.decode(told, type=dict[str, Any]).get("components")
    except (ValueError, RecursionError):  # brackets without an end
        return {}
    if not isinstance(found, dict) or len(found) > _MOST:
        return {}
    return {
        key: entity
        for key, entity in found.items()
        if isinstance(entity, dict) and isinstance(entity.get("platform"), str)
    }
