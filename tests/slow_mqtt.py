"""A broker that freezes, is slow, is away for a day or takes no long messages; and many readings.

Run with ``make slow``.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from broker import Listener, Mosquitto, free_port, running, until
from manager import short_folder
from mqtt_device import configured, publishing, seen
from samples import picture_of
from standin import Clock, told
from tinydigits.outputs.mqtt import output as output_module
from tinydigits.outputs.mqtt.bulletin import Bulletin
from tinydigits.outputs.mqtt.output import MqttOutput
from tinydigits.outputs.mqtt.topics import Topics
from tinydigits.outputs.told import Told
from tinydigits.status.tally import memory

VALUE = "tinydigits/frame/value"
READING = "tinydigits/frame/reading"
MIB = 2**20


def feed(output: MqttOutput, frames: Iterator[Told], most: int = 200) -> float:
    """Have frames taken as fast as they are made into messages; returns the longest that took.

    :param most: that wait for that.
    """
    longest = 0.0
    for frame in frames:
        until(lambda: len(output._items) < most)  # noqa: SLF001  no camera is as fast
        began = time.perf_counter()
        output.put(frame)
        longest = max(longest, time.perf_counter() - began)
    until(lambda: not output._items)  # noqa: SLF001
    return longest


def test_ten_thousand(tmp_path: Path) -> None:
    """Ten thousand readings arrive, each once, in their order, none lost."""
    patient = running(tmp_path, "max_queued_messages 0")  # for whoever listens, and is slower
    with patient as broker, Listener(broker.port, "tinydigits/frame/+") as listener:
        with publishing(configured(broker.port, queue=20_000)) as (output, _):
            assert output.wait(10)
            feed(output, (seen(number, str(number)) for number in range(10_000)))
            until(lambda: output.state.waiting == 0, 60)
            assert output.state.dropped == 0
            listener.waits_for(VALUE, b"9999")
        sequences = [json.loads(one)["sequence"] for one in listener.of(READING)]
        assert sequences == list(range(10_000))
        assert list(map(int, listener.of(VALUE))) == list(range(10_000))


def test_frozen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A frozen broker is noticed within two keepalives, and nothing is lost when it goes on."""
    caplog.set_level("INFO")
    with running(tmp_path) as broker:  # noqa: SIM117  a line that is too long
        with publishing(configured(broker.port, keepalive=5)) as (output, _):
            assert output.wait(10)
            feed(output, (seen(number, str(number)) for number in range(100)))
            until(lambda: output.state.waiting == 0)
            broker.freeze()
            frozen = time.monotonic()
            longest = feed(output, (seen(number, str(number)) for number in range(100, 200)))
            assert longest < 0.05
            until(lambda: output.state.trouble, 15)
            assert 5 < time.monotonic() - frozen < 12
            assert output.state.trouble.endswith("it didn't answer for 5 s")
            told(caplog)
            broker.thaw()
            until(lambda: output.state.waiting == 0, 45)
            assert output.state.dropped == 0
            assert [line.partition(" after ")[0] for line in told(caplog)][-1:] == [
                f"mqtt: connected to 127.0.0.1:{broker.port}"
            ]
            with Listener(broker.port, "tinydigits/#", tidy=False) as listener:
                listener.waits_for(VALUE, b"199")


