"""What is kept of readings, for how long, in which file, and that nothing of it is in the way."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from standin import told as logged
from tinydigits.__main__ import main
from tinydigits.clock import wall_offset
from tinydigits.config import load_config
from tinydigits.errors import ConfigError, DataError
from tinydigits.frame import Frame
from tinydigits.history import Past, all_past, read_past
from tinydigits.judge import Status, Verdict
from tinydigits.outputs import history, history_file
from tinydigits.outputs.history import HistoryOutput
from tinydigits.outputs.history_file import HistoryFile, Kept
from tinydigits.outputs.retention import LOG_BYTES, RESERVE, Limits
from tinydigits.outputs.told import Told
from tinydigits.outputs.worth import STILL_SECONDS, TURNS, Worth
from tinydigits.reader import FrameReadings, Reading
from tinydigits.rules import Reason

BEGAN: Final = 1_795_400_000.0
LIMITS: Final = Limits(days=400.0, max_bytes=100_000_000)


def past(number: int = 0, **changes: Any) -> Past:
    """A reading that was accepted, one of a row."""
    value = Decimal(number).scaleb(-2)
    usual = Past(BEGAN + number, "gas", f"{value:09.2f}", value, "accepted", 0.99, "")
    return replace(usual, **changes)


def told(*pasts: Past) -> Told:
    """A frame in which this was read, all at once."""
    readings, verdicts = [], []
    for one in pasts:
        code, _, words = one.reason.partition(": ")
        reasons = (Reason(code, words),) if code else ()  # type: ignore[arg-type]  # any code
        readings.append(Reading(one.region, one.text, one.confidence, False, (), ()))
        verdicts.append(Verdict(one.status, one.value, 0.0, one.text, reasons, None))
    wall = pasts[0].wall
    frame = Frame(np.zeros((8, 8), np.uint8), "test")
    result = FrameReadings("test", 0, wall - BEGAN, wall, tuple(readings), {})
    return Told(frame, result, tuple(verdicts))


def output(path: Path, *, write_seconds: float = 0.01, **changes: Any) -> HistoryOutput:
    """An output that keeps all, and writes at once."""
    table = {"file": str(path), "seconds": 0.0, **changes}
    return HistoryOutput(load_config(changes={"history": table}).history, write_seconds)


def until(happened: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until it is so."""
    limit = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < limit
        time.sleep(0.005)


def keep(path: Path, *pasts: Past, limits: Limits = LIMITS, ahead: float | None = None) -> None:
    """Write readings to a file."""
    now = wall_offset() if ahead is None else ahead
    with HistoryFile(path, limits) as file:
        file.write([Kept(one, now) for one in pasts])


@contextmanager
def sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    """The file as another program opens it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        yield database


# what is kept


def kept_of(seconds: float, *pasts: Past) -> list[Past]:
    """What is kept of readings, by a clock that shows the same as the wall's."""
    worth = Worth(seconds)
    return [kept for one in pasts for kept in worth.kept(one, one.wall - BEGAN)]


def test_every_reading() -> None:
    """Whoever asks for a reading in 0 seconds gets every one."""
    pasts = [past(5, wall=BEGAN + second) for second in range(20)]
    assert kept_of(0.0, *pasts) == pasts


def test_standing() -> None:
    """Of a number that stands one reading is kept in an hour."""
    pasts = [past(5, wall=BEGAN + second) for second in range(0, 86_400, 10)]
    assert [one.wall - BEGAN for one in kept_of(60.0, *pasts)] == [
        hour * STILL_SECONDS for hour in range(24)
    ]


def test_step() -> None:
    """A new value is kept with the last reading of the old one, so that a line shows the step."""
    old = [past(5, wall=BEGAN + second) for second in range(600)]
    new = [past(6, wall=BEGAN + second) for second in range(600, 700)]
    assert kept_of(60.0, *old, *new) == [old[0], old[-1], new[0]]


def test_waiting_for_others() -> None:
    """That a new value waits for other readings that agree is no news."""
    old = [past(5, wall=BEGAN + second) for second in range(600)]
    waiting = past(5, wall=BEGAN + 600, text="0006", status="waiting", reason="not_agreed: 1 of 3")
    new = [past(6, wall=BEGAN + second) for second in range(601, 700)]
    assert kept_of(60.0, *old, waiting, *new) == [old[0], old[-1], new[0]]


