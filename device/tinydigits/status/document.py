"""What the daemon tells of itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from tinydigits.judge import Status as Verdicts

NUMBERS: Final = msgspec.json.Encoder(decimal_format="number")


class Shown(msgspec.Struct, frozen=True):
    """The last reading of a region, and what is to be believed of it; ages are in seconds."""

    region: str
    text: str
    status: Verdicts
    value: Decimal | None
    confirmed: float | None
    reasons: tuple[str, ...]


class CameraState(msgspec.Struct, frozen=True):
    """Where frames come from; ``restarts`` is how often they stopped and were asked for anew."""

    source: str
    trouble: str
    restarts: int


class OutputState(msgspec.Struct, frozen=True):
    """What is on its way to an output, what never got there, and what is wrong with it."""

    waiting: int
    dropped: int
    trouble: str = ""


class ModelState(msgspec.Struct, frozen=True):
    """The model that reads; ``trial`` says how its trial stands, where it is on one."""

    name: str
    sha256: str
    trial: str | None


class Document(msgspec.Struct, frozen=True):
    """How the daemon is; times are in seconds, memory in bytes.

    ``rejected`` counts the codes of verdicts that did not accept a reading, ``fps`` is over the
    last frames, ``last_frame`` how long ago one was read; ``outputs`` has standard output as
    ``stdout``, and the others by the names of their tables in the configuration.
    """

    version: str
    pid: int
    uptime: float
    state: str
    frames: int
    fps: float
    last_frame: float | None
    readings: tuple[Shown, ...]
    verdicts: dict[Verdicts, int]
    rejected: dict[str, int]
    camera: CameraState
    outputs: dict[str, OutputState]
    model: ModelState
    reloads: int
    memory: int
    watchdog: float | None
