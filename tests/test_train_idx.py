"""The four files of MNIST are read only if they are what they are called."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tinydigits.errors import DataError
from tinydigits_train import mnist as module
from tinydigits_train.datasets import DataSet
from tinydigits_train.idx import MD5, parse_idx, read_mnist_file
from tinydigits_train.mnist import TEST_START, load_mnist

IMAGES, LABELS, TEST_IMAGES, TEST_LABELS = MD5


def to_idx(array: npt.NDArray[np.uint8]) -> bytes:
    """An IDX file as its description says, written independently of the reader."""
    header = bytes([0, 0, 8, array.ndim])
    return header + np.array(array.shape, ">u4").tobytes() + array.tobytes()


SMALL = arrays(np.uint8, array_shapes(max_dims=3, max_side=6, min_side=0))


@given(SMALL)
def test_round_trip(array: npt.NDArray[np.uint8]) -> None:
    """An array written as IDX is read back with its shape."""
    assert np.array_equal(parse_idx(to_idx(array)), array)
    assert parse_idx(to_idx(array)).shape == array.shape


@given(SMALL, st.data())
def test_cut_off_anywhere(array: npt.NDArray[np.uint8], data: st.DataObject) -> None:
    """A file that ends early is refused, wherever it ends, and so is one that goes on."""
    content = to_idx(array)
    end = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(DataError):
        parse_idx(content[:end])
    with pytest.raises(DataError):
        parse_idx(content + b"\0")


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda tail: b"\0\0\x08" + tail))
def test_any_bytes(content: bytes) -> None:
    """Whatever the bytes are, the answer is an array or a DataError."""
    try:
        array = parse_idx(content)
    except DataError:
        return
    assert to_idx(array) == content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n", "it is not an IDX file"),
        (b"\0\0\x0d\1\0\0\0\1\0\0\0\0", r"of type 0x0d, not unsigned bytes \(0x08\)"),
        (b"\0\0\x08\3\0\0\0\1", "cut off within its header"),
        (b"\0\0\x08\1\0\0\0\3ab", "promises 3 values and holds 2"),
        (b"\0\0\x08\3" + bytes(4) + b"\xff" * 8, "no array has the shape"),
    ],
)
def test_says_what_is_wrong(content: bytes, message: str) -> None:
    """The error names the first thing that is not as it should be."""
    with pytest.raises(DataError, match=message):
        parse_idx(content)


@pytest.fixture
def copy(mnist_dir: Path, tmp_path: Path) -> Path:
    """A folder with links to the four files, for a test to spoil."""
    for name in MD5:
        (tmp_path / f"{name}.gz").symlink_to(mnist_dir / f"{name}.gz")
    return tmp_path


def test_mnist(mnist: DataSet) -> None:
    """MNIST is 60,000 training images, then 10,000 of the test, in the order of the files."""
    assert (mnist.name, len(mnist), mnist.test_start) == ("mnist", 70_000, TEST_START)
    assert mnist.glyphs.dtype == np.uint8
    assert mnist.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.labels[-5:].tolist() == [2, 3, 4, 5, 6]
    assert mnist.labels[TEST_START:][:3].tolist() == [7, 2, 1]
    assert mnist.groups is None


def test_plain_files(copy: Path) -> None:
    """A file may lie there unpacked."""
    packed = copy / f"{TEST_LABELS}.gz"
    (copy / TEST_LABELS).write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    assert len(read_mnist_file(copy, TEST_LABELS)) == 10_000


def test_environment(data_home: Path, mnist_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TINYDIGITS_DATA names the folder itself, or the folder whose sub-folder mnist it is."""
    read: list[tuple[Path, str]] = []

    def read_file(folder: Path, name: str) -> npt.NDArray[np.uint8]:
        read.append((folder, name))
        return np.zeros((3, 28, 28) if name in {IMAGES, TEST_IMAGES} else 3, np.uint8)

    monkeypatch.setattr(module, "read_mnist_file", read_file)
    for folder in (mnist_dir, data_home):
        monkeypatch.setenv("TINYDIGITS_DATA", str(folder))
        load_mnist()
    assert read == [(mnist_dir, name) for name in MD5] * 2


def remove(path: Path) -> None:
    """The file is not there."""
    path.unlink()


def cut(path: Path) -> None:
    """The download broke off half way."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


def cut_unpacked(path: Path) -> None:
    """The last byte is not there."""
    content = gzip.decompress(path.read_bytes())
    path.unlink()
    path.with_suffix("").write_bytes(content[:-1])


def swap(path: Path) -> None:
    """The test images lie in its place."""
    path.unlink()
    path.symlink_to((path.parent / f"{TEST_IMAGES}.gz").resolve())


def flip_a_bit(path: Path) -> None:
    """One bit is wrong."""
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[-1] ^= 1
    path.unlink()
    path.with_suffix("").write_bytes(content)


def make_folder(path: Path) -> None:
    """A folder has its name."""
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("name", "spoil", "message"),
    [
        (IMAGES, remove, rf"{IMAGES}\(.gz\) is missing"),
        (TEST_LABELS, make_folder, rf"{TEST_LABELS}\(.gz\) is missing"),
        (LABELS, cut, f"{LABELS}.gz: it is cut off or damaged"),
        (LABELS, cut_unpacked, f"{LABELS}: it promises 60000 values and holds 59999"),
        (LABELS, swap, f"{LABELS}.gz: its content is that of {TEST_IMAGES}: the files are swapped"),
        (TEST_LABELS, flip_a_bit, f"{TEST_LABELS}: it is not MNIST's {TEST_LABELS}: its MD5 is"),
    ],
)
def test_refuses(name: str, spoil: Callable[[Path], None], message: str, copy: Path) -> None:
    """A file that is missing, cut off, swapped or changed is named, and so is what it is."""
    spoil(copy / f"{name}.gz")
    with pytest.raises(DataError, match=message):
        read_mnist_file(copy, name)


def test_swapped_both_ways(copy: Path) -> None:
    """Training files under the names of the test files are told by their content."""
    shutil.move(copy / f"{IMAGES}.gz", copy / "aside")
    shutil.move(copy / f"{TEST_IMAGES}.gz", copy / f"{IMAGES}.gz")
    shutil.move(copy / "aside", copy / f"{TEST_IMAGES}.gz")
    with pytest.raises(DataError, match=f"{IMAGES}.gz: its content is that of {TEST_IMAGES}"):
        load_mnist(copy)


def test_no_such_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is named but does not exist is an error, not a reason to look elsewhere."""
    with pytest.raises(DataError, match=r"the data folder .*nowhere does not exist"):
        load_mnist(tmp_path / "nowhere")
    monkeypatch.setenv("TINYDIGITS_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"the data folder .*nowhere does not exist"):
        load_mnist()
