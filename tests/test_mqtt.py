"""What is read arrives at a real broker, whatever happens to it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker import Listener, Mosquitto, running, until, write_password
from mqtt_device import configured, publishing, region, seen
from standin import told
from tinydigits.outputs.mqtt import output as output_module


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """One for all tests that don't harm it."""
    with running(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Mosquitto]:
    """One that a test may kill."""
    with running(tmp_path) as broker:
        yield broker


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody wants to wait, nor to know of what is well unless it is asked for."""
    caplog.set_level("WARNING")
    monkeypatch.setattr(output_module, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(output_module, "LONGEST_PAUSE", 0.2)


def test_published(broker: Mosquitto) -> None:
    """A reading is told as JSON, the value it confirms as a plain number, all of it kept."""
    with Listener(broker.port) as listener:
        with publishing(configured(broker.port)) as (output, _):
            assert output.wait(10)
            output.put(seen(7, "00472.100"))
            assert listener.waits_for("tinydigits/frame/value") == b"472.100"
            assert listener.waits_for("tinydigits/frame/problem") == b"OFF"
            assert listener.waits_for("tinydigits/status") == b"online"
            reading = json.loads(listener.waits_for("tinydigits/frame/reading"))
        listener.waits_for("tinydigits/status", b"offline")
        assert reading == {
            "wall": 1795347817.9,
            "sequence": 7,
            "region": "frame",
            "text": "00472.100",
            "confidence": 0.917,
            "rejected": False,
            "reasons": [],
            "verdict": {
                "status": "accepted",
                "value": 472.1,
                "age": 0.0,
                "text": "00472.100",
                "reasons": [],
                "event": None,
            },
        }
        kept = {f"tinydigits/frame/{topic}" for topic in ("value", "reading", "problem")}
        with Listener(broker.port, "tinydigits/#") as late:
            until(lambda: {one.topic for one in late.heard if one.kept} >= kept)


def test_old_protocol(broker: Mosquitto) -> None:
    """MQTT 3.1.1 does as well."""
    config = configured(broker.port, version="3.1.1")
    with Listener(broker.port) as listener, publishing(config) as (output, _):
        output.put(seen(0, "1"))
        assert listener.waits_for("tinydigits/frame/value") == b"1"


def test_will(broker: Mosquitto) -> None:
    """Where the device dies the broker says that it is offline."""
    with Listener(broker.port) as listener, publishing(configured(broker.port)) as (output, _):
        listener.waits_for("tinydigits/status", b"online")
        connection = output._connection  # noqa: SLF001  the operating system would close it
        assert connection
        connection.drop()
        output.put(seen(0, "1"))
        until(lambda: listener.of("tinydigits/status") == [b"online", b"offline", b"online"])


def test_down_at_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A broker that comes later is told all that was read before; that it was away is told once."""
    caplog.set_level("INFO")
    broker = Mosquitto(tmp_path)
    with publishing(configured(broker.port)) as (output, _):
        for number in range(20):
            output.put(seen(number, str(number)))
        until(lambda: output.state.waiting == 40)
        until(lambda: output.state.trouble)
        assert not output.wait(0.3)
        assert output.state.trouble == (
            f"127.0.0.1:{broker.port}: nothing listens there: does the broker run? "
            "look at mqtt.host and mqtt.port"
        )
        assert told(caplog) == [f"mqtt: {output.state.trouble}"]
        broker.start()
        try:
            with Listener(broker.port, "tinydigits/frame/value", tidy=False) as listener:
                assert listener.waits_for("tinydigits/frame/value", b"19")
            until(lambda: output.state.waiting == 0)
            assert output.state.dropped == 0
            assert output.state.trouble == ""
            (line,) = told(caplog)
            assert line.startswith(f"mqtt: connected to 127.0.0.1:{broker.port} after ")
        finally:
            broker.kill()


