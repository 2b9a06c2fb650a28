"""Protocol Buffers' wire format, as far as model files use it, without the library.

From its documentation, "Encoding": a message is a row of fields, each a number of varint that holds
the field's number and how its value is written, then the value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tinydigits.errors import ModelError

_VARINT: Final = 0
_EIGHT: Final = 1
_BYTES: Final = 2
_FOUR: Final = 5
"""How a value is written: as a varint, in 8 bytes, as a length and so many bytes, in 4 bytes."""

_LONGEST: Final = 10
"""Bytes of a varint of 64 bits."""

Value = int | bytes


def fields(content: bytes) -> Iterator[tuple[int, Value]]:
    """Number and value of each field of a message, in their order.

    Values are as they are written: numbers below 2**64, floating point numbers as their bytes,
    texts and messages as bytes.

    :raises ModelError: where the content is no message.
    """
    place = 0
    while place < len(content):
        key, place = _varint(content, place)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, place = _varint(content, place)
            yield number, value
            continue
        if kind == _BYTES:
            size, place = _varint(content, place)
        elif kind in {_EIGHT, _FOUR}:
            size = 8 if kind == _EIGHT else 4
        else:
            raise ModelError(f"it has a field of the unknown kind {kind}")
        if place + size > len(content):
            raise ModelError("it is cut off")
        yield number, content[place : place + size]
        place += size


def field(number: int, value: int | str | bytes) -> bytes:
    """One field: a whole number from 0, a text, or another message."""
    if isinstance(value, int):
        return _written(number << 3 | _VARINT) + _written(value)
    told = value.encode() if isinstance(value, str) else value
    return _written(number << 3 | _BYTES) + _written(len(told)) + told


def _written(value: int) -> bytes:
    """A varint: seven bits a byte, the lowest first, the eighth bit set but in the last."""
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _varint(content: bytes, place: int) -> tuple[int, int]:
    """A varint, and where what follows it begins."""
    value = 0
    for shift, byte in enumerate(content[place : place + _LONGEST]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value, place + shift + 1
    raise ModelError("it is cut off")
