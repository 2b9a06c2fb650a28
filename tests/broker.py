"""A real Mosquitto that can be killed, frozen and started anew, and who listens to it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

SECONDS: Final = 15.0
"""For anything to happen that should; a loaded machine is slow."""


def until(condition: Callable[[], Any], seconds: float = SECONDS) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it didn't happen in time"
        time.sleep(0.005)


def free_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto:
    """A broker on this machine, for anybody where the lines of its configuration don't say else."""

    def __init__(self, folder: Path, *lines: str) -> None:
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            pytest.skip("apt install mosquitto")
        self.port = free_port()
        file = folder / f"mosquitto-{self.port}.conf"
        allowed = [] if any("allow_anonymous" in line for line in lines) else ["true"]
        file.write_text(
            "\n".join(
                [
                    "per_listener_settings false",
                    f"listener {self.port} 127.0.0.1",
                    "user root",  # else it can't read what is in a test's folder
                    *(f"allow_anonymous {word}" for word in allowed),
                    *lines,
                ]
            )
        )
        self._line = [program, "-c", str(file)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Run, and listen."""
        self._process = subprocess.Popen(
            self._line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._listens)
        return self

    def kill(self) -> None:
        """End at once, as in a power cut."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Do nothing any more, with all connections open."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def running(folder: Path, *lines: str) -> Iterator[Mosquitto]:
    """A broker, while it is needed."""
    broker = Mosquitto(folder, *lines)
    try:
        yield broker.start()
    finally:
        broker.kill()


class Heard(NamedTuple):
    """A message; ``kept`` is whether the broker had it from before."""

    topic: str
    payload: bytes
    kept: bool


class Listener:
    """Another program at the broker, which hears everything and says something now and then."""

    def __init__(
        self, port: int, topics: str = "#", *, tidy: bool = True, user: str | None = None
    ) -> None:
        self.heard: list[Heard] = []
        self._topics = topics
        self._ready = threading.Event()
        self._tidy = tidy
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(user)
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._hear
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)

    def __enter__(self) -> Self:
        self._client.loop_start()
        assert self._ready.wait(SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        for topic in {one.topic for one in self.heard} if self._tidy else ():
            self.say(topic, b"", retain=True)
        self._client.disconnect()
        self._client.loop_stop()

    def _subscribe(self, *_: object) -> None:
        self._client.subscribe(self._topics, 1)

    def _hear(self, _: object, __: object, message: paho.MQTTMessage) -> None:
        self.heard.append(Heard(message.topic, bytes(message.payload), message.retain))

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish something."""
        self._client.publish(topic, payload, 1, retain).wait_for_publish(SECONDS)

    def of(self, topic: str) -> list[bytes]:
        """What was heard of a topic so far."""
        return [one.payload for one in list(self.heard) if one.topic == topic]

    def waits_for(self, topic: str, payload: bytes | None = None) -> bytes:
        """The last that is heard of a topic, once there is something, or this."""
        until(lambda: self.of(topic)[-1:] == [payload] if payload is not None else self.of(topic))
        return self.of(topic)[-1] if payload is None else payload


def write_password(file: Path, user: str, password: str) -> None:
    """What Mosquitto's password_file is."""
    program = shutil.which("mosquitto_passwd")
    assert program
    subprocess.run([program, "-b", "-c", file, user, password], check=True)


def certificates(folder: Path) -> dict[str, Path]:
    """Keys and certificates of an authority, a broker at localhost, a device, and a stranger."""
    files: dict[str, Path] = {}
    program = shutil.which("openssl")
    assert program

    def make(name: str, *more: str) -> None:
        files[name], files[f"{name}-key"] = folder / f"{name}.pem", folder / f"{name}-key.pem"
        options = (
            f"-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name}"
        )
        places = ["-keyout", str(files[f"{name}-key"]), "-out", str(files[name])]
        subprocess.run(
            [program, "req", *options.split(), *places, *more], check=True, capture_output=True
        )

    def signed(name: str, *more: str) -> None:
        signer = ("-CA", str(files["ca"]), "-CAkey", str(files["ca-key"]))
        make(name, *signer, "-addext", "basicConstraints=critical,CA:FALSE", *more)

    make("ca")
    make("stranger")
    signed("broker", "-addext", "subjectAltName=DNS:localhost")
    signed("device")
    return files
