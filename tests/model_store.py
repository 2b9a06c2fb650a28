"""What the tests of the model store share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import ModelProto
from sklearn.base import clone

from hostile import changed
from samples import sample_card, sample_estimator
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.digest import sha256_hex
from tinydigits.models.records import Entry, Summary
from tinydigits.models.store import FILE_NAME, Store
from tinydigits_export.convert import to_onnx
from tinydigits_export.export import with_golden


def entry_of(content: bytes, name: str = "linear", installed: float = 1.8e9) -> Entry:
    """What is remembered of a model file's content, whether it is a model or not."""
    return Entry(sha256_hex(content), Summary.of(sample_card(name=name)), installed)


def good_models(count: int) -> list[bytes]:
    """The content of models that read well, each another file than the one that ships."""
    shipped = DEFAULT_MODEL.read_bytes()

    def numbered(number: int) -> bytes:
        def change(model: ModelProto) -> None:
            model.doc_string = f"number {number}"

        return changed(change, shipped)

    return [numbered(number) for number in range(count)]


def unsure_model() -> bytes:
    """A model in perfect order that takes everything for everything."""
    estimator = clone(sample_estimator())
    estimator.classes_ = sample_estimator().classes_
    estimator.coef_ = np.zeros_like(sample_estimator().coef_)
    estimator.intercept_ = np.zeros_like(sample_estimator().intercept_)
    return to_onnx(estimator, with_golden(estimator, sample_card()))


def put(store: Store, content: bytes, *, confirmed: bool = True) -> Entry:
    """Install a model and, unless it is to stay on trial, confirm it."""
    entry = entry_of(content)
    assert store.install(content, entry)
    if confirmed:
        store.confirm(entry.sha256)
    return entry


def names(store: Store) -> set[str]:
    """The files of a store, the small one left out."""
    return {path.name for path in store.folder.iterdir()} - {FILE_NAME}


def check_store(folder: Path) -> Entry | None:
    """What holds of every store at any time: it loads, and what it names is there; what reads."""
    store = Store(folder)
    records = store.records()
    for entry in records.models:
        assert sha256_hex(store.path_of(entry).read_bytes()) == entry.sha256
    if records.current:
        assert isinstance(store.load(records.current), Classifier)
    return records.current