def test_waiting_for_long() -> None:
    """Where nothing is decided for long that is news."""
    old = [past(5, wall=BEGAN + second) for second in range(10)]
    waiting = [
        past(5, wall=BEGAN + second, status="waiting", reason="not_agreed: 1 of 3")
        for second in range(10, 200)
    ]
    assert kept_of(60.0, *old, *waiting) == [old[0], waiting[59]]


def test_counting() -> None:
    """Of a number that changes with each reading one in so many seconds is kept."""
    pasts = [past(second) for second in range(600)]
    assert kept_of(60.0, *pasts) == pasts[::60]


def test_verdicts() -> None:
    """Each verdict of another kind is kept, and where it ends; in other words it is the same."""
    good = [past(5, wall=BEGAN + second) for second in range(30)]
    bad = [
        past(5, wall=BEGAN + second, status="rejected", reason=f"unsure: {second}")
        for second in range(30, 60)
    ]
    worse = past(5, wall=BEGAN + 60, status="rejected", reason="too_fast: far away")
    again = [past(5, wall=BEGAN + second) for second in range(61, 90)]
    assert kept_of(60.0, *good, *bad, worse, *again) == [good[0], bad[0], worse, again[0]]


def test_flicker() -> None:
    """Of verdicts that flicker a few are kept in so many seconds, the first and the last too."""
    status: tuple[Status, ...] = ("accepted", "rejected")
    pasts = [past(5, wall=BEGAN + second, status=status[second % 2]) for second in range(600)]
    after = [past(5, wall=BEGAN + second) for second in range(600, 700)]
    found = kept_of(60.0, *pasts, *after)
    assert found[: TURNS + 1] == pasts[: TURNS + 1]
    assert len(found) <= TURNS * 10 + 2
    assert found[-1].status == "accepted"


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from(["accepted", "rejected", "waiting"]),
            st.floats(0.5, 100),
        )
    ),
    st.sampled_from([0.0, 1.0, 60.0, 86_400.0]),
)
def test_bounded(steps: list[tuple[int, Status, float]], seconds: float) -> None:
    """Readings are kept in their order, none twice, and no more than the limits allow."""
    walls = np.cumsum([BEGAN, *(step for _, _, step in steps)])
    pasts = [
        past(number, wall=float(wall), status=status)
        for (number, status, _), wall in zip(steps, walls, strict=False)
    ]
    found = kept_of(seconds, *pasts)
    if not seconds:
        assert found == pasts
        return
    places = [pasts.index(one) for one in found]
    assert places == sorted(set(places))
    for place, one in enumerate(found):
        within = [other for other in found[place:] if other.wall < one.wall + seconds]
        # the first, two for a new value, those of the verdict, and one that says nothing new
        assert len(within) <= 2 * TURNS + 4


# how it is written


def test_round_trip(tmp_path: Path) -> None:
    """What was read is found again as it was, decimal values exactly, whatever the texts have."""
    pasts = [
        past(0),
        past(1, value=Decimal("00472.10"), text="00472.10"),
        past(2, value=None, status="rejected", reason="no_number: it's a \"line\"\n; '--"),
        past(3, value=Decimal("1E+9"), region="Zähler; DROP TABLE reading", text="a\nb"),
    ]
    path = tmp_path / "history.db"
    with output(path) as running:
        for one in pasts:
            running.put(told(one))
    found = read_past(path)
    assert found == pasts
    assert str(found[1].value) == "472.10"
    assert f"{found[3].value}" == "1000000000"


def test_frame(tmp_path: Path) -> None:
    """All regions of a frame are kept, each by itself, and the frame itself is not held."""
    path = tmp_path / "history.db"
    with output(path, seconds=60.0) as running:
        for second in range(100):
            running.put(told(past(5, wall=BEGAN + second), past(second, region="power")))
            assert running.state.waiting <= 4
    assert [(one.region, one.wall - BEGAN) for one in read_past(path)] == [
        ("gas", 0.0),
        ("power", 0.0),
        ("power", 60.0),
    ]


