"""Lines that a foreign library writes on standard error and that nobody should have to read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_STDERR: Final = 2


@contextmanager
def without_lines(beginning: bytes) -> Iterator[None]:
    """Keep lines that begin so, and empty ones, off standard error; the others come a moment later.

    The library writes to the descriptor itself, so that it is the descriptor that is exchanged, for
    the whole program.
    """
    try:
        shown = os.dup(_STDERR)
    except OSError:  # closed before the start: nobody reads anything
        yield
        return
    with os.fdopen(os.memfd_create("stderr"), "w+b") as held, os.fdopen(shown, "wb") as stderr:
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(stderr.fileno(), _STDERR)
            held.seek(0)
            stderr.writelines(
                line for line in held if line.strip() and not line.startswith(beginning)
            )
