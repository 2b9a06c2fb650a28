"""A running program always has a model, and a bad one leaves by itself."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_store import good_models, put, unsure_model
from samples import picture_of, sample_model
from standin import told
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.config import ModelConfig, load_config
from tinydigits.errors import ModelError
from tinydigits.frame import Frame
from tinydigits.judge import Verdict
from tinydigits.models.in_use import ModelInUse, ReaderInUse
from tinydigits.models.records import MAX_STARTS
from tinydigits.models.store import FILE_NAME, Store
from tinydigits.models.trial import PATIENCE
from tinydigits.reader import Reader

DUE = 3


@cache
def good() -> list[bytes]:
    """Models that read well."""
    return good_models(2)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Where models are installed."""
    return Store(tmp_path / "models")


@pytest.fixture(autouse=True)
def _at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")


def config_of(store: Store, **changes: Any) -> ModelConfig:
    """A configuration with this store."""
    model = {"store": str(store.folder), "trial_readings": DUE, **changes}
    return load_config(None, {"model": model}).model


def in_use(store: Store, **changes: Any) -> ModelInUse:
    """The model that a program reads with, which starts now."""
    return ModelInUse(config_of(store, **changes))


def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nothing can be written."""

    def refuse(_: int) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "fsync", refuse)


def shipped(model: ModelInUse) -> bool:
    """Whether it is the model that ships."""
    return model.entry is None and model.classifier.card == Classifier.load(DEFAULT_MODEL).card


def test_nothing_installed(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """Without an installed model the one that ships reads, without a word and without a trace."""
    assert shipped(in_use(store))
    assert not store.folder.exists()
    assert told(caplog) == []


def test_path(store: Store, tmp_path: Path) -> None:
    """A configured path is what reads; a bad file there is refused, as nobody asked for another."""
    put(store, good()[0])
    path = tmp_path / "mine.onnx"
    path.write_bytes(sample_model())
    model = in_use(store, path=str(path))
    assert model.entry is None
    assert model.classifier.card.name == "linear"
    assert not model.note(good=False)
    path.write_bytes(b"rubbish")
    with pytest.raises(ModelError, match=r"mine\.onnx: it is not an ONNX model"):
        in_use(store, path=str(path))


def test_confirmed(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """Enough good readings confirm a new model, in one write; from then on it is told in short."""
    entry = put(store, good()[0], confirmed=False)
    model = in_use(store)
    assert told(caplog) == [f"reading with the model {entry}, on trial, start 1 of {MAX_STARTS}"]
    for _ in range(DUE):
        assert not model.note(good=True)
    assert told(caplog) == [f"model {entry} is confirmed"]
    assert store.records().trial is None
    before = (store.folder / FILE_NAME).stat().st_ino
    for _ in range(PATIENCE * DUE + 1):
        assert not model.note(good=False)
    assert in_use(store).entry == entry
    assert told(caplog) == [f"reading with the model {entry}"]
    assert (store.folder / FILE_NAME).stat().st_ino == before


def test_failed(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """Too few good readings bring the model before it back, say why, and remember that."""
    first = put(store, good()[0])
    second = put(store, good()[1], confirmed=False)
    model = in_use(store)
    caplog.clear()
    noted = [model.note(good=False) for _ in range(PATIENCE * DUE)]
    assert noted == [False] * (PATIENCE * DUE - 1) + [True]
    assert (model.entry, model.trial) == (first, None)
    why = f"0 of {PATIENCE * DUE} readings were accepted where {DUE} are due"
    assert told(caplog) == [
        f"model {second} is taken back: {why}",
        f"reading with the model {first}",
    ]
    returned = store.records().returned
    assert returned
    assert (returned.model, returned.why) == (second, why)


def test_crash_loop(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """A model that is started again and again without being confirmed goes by itself."""
    put(store, good()[0], confirmed=False)
    for _ in range(MAX_STARTS):
        assert in_use(store).trial
    caplog.clear()
    assert shipped(in_use(store))
    assert told(caplog)[-1] == "reading with the model that ships"


@pytest.mark.parametrize("confirmed", [True, False])
def test_bad_file(confirmed: bool, store: Store, caplog: pytest.LogCaptureFixture) -> None:  # noqa: FBT001
    """A model that became bad is taken back, on trial or not, and the one before it reads."""
    first = put(store, good()[0])
    second = put(store, b"this passed no self-test", confirmed=confirmed)
    assert in_use(store).entry == first
    messages = told(caplog)
    assert messages[0].startswith(f"model {second} is taken back: it is not an ONNX model")
    assert store.records().models == (first,)


def test_all_bad(store: Store) -> None:
    """Where every installed model became bad the one that ships reads."""
    for content in good():
        store.path_of(put(store, content)).write_bytes(b"rubbish")
    assert shipped(in_use(store))
    assert store.records().models == ()


def test_read_only(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where starts can't be counted a model on trial has to wait, and the one before it reads."""
    first = put(store, good()[0])
    second = put(store, good()[1], confirmed=False)
    with monkeypatch.context() as patch:
        no_disk(patch)
        assert in_use(store).entry == first
        assert "models on trial have to wait: " in told(caplog)[0]
        # what is damaged there is not used all the same
        store.path_of(first).write_bytes(b"rubbish")
        assert shipped(in_use(store))
    assert store.records().current == second


