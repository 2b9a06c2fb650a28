"""Single keys of a terminal, as they are pressed."""

from __future__ import annotations

import os
import select
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

ENTER: Final = "\n"

_ESCAPE: Final = b"\033"
_MOMENT: Final = 0.05
"""Seconds in which what follows an escape belongs to it, as arrow keys send it."""


@contextmanager
def single_keys(descriptor: int) -> Iterator[Callable[[], str]]:
    """Read keys without waiting for the end of a line; afterwards the terminal is as it was.

    :yields: what waits for a key; keys that are no character are passed over, and the end of the
        input is an empty text. Ctrl-C raises :class:`KeyboardInterrupt` as ever.
    """
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield lambda: _key(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _key(descriptor: int) -> str:
    while pressed := os.read(descriptor, 1):
        if pressed == _ESCAPE:
            _pass_over(descriptor)
        elif pressed in {b"\r", b"\n"}:
            return ENTER
        elif pressed == b"\x04":  # Ctrl-D
            return ""
        elif b" " <= pressed <= b"~":
            return pressed.decode()
    return ""


def _pass_over(descriptor: int) -> None:
    """What an arrow or a function key sends after its escape, and no key that came behind it.

    ECMA-48, 5.4: parameters and intermediates are below 0x40, the byte that ends it is not.
    """
    following = _soon(descriptor)
    if following == b"[":
        while b" " <= _soon(descriptor) < b"@":
            pass
    elif following == b"O":
        _soon(descriptor)


def _soon(descriptor: int) -> bytes:
    """A byte that comes within a moment; nothing where none does."""
    is_there = select.select([descriptor], [], [], _MOMENT)[0]
    return os.read(descriptor, 1) if is_there else b""
