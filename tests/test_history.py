"""What is kept of readings, and how it is written and read."""

from __future__ import annotations

import threading
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pasts import BEGAN, keep, output, past, sqlite, told, until
from tinydigits.__main__ import main
from tinydigits.history import Past, all_past, read_past
from tinydigits.judge import Status
from tinydigits.outputs import history
from tinydigits.outputs.history_file import Kept
from tinydigits.outputs.worth import STILL_SECONDS, TURNS, Worth

# what is kept


def kept_of(seconds: float, *pasts: Past) -> list[Past]:
    """What is kept of readings, by a clock that shows the same as the wall's."""
    worth = Worth(seconds)
    kept = [kept for one in pasts for kept in worth.kept(Kept(one, BEGAN), one.wall - BEGAN)]
    return [one.past for one in kept]


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
