"""The broker between the devices and who counts what comes through it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections import Counter
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any, Final, Self

from devices import TOPIC, processor_seconds, until
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

SECONDS: Final = 20.0
"""For the broker to start, or to write down what it has and end."""

EXPIRY: Final = 3600
"""Seconds for which the broker keeps messages for who counts, while that is away."""

FIGURES: Final = "$SYS/broker/"

READING: Final = "/reading"

HEAD: Final = 8
"""Bytes of a message beside its topic and what is in it: three of its kind and length, two of the
topic's length, two of its number, one of its properties."""

CONFIGURATION: Final = """
listener {port} 127.0.0.1
allow_anonymous true
user root
persistence true
persistence_location {folder}/
max_queued_messages 0
sys_interval 1
"""
"""What any broker for readings is asked for: that it keeps what it has over a start of its own."""


class Mosquitto:
    """A broker that remembers."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise FileNotFoundError("apt install mosquitto")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        file = folder / "mosquitto.conf"
        file.write_text(CONFIGURATION.format(port=self.port, folder=folder))
        self._command = [program, "-c", str(file)]
        self._log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Run, and listen."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        until("the broker listens", self._listens, SECONDS)

    def stop(self) -> None:
        """End, as for an upgrade: it writes down what it has."""
        if self._process:
            self._process.terminate()
            self._process.wait(SECONDS)
            self._process = None

    def processor_seconds(self) -> float:
        """That it has taken since its start."""
        assert self._process
        return processor_seconds(self._process.pid)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Listener:
    """Somebody for whom the broker keeps what comes while the connection is away.

    ``heard`` counts each reading, by the device's name and the number of the frame, ``again`` how
    many of them were marked as sent before; ``messages`` counts all that devices publish, ``size``
    the bytes of those with readings; ``figures`` are the broker's own.
    """

    def __init__(self, port: int) -> None:
        self.heard: Counter[tuple[str, int]] = Counter()
        self.again = 0
        self.messages = 0
        self.size = 0
        self.figures: dict[str, float] = {}
        self.connections = 0
        self._port = port
        self._subscribed = Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, "listener", protocol=paho.MQTTv5)
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._hear
        self._client.reconnect_delay_set(1, 1)

    def __enter__(self) -> Self:
        kept = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
        kept.SessionExpiryInterval = EXPIRY
        self._client.connect("127.0.0.1", self._port, clean_start=False, properties=kept)
        self._client.loop_start()
        if not self._subscribed.wait(SECONDS):
            raise TimeoutError("the broker doesn't answer who listens")
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(
        self, client: paho.Client, _: object, flags: paho.ConnectFlags, *__: object
    ) -> None:
        self.connections += 1
        if not flags.session_present:
            client.subscribe([(f"{TOPIC}/#", 1), (f"{FIGURES}#", 0)])

    def _hear(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        if message.topic.startswith(FIGURES):
            with suppress(ValueError):  # some are words
                self.figures[message.topic.removeprefix(FIGURES)] = float(message.payload)
            return
        self.messages += 1
        if message.topic.endswith(READING):
            device = message.topic.split("/")[1]
            told: dict[str, Any] = json.loads(message.payload)
            self.heard[device, told["sequence"]] += 1
            self.again += message.dup
            self.size += HEAD + len(message.topic) + len(message.payload)
