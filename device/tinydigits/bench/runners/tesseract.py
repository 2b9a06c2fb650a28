"""Tesseract, the best-known reader of text, as a program that is started for each frame."""

from __future__ import annotations

from typing import Final

from tinydigits.bench.runners.program import frame_program
from tinydigits.bench.systems import ReadText

ARGUMENTS: Final = (
    *("stdin", "stdout"),
    *("--psm", "6"),  # one block of text: it then looks for no columns, and is the fastest
    *("-c", "tessedit_char_whitelist=0123456789"),
)


def open_frames(_: bytes) -> ReadText:
    """One start of the program a frame, as a script would have it; digits only."""
    return frame_program("tesseract", "tesseract-ocr", ARGUMENTS)
