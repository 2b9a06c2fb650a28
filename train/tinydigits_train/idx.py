"""The four files of MNIST in the IDX format, as their makers published them.

An IDX file is two zero bytes, a type code, the number of dimensions, each length as a big-endian
``uint32``, then the values: http://yann.lecun.com/exdb/mnist describes it.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from math import prod
from pathlib import Path
from struct import unpack_from
from typing import Final

import numpy as np
import numpy.typing as npt

from tinydigits.errors import DataError

MD5: Final = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
"""MD5 of each file's uncompressed content. It guards against mistakes, not against malice."""

_UNSIGNED_BYTE: Final = 0x08
_GZIP_MAGIC: Final = b"\x1f\x8b"


def parse_idx(content: bytes) -> npt.NDArray[np.uint8]:
    """The array in an IDX file of unsigned bytes; :class:`DataError` says what is wrong with it."""
    if len(content) < 4 or content[:2] != b"\0\0":
        raise DataError("it is not an IDX file")
    if content[2] != _UNSIGNED_BYTE:
        raise DataError(f"its values are of type {content[2]:#04x}, not unsigned bytes (0x08)")
    dimensions = content[3]
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise DataError("it is cut off within its header")
    shape = unpack_from(f">{dimensions}I", content, 4)
    if len(content) - start != prod(shape):
        raise DataError(f"it promises {prod(shape)} values and holds {len(content) - start}")
    try:
        return np.frombuffer(content[start:], np.uint8).reshape(shape)
    except ValueError as error:  # no values at all, but in more dimensions than NumPy has
        raise DataError(f"no array has the shape it names: {error}") from error


def find_mnist_file(folder: Path, name: str) -> Path | None:
    """The file of this name in a folder, plain or compressed by gzip."""
    candidates = (folder / name, folder / f"{name}.gz")
    return next((path for path in candidates if path.is_file()), None)


def read_mnist_file(folder: Path, name: str) -> npt.NDArray[np.uint8]:
    """One of the four files, verified; :class:`DataError` names the file and what is wrong."""
    path = find_mnist_file(folder, name)
    if path is None:
        raise DataError(f"{folder / name}(.gz) is missing: all four files of MNIST are needed")
    content = _read(path)
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 == MD5[name]:
        return parse_idx(content)
    for other, known in MD5.items():
        if md5 == known:
            raise DataError(f"{path}: its content is that of {other}: the files are swapped")
    try:
        parse_idx(content)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    raise DataError(f"{path}: it is not MNIST's {name}: its MD5 is {md5} where {MD5[name]} is due")


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(_GZIP_MAGIC) else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: it is cut off or damaged: {error}") from error
    except OSError as error:
        raise DataError(f"{path}: it can't be read: {error.strerror}") from error
