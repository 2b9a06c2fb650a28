"""How hot this machine is."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ZONES: Final = "/sys/class/thermal/thermal_zone*/temp"
"""The kernel's sensors, in thousandths of a degree."""


def temperatures(zones: str = ZONES) -> Iterator[float]:
    """Degrees Celsius of every sensor."""
    for path in glob.glob(zones):  # noqa: PTH207  absolute
        try:
            yield int(Path(path).read_text()) / 1000
        except (OSError, ValueError):  # a zone that is switched off
            continue
