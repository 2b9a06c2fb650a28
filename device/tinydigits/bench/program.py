"""The program itself, ``tinydigits run`` on a folder of frames, watched from outside."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

import msgspec
from PIL import Image

from tinydigits.bench.inputs import FrameSet
from tinydigits.bench.process import memory_of, peak_memory_of, processor_seconds_of
from tinydigits.errors import OutputError, UsageError

PATIENCE: Final = 120.0
"""Seconds that it may take longer than asked for, its start included."""


class _Line(msgspec.Struct):
    """What is looked at of a line of the program."""

    text: str


@dataclass
class Course:
    """At each reading: the monotonic clock, seconds of a processor so far, bytes held, the text.

    ``peak`` are the bytes held at most.
    """

    moments: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    peak: int = 0

    def wrong(self, truth: tuple[str, ...]) -> int:
        """How many readings are not what the frames, shown in turn, show."""
        due = [truth[k % len(truth)] for k in range(len(self.texts))]
        return sum(text != digits for text, digits in zip(self.texts, due, strict=True))


@contextmanager
def frames_folder(frames: FrameSet) -> Iterator[Path]:
    """A folder with the frames, in their order, in a format that takes no time to decode."""
    with TemporaryDirectory(prefix="tinydigits-bench-") as name:
        folder = Path(name)
        try:
            for place, luma in enumerate(frames.frames):
                Image.fromarray(luma).save(folder / f"{place:03d}.pgm")
        except OSError as error:
            raise OutputError(f"{folder.parent} has no room for frames: {error}") from error
        yield folder


def watch_program(
    folder: Path, model: Path, fps: float, seconds: float, progress: Callable[[float], None]
) -> Course:
    """Run it for so many seconds from its first reading on.

    :param fps: frames a second; 0 is as fast as they are read.
    :raises UsageError: where it ends before, saying why.
    """
    command = [sys.executable, "-m", "tinydigits", "run", "--loop", "--source", str(folder)]
    command += ["--model", str(model), "--fps", str(fps)]
    with subprocess.Popen(  # noqa: S603  our own program
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        # a program that hangs would have this wait for ever
        deadline = threading.Timer(seconds + PATIENCE, program.kill)
        deadline.start()
        try:
            assert program.stdout is not None  # noqa: S101  for the type checker
            course = _watch(program.pid, program.stdout, seconds, progress)
        finally:
            deadline.cancel()
            program.terminate()
        _, said = program.communicate()
    if course is None:
        told = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise UsageError(f"tinydigits run ended before its time: {told[-1]}")
    return course


def _watch(
    process: int, output: IO[bytes], seconds: float, progress: Callable[[float], None]
) -> Course | None:
    """``None`` where the output ends first."""
    course = Course()
    for line in output:
        course.moments.append(time.monotonic())
        course.processor.append(processor_seconds_of(process))
        course.memory.append(memory_of(process))
        course.texts.append(msgspec.json.decode(line, type=_Line).text.replace("\n", ""))
        spent = course.moments[-1] - course.moments[0]
        progress(min(1.0, spent / seconds))
        if spent >= seconds:
            course.peak = peak_memory_of(process)
            return course
    return None
