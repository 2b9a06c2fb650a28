"""Messages that ask for something are obeyed; whatever else comes does no harm."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mqtt_device import Asked, configured
from standin import told
from tinydigits.outputs.mqtt.commands import Commands
from tinydigits.outputs.mqtt.topics import Topics
from tinydigits.outputs.told import Daemon

TOPICS = Topics("t", ["a", "b"])


def obeyed(*messages: tuple[str, bytes]) -> list[object]:
    """What comes of messages."""
    asked = Asked(configured())
    commands = Commands(TOPICS, cast("Daemon", asked))
    for topic, payload in messages:
        commands.obey(topic, payload, retained=False)
    return asked.calls


def test_obeyed() -> None:
    """A reading at once, a value confirmed as it was last read, and another one."""
    assert obeyed(
        ("t/command", b"read_now"),
        ("t/a/command", b"confirm"),
        ("t/b/command", b" confirm  00472.1\n"),
        ("t/b/command", b"confirm -3"),
    ) == ["read_now", ("a", None), ("b", Decimal("472.1")), ("b", Decimal(-3))]


@given(st.sampled_from(["t/command", "t/a/command", "t/x/command"]), st.binary(max_size=2000))
@example("t/a/command", b"confirm 1e9999999")
@example("t/a/command", b"confirm NaN")
@example("t/a/command", b"confirm " + b"9" * 100_000)
@example("t/a/command", b"confirm 1;read_now")
@example("t/a/command", b"read_now")
@example("t/command", b"confirm")
def test_garbage(topic: str, payload: bytes) -> None:
    """Nothing comes of garbage."""
    if payload.strip() not in (b"confirm", b"read_now") or topic == "t/x/command":
        calls = obeyed((topic, payload))
        assert all(isinstance(call, tuple) and b"confirm" in payload for call in calls)


def test_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """It is told once, in one line, however much comes."""
    assert obeyed(*(("t/a/command", b"\x1b[2Jgarbage %d" % number) for number in range(9))) == []
    (line,) = told(caplog)
    assert line.startswith("mqtt: no command, like others to come: t/a/command: ")
    assert len(line) < 200