def test_killed(own: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    """Over the death of a broker nothing is lost, and what is sent again is in its order."""
    caplog.set_level("INFO")
    heard: list[int] = []
    with publishing(configured(own.port, discovery="")) as (output, _):
        assert output.wait(10)
        for life in range(3):
            with Listener(own.port, "tinydigits/frame/value", tidy=False) as listener:
                for number in range(200 * life, 200 * life + 150):
                    output.put(seen(number, str(number)))
                listener.waits_for("tinydigits/frame/value", b"%d" % number)
                heard += map(int, listener.of("tinydigits/frame/value"))
            own.kill()
            for number in range(200 * life + 150, 200 * life + 200):
                output.put(seen(number, str(number)))
            own.start()
        with Listener(own.port, "tinydigits/frame/value", tidy=False) as listener:
            output.put(seen(600, "600"))
            listener.waits_for("tinydigits/frame/value", b"600")
            until(lambda: output.state.waiting == 0)
            assert output.state.dropped == 0
    lines = told(caplog)
    assert sum("connected to" in line for line in lines) == 4
    assert sum("it closed the connection" in line for line in lines) == 3
    assert set(heard) >= {n for n in range(550) if n % 200 < 150}


def test_forgetful(own: Mosquitto) -> None:
    """A broker that kept nothing is told the newest of everything."""
    topics = {
        f"tinydigits/frame/{topic}" for topic in ("value", "reading", "problem", "diagnostics")
    }
    topics |= {"tinydigits/status", "tinydigits/diagnostics"}
    with publishing(configured(own.port)) as (output, _):
        assert output.wait(10)
        output.put(seen(0, "41"))
        output.put(seen(1, "42"))
        until(lambda: output.state.waiting == 0)
        own.kill()
        own.start()
        with Listener(own.port, "tinydigits/#", tidy=False) as listener:
            until(lambda: {one.topic for one in listener.heard} == topics)
            assert listener.of("tinydigits/frame/value") == [b"42"]


def test_home_assistant_returns(broker: Mosquitto) -> None:
    """When Home Assistant says that it is back it is told everything again."""
    with Listener(broker.port) as listener, publishing(configured(broker.port)) as (output, _):
        output.put(seen(0, "41"))
        listener.waits_for("tinydigits/frame/value")
        before = len(listener.of("homeassistant/device/tinydigits/config"))
        listener.say("homeassistant/status", b"online")
        until(lambda: len(listener.of("homeassistant/device/tinydigits/config")) > before)
        until(lambda: listener.of("tinydigits/frame/value") == [b"41", b"41"])
        listener.say("homeassistant/status", b"offline")
        listener.say("homeassistant/status", b"\xff")
        listener.say("tinydigits/command", b"read_now")  # the last to be heard
        assert len(listener.of("homeassistant/device/tinydigits/config")) == before + 1


def test_commands(broker: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    """What is asked for is done; what is kept is no command, and garbage is told once."""
    config = configured(broker.port, region=[region("main counter")])
    with Listener(broker.port) as listener:
        listener.say("tinydigits/main%20counter/command", b"confirm 99", retain=True)
        with publishing(config) as (output, asked):
            assert output.wait(10)
            listener.say("tinydigits/command", b"read_now")
            listener.say("tinydigits/main%20counter/command", b"confirm")
            for garbage in (b"", b"\xff\0", b"confirm 1e9", b"x" * 100_000, b"confirm 1.2.3"):
                listener.say("tinydigits/main%20counter/command", garbage)
                listener.say("tinydigits/nobody/command", garbage)
                listener.say("tinydigits/command", garbage)
            listener.say("tinydigits/main%20counter/command", b"confirm 666")
            listener.say("tinydigits/main%20counter/command", b"confirm 00472.1\n")
            until(lambda: len(asked.calls) == 3)
            assert [str(call) for call in asked.calls] == [
                "read_now",
                "('main counter', None)",
                "('main counter', Decimal('472.1'))",
            ]
    first, refused = told(caplog)
    assert first == (
        "mqtt: no command, like others to come: tinydigits/main%20counter/command: "
        "it was published to be kept (retain): commands must not be"
    )
    assert refused == "mqtt: not confirmed: main counter: 666 can't be what it shows"


def test_regions_that_went(broker: Mosquitto) -> None:
    """What was told of a region that is no more is deleted, and Home Assistant forgets it."""
    old = configured(broker.port, region=[region("a"), region("b/c")])
    with Listener(broker.port) as listener:
        with publishing(old) as (output, _):
            output.put(seen(0, "1", name="b/c"))
            listener.waits_for("tinydigits/b%2Fc/diagnostics")
        with publishing(configured(broker.port, region=[region("a")])) as (output, _):
            for topic in ("value", "reading", "problem", "diagnostics"):
                listener.waits_for(f"tinydigits/b%2Fc/{topic}", b"")
        for _ in range(2):  # once told, so it stays
            told_last = json.loads(listener.of("homeassistant/device/tinydigits/config")[-1])
            assert told_last["components"]["b_2fc__value"] == {"platform": "sensor"}
            assert told_last["components"]["b_2fc__confirm"] == {"platform": "button"}
            assert len(told_last["components"]["a__value"]) > 1
            with publishing(configured(broker.port, region=[region("a")])):
                listener.waits_for("tinydigits/status", b"online")


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_wrong_password(tmp_path: Path, version: str, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong password names the keys to look at, once, and is none after it was mended."""
    passwords, mine = tmp_path / "passwords", tmp_path / "mine"
    write_password(passwords, "meter", "right")
    mine.write_text("wrong\n")
    with running(tmp_path, "allow_anonymous false", f"password_file {passwords}") as broker:
        config = configured(broker.port, user="meter", password=str(mine), version=version)
        with publishing(config) as (output, _):
            until(lambda: output.state.trouble)
            assert not output.wait(0.3)
            (line,) = told(caplog)
            assert line == (
                f"mqtt: 127.0.0.1:{broker.port}: it refuses the user 'meter': look at mqtt.user, "
                f"and at the password in {mine}, which mqtt.password names"
            )
            mine.write_text("right\n")
            assert output.wait(10)
        with publishing(configured(broker.port, version=version)) as (output, _):
            until(lambda: output.state.trouble)
            assert output.state.trouble.endswith(
                "it wants to know who this is: write mqtt.user and mqtt.password"
            )


def test_forbidden(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What a broker doesn't let this device publish is told once, and the rest arrives."""
    rules = tmp_path / "rules"
    rules.write_text("topic readwrite tinydigits/#\n")
    with running(tmp_path, f"acl_file {rules}") as broker, Listener(broker.port) as listener:
        with publishing(configured(broker.port)) as (output, _):
            for number in range(5):
                output.put(seen(number, str(number)))
            listener.waits_for("tinydigits/frame/value", b"4")
            until(lambda: output.state.trouble)
            assert output.state.trouble == (
                f"127.0.0.1:{broker.port}: it won't let this device at "
                "homeassistant/device/tinydigits/config: Not authorized"
            )
            assert output.state.dropped == 0
        assert told(caplog) == [f"mqtt: {output.state.trouble}"]


def test_taken_over(broker: Mosquitto) -> None:
    """Two programs of one name are told so, and don't fight for it without a pause."""
    with publishing(configured(broker.port, client_id="me")) as (first, _):
        assert first.wait(10)
        with publishing(configured(broker.port, client_id="me")) as (second, _):
            until(lambda: "does another program call itself me?" in first.state.trouble)
            assert second.wait(10)


def test_leaving(tmp_path: Path) -> None:
    """Leaving takes less than half a second, whatever the broker does."""
    with running(tmp_path) as broker:
        for number, harm in enumerate((lambda: None, broker.freeze, broker.kill)):
            with publishing(configured(broker.port, client_id=f"c{number}")) as (output, _):
                assert output.wait(10)
                harm()
                for _ in range(100):
                    output.put(seen(0, "1"))
                began = time.monotonic()
            assert time.monotonic() - began < 0.5
            if harm == broker.freeze:
                broker.thaw()


def test_leaving_in_a_hanging_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """So it does where the system looks for the broker's name and doesn't come back."""
    looked, found = threading.Event(), threading.Event()

    def look(*_: object, **__: object) -> None:
        looked.set()
        found.wait(10)
        raise OSError("nobody is there")

    monkeypatch.setattr(socket, "create_connection", look)
    with publishing(configured()) as (output, _):
        assert looked.wait(10)
        output.put(seen(0, "1"))
        began = time.monotonic()
    assert time.monotonic() - began < 0.5
    found.set()
    output._thread.join(10)  # noqa: SLF001  it must not outlive the test
    assert not output._thread.is_alive()  # noqa: SLF001


def test_put(broker: Mosquitto) -> None:
    """The loop gets rid of a frame in microseconds."""
    frame = seen(0, "1")
    with publishing(configured(broker.port)) as (output, _):
        took = []
        for _ in range(1000):
            began = time.perf_counter()
            output.put(frame)
            took.append(time.perf_counter() - began)
    assert sorted(took)[500] < 100e-6


def test_restarts(own: Mosquitto) -> None:
    """A broker that is started again and again is not taken for two programs of one name."""
    with publishing(configured(own.port)) as (output, _):
        for _ in range(4):
            assert output.wait(10)
            own.kill()
            until(lambda: "nothing listens there" in output.state.trouble)
            own.start()
            assert "another program" not in output.state.trouble
