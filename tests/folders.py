"""Folders that nobody may look into."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_NOBODY: Final = 65_534
"""As Linux numbers who owns nothing."""


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    """A folder that may not be entered: root, who may everywhere, is somebody else meanwhile."""
    me = os.geteuid()
    folder.chmod(0)
    os.seteuid(me or _NOBODY)
    try:
        yield
    finally:
        os.seteuid(me)
        folder.chmod(0o755)
