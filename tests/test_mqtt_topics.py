"""Topics are safe whatever regions are called, and no two regions share one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinydigits.outputs.mqtt.discovery import identifier
from tinydigits.outputs.mqtt.topics import Topics

NAMES = st.text(max_size=30)


def test_topics() -> None:
    """A region's topics are below its name, the device's own beside them."""
    topics = Topics("home/cellar", ["main counter", "Zähler/1"])
    assert topics.status == "home/cellar/status"
    assert topics.regions["main counter"].value == "home/cellar/main%20counter/value"
    assert topics.regions["Zähler/1"].command == "home/cellar/Z%C3%A4hler%2F1/command"
    assert topics.region_of("home/cellar/main%20counter/command") == "main counter"
    assert topics.region_of("home/cellar/other/command") is None


@given(st.lists(NAMES, max_size=5, unique=True))
def test_any_name(names: list[str]) -> None:
    """Whatever regions are called, their topics differ and hold nothing that MQTT forbids."""
    topics = Topics("a", names)
    values = [topics.regions[name].value for name in names]
    assert len(set(values)) == len(names)
    for value in values:
        assert re.fullmatch(r"a/[A-Za-z0-9_.~%-]*/value", value)
    own = {topics.status, topics.diagnostics, topics.command, topics.commands}
    assert not own & {
        topic for name in names for topic in Topics("a", []).of_gone(topics.regions[name].value)
    }


@given(NAMES)
def test_gone(name: str) -> None:
    """A region that was is found by its value's topic, and one that is still there is not."""
    topics = Topics("a", [name])
    value = topics.regions[name].value
    assert topics.of_gone(value) == []
    assert value in Topics("a", []).of_gone(value)


@pytest.mark.parametrize("region", ["+", "#", "\0", "b/c", "ä", "b" * 65_530])
def test_never_published(region: str) -> None:
    """What no region can be called in a topic is nothing to delete."""
    assert Topics("a", []).of_gone(f"a/{region}/value") == []


@given(st.lists(NAMES, max_size=5, unique=True))
def test_identifiers(names: list[str]) -> None:
    """So do their identifiers, in which Home Assistant allows even less."""
    identifiers = {identifier(name) for name in names}
    assert len(identifiers) == len(names)
    for one in identifiers:
        assert re.fullmatch(r"[a-zA-Z0-9_-]*", one)
        assert "__" not in one  # which parts them


@given(st.text(max_size=40))
def test_of_others(topic: str) -> None:
    """What is not of this device is not deleted, whatever is said of it."""
    for one in Topics("a/b", []).of_gone(topic):
        assert one.startswith("a/b/")
        assert one.endswith(("/value", "/reading", "/problem", "/diagnostics"))