def test_end_of_trial_on_read_only(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A trial that ends while nothing can be written ends all the same, and that is told."""
    first = put(store, good()[0])
    second = put(store, good()[1], confirmed=False)
    models = [in_use(store) for _ in range(2)]
    no_disk(monkeypatch)
    caplog.clear()
    for _ in range(DUE):
        models[0].note(good=True)
    assert models[0].entry == second
    assert models[0].trial is None
    assert "is good, which can't be remembered" in told(caplog)[0]
    assert any(models[1].note(good=False) for _ in range(PATIENCE * DUE))
    assert models[1].entry == first


@pytest.mark.parametrize("spoil", [b"", b"rubbish", None])
def test_bad_records(spoil: bytes | None, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """Where it can't be known what is installed the model that ships reads, and that is told."""
    put(store, good()[0])
    path = store.folder / FILE_NAME
    path.unlink()
    if spoil is None:
        path.mkdir()
    else:
        path.write_bytes(spoil)
    assert shipped(in_use(store))
    assert told(caplog)


def test_renewed(store: Store) -> None:
    """Asked again, it is the same with its trial while nothing has changed, else what is due."""
    put(store, good()[0], confirmed=False)
    model = in_use(store)
    model.note(good=True)
    assert model.renewed(config_of(store)) is model
    second = put(store, good()[1], confirmed=False)
    other = model.renewed(config_of(store))
    assert other.entry == second
    assert store.records().trial.starts == 1  # type: ignore[union-attr]
    assert shipped(other.renewed(config_of(store, path=str(DEFAULT_MODEL))))


def verdict(status: Any) -> Verdict:
    """Of a reading."""
    return Verdict(status, None, None, "", (), None)


def test_reader(store: Store) -> None:
    """Readings that the judge accepts are good; where the trial fails another model reads on."""
    put(store, sample_model(), confirmed=False)
    reader = ReaderInUse(in_use(store), lambda classifier: Reader(classifier, digits=2))
    frame = Frame(np.asarray(picture_of("27")), "27")
    labels = len(reader.model.classifier.card.labels)
    assert len(reader.read(frame).readings[0].digits[0].probability) == labels == 10
    reader.note([verdict("accepted"), verdict("waiting"), verdict("rejected")])
    assert reader.model.trial
    assert (reader.model.trial.good, reader.model.trial.readings) == (1, 3)
    for _ in range(PATIENCE * DUE):
        reader.note([verdict("rejected"), verdict("waiting")])
    assert reader.model.trial is None
    assert len(reader.read(frame).readings[0].digits[0].probability) == 11


def test_daemon(store: Store, tmp_path: Path) -> None:
    """The program itself goes from a model that is sure of nothing to the one that ships."""
    put(store, unsure_model(), confirmed=False)
    picture_of("27").save(tmp_path / "27.png")
    config = tmp_path / "my.toml"
    config.write_text(f'[model]\nstore = "{store.folder}"\ntrial_readings = 1\n')
    command = [sys.executable, "-m", "tinydigits", "run", "--loop", "--config", str(config)]
    with subprocess.Popen(
        [*command, "--source", str(tmp_path / "27.png")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        readings = [json.loads(process.stdout.readline()) for _ in range(PATIENCE + 5)]
        process.terminate()
        _, said = process.communicate(timeout=30)
    assert {reading["verdict"]["status"] for reading in readings[:PATIENCE]} == {"rejected"}
    assert {reading["text"] for reading in readings[PATIENCE:]} == {"27"}
    assert process.returncode == 0
    assert f"0 of {PATIENCE} readings were accepted where 1 are due" in said
    assert "reading with the model that ships" in said
    assert store.records().models == ()
