"""Programs that read a picture from standard input and print its text."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from typing import Final

from tinydigits.bench.runners import SkippedError
from tinydigits.bench.systems import ReadText
from tinydigits.frame import Luma

SECONDS: Final = 60.0
"""For a frame, which takes a second at most on a fast machine."""


def frame_program(name: str, package: str, arguments: Sequence[str]) -> ReadText:
    """The digits that a program prints for a frame, in the order in which it prints them.

    Where it fails, as on a frame in which it finds nothing, that is no digit.

    :param package: Debian's, which has it.
    :raises SkippedError: where it is not installed.
    """
    program = shutil.which(name)
    if program is None:
        raise SkippedError(f"missing: apt install {package}")

    def read(luma: Luma) -> str:
        ended = subprocess.run(  # noqa: S603  the program that was asked for
            [program, *arguments],
            input=pgm(luma),
            capture_output=True,
            check=False,
            timeout=SECONDS,
        )
        told = "" if ended.returncode else ended.stdout.decode("ascii", "ignore")
        return "".join(character for character in told if character.isdigit())

    return read


def pgm(luma: Luma) -> bytes:
    """A frame as a picture file that costs nothing to write or to read: binary PGM."""
    height, width = luma.shape
    return b"P5 %d %d 255\n" % (width, height) + luma.tobytes()
