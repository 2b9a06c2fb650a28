"""The rules of Home Assistant that its discovery must keep, written down from its source.

They are those of the ``mqtt`` integration's schemas for a device, a sensor, a binary sensor and a
button, and of the ``sensor`` integration for units and state classes, in 2025 and 2026. What is
not listed here is not sent.
"""

from __future__ import annotations

import re
from typing import Any, Final

DEVICE_TOPIC: Final = re.compile(r"[^+#]+/device/[a-zA-Z0-9_-]+/config")

DEVICE_KEYS: Final = {
    *("identifiers", "connections", "name", "manufacturer", "model", "model_id", "hw_version"),
    *("sw_version", "serial_number", "suggested_area", "via_device", "configuration_url"),
}
ORIGIN_KEYS: Final = {"name", "sw_version", "support_url"}
SHARED_KEYS: Final = {
    *("device", "origin", "components", "availability", "availability_mode"),
    *("availability_template", "availability_topic", "payload_available"),
    *("payload_not_available", "state_topic", "command_topic", "qos", "encoding"),
}
ENTITY_KEYS: Final = {
    *("platform", "name", "unique_id", "entity_category", "icon", "enabled_by_default", "qos"),
    *("default_entity_id", "json_attributes_topic", "json_attributes_template"),
}
PLATFORM_KEYS: Final = {
    "sensor": {
        *("state_topic", "value_template", "expire_after", "force_update", "device_class"),
        *("state_class", "unit_of_measurement", "suggested_display_precision", "options"),
        "last_reset_value_template",
    },
    "binary_sensor": {
        *("state_topic", "value_template", "expire_after", "force_update", "device_class"),
        *("payload_on", "payload_off", "off_delay"),
    },
    "button": {"command_topic", "command_template", "payload_press", "retain", "device_class"},
}
REQUIRED_KEYS: Final = {
    "sensor": {"state_topic"},
    "binary_sensor": {"state_topic"},
    "button": {"command_topic"},
}
CATEGORIES: Final = {
    "sensor": {"diagnostic"},  # one of configuration is refused
    "binary_sensor": {"diagnostic"},
    "button": {"diagnostic", "config"},
}
STATE_CLASSES: Final = {"measurement", "total", "total_increasing", "measurement_angle"}

UNITS: Final = {
    "water": {"L", "gal", "m³", "ft³", "CCF", "MCF"},
    "temperature": {"°C", "°F", "K"},
    "energy": {
        *("J", "kJ", "MJ", "GJ", "mWh", "Wh", "kWh", "MWh", "GWh", "TWh"),
        *("cal", "kcal", "Mcal", "Gcal"),
    },
    "gas": {"L", "m³", "ft³", "CCF", "MCF"},
    "power": {"mW", "W", "kW", "MW", "GW", "TW", "BTU/h"},
}
"""Of what meters and displays show most, to hold the project's own table against."""

CLASS_STATE_CLASSES: Final = {
    "water": {"total", "total_increasing"},
    "temperature": {"measurement"},
    "energy": {"total", "total_increasing"},
    "gas": {"total", "total_increasing"},
    "power": {"measurement"},
}


def check_device(topic: str, told: dict[str, Any]) -> None:
    """Hold a message of discovery to the rules."""
    assert DEVICE_TOPIC.fullmatch(topic)
    assert set(told) <= SHARED_KEYS
    device, origin = told["device"], told["origin"]
    assert set(device) <= DEVICE_KEYS
    assert device.get("identifiers") or device.get("connections")
    assert set(origin) <= ORIGIN_KEYS
    assert isinstance(origin["name"], str)
    assert told.get("qos", 0) in (0, 1, 2)
    check_topic(told["availability_topic"])
    present = [one for one in told["components"].values() if set(one) != {"platform"}]
    for entity in present:
        check_entity(entity)
    names = [entity["unique_id"] for entity in present]
    assert len(set(names)) == len(names)


def check_entity(entity: dict[str, Any]) -> None:
    """Hold one entity to the rules."""
    platform = entity["platform"]
    assert set(entity) <= ENTITY_KEYS | PLATFORM_KEYS[platform]
    assert set(entity) >= REQUIRED_KEYS[platform]
    assert isinstance(entity["unique_id"], str)
    assert entity["unique_id"]
    assert isinstance(entity["name"], str)
    assert entity.get("entity_category", "diagnostic") in CATEGORIES[platform]
    for key in ("state_topic", "command_topic"):
        if key in entity:
            check_topic(entity[key])
    expires = entity.get("expire_after", 0)
    assert isinstance(expires, int)
    assert expires >= 0
    if platform == "sensor":
        check_sensor(entity)
    if platform == "binary_sensor":
        assert entity.get("device_class") in (None, "problem")


def check_sensor(entity: dict[str, Any]) -> None:
    """Hold a sensor's class, unit and statistics to the rules."""
    kind, state_class = entity.get("device_class"), entity.get("state_class")
    assert state_class is None or state_class in STATE_CLASSES
    if kind in UNITS:
        assert entity["unit_of_measurement"] in UNITS[kind]
        assert state_class is None or state_class in CLASS_STATE_CLASSES[kind]
    for key in ("device_class", "state_class", "unit_of_measurement"):
        assert entity.get(key) != ""  # it must be left out then


def check_topic(topic: str) -> None:
    """Hold a topic to MQTT's rules."""
    assert 0 < len(topic.encode()) <= 65_535
    assert not re.search(r"[+#\x00-\x1f\x7f-\x9f]", topic)
