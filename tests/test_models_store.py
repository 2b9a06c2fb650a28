"""The store of models holds what was installed, whole, and says which of it reads."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import costly
from model_store import entry_of, names, put
from standin import told
from tinydigits.errors import ModelError, OutputError
from tinydigits.models import store as store_module
from tinydigits.models.records import KEEP, MAX_STARTS, Records
from tinydigits.models.store import FILE_NAME, Store, store_folder

FIRST, SECOND, THIRD = b"first", b"second", b"third"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store that is not there yet."""
    return Store(tmp_path / "a" / "models")


def test_empty(store: Store) -> None:
    """A store that is not there has no model, nothing to take back, and is not made by looking."""
    assert store.records() == Records()
    assert store.start() == Records()
    assert store.roll_back("why") is None
    assert not store.folder.exists()


def test_install(store: Store) -> None:
    """An installed model reads at once, on trial; installing it again changes nothing."""
    entry = put(store, FIRST, confirmed=False)
    records = store.records()
    assert records.current == entry
    assert records.trial
    assert (records.trial.since, records.trial.starts) == (entry.installed, 0)
    assert store.path_of(entry).read_bytes() == FIRST
    store.start()
    assert not store.install(FIRST, entry)
    assert store.records().trial.starts == 1  # type: ignore[union-attr]


def test_damaged_is_installed_again(store: Store) -> None:
    """Where the file of the model that reads was damaged, installing it again repairs it."""
    entry = put(store, FIRST)
    store.path_of(entry).write_bytes(b"rubbish")
    with pytest.raises(ModelError, match="its file in the store is damaged"):
        store.load(entry)
    assert store.install(FIRST, entry)
    assert store.path_of(entry).read_bytes() == FIRST
    assert store.records().models == (entry,)


def test_missing_file(store: Store) -> None:
    """A model whose file is gone is refused with the system's reason."""
    entry = put(store, FIRST)
    store.path_of(entry).unlink()
    with pytest.raises(ModelError, match="can't be read: No such file or directory"):
        store.load(entry)


def test_roll_back(store: Store) -> None:
    """Going back goes from model to model to the one that ships; the last and why is remembered."""
    first, second = put(store, FIRST), put(store, SECOND)
    assert store.records().models == (second, first)
    assert store.roll_back("because") == second
    records = store.records()
    assert records.models == (first,)
    assert records.trial is None
    assert records.returned
    assert (records.returned.model, records.returned.why) == (second, "because")
    assert names(store) == {f"{first.sha256}.onnx"}
    assert store.roll_back("because") == first
    assert store.records().models == ()
    assert store.roll_back("because") is None


def test_only_what_was_meant(store: Store) -> None:
    """What comes too late, after another model was installed, changes nothing."""
    old = put(store, FIRST, confirmed=False)
    new = put(store, SECOND, confirmed=False)
    store.confirm(old.sha256)
    assert store.records().trial
    assert store.roll_back("why", old.sha256) is None
    assert store.records().current == new


def test_trial_replaced(store: Store) -> None:
    """A model installed over one on trial goes back to the last that was confirmed."""
    confirmed = put(store, FIRST)
    put(store, SECOND, confirmed=False)
    put(store, THIRD, confirmed=False)
    assert store.roll_back("why") == entry_of(THIRD)
    assert store.records().models == (confirmed,)


def test_starts(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """Starts on trial are counted before anything is loaded; too many take the model back."""
    first = put(store, FIRST)
    second = put(store, SECOND, confirmed=False)
    for start in range(1, MAX_STARTS + 1):
        records = store.start()
        assert records.trial
        assert (records.current, records.trial.starts) == (second, start)
        assert store.records() == records
    assert store.start().current == first
    records = store.records()
    assert records.current == first
    assert records.returned
    assert records.returned.why == f"it was started {MAX_STARTS} times and never confirmed"
    assert told(caplog) == [f"model {second} is taken back: {records.returned.why}"]


def test_few_writes(store: Store) -> None:
    """A start writes nothing where no model is on trial."""
    put(store, FIRST)
    path = store.folder / FILE_NAME
    before = path.stat()
    store.start()
    assert path.stat().st_ino == before.st_ino


def test_few_are_kept(store: Store) -> None:
    """Only the newest models are kept; older ones go, and so does what a killed writer left."""
    for number in range(KEEP + 2):
        put(store, b"%d" % number)
    assert len(store.records().models) == KEEP
    assert len(names(store)) == KEEP
    (store.folder / ".0123456789abcdef.tmp").write_bytes(b"half")
    (store.folder / f"{'0' * 64}.onnx").write_bytes(b"nobody's")
    (store.folder / "notes.txt").write_bytes(b"somebody's")
    put(store, b"new")
    kept = {f"{entry.sha256}.onnx" for entry in store.records().models}
    assert names(store) == {*kept, "notes.txt"}


OPERATIONS = st.one_of(
    st.tuples(st.just("install"), st.integers(0, 5)),
    st.tuples(st.sampled_from(["roll back", "confirm", "start"]), st.none()),
)


@given(st.lists(OPERATIONS, max_size=30))
@costly(0.3)
def test_any_order(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]) -> None:
    """Whatever is done in whatever order, all that is named is there, once, and nothing else is."""
    store = Store(tmp_path_factory.mktemp("models"))
    for step, number in steps:
        current = store.records().current
        if step == "install":
            content = b"%d" % number
            store.install(content, entry_of(content))
            assert store.records().current == entry_of(content)
        elif step == "roll back":
            assert store.roll_back("why") == current
        elif step == "start":
            store.start()
        elif current:
            store.confirm(current.sha256)
            assert store.records().trial is None
        records = store.records()
        assert names(store) == {f"{entry.sha256}.onnx" for entry in records.models}
        assert len(set(records.models)) == len(records.models) <= KEEP
        assert records.models or not records.trial


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"content":"tinydigits judge","version":1}',
        b'{"content":"tinydigits models","version":2}',
        b'{"content":"tinydigits models","version":1,"models":[{"sha256":"../../x"}]}',
        b"[" * 100_000,
    ],
)
def test_foreign_file(content: bytes, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """A small file that is not ours is put aside, told in a line, and the store begins afresh."""
    store.folder.mkdir(parents=True)
    (store.folder / FILE_NAME).write_bytes(content)
    assert store.records() == Records()
    (message,) = told(caplog)
    assert "models.json is not ours, put aside as" in message
    put(store, FIRST)
    assert (store.folder / f"{FILE_NAME}.bad").read_bytes() == content


def test_unreadable(store: Store) -> None:
    """What can't be read is an error that names the file."""
    (store.folder / FILE_NAME).mkdir(parents=True)
    with pytest.raises(OutputError, match=r"models\.json can't be read: it is not a regular file"):
        store.records()


def test_disk_full(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk the old model stays, and nothing half-written is left."""
    first = put(store, FIRST)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match="No space left on device"):
            put(store, SECOND)
    assert store.records().models == (first,)
    assert names(store) == {f"{first.sha256}.onnx"}


def test_lock(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who changes the store waits for others who do, and gives up in time."""
    put(store, FIRST)
    monkeypatch.setattr(store_module, "LOCK_SECONDS", 0.05)
    holder = os.open(store.folder, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    with pytest.raises(OutputError, match="is in use by another tinydigits: try again"):
        put(store, SECOND)
    os.close(holder)
    put(store, SECOND)


def test_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is where the configuration says, or beside the judge's memory, or nowhere."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert store_folder("") is None
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b")
    assert store_folder("") == Path("/var/lib/a/models")
    assert store_folder("/mine") == Path("/mine")
