"""A wall clock that is wrong, for tests of whole processes.

Put this folder on ``PYTHONPATH`` and name a file in ``FAULTY_CLOCK``: it says how many seconds
:func:`time.time` is ahead, and is looked at in every call. The monotonic clock stays what it is, as
it does where somebody sets the real one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path


def _wrong(place: Path, right: Callable[[], float]) -> Callable[[], float]:
    return lambda: right() + float(place.read_text())


if "FAULTY_CLOCK" in os.environ:
    time.time = _wrong(Path(os.environ["FAULTY_CLOCK"]), time.time)
