"""More glyphs than memory should hold are in a file, and nobody can tell."""

from __future__ import annotations

import subprocess
import sys
from mmap import mmap
from pathlib import Path

import numpy as np
import pytest

from tinydigits_train import room as room_module
from tinydigits_train import sources
from tinydigits_train.datasets import DataSet
from tinydigits_train.fit import View
from tinydigits_train.ladder import from_views
from tinydigits_train.room import joined, release, room
from tinydigits_train.sources import Supplies, load
from tinydigits_train.splits import split

FILL = """
import resource
import numpy as np
from tinydigits_train.datasets import DataSet
from tinydigits_train.room import joined, release, room

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

before = peak()
half = room(100_000)
for first in range(0, 100_000, 5000):
    half[first : first + 5000] = first % 251
    release(half)
whole = joined([half, half])
release(half)
assert whole.nbytes > 150e6
assert whole[199_999, 0, 0] == 95_000 % 251
assert DataSet("many", whole, np.zeros(200_000, np.int64)).sha256
print(peak() - before)
"""


def in_file(glyphs: np.ndarray) -> bool:
    """Whether glyphs are in a file."""
    return isinstance(glyphs.base, mmap)


def few_scenes() -> DataSet:
    """Some made-up scenes and some of the small digits."""
    return load("bundled+synthetic:24", Supplies(fonts="none"))


@pytest.mark.usefixtures("few_scenes")
def test_same_in_a_file(bundled: DataSet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A set in a file has the same hash, the same parts and the same epochs as one in memory."""
    few = bundled.take(np.arange(100))
    monkeypatch.setattr(sources, "load_bundled", lambda: few)
    in_memory = few_scenes()
    monkeypatch.setattr(room_module, "IN_MEMORY", 20)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    filed = few_scenes()
    assert not in_file(in_memory.glyphs)
    assert in_file(filed.glyphs)
    assert filed.sha256 == in_memory.sha256
    epochs = []
    for dataset in (in_memory, filed):
        views = [View("as given", dataset.glyphs)]
        stream = from_views(views, dataset.labels, split(dataset, 0))
        epochs.append(list(stream.epoch(np.random.default_rng(0))))
    for one, two in zip(*epochs, strict=True):
        assert np.array_equal(one[0], two[0])
        assert np.array_equal(one[1], two[1])


def test_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file has no name: nothing is left behind, however a program ends."""
    monkeypatch.setattr(room_module, "IN_MEMORY", 0)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    glyphs = room(3)
    glyphs[:] = 7
    release(glyphs)
    assert in_file(glyphs)
    assert (joined([glyphs, glyphs]) == 7).all()
    assert list(tmp_path.iterdir()) == []


def test_bounded() -> None:
    """157 MB of glyphs are written, joined, read and hashed in less than 50 MB of memory."""
    grown = subprocess.run([sys.executable, "-c", FILL], check=True, capture_output=True, text=True)
    assert int(grown.stdout) < 50e6
