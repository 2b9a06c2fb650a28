"""Outputs are told of every frame, and nothing that goes wrong in one reaches the loop."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any, Self, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from standin import told as logged
from tinydigits.config import Config, load_config
from tinydigits.errors import OutputError
from tinydigits.frame import Frame
from tinydigits.outputs.backlog import Backlog
from tinydigits.outputs.kinds import Kind
from tinydigits.outputs.outputs import Outputs
from tinydigits.outputs.told import Daemon, Told
from tinydigits.reader import FrameReadings
from tinydigits.status.document import OutputState

FRAME = Frame(np.zeros((8, 8), np.uint8), "test")
TOLD = Told(FRAME, FrameReadings("test", 0, 0.0, 0.0, (), {}), ())


@dataclass
class Noted:
    """An output that notes what is done with it, and fails where it is told to."""

    fails: str = ""
    reachable: bool = True
    calls: list[str] = field(default_factory=list)
    state: OutputState = field(default_factory=lambda: OutputState(0, 0, "nobody is there"))

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if call == self.fails:
            raise RuntimeError(call)

    def __enter__(self) -> Self:
        self._note("enter")
        return self

    def __exit__(self, *_: object) -> None:
        self._note("exit")

    def put(self, _: Told) -> None:
        """Take it."""
        self._note("put")

    def wait(self, _: float) -> bool:
        """Whether it is there."""
        self._note("wait")
        return self.reachable


def configured(**history: Any) -> Config:
    """A configuration with a history, that stands for any table."""
    return load_config(changes={"history": history})


def kind(output: Noted, **more: Any) -> Kind:
    """A kind of output that goes by the table of the history, of which there is one."""
    return Kind(
        is_asked=lambda config: bool(config.history.file),
        goes_by=lambda config: config.history,
        make=lambda *_: output,
        **more,
    )


DAEMON = cast("Daemon", None)


def test_told() -> None:
    """An output that is asked for is entered, told of frames, and left."""
    output = Noted()
    with Outputs(configured(file="a"), DAEMON, {"history": kind(output)}) as outputs:
        outputs.put(TOLD)
        assert outputs.states() == {"history": output.state}
    assert output.calls == ["enter", "put", "exit"]


def test_off() -> None:
    """An output that nobody asked for is not even made."""
    with Outputs(configured(), DAEMON, {"history": kind(Noted())}) as outputs:
        outputs.put(TOLD)
        assert outputs.states() == {}


@pytest.mark.parametrize("call", ["enter", "put", "exit"])
def test_mistakes(call: str, caplog: pytest.LogCaptureFixture) -> None:
    """A mistake in an output is told, and the others go on."""
    bad, good = Noted(fails=call), Noted()
    kinds = {"history": kind(bad), "other": kind(good)}
    with Outputs(configured(file="a"), DAEMON, kinds) as outputs:
        outputs.put(TOLD)
    assert good.calls == ["enter", "put", "exit"]
    assert logged(caplog) == [f"history: unexpected RuntimeError: {call}"]


def test_required() -> None:
    """Where the configuration requires an output that can't be reached, the program ends."""
    absent, present = Noted(reachable=False), Noted()
    required = {"mqtt": kind(absent, is_required=lambda _: True), "other": kind(present)}
    with (
        pytest.raises(OutputError, match=r"mqtt: nobody is there \(mqtt.required asks"),
        Outputs(configured(file="a"), DAEMON, required),
    ):
        pass
    assert absent.calls == ["enter", "wait", "exit"]
    assert present.calls == ["enter", "exit"]


def test_change() -> None:
    """At a reload an output whose table changed gives way to a new one, and others go on."""
    first, second, other = Noted(), Noted(), Noted()
    made = iter([first, second])
    kinds = {
        "history": Kind(
            is_asked=lambda config: bool(config.history.file),
            goes_by=lambda config: config.history,
            make=lambda *_: next(made),
        ),
        "other": Kind(lambda _: True, lambda _: None, lambda *_: other),
    }
    with Outputs(configured(file="a"), DAEMON, kinds) as outputs:
        for file in ("a", "b", ""):
            config = configured(file=file)
            outputs.change(config, outputs.prepared(config))
            outputs.put(TOLD)
    assert first.calls == ["enter", "put", "exit"]
    assert second.calls == ["enter", "put", "exit"]
    assert other.calls == ["enter", "put", "put", "put", "exit"]


@pytest.mark.parametrize("fails", ["", "exit"])
def test_lost_at_a_change(fails: str) -> None:
    """What an output has lost, and what waits when it gives way, counts as lost from then on."""
    states = (OutputState(3, 2, ""), OutputState(4, 1, "away"), OutputState(0, 0, ""))
    made = iter([Noted(fails=fails, state=state) for state in states])
    kinds = {"history": replace(kind(Noted()), make=lambda *_: next(made))}
    with Outputs(configured(file="a"), DAEMON, kinds) as outputs:
        shown = [outputs.states()["history"]]
        for file in ("b", "", "c"):
            config = configured(file=file)
            outputs.change(config, outputs.prepared(config))
            shown += outputs.states().values()
    assert shown == [OutputState(3, 2, ""), OutputState(4, 6, "away"), OutputState(0, 10, "")]


def test_change_of_a_file() -> None:
    """At a reload an output also gives way where a file that it goes by is another one by then."""
    first, second, mark = Noted(), Noted(), ["old"]
    made = iter([first, second])
    kinds = {"other": Kind(lambda _: True, lambda _: mark[0], lambda *_: next(made))}
    config = configured()
    with Outputs(config, DAEMON, kinds) as outputs:
        for mark[0] in ("old", "new", "new"):
            outputs.change(config, outputs.prepared(config))
            outputs.put(TOLD)
    assert first.calls == ["enter", "put", "exit"]
    assert second.calls == ["enter", "put", "put", "exit"]


@given(st.lists(st.integers()), st.integers(1, 10))
def test_backlog(items: list[int], most: int) -> None:
    """A backlog keeps the newest in their order, and counts what made room."""
    backlog: Backlog[int] = Backlog(most)
    for item in items:
        backlog.put(item)
    assert backlog.dropped == max(0, len(items) - most)
    backlog.close()
    taken = [backlog.take() for _ in range(len(backlog))]
    assert taken == items[-most:]
    assert backlog.take() is None


def test_backlog_waits() -> None:
    """Who takes from a backlog waits for what comes, as long as it wants to or until the end."""
    backlog: Backlog[str] = Backlog(3)
    began = time.monotonic()
    assert backlog.take(0.05) is None
    assert time.monotonic() - began >= 0.05
    threading.Timer(0.05, backlog.put, ["came"]).start()
    assert backlog.take(30) == "came"
    threading.Timer(0.05, backlog.close).start()
    assert backlog.take() is None
    assert backlog.closed
