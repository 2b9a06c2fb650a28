"""The file of a history: what it forgets, by which clock, and what may go wrong with it."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from folders import closed
from pasts import BEGAN, LIMITS, keep, output, past, sqlite, told, until
from standin import told as logged
from tinydigits.clock import wall_offset
from tinydigits.config import load_config
from tinydigits.errors import ConfigError, DataError
from tinydigits.history import read_past
from tinydigits.outputs import history, history_file
from tinydigits.outputs.history import HistoryOutput
from tinydigits.outputs.history_file import HistoryFile, Kept
from tinydigits.outputs.retention import LOG_BYTES, RESERVE, Limits

# what is forgotten


def test_days(tmp_path: Path) -> None:
    """What is older than so many days is forgotten, a hundred readings with each write."""
    path = tmp_path / "history.db"
    keep(path, *(past(second * 864) for second in range(1000)))  # over ten days
    limits = Limits(days=5.0, max_bytes=LIMITS.max_bytes)
    newest = Kept(past(864_000), wall_offset())
    with HistoryFile(path, limits, wall=lambda: BEGAN + 10 * 86_400) as file:
        file.write([newest])
        assert len(read_past(path)) == 1000 + 1 - 102
        for _ in range(5):
            file.write([])
    found = read_past(path)
    assert found[0].wall == BEGAN + 5 * 86_400
    assert found[1:] == [past(second * 864) for second in range(501, 1000)] + [newest.past]


def test_bytes(tmp_path: Path) -> None:
    """All files together stay within their size, the oldest readings make room, and it shrinks."""
    path = tmp_path / "history.db"

    def size() -> int:
        return sum(file.stat().st_size for file in tmp_path.glob("history.db*"))

    def write(file: HistoryFile, batch: int) -> None:
        numbers = range(500 * batch, 500 * (batch + 1))
        file.write([Kept(past(number, reason="r" * 100), ahead) for number in numbers])

    ahead = wall_offset()
    wide, tight = Limits(400.0, 3_000_000), Limits(400.0, 2_000_000)
    with HistoryFile(path, wide) as file:
        for batch in range(40):
            write(file, batch)
            assert size() <= wide.max_bytes
        assert size() > 0.6 * wide.max_bytes
        found = read_past(path)
    assert found[-1].wall == BEGAN + 40 * 500 - 1
    assert 5000 < len(found) == len({one.wall for one in found})
    assert found[0].wall == BEGAN + 40 * 500 - len(found)  # without a gap
    with HistoryFile(path, tight) as file:
        for batch in range(40, 60):
            write(file, batch)
        assert size() <= tight.max_bytes
    assert path.stat().st_size < wide.max_bytes - RESERVE


def test_long_readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer are written at a time where they are long, so that no batch is beyond the size."""
    sizes, write = [], HistoryFile.write

    def noted(file: HistoryFile, batch: Sequence[Kept]) -> None:
        write(file, batch)
        sizes.append(sum(file.stat().st_size for file in tmp_path.glob("history.db*")))

    monkeypatch.setattr(HistoryFile, "write", noted)
    with output(tmp_path / "history.db", max_bytes=2_000_000) as running:
        for number in range(10 * history.BATCH):
            reason = f"unsure: {'r' * 500}"
            running.put(told(past(number, text="5" * 500, status="rejected", reason=reason)))
            if number % history.BATCH == 0:
                until(lambda: not running.state.waiting)
        until(lambda: not running.state.waiting)
    assert 1_500_000 < max(sizes) <= 2_000_000


def test_log(tmp_path: Path) -> None:
    """The log is emptied again and again; after the end there is none."""
    path = tmp_path / "history.db"
    log = tmp_path / "history.db-wal"
    ahead = wall_offset()
    with HistoryFile(path, LIMITS) as file:
        for number in range(500):
            file.write([Kept(past(number), ahead)])
            assert log.stat().st_size < 2 * LOG_BYTES
    assert not log.exists()
    assert len(read_past(path)) == 500


