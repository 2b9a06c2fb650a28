"""What Home Assistant is told keeps its rules, and what it makes of what is published is right."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.nativetypes import NativeEnvironment

from home_assistant import CLASS_STATE_CLASSES, UNITS, check_device
from mqtt_device import configured, region
from tinydigits.config import Config
from tinydigits.outputs.mqtt.classes import DEVICE_CLASSES
from tinydigits.outputs.mqtt.discovery import Discovery
from tinydigits.outputs.mqtt.topics import Topics
from tinydigits.reader import WHOLE_FRAME

WATER = {"unit": "m³", "device_class": "water", "state_class": "total_increasing"}


def discovery(config: Config) -> Discovery:
    """What is told of a device with this configuration."""
    regions = [one.name for one in config.region] or [WHOLE_FRAME]
    return Discovery(config, Topics(config.mqtt.topic, regions))


def described(config: Config) -> dict[str, Any]:
    """The message, which keeps the rules."""
    one = discovery(config)
    told: dict[str, Any] = json.loads(one.message().payload)
    check_device(one.topic, told)
    return told


def test_value() -> None:
    """A number is shown as what it is, and is unavailable when it isn't told any more."""
    told = described(configured(sensor=WATER))
    assert told["components"]["frame__value"] == {
        "platform": "sensor",
        "name": "Value",
        "unique_id": "tinydigits__frame__value",
        "state_topic": "tinydigits/frame/value",
        "device_class": "water",
        "state_class": "total_increasing",
        "unit_of_measurement": "m³",
        "expire_after": 180,
    }
    assert told["availability_topic"] == "tinydigits/status"


def test_entities() -> None:
    """Every region has its own entities, and the device has some."""
    meter = region("Water, cold", sensor=WATER)
    told = described(configured(region=[meter, region("b", sensor={"title": "Oven"})]))
    names = {key: entity["name"] for key, entity in told["components"].items()}
    assert names == {
        "Water_2c_20cold__value": "Water, cold",
        "Water_2c_20cold__problem": "Water, cold problem",
        "Water_2c_20cold__confidence": "Water, cold confidence",
        "Water_2c_20cold__rejected": "Water, cold rejected readings",
        "Water_2c_20cold__confirm": "Water, cold confirm value",
        "b__value": "Oven",
        "b__problem": "Oven problem",
        "b__confidence": "Oven confidence",
        "b__rejected": "Oven rejected readings",
        "b__confirm": "Oven confirm value",
        "temperature": "Temperature",
        "model": "Model",
        "read_now": "Read now",
    }


def test_buttons() -> None:
    """Buttons send what the device obeys."""
    told = described(configured())["components"]
    assert told["read_now"]["command_topic"] == "tinydigits/command"
    assert told["read_now"]["payload_press"] == "read_now"
    assert told["frame__confirm"]["command_topic"] == "tinydigits/frame/command"
    assert told["frame__confirm"]["payload_press"] == "confirm"


@given(
    st.lists(st.text(max_size=20), max_size=4, unique=True),
    st.text("abc/_- äÄ電", min_size=1, max_size=10).filter(lambda topic: not topic.endswith("/")),
    st.sampled_from(sorted(DEVICE_CLASSES)),
    st.floats(1, 86_400),
    st.text(max_size=20),
)
def test_rules(names: list[str], topic: str, kind: str, refresh: float, title: str) -> None:
    """Whatever the device and its regions are called and show, the rules are kept."""
    units, state_classes = DEVICE_CLASSES[kind]
    sensor = {"device_class": kind, "unit": units[0], "title": title}
    sensor["state_class"] = state_classes[-1] if state_classes else ""
    regions = [region(name, sensor=sensor) for name in names]
    described(configured(topic=topic, refresh=refresh, sensor=sensor, region=regions))


def test_table() -> None:
    """The table of units and classes is the one that the rules have."""
    for kind, units in UNITS.items():
        assert units == set(DEVICE_CLASSES[kind].units)
        assert set(DEVICE_CLASSES[kind].state_classes) == CLASS_STATE_CLASSES[kind]


@pytest.mark.parametrize(
    ("entity", "published", "shown"),
    [
        ("frame__confidence", {"confidence": 0.91734, "reject_rate": 0.0}, 91.7),
        ("frame__rejected", {"confidence": 0.9, "reject_rate": 0.0306}, 3.1),
        ("temperature", {"temperature": 48.3}, 48.3),
        ("temperature", {"temperature": None}, None),  # which it knows to be unknown
        ("model", {"model": "pairs"}, "pairs"),
    ],
)
def test_templates(entity: str, published: dict[str, Any], shown: object) -> None:
    """Templates show what is published."""
    template = described(configured())["components"][entity]["value_template"]
    assert NativeEnvironment().from_string(template).render(value_json=published) == shown


def test_two_devices() -> None:
    """Devices with other topics have no identifier in common, those with the same have all."""

    def identifiers(topic: str) -> set[str]:
        told = described(configured(topic=topic))
        entities = {entity["unique_id"] for entity in told["components"].values()}
        return entities | set(told["device"]["identifiers"])

    assert not identifiers("a/b") & identifiers("a_b")
    assert identifiers("a") == identifiers("a")


def test_removed() -> None:
    """Entities told before that are no more are told to be removed, and their topics found."""
    before = discovery(configured(region=[region("a"), region("b")])).message()
    now = discovery(configured(region=[region("b")]))
    assert sorted(set(now.remember(before.payload))) == [
        f"tinydigits/a/{topic}" for topic in ("diagnostics", "problem", "reading", "value")
    ]
    told = json.loads(now.message().payload)
    check_device(now.topic, told)
    assert told["components"]["a__value"] == {"platform": "sensor"}
    again = discovery(configured(region=[region("b")]))
    assert list(again.remember(now.message().payload)) == []
    assert again.message() == now.message()


def test_deep() -> None:
    """Brackets without an end, where the entities should be, are no entities."""
    one = discovery(configured())
    assert list(one.remember(b'{"components":' + b"[" * 60_000)) == []


def test_still_there() -> None:
    """Nothing is deleted of a region that is there, whatever else is said to be of it."""
    one = discovery(configured(region=[region("a")]))
    told = {"b": {"platform": "sensor", "state_topic": "tinydigits/a/value"}}
    assert list(one.remember(json.dumps({"components": told}).encode())) == []


@given(
    st.binary(max_size=50)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["components", "platform", "state_topic", "a"]), inner
            )
        ),
        max_leaves=9,
    ).map(lambda value: json.dumps(value).encode())
)
def test_foreign(payload: bytes) -> None:
    """Whatever somebody else put there, the rules are kept and nothing else is deleted."""
    one = discovery(configured())
    for topic in one.remember(payload):
        assert topic.startswith("tinydigits/")
    check_device(one.topic, json.loads(one.message().payload))
