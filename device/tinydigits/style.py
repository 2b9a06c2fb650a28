"""What all pages look like: the daemon's, the benchmark's, and the reports of training."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

SHEET: Final = Path(__file__).with_suffix(".css")
"""Colours, and what pages have in common; each has a sheet of its own besides, which comes after
it."""


@cache
def style() -> str:
    """The sheet, as CSS."""
    return SHEET.read_text(encoding="utf-8")


@cache
def palette() -> dict[str, str]:
    """Its colours by their names, as a page has them where it isn't dark: ``#rrggbb``."""
    light, _, _ = style().partition("}")
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", light))
