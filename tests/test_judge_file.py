"""The judges' memory is a file that may be missing, broken or foreign without stopping anything."""

from __future__ import annotations

import errno
import os
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import costly
from folders import closed
from judge_days import meter_rules, reading
from tinydigits.judge import Judge
from tinydigits.judge_file import MAX_BYTES, MemoryFile, load_memory, state_file
from tinydigits.judge_state import State
from tinydigits.judges import Judges


def some_state() -> State:
    """A state with everything in it, ten seconds old."""
    judge = Judge(meter_rules(decimals=0))
    for now, text in enumerate(["1240", "1240", "1241", "1241", "1300", "1300", ""]):
        judge.judge(reading(text), now)
    assert judge.state.accepted
    assert judge.state.history
    assert judge.state.rival
    return judge.state.shifted(-16)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file lies."""
    return tmp_path / "judge.json"


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged since the last time."""
    said = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return said


def test_round_trip(path: Path) -> None:
    """What was written is read again, exactly."""
    regions = {"frame": some_state(), "kühl": State()}
    assert MemoryFile(path).write(1795347817.9, regions)
    memory = load_memory(path)
    assert memory
    assert (memory.wall, memory.regions) == (1795347817.9, regions)


def test_missing(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No file is nothing to be told."""
    assert load_memory(path) is None
    assert messages(caplog) == []


GOOD = msgspec.json.encode(
    {
        "content": "tinydigits judge",
        "version": 1,
        "wall": 5.0,
        "regions": {"frame": msgspec.to_builtins(some_state())},
    }
)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 400,
        GOOD[:-20],
        GOOD.replace(b"tinydigits judge", b"something else"),
        GOOD.replace(b'"version":1', b'"version":2'),
        GOOD.replace(b'"version":1,', b""),
        GOOD.replace(b'"wall"', b'"Wall"'),
        GOOD.replace(b'"1241"', b'"many"'),
        GOOD.replace(b'"readings":', b'"readings":-'),
        GOOD + b" " * MAX_BYTES,
        b"[" * 100_000,
    ],
)
def test_not_ours(content: bytes, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that is damaged, foreign or of a later version is put aside, in one line."""
    path.write_bytes(content)
    assert load_memory(path) is None
    assert not path.exists()
    assert path.with_name("judge.json.bad").read_bytes() == content
    (said,) = messages(caplog)
    assert said.startswith(f"state {path} is not ours, put aside as {path}.bad: ")
    assert load_memory(path) is None
    assert messages(caplog) == []


def test_good() -> None:
    """The content that those tests break is good."""
    assert msgspec.json.decode(GOOD)["regions"]["frame"]["accepted"]["value"] == "1241"


def test_no_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder, or a pipe that nobody writes to, is told and left alone."""
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe", Path("a\0b")):
        assert load_memory(place) is None
        assert not MemoryFile(place).write(1.0, {})
    said = messages(caplog)
    assert len(said) == 5
    assert (
        said[0] == f"state {tmp_path} can't be read, values start afresh: it is not a regular file"
    )
    assert said[1].startswith("accepted values are not remembered: ")


def test_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder that may not be entered, and a name that is too long, are told and left alone."""
    folder = tmp_path / "closed"
    folder.mkdir()
    with closed(folder):
        for place in (folder / "judge.json", Path("a" * 300)):
            assert load_memory(place) is None
            assert not MemoryFile(place).write(1.0, {})
    told = [said.rpartition(": ")[2] for said in messages(caplog)]
    assert told == ["Permission denied"] * 2 + ["File name too long"] * 2


def test_failure_is_told_once(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full is told once, and again when it was not full in between."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = MemoryFile(path)
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            assert [file.write(1.0, {}) for _ in range(3)] == [False] * 3
        assert file.write(1.0, {})
        (said,) = messages(caplog)
        assert said.endswith("judge.json can't be written: No space left on device")


def test_left_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was being written when the power failed is gone after the next start."""
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: 1 / 0)
        patch.setattr(Path, "unlink", lambda _: None)
        with pytest.raises(ZeroDivisionError):
            MemoryFile(path).write(1.0, {})
    assert len(list(path.parent.iterdir())) == 1
    MemoryFile(path)
    assert list(path.parent.iterdir()) == []


def test_state_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is where the configuration says, or in the first folder systemd made, or none."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert state_file("") is None
    assert state_file("a/b") == Path("a/b")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b")
    assert state_file("") == Path("/var/lib/a/judge.json")
    assert state_file("a/b") == Path("a/b")


NUMBERS = st.one_of(
    st.none(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["1240", "NaN", "-Infinity", "1E+999999", "1E-999999", "", "9" * 5000]),
)


@given(data=st.data())
@costly(0.8)
def test_any_content(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever numbers a file has, it is put aside or forgotten, or the judge goes on with it."""
    saved = msgspec.json.decode(GOOD)
    state = saved["regions"]["frame"]
    for place, key in data.draw(
        st.lists(
            st.sampled_from(
                [
                    *((state["accepted"], key) for key in ("value", "at", "proof")),
                    *((state["history"][0], key) for key in ("value", "at", "proof")),
                    *((state["rival"], key) for key in ("readings", "lasted")),
                    *((state["rival"]["first"], key) for key in ("value", "at")),
                    *((state["votes"][0], key) for key in ("value", "at")),
                    *((state, "at"), (saved, "wall")),
                ]
            ),
            max_size=3,
        )
    ):
        place[key] = data.draw(NUMBERS)
    path = tmp_path_factory.mktemp("state") / "judge.json"
    path.write_bytes(msgspec.json.encode(saved))
    now = data.draw(st.sampled_from([0.0, 5e8]))
    seconds = iter(range(0, 500_000, 5))
    rules = meter_rules(decimals=0, recover_hours=0.01)

    def monotonic() -> float:
        return now + next(seconds)

    with Judges({"frame": rules}, path, monotonic=monotonic, wall=lambda: 1e9) as judges:
        for _ in range(40):
            (verdict,) = judges.judge([reading("1111")], monotonic())
    assert verdict.value in {Decimal(1111), Decimal(1112)}
    assert load_memory(path)
