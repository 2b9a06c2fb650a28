"""The log is one line an event, marked for the journal where it goes there, and never a flood."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standin import Clock
from tinydigits.__main__ import main
from tinydigits.journal import CALM_SECONDS, CalmHandler, OneLineFormatter, one_line


@pytest.fixture
def clock() -> Clock:
    """The time."""
    return Clock()


@pytest.fixture
def told() -> io.StringIO:
    """What is told."""
    return io.StringIO()


@pytest.fixture
def handler(clock: Clock, told: io.StringIO) -> CalmHandler:
    """A handler of the log."""
    handler = CalmHandler(clock)
    handler.setFormatter(OneLineFormatter("name"))
    handler.setStream(told)
    return handler


@pytest.fixture
def log(handler: CalmHandler) -> Iterator[logging.Logger]:
    """A log that it handles."""
    log = logging.getLogger("test_journal")
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    yield log
    log.removeHandler(handler)


def lines(told: io.StringIO) -> list[str]:
    """What has been told since this was asked last."""
    text = told.getvalue()
    told.seek(0)
    told.truncate()
    return text.splitlines()


def test_repeats(log: logging.Logger, clock: Clock, told: io.StringIO) -> None:
    """What repeats is told once in ten minutes, and with how often it came."""
    for _ in range(42):
        log.warning("no frames: %s", "it broke")
        clock.now += 10
    assert lines(told) == ["name: no frames: it broke"]
    clock.now += CALM_SECONDS
    log.warning("no frames: %s", "it broke")
    assert lines(told) == ["name: no frames: it broke (the same 41 times more in 17 min)"]
    clock.now += CALM_SECONDS
    log.warning("no frames: %s", "it broke")
    assert lines(told) == ["name: no frames: it broke"]


def test_numbers_differ(log: logging.Logger, told: io.StringIO) -> None:
    """Messages that differ in a number alone are the same; those about other things are not."""
    log.info("frames again after %.1f s", 0.5)
    log.info("frames again after %.1f s", 0.7)
    log.info("%s: passed over", "a.png")
    log.info("%s: passed over", "b.png")
    log.info("frames again")
    log.info("100 %")
    assert lines(told) == [
        "name: frames again after 0.5 s",
        "name: a.png: passed over",
        "name: b.png: passed over",
        "name: frames again",
        "name: 100 %",
    ]


def test_finish(log: logging.Logger, handler: CalmHandler, clock: Clock, told: io.StringIO) -> None:
    """At the end what was only counted is told, with its last number."""
    for seconds in (0.5, 0.6, 0.7):
        log.info("frames again after %.1f s", seconds)
        clock.now += 1
    log.info("once")
    lines(told)
    handler.finish()
    assert lines(told) == ["name: frames again after 0.7 s (the same 2 times more in 3 s)"]


def test_other_message_tells_it(log: logging.Logger, clock: Clock, told: io.StringIO) -> None:
    """What was counted is told by whatever is logged after its ten minutes."""
    log.warning("flood")
    log.warning("flood")
    clock.now += CALM_SECONDS
    log.info("news")
    assert lines(told) == [
        "name: flood",
        "name: flood (the same 1 times more in 10 min)",
        "name: news",
    ]


def test_many(log: logging.Logger, handler: CalmHandler, told: io.StringIO) -> None:
    """No more messages are remembered than fit, and none is kept back for that."""
    texts = [f"message {number}" for number in range(500)]
    for text in texts:
        log.info("%s", text)
    assert lines(told) == [f"name: {text}" for text in texts]
    assert len(handler._told) <= 100  # noqa: SLF001  nothing else shows it


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=40), st.data())
def test_nothing_is_lost(texts: list[str], data: st.DataObject) -> None:
    """Every record is told or counted, whatever comes when."""
    clock = Clock()
    stream = io.StringIO()
    handler = CalmHandler(clock)
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.setStream(stream)
    for text in texts:
        clock.now += data.draw(st.sampled_from([0.0, 100.0, CALM_SECONDS]))
        handler.handle(logging.makeLogRecord({"msg": text}))
    handler.finish()
    counts = dict.fromkeys("abc", 0)
    told = lines(stream)
    for line in told:
        text, _, more = line.partition(" (the same ")
        # a count that comes with a later record stands for that one too, one from the end for none
        counts[text] += int(more.split()[0]) if more else 1
    for text in "abc":
        repeats = sum(f"{text} (" in line for line in told)
        assert texts.count(text) - repeats <= counts[text] <= texts.count(text)


@pytest.mark.parametrize(("off", "start"), [(0, "<3>"), (1, "tinydigits: ")])
def test_journal(
    off: int, start: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the journal a line begins with its priority; its name the journal knows. Where standard
    error is another file, it begins with its name.
    """
    status = os.fstat(sys.stderr.fileno())
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino + off}")
    assert main(["run", "--source", "missing"]) == 3
    assert capfd.readouterr().err == f"{start}missing: there is no such file or folder\n"


def test_priorities(
    log: logging.Logger, told: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors, warnings, information and details have the priorities of syslog."""
    monkeypatch.setattr("tinydigits.journal.to_journal", lambda: True)
    log.setLevel(logging.DEBUG)
    for level in ("critical", "error", "warning", "info", "debug"):
        getattr(log, level)(level)
    assert lines(told) == ["<3>critical", "<3>error", "<4>warning", "<6>info", "<7>debug"]


@given(st.text())
def test_one_line(text: str) -> None:
    """No text gets a control code or a second line into the log."""
    line = one_line(text)
    assert line.isprintable()
    assert len(line.splitlines()) <= 1


def test_closed(tmp_path: Path) -> None:
    """Without a standard error nothing is said, whatever the environment claims."""
    command = [sys.executable, "-m", "tinydigits", "run", "--source", "missing"]
    closed = ["sh", "-c", 'exec "$@" 2>&-', "sh", *command]
    environment = {**os.environ, "JOURNAL_STREAM": "1:2"}
    done = subprocess.run(
        closed, stdout=subprocess.PIPE, check=False, cwd=tmp_path, env=environment
    )
    assert (done.returncode, done.stdout) == (3, b"")
