"""ssocr, which reads seven-segment displays, as a program that is started for each frame."""

from __future__ import annotations

from typing import Final

from tinydigits.bench.runners.program import frame_program
from tinydigits.bench.systems import ReadText

ARGUMENTS: Final = (
    *("--number-digits", "-1"),  # as many as it finds
    "-",  # standard input
)


def open_frames(_: bytes) -> ReadText:
    """One start of the program a frame, as a script would have it."""
    return frame_program("ssocr", "ssocr", ARGUMENTS)
