"""A device that publishes, without a camera and a loop: what it reads is made up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from tinydigits.config import Config, load_config
from tinydigits.errors import UsageError
from tinydigits.frame import Frame
from tinydigits.judge import Status, Verdict
from tinydigits.outputs.mqtt.output import MqttOutput
from tinydigits.outputs.told import Daemon, Told
from tinydigits.reader import FrameReadings, Reading
from tinydigits.status.document import CameraState, Document, ModelState

PICTURE = np.zeros((8, 8), np.uint8)

DOCUMENT = Document(
    version="0.1.0",
    pid=1,
    uptime=12.5,
    state="reading",
    frames=3,
    fps=1.0,
    last_frame=0.1,
    readings=(),
    verdicts={},
    rejected={},
    camera=CameraState("files", "", 0),
    outputs={},
    model=ModelState("pairs", "ab" * 32, None),
    reloads=0,
    memory=60_000_000,
    watchdog=None,
)


@dataclass
class Asked:
    """The running program, which notes what it is asked for."""

    config: Config
    calls: list[Any] = field(default_factory=list)
    model: str = "pairs"

    @property
    def classifier(self) -> Any:
        """The model that reads."""
        return SimpleNamespace(card=SimpleNamespace(name=self.model))

    def document(self) -> Document:
        """How all of it is."""
        return DOCUMENT

    def read_now(self) -> None:
        """Note it."""
        self.calls.append("read_now")

    def confirm(self, region: str, value: Decimal | None = None) -> Decimal:
        """Note it, where it can be that."""
        if value == 666:
            raise UsageError(f"{region}: 666 can't be what it shows")
        self.calls.append((region, value))
        return value or Decimal(1)

    def reload(self) -> None:
        """Note it."""
        self.calls.append("reload")


def configured(port: int = 1, **mqtt: Any) -> Config:
    """The defaults, with a broker on this machine; other tables are given by their names."""
    others = ("region", "sensor", "camera")
    tables: dict[str, Any] = {name: mqtt.pop(name) for name in others if name in mqtt}
    tables["mqtt"] = {"host": "127.0.0.1", "port": port, **mqtt}
    return load_config(changes=tables)


def region(name: str, **keys: Any) -> dict[str, Any]:
    """A region of a configuration."""
    return {"name": name, "corners": [[0, 0], [9, 0], [9, 9], [0, 9]], **keys}


def seen(
    number: int,
    value: str | None = None,
    status: Status = "accepted",
    *,
    at: float | None = None,
    age: float = 0.0,
    name: str = "frame",
    text: str | None = None,
) -> Told:
    """A frame in which a value is read, or none; ``text`` are its digits where they differ."""
    text = text or value or ""
    reading = Reading(name, text, 0.917, status == "rejected", (), ())
    accepted = None if value is None else Decimal(value)
    verdict = Verdict(status, accepted, None if value is None else age, text, (), None)
    moment = time.monotonic() if at is None else at
    frame = Frame(PICTURE, "test", sequence=number)
    result = FrameReadings("test", number, moment, 1795347817.9, (reading,), {})
    return Told(frame, result, (verdict,))


@contextmanager
def publishing(
    config: Config, clock: Callable[[], float] = time.monotonic
) -> Iterator[tuple[MqttOutput, Asked]]:
    """A device at work, and what it is asked for."""
    asked = Asked(config)
    with MqttOutput(config, cast("Daemon", asked), clock) as output:
        yield output, asked