def test_endless_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another program reads without an end the log stops growing, and it is told why."""
    monkeypatch.setattr(history_file, "MOST_LOG_BYTES", 300_000)
    path = tmp_path / "history.db"
    keep(path, past())
    with sqlite(path) as database, output(path) as running:
        database.execute("BEGIN")
        database.execute("SELECT * FROM reading").fetchone()
        numbers = iter(range(1, 100_000))

        def full() -> bool:
            running.put(told(past(next(numbers))))
            return bool(running.state.trouble)

        until(full)
        assert running.state.trouble == "another program reads it without an end"
        database.execute("COMMIT")
        until(lambda: not running.state.trouble and not running.state.waiting)
        assert len(read_past(path)) == next(numbers)


# clocks


def test_clock_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the clock is set, the times are put right of what was read since the start."""
    path = tmp_path / "history.db"
    ahead = BEGAN
    monkeypatch.setattr(history_file, "wall_offset", lambda: ahead)
    keep(path, past(0), past(10), ahead=ahead)
    with HistoryFile(path, LIMITS) as file:
        ahead = BEGAN + 5000
        file.write([Kept(past(20), BEGAN), Kept(past(5030), ahead)])
        assert [one.wall - BEGAN for one in read_past(path)] == [5000, 5010, 5020, 5030]
        ahead += 1.0  # what time servers correct without a step
        file.write([Kept(past(5040), ahead)])
    assert [one.wall - BEGAN for one in read_past(path)] == [5000, 5010, 5020, 5030, 5040]


def test_clock_step_before_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading has the clock's step by the time of its frame, however late it is kept."""
    path, step = tmp_path / "history.db", 5000
    monkeypatch.setattr(history_file, "wall_offset", lambda: BEGAN + step)
    with output(path, seconds=60.0) as running:
        for seconds, number in ((0, 1), (600, 1)):
            running.put(told(past(number, wall=BEGAN + seconds), ahead=BEGAN))
        new = past(2, wall=BEGAN + step + 700)  # with it the one before it is kept
        running.put(told(new, ahead=BEGAN + step))
    found = [round(one.wall - BEGAN) for one in read_past(path)]
    assert found == [step, step + 600, step + 700]


def test_clock_of_another_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times of before the computer started are left as they are, and those of this run's not."""
    path = tmp_path / "history.db"
    ahead, boot = BEGAN, "first"
    monkeypatch.setattr(history_file, "wall_offset", lambda: ahead)
    monkeypatch.setattr(history_file, "_boot", lambda: boot)
    keep(path, past(0), ahead=ahead)
    ahead, boot = BEGAN + 100, "second"
    keep(path, past(105), ahead=ahead)
    ahead = BEGAN + 300
    keep(path, ahead=ahead)
    assert [one.wall - BEGAN for one in read_past(path)] == [0, 305]


# what may go wrong


def test_off() -> None:
    """As it comes nothing is kept."""
    assert load_config().history.file == ""


@pytest.mark.parametrize("name", [".", "a\0b", "a" * 300, "a/" * 3000 + "b"])
def test_no_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration that names no file is refused."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"^history.file is .*: that is no name of a file$"):
        HistoryOutput(load_config(changes={"history": {"file": name}}).history)


def test_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative name is one in the folder that systemd makes for the service."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    config = load_config(changes={"history": {"file": "history.db"}})
    assert HistoryOutput(config.history).path == tmp_path / "history.db"


def test_locked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While another program has the file locked readings wait; it is told once, then it goes on."""
    caplog.set_level(logging.INFO)
    path = tmp_path / "history.db"
    keep(path, past(0))
    with sqlite(path) as database, output(path) as running:
        database.execute("BEGIN IMMEDIATE")
        for number in range(1, 4):
            running.put(told(past(number)))
        until(lambda: running.state.trouble)
        time.sleep(3 * history_file.BUSY_SECONDS)
        assert running.state.waiting == 3
        assert running.state.trouble == "another program has it locked"
        database.execute("ROLLBACK")
        until(lambda: not running.state.trouble)
    assert logged(caplog) == [
        f"readings can't be kept in {path}: another program has it locked",
        "readings are kept again; lost since the start: 0",
    ]
    assert len(read_past(path)) == 4


def test_locked_to_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Leaving takes less than half a second, and tells what is lost."""
    path = tmp_path / "history.db"
    keep(path, past(0))
    with sqlite(path) as database:
        database.execute("BEGIN IMMEDIATE")
        with output(path) as running:
            running.put(told(past(1)))
            until(lambda: running.state.trouble)
            began = time.monotonic()
        assert time.monotonic() - began < 0.5
    assert logged(caplog)[-1] == "the history can't be written: the last readings are lost: 1"


