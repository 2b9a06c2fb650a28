"""What others may ask of the device, by messages."""

from __future__ import annotations

import logging
import re
from decimal import Decimal
from typing import Final

from tinydigits.config import MAX_DIGITS
from tinydigits.errors import UsageError
from tinydigits.outputs.mqtt.discovery import CONFIRM, READ_NOW
from tinydigits.outputs.mqtt.topics import Topics
from tinydigits.outputs.told import Daemon

log = logging.getLogger(__name__)

LONGEST: Final = 4 * MAX_DIGITS
"""Bytes; a value has at most so many digits before and after its point."""

_CONFIRM: Final = re.compile(rf"{CONFIRM}(?: +(-?[0-9]+(?:\.[0-9]+)?))?")


class Commands:
    """Does what messages say, and nothing else.

    One that the broker kept from before is no command: it would be obeyed again with every
    connection.
    """

    def __init__(self, topics: Topics, daemon: Daemon) -> None:
        self._topics = topics
        self._daemon = daemon
        self._is_told = False

    def obey(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Do what a message says, where it says anything."""
        if retained:
            self._tell(topic, "it was published to be kept (retain): commands must not be")
            return
        said = payload[: LONGEST + 1].decode("ascii", "replace").strip()
        if topic == self._topics.command and said == READ_NOW:
            self._daemon.read_now()
            return
        region = self._topics.region_of(topic)
        confirmed = _CONFIRM.fullmatch(said) if len(payload) <= LONGEST else None
        if region is None or confirmed is None:
            self._tell(topic, f"'{said:.40}' is none")
            return
        try:
            self._daemon.confirm(region, Decimal(confirmed[1]) if confirmed[1] else None)
        except UsageError as error:
            log.warning("mqtt: not confirmed: %s", error)

    def _tell(self, topic: str, why: str) -> None:
        """Once: who sends anything sends it again."""
        if not self._is_told:
            self._is_told = True
            log.warning("mqtt: no command, like others to come: %.100s: %s", topic, why)
