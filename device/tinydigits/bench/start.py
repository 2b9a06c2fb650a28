"""Read a first frame in a process that has just begun, and say what each step took.

Nothing is imported here before the first step is over but what an interpreter has imported anyway.
"""

from __future__ import annotations

import os
import sys
import time

STEPS = ("interpreter", "imports", "session", "first run")
"""What is over when each line is printed."""

FLOOR = "import numpy, PIL.Image, onnxruntime, time; print(time.monotonic())"
"""The least that a program needs that reads pictures with ONNX Runtime."""


def main(model: str, picture: str) -> None:
    """Print two numbers a step: the monotonic clock, and the bytes that the process holds."""
    told = [_now()]

    from pathlib import Path

    import tinydigits.cli
    import tinydigits.pictures  # noqa: F401  as the command does
    from tinydigits.classifier import Classifier
    from tinydigits.frame import Frame
    from tinydigits.reader import Reader

    told.append(_now())
    reader = Reader(Classifier.load(Path(model)))
    told.append(_now())
    reader.read(Frame.from_file(Path(picture)))
    told.append(_now())
    for moment, memory in told:
        print(moment, memory)


def _now() -> tuple[float, int]:
    moment = time.monotonic()
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  pathlib is an import
        return moment, int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


if __name__ == "__main__":
    main(*sys.argv[1:])