def test_closed_folder(tmp_path: Path) -> None:
    """Where its folder may not be entered readings wait until it may."""
    path = tmp_path / "closed" / "history.db"
    path.parent.mkdir()
    with ExitStack() as still:
        still.enter_context(closed(path.parent))
        with output(path) as running:
            running.put(told(past()))
            until(lambda: running.state.trouble)
            assert running.state.waiting == 1
            still.close()
            assert running.wait(10)
    assert read_past(path) == [past()]


def test_missing_folder(tmp_path: Path) -> None:
    """Where there is no folder for it readings wait until there is one; the oldest make room."""
    path = tmp_path / "later" / "history.db"
    with output(path) as running:
        for number in range(history.WAITING + history.BATCH + 5):
            running.put(told(past(number)))
            if not number:
                until(lambda: running.state.trouble)
        assert not running.wait(0)
        assert "is its folder there" in running.state.trouble
        assert running.state.dropped >= 5
        assert running.state.waiting <= history.WAITING + history.BATCH
        path.parent.mkdir()
        assert running.wait(10)
        until(lambda: not running.state.waiting)
        assert running.state.trouble == ""
        found = read_past(path)
        assert found[-1].wall == BEGAN + history.WAITING + history.BATCH + 4
        assert len(found) == history.WAITING + history.BATCH + 5 - running.state.dropped


@pytest.mark.parametrize("damage", ["text", "middle", "cut"])
def test_damaged(damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A damaged file is put aside with what it has, and a new one is made."""
    path = tmp_path / "history.db"
    keep(path, *map(past, range(2000)))
    content = bytearray(path.read_bytes())
    if damage == "text":
        content = bytearray(b"no database at all\n" * 100)
    elif damage == "middle":
        content[4096:-4096] = os.urandom(len(content) - 8192)
    else:
        del content[len(content) // 2 :]
    path.write_bytes(content)
    with output(path) as running:
        running.put(told(past(5000)))
        until(lambda: not running.state.waiting)
        assert running.state.trouble == ""
    assert [one.wall - BEGAN for one in read_past(path)] == [5000]
    assert (tmp_path / "history.db.bad").stat().st_size == len(content)
    (message,) = logged(caplog)
    assert message.startswith(f"history {path} is damaged, put aside as {path}.bad: ")


def test_strangers(tmp_path: Path) -> None:
    """Another program's database, and one of a later version, are left as they are."""
    other, later = tmp_path / "other.db", tmp_path / "later.db"
    with sqlite(other) as database:
        database.execute("CREATE TABLE states (id)")
    keep(later, past())
    with sqlite(later) as database:
        database.execute("PRAGMA user_version = 2")
    for path, why in (
        (other, "it is another program's database"),
        (later, "it is of version 2, and this program knows 1: upgrade it"),
    ):
        before = path.read_bytes()
        with output(path) as running:
            running.put(told(past(1)))
            until(lambda: running.state.trouble)
            assert running.state.trouble == why
            assert running.state.waiting == 1
        assert path.read_bytes() == before
        with pytest.raises(DataError, match=f"^history {path} can't be read: {why}$"):
            read_past(path)


def test_unreadable(tmp_path: Path) -> None:
    """What is no database can't be read, in one line."""
    path = tmp_path / "history.db"
    path.write_text("no database at all" * 100)
    with pytest.raises(DataError, match="can't be read: file is not a database"):
        read_past(path)
    with pytest.raises(DataError, match="can't be read"):
        read_past(tmp_path)


def test_removed(tmp_path: Path) -> None:
    """Where somebody removes the file a new one is made."""
    path = tmp_path / "history.db"
    with output(path) as running:
        running.put(told(past(0)))
        until(lambda: len(read_past(path)) == 1)
        for file in tmp_path.glob("history.db*"):
            file.unlink()
        running.put(told(past(1)))
        until(lambda: read_past(path) == [past(1)])


def test_full(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A full disk is told in words; what waits is written when there is room."""
    path = tmp_path / "history.db"
    real = history_file.set_up

    def full(database: sqlite3.Connection) -> None:
        real(database)
        database.execute("PRAGMA max_page_count = 1").fetchone()  # it takes what it has

    with output(path) as running, pytest.MonkeyPatch.context() as patch:
        patch.setattr(history_file, "set_up", full)
        for number in range(500):
            running.put(told(past(number)))
        until(lambda: running.state.trouble)
        assert running.state.trouble == "the disk is full"
        patch.undo()
        until(lambda: not running.state.waiting)
        assert len(read_past(path)) == 500
    assert logged(caplog)[0] == f"readings can't be kept in {path}: the disk is full"