def test_asked(tmp_path: Path) -> None:
    """One asks for a region, a time, and the newest; the oldest comes first."""
    path = tmp_path / "history.db"
    pasts = [past(second, region=("gas", "water")[second % 2]) for second in range(100)]
    keep(path, *pasts)
    assert read_past(path, region="water") == pasts[1::2]
    assert read_past(path, since=BEGAN + 10, until=BEGAN + 20) == pasts[10:20]
    assert read_past(path, limit=3) == pasts[-3:]
    assert read_past(path, "gas", limit=2, until=BEGAN + 50) == [pasts[46], pasts[48]]
    assert read_past(path, limit=0) == []
    assert read_past(path, "heat") == []


def test_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, they come in slices, none lost where several have the same time."""
    path = tmp_path / "history.db"
    pasts = [past(place // 7, text=str(place)) for place in range(100)]
    keep(path, *pasts)
    monkeypatch.setattr("tinydigits.history.SLICE", 10)
    assert list(all_past(path)) == pasts


def test_no_file(tmp_path: Path) -> None:
    """Where nothing was written yet there is no past, and asking makes no file."""
    assert read_past(tmp_path / "history.db") == []
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty.db").touch()
    assert read_past(tmp_path / "empty.db", limit=5) == []


def test_read_while_written(tmp_path: Path) -> None:
    """Others read all the while, on any thread, and neither side waits or fails."""
    path = tmp_path / "history.db"
    ended, seen = threading.Event(), list[int]()

    def look() -> None:
        while not ended.is_set():
            seen.append(len(read_past(path)))

    reader = threading.Thread(target=look)
    with output(path) as running:
        reader.start()
        for second in range(200):
            running.put(told(past(second)))
            time.sleep(0.001)
        until(lambda: not running.state.waiting)
        until(lambda: seen and seen[-1] == 200)
        assert running.state.trouble == ""
    ended.set()
    reader.join()
    assert seen == sorted(seen)


def test_few_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is read within a minute is written at once, and at the end what is left."""
    path = tmp_path / "history.db"
    monkeypatch.setattr(history, "TOGETHER_SECONDS", 0.05)
    with output(path, write_seconds=60.0) as running:
        running.put(told(past(0)))
        running.put(told(past(1)))
        assert running.wait(10)
        for second in range(2, 100):
            running.put(told(past(second)))
        time.sleep(0.1)
        assert running.state.waiting == 98
        assert len(read_past(path)) == 2
    assert len(read_past(path)) == 100


def test_whole_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many readings don't wait for the minute."""
    monkeypatch.setattr(history, "BATCH", 50)
    path = tmp_path / "history.db"
    monkeypatch.setattr(history, "TOGETHER_SECONDS", 0.05)
    with output(path, write_seconds=60.0) as running:
        running.put(told(past(0)))
        assert running.wait(10)
        for second in range(1, 201):
            running.put(told(past(second)))
        until(lambda: len(read_past(path)) >= 200 - 50)


def test_settings(tmp_path: Path) -> None:
    """The file is a database with a log, that can shrink, marked as ours, with a version."""
    path = tmp_path / "history.db"
    keep(path, past())
    with sqlite(path) as database:
        found = [
            database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "auto_vacuum", "user_version", "application_id")
        ]
    assert found == ["wal", 2, 1, int.from_bytes(b"tidi")]


def test_put_is_quick(tmp_path: Path) -> None:
    """A frame costs the loop some microseconds."""
    with output(tmp_path / "history.db", seconds=60.0) as running:
        frames = [told(past(5, wall=BEGAN + second)) for second in range(1000)]
        began = time.perf_counter()
        for frame in frames:
            running.put(frame)
        took = time.perf_counter() - began
    assert took / len(frames) < 200e-6


def test_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The program keeps what it reads where it is configured to, the last of it as it ends."""
    config = folder / "config.toml"
    config.write_text('[history]\nfile = "history.db"\nseconds = 0.0\n[judge]\nagree = 1\nof = 1\n')
    assert main(["run", "--config", str(config), "--source", str(folder / "*.png")]) == 0
    assert capsys.readouterr().out.count("\n") == 2
    found = read_past(folder / "history.db")
    assert [(one.region, one.text, one.value) for one in found] == [
        ("frame", "27", Decimal(27)),
        ("frame", "5410", Decimal(5410)),
    ]


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


@pytest.mark.parametrize("name", [".", "a\0b"])
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
