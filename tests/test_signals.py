"""A signal wakes whoever waits for the next frame, and a program that hangs ends all the same."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from tinydigits import signals as module
from tinydigits.signals import RELOAD_SIGNALS, STOP_SIGNALS, Call, Signals

TERM = bytes([signal.SIGTERM])
HUP = bytes([signal.SIGHUP])
OTHER = bytes([signal.SIGUSR1])


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_stop(number: signal.Signals) -> None:
    """A real signal to stop wakes the wait, and goes on doing so; other bytes are no reason to."""
    with Signals() as signals:
        assert signals.wait() is None
        signals.sender.send(OTHER)
        assert signals.wait(0.01) is None
        os.kill(os.getpid(), number)
        assert [signals.wait(600), signals.wait(600)] == [Call.STOP, Call.STOP]


def test_reload() -> None:
    """A signal to reload wakes the wait once, however many came, and stopping goes before it."""
    with Signals() as signals:
        os.kill(os.getpid(), signal.SIGHUP)
        assert signals.wait(600) is Call.RELOAD
        signals.sender.send(HUP + HUP)
        assert [signals.wait(600), signals.wait()] == [Call.RELOAD, None]
        signals.sender.send(HUP + TERM)
        assert signals.wait(600) is Call.STOP


def test_restored() -> None:
    """When it is over, signals do again what they did before."""
    numbers = (*STOP_SIGNALS, *RELOAD_SIGNALS)
    before = [signal.getsignal(number) for number in numbers]
    with Signals():
        assert [signal.getsignal(number) for number in numbers] != before
    assert [signal.getsignal(number) for number in numbers] == before
    assert signal.set_wakeup_fd(-1) == -1


@pytest.fixture
def forced(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when the end is forced, which is soon here."""
    monkeypatch.setattr(module, "STOP_SECONDS", 0.05)
    return threading.Event()


@pytest.mark.parametrize("noticed", [True, False])
def test_forced(noticed: bool, forced: threading.Event) -> None:  # noqa: FBT001
    """A program that was told to stop and doesn't is ended, whether it noticed or not."""
    with Signals(forced.set) as signals:
        signals.sender.send(OTHER + TERM)
        if noticed:
            assert signals.wait() is Call.STOP
        assert forced.wait(10)


def test_not_forced(forced: threading.Event) -> None:
    """A program that wasn't told to stop goes on, and one that stops in time isn't forced."""
    with Signals(forced.set) as signals:
        signals.sender.send(OTHER + HUP)
        time.sleep(0.1)
        assert signals.wait() is Call.RELOAD
        signals.sender.send(TERM)
    assert not forced.wait(0.1)


def test_no_thread_left(forced: threading.Event) -> None:
    """The thread that sees to it is gone soon after."""
    before = threading.active_count()
    with Signals(forced.set):
        pass
    until = time.monotonic() + 10
    while threading.active_count() > before:
        assert time.monotonic() < until
        time.sleep(0.001)
