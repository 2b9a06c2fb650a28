"""The folder between training and export: nothing is lost in it, and nothing bad is accepted."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LinearRegression

from samples import sample_card, sample_estimator, sample_glyphs
from tinydigits.errors import DataError, OutputError
from tinydigits_export.fitted import Fitted


class Foreign:
    """A type that is none of scikit-learn's or NumPy's."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as tinydigits-train fit writes it."""
    folder = tmp_path / "fitted"
    Fitted(sample_estimator(), sample_card(), sample_glyphs()[0]).save(folder)
    return folder


def npz(**arrays: np.typing.NDArray[np.generic]) -> bytes:
    """An archive of arrays."""
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]  # its stub takes them for flags
    return packed.getvalue()


def npy(array: np.typing.NDArray[np.generic]) -> bytes:
    """One array without an archive."""
    packed = io.BytesIO()
    np.save(packed, array)
    return packed.getvalue()


def test_round_trip(folder: Path) -> None:
    """What was saved is loaded again without loss."""
    fitted = Fitted.load(folder)
    np.testing.assert_array_equal(fitted.estimator.coef_, sample_estimator().coef_)
    assert fitted.card == sample_card()
    np.testing.assert_array_equal(fitted.glyphs, sample_glyphs()[0])


DAMAGE: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "no estimator": ("estimator.skops", Path.unlink, "No such file"),
    "no card": ("card.json", Path.unlink, "No such file"),
    "no glyphs": ("test-glyphs.npz", Path.unlink, "No such file"),
    "empty estimator": (
        "estimator.skops",
        lambda p: p.write_bytes(b""),
        "not hold a scikit-learn estimator",
    ),
    "truncated estimator": (
        "estimator.skops",
        lambda p: p.write_bytes(p.read_bytes()[:9000]),
        "not hold a scikit-learn estimator",
    ),
    "damaged estimator": (
        "estimator.skops",
        lambda p: p.write_bytes(p.read_bytes().replace(b"schema", b"scheme")),
        "not hold a scikit-learn estimator",
    ),
    "pickled estimator": (
        "estimator.skops",
        lambda p: p.write_bytes(pickle.dumps(sample_estimator())),
        "not hold a scikit-learn estimator",
    ),
    "foreign type": (
        "estimator.skops",
        lambda p: p.write_bytes(skops.io.dumps(Foreign())),
        "Untrusted types",
    ),
    "another estimator": (
        "estimator.skops",
        lambda p: p.write_bytes(skops.io.dumps(LinearRegression())),
        "holds a LinearRegression, not a LogisticRegression",
    ),
    "text as card": ("card.json", lambda p: p.write_text("card"), "not a model card"),
    "bytes as card": ("card.json", lambda p: p.write_bytes(b'{"name":"\xff'), "not a model card"),
    "truncated card": (
        "card.json",
        lambda p: p.write_bytes(p.read_bytes()[:300]),
        "not a model card: Input data was truncated",
    ),
    "wrong type in card": (
        "card.json",
        lambda p: p.write_text(p.read_text().replace(': "linear"', ": 1")),
        "Expected `str`, got `int`",
    ),
    "unknown key in card": (
        "card.json",
        lambda p: p.write_text(p.read_text().replace('"name":', '"nom": 1, "name":', 1)),
        "unknown field `nom`",
    ),
    "truncated glyphs": (
        "test-glyphs.npz",
        lambda p: p.write_bytes(p.read_bytes()[:9000]),
        "not hold an array 'glyphs'",
    ),
    "another key": (
        "test-glyphs.npz",
        lambda p: p.write_bytes(npz(digits=np.zeros((5, 28, 28), np.uint8))),
        "not hold an array 'glyphs'",
    ),
    "no archive": (
        "test-glyphs.npz",
        lambda p: p.write_bytes(npy(np.zeros((5, 28, 28), np.uint8))),
        "not hold an array 'glyphs'",
    ),
    "objects": (
        "test-glyphs.npz",
        lambda p: p.write_bytes(npz(glyphs=np.array([None]))),
        "allow_pickle=False",
    ),
    "another type": (
        "test-glyphs.npz",
        lambda p: p.write_bytes(npz(glyphs=np.zeros((5, 28, 28), np.float32))),
        r"float32[5, 28, 28] where uint8[N, 28, 28] is due",
    ),
    "another shape": (
        "test-glyphs.npz",
        lambda p: p.write_bytes(npz(glyphs=np.zeros((5, 784), np.uint8))),
        r"uint8[5, 784] where uint8[N, 28, 28] is due",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_bad_folder(damage: str, folder: Path) -> None:
    """A file that is missing, damaged or another one is named with the reason."""
    name, spoil, message = DAMAGE[damage]
    spoil(folder / name)
    with pytest.raises(DataError) as raised:
        Fitted.load(folder)
    assert str(raised.value).startswith(str(folder / name))
    assert message in str(raised.value)


def test_nowhere_to_save(tmp_path: Path) -> None:
    """A folder that can't be made is told as an output error."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file/fitted can't be written: Not a directory"):
        Fitted(sample_estimator(), sample_card(), sample_glyphs()[0]).save(
            tmp_path / "file" / "fitted"
        )
