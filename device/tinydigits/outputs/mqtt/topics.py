"""What the topics are called.

A region may be called anything, a topic may not: every byte of its UTF-8 but ASCII letters, digits
and ``-._~`` is written as in an address, ``%2F`` for a slash. No two names become one topic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

import msgspec

from tinydigits.errors import ConfigError

LONGEST: Final = 65_535
"""Bytes, of any text in MQTT."""

REGION_TOPICS: Final = ("value", "reading", "problem", "diagnostics")
"""Those that are published for each region."""

_NAME: Final = re.compile(r"[A-Za-z0-9._~%-]*")
"""A region's name, as it is written in topics."""

_ROOM: Final = len("/diagnostics")


class RegionTopics(msgspec.Struct, frozen=True):
    """Those of one region."""

    value: str
    reading: str
    problem: str
    diagnostics: str
    command: str


class Topics:
    """All topics of a device.

    :param base: what they begin with.
    :raises ConfigError: where no topics can begin so, or a region's name is too long for one.
    """

    def __init__(self, base: str, regions: Iterable[str]) -> None:
        self.base = checked_prefix("mqtt.topic", base)
        self.status = f"{base}/status"
        self.diagnostics = f"{base}/diagnostics"
        self.command = f"{base}/command"
        self.commands = f"{base}/+/command"
        self.regions = {name: self._region(name) for name in regions}

    def region_of(self, command: str) -> str | None:
        """The region that a topic gives commands to."""
        return next((name for name, all_ in self.regions.items() if all_.command == command), None)

    def of_gone(self, value: str) -> list[str]:
        """What else was published beside a topic of a value, of a region that is no more.

        Nothing where this device can't have published it, or still does.
        """
        place = value.removesuffix("/value")
        is_own = (
            place != value
            and place.startswith(f"{self.base}/")
            and _NAME.fullmatch(place, len(self.base) + 1)
            and len(place.encode()) + _ROOM <= LONGEST
            and all(value != present.value for present in self.regions.values())
        )
        return [f"{place}/{topic}" for topic in REGION_TOPICS] if is_own else []

    def _region(self, name: str) -> RegionTopics:
        place = f"{self.base}/{quote(name, safe='')}"
        if len(place.encode()) + _ROOM > LONGEST:
            raise ConfigError(f"region.name: '{name[:20]}...' is too long for a topic")
        return RegionTopics(*(f"{place}/{topic}" for topic in (*REGION_TOPICS, "command")))


def checked_prefix(key: str, prefix: str) -> str:
    """What topics may begin with.

    :raises ConfigError: for the configuration's ``key`` where they may not.
    """
    if not prefix:
        raise ConfigError(f"{key} is empty: write what all topics begin with")
    for character in "+#":
        if character in prefix:
            raise ConfigError(f"{key} is '{prefix}': '{character}' stands for other topics")
    if prefix.startswith("$"):
        raise ConfigError(f"{key} is '{prefix}': what begins with '$' is the broker's own")
    if prefix.endswith("/"):
        raise ConfigError(f"{key} is '{prefix}': leave out the '/' at its end")
    return checked_text(key, prefix)


def checked_text(key: str, text: str) -> str:
    """Text that a broker takes: some close the connection for any other.

    :raises ConfigError: for the configuration's ``key`` where they don't.
    """
    if any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in text):
        raise ConfigError(f"{key} has control characters in it, which MQTT forbids")
    if any(0xFDD0 <= ord(c) < 0xFDF0 or ord(c) & 0xFFFE == 0xFFFE for c in text):
        raise ConfigError(f"{key} has characters in it that Unicode keeps for no text")
    if len(text.encode()) + _ROOM > LONGEST:
        raise ConfigError(f"{key} is too long: {LONGEST:,} bytes are the most in MQTT")
    return text
