"""The tables of the configuration that say what becomes of readings.

``default.toml`` explains them. Every output is off until its first key says where to.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

MAX_BYTES: Final = 1_000_000_000_000
"""A terabyte, more than any memory card has."""

MIN_HISTORY: Final = 2_000_000
"""Bytes; half of them are for the database's log."""

MAX_SECONDS: Final = 86_400.0

_Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class SensorConfig(msgspec.Struct, frozen=True):
    """How home automation is to show a number."""

    title: str
    unit: str
    device_class: str
    state_class: Literal["", "measurement", "total", "total_increasing"]


class MqttConfig(msgspec.Struct, frozen=True):
    """A broker that readings are published at."""

    host: str
    port: _Port
    version: Literal["5", "3.1.1"]
    topic: str
    client_id: str
    user: str
    password: str
    tls: bool
    ca: str
    certificate: str
    key: str
    keepalive: Annotated[int, msgspec.Meta(ge=5, le=3600)]
    queue: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    refresh: Annotated[float, msgspec.Meta(ge=1, le=MAX_SECONDS)]
    discovery: str
    required: bool


class WebConfig(msgspec.Struct, frozen=True):
    """Where the page and the interface for programs are to be found."""

    address: str
    token: str
    hosts: tuple[str, ...]
    certificate: str
    key: str
    regions: str
    required: bool


class HistoryConfig(msgspec.Struct, frozen=True):
    """A file that readings are kept in."""

    file: str
    seconds: Annotated[float, msgspec.Meta(ge=0, le=MAX_SECONDS)]
    days: Annotated[float, msgspec.Meta(gt=0, le=36_500)]
    max_bytes: Annotated[int, msgspec.Meta(ge=MIN_HISTORY, le=MAX_BYTES)]


class CollectConfig(msgspec.Struct, frozen=True):
    """A folder that pictures of doubtful digits are kept in."""

    folder: str
    unsure: Annotated[float, msgspec.Meta(ge=0, le=1)]
    per_hour: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    max_files: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    max_bytes: Annotated[int, msgspec.Meta(ge=10_000, le=MAX_BYTES)]