def test_frozen_at_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that takes connections and says nothing is told to be so."""
    monkeypatch.setattr("tinydigits.outputs.mqtt.connection.CONNECT_SECONDS", 2.0)
    with running(tmp_path) as broker:
        broker.freeze()
        with publishing(configured(broker.port)) as (output, _):
            until(lambda: output.state.trouble)
            assert output.state.trouble.endswith("it doesn't answer within 2 s")
            broker.thaw()
            assert output.wait(10)


@contextmanager
def slow_way(port: int, rate: int) -> Iterator[int]:
    """A port from which it takes so long to the other: so many bytes a second, and not one more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def pump(source: socket.socket, sink: socket.socket, rate: int) -> None:
            with suppress(OSError):
                while (data := source.recv(max(1, rate // 20))) and not ended.wait(0.05):
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    here, _ = server.accept()
                    here.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    there = socket.create_connection(("127.0.0.1", port))
                    for pair in ((here, there, rate), (there, here, 10**6)):
                        threading.Thread(target=pump, args=pair, daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield int(server.getsockname()[1])
        ended.set()


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the way's sockets
def test_slow(tmp_path: Path) -> None:
    """Over a slow way the loop waits for nothing, what is too much is counted, the last arrives."""
    with (
        running(tmp_path) as broker,
        slow_way(broker.port, 20_000) as port,
        Listener(broker.port, "tinydigits/frame/+") as listener,
        publishing(configured(port, queue=50, discovery="")) as (output, _),
    ):
        assert output.wait(10)
        longest = feed(output, (seen(number, str(number)) for number in range(3000)), most=10)
        assert longest < 0.05
        assert output.state.waiting <= 50 + 20
        until(lambda: output.state.waiting == 0, 60)
        listener.waits_for(VALUE, b"2999")
        arrived = len(listener.of(VALUE)) + len(listener.of(READING))
        assert arrived + output.state.dropped == 6000
        numbers = [int(one) for one in listener.of(VALUE)]
        assert numbers == sorted(set(numbers))


def test_a_day_away(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """After a day without its broker a device needs no more memory and tells the newest at once."""
    caplog.set_level("INFO")
    clock = Clock()
    broker = Mosquitto(tmp_path)

    def day() -> Iterator[Told]:
        for second in range(86_400):
            clock.now += 1
            yield seen(second, str(second // 900), at=clock.now)

    bulletin = Bulletin("frame", Topics("tinydigits", ["frame"]).regions["frame"], 60, 180, 1000)
    with publishing(configured(broker.port), clock) as (output, _):
        until(lambda: output.state.trouble)
        frames = day()
        made = 0

        def counted(many: int) -> Iterator[Told]:
            nonlocal made
            for _ in range(many):
                frame = next(frames)
                ((reading, verdict),) = frame.pairs()
                made += sum(1 for _ in bulletin.of(frame.result, reading, verdict))
                yield frame

        feed(output, counted(3600))
        before = memory()
        feed(output, counted(86_400 - 3600))
        assert memory() - before < 2 * MIB
        assert output.state.waiting == 1000
        assert output.state.dropped == made - 1000
        assert len(told(caplog)) == 1
        broker.start()
        try:
            with Listener(broker.port, "tinydigits/#", tidy=False) as listener:
                until(lambda: output.state.waiting == 0, 60)
                assert listener.waits_for(VALUE, b"95")
                assert json.loads(listener.waits_for(READING))["sequence"] == 86_399
                assert listener.waits_for("tinydigits/frame/problem") == b"OFF"
            assert output.state.dropped == made - 1000
        finally:
            broker.kill()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_too_long(
    tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A message that a broker closes the connection for is given up, told, and others arrive."""
    monkeypatch.setattr(output_module, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(output_module, "LONGEST_PAUSE", 0.1)
    config = {"version": version, "topic": "d"}  # a description of a device takes 2 kB
    with (
        running(tmp_path, "max_packet_size 1000") as broker,
        Listener(broker.port, "d/frame/+") as listener,
        publishing(configured(broker.port, **config)) as (output, _),
    ):
        output.put(seen(0, "1"))
        listener.waits_for("d/frame/value", b"1")
        until(lambda: any("homeassistant/device/d/config" in line for line in caplog.messages), 30)
        for number in range(50):
            output.put(seen(number, str(number)))
        listener.waits_for("d/frame/value", b"49")
        until(lambda: output.state.waiting == 0)
        assert output.state.dropped == 0


@contextmanager
def program(folder: Path, config: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """The program itself, which reads a picture ten times a second."""
    picture_of("27").save(folder / "27.png")
    file = folder / "my.toml"
    camera = f'[camera]\npath = "{folder}/27.png"\nloop = true\nfps = 10.0\n'
    file.write_text(f'{camera}[daemon]\nruntime = "{folder}"\n{config}')
    process = subprocess.Popen(
        [sys.executable, "-m", "tinydigits", "run", "--config", str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def status(folder: Path) -> dict[str, Any]:
    """What the program tells of itself."""
    with socket.socket(socket.AF_UNIX) as asking, suppress(OSError):
        asking.connect(str(folder / "status.sock"))
        with asking.makefile() as file:
            told: dict[str, Any] = json.loads(file.read())
            return told
    return {"frames": 0}


def test_program(tmp_path: Path) -> None:
    """The program publishes; killed it is offline at once, stopped it says so itself, in time."""
    with running(tmp_path) as broker, Listener(broker.port, "tinydigits/#") as listener:
        config = f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\nrequired = true\n'
        for stop in (signal.SIGKILL, signal.SIGTERM):
            with short_folder() as folder, program(folder, config) as process:
                listener.waits_for("tinydigits/status", b"online")
                listener.waits_for(VALUE, b"27")
                began = time.monotonic()
                process.send_signal(stop)
                listener.waits_for("tinydigits/status", b"offline")
                process.wait(5)
                assert time.monotonic() - began < 2


def test_required(tmp_path: Path) -> None:
    """Where the broker is required and not there, the program ends with exit code 5."""
    config = f'[mqtt]\nhost = "127.0.0.1"\nport = {free_port()}\nrequired = true\n'
    with program(tmp_path, config) as process:
        _, said = process.communicate(timeout=40)
        assert process.returncode == 5
        assert said.splitlines()[-1].endswith(
            "nothing listens there: does the broker run? look at mqtt.host and mqtt.port "
            "(mqtt.required asks for it at the start)"
        )


def test_memory(tmp_path: Path) -> None:
    """With MQTT the program needs little more memory, and stays below what it may need."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}

    def needs(config: str) -> int:
        with short_folder() as folder, program(folder, config, env=environment):
            until(lambda: status(folder)["frames"] > 60, 60)
            found: int = status(folder)["memory"]
            return found

    with running(tmp_path) as broker:
        without = needs("")
        with_mqtt = needs(f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n')
    print(f"memory: {without / MIB:.1f} MiB, with mqtt {with_mqtt / MIB:.1f} MiB")
    assert with_mqtt < 85 * MIB
    assert with_mqtt - without < 15 * MIB
