"""The program for a million frames, or an hour: nothing may be lost, and nothing may pile up.

``make soak`` gives it frames as fast as it reads them, ``TINYDIGITS_SOAK`` of them, a million
without it; ``make soak-hour`` gives it ten a second for ``TINYDIGITS_SOAK_SECONDS``, an hour
without it. It runs as under systemd, which here is a stand-in, and all the while it is asked for
its status and told to reload. In the document that ``TINYDIGITS_TABLE`` names, what was found takes
its place.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from tqdm import tqdm

import marked
from manager import Manager, short_folder
from steady import MIB, display, numbers
from tinydigits.bench.process import memory_of
from tinydigits.status.command import ask

FRAMES: Final = int(os.environ.get("TINYDIGITS_SOAK", "1000000"))
SECONDS: Final = int(os.environ.get("TINYDIGITS_SOAK_SECONDS", "3600"))
FPS: Final = 10

TABLE: Final = os.environ.get("TINYDIGITS_TABLE")

SIZE: Final = (160, 120)
PICTURES: Final = 40
"""Different ones, shown in turn."""

DIGITS: Final = 2
"""In a small frame: it is frames that are to be many."""

STANDS: Final = 60 * FPS
"""Frames for which a number stands still in the hour: a meter in use."""

LOOK: Final = 100
"""Frames between two looks at the process; its status is asked for, too."""

RELOAD: Final = 10_000
"""Frames between two reloads."""

AT_ONCE: Final = 2
"""Files that are open for a moment: a picture, and a question for the status."""

SETTLED: Final = 0.5
"""Share of the looks after which nothing more should need memory: each recipe has had its turn."""

MOST_GROWTH: Final = 1 * MIB
"""Over all frames, were there a million."""

DAY: Final = 86_400


@dataclass
class Course:
    """What was read, and what the process held after every so many frames."""

    sequences: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    written: int = 0

    def growth(self) -> float:
        """Bytes by which the memory grew once it had settled: the slope, by least squares."""
        settled = self.memory[int(SETTLED * len(self.memory)) :]
        slope = np.polyfit(np.arange(len(settled)), settled, 1)[0]
        return float(slope) * (len(settled) - 1)

    def look(self, process: int) -> None:
        """Take down what the process holds now."""
        proc = Path("/proc") / str(process)
        self.memory.append(memory_of(process))
        self.files.append(len(list((proc / "fd").iterdir())))
        told = dict(line.split(": ") for line in (proc / "io").read_text().splitlines())
        self.written = int(told["write_bytes"])

    def tell(self, command: str) -> None:
        """Show it as a table, which goes to its place in a document, too."""
        text = marked.table(
            ("frames", "not read", "memory at most", "second half", "open files", "written"),
            [
                (
                    f"{len(self.texts):,}",
                    max(self.sequences) + 1 - len(self.sequences),
                    f"{max(self.memory) / MIB:.1f} MiB",
                    f"{self.growth() / MIB:+.2f} MiB",
                    f"{min(self.files)} to {max(self.files)}",
                    f"{self.written / 1000:,.0f} kB",
                )
            ],
        )
        print(f"\n{text}")
        if TABLE:
            marked.put(Path(TABLE), command, text)


def shown_numbers(count: int) -> list[str]:
    """Numbers that count up."""
    return [number[-DIGITS:] for number in islice(numbers(np.random.default_rng(7)), count)]


def pictures(folder: Path, shown: list[str]) -> list[Path]:
    """A picture of each number, without compression: it is reading that is looked at."""
    rng = np.random.default_rng(7)
    paths = [folder / f"{place:03d}.pgm" for place in range(len(shown))]
    for path, number in zip(paths, shown, strict=True):
        Image.fromarray(display(number, SIZE, rng)).save(path)
    return paths


def observe(
    command: list[str], frames: int, log: Path, turn: Callable[[int], None] = lambda _: None
) -> Course:
    """The course of the program over so many frames; what it logs goes to a file.

    :param turn: is called at every look with the number of frames that were read.
    """
    course = Course()
    with short_folder() as folder, closing(Manager(str(folder / "notify"))) as manager:
        places = {"RUNTIME_DIRECTORY": folder / "run", "STATE_DIRECTORY": folder / "state"}
        for place in places.values():
            place.mkdir()
        environment = {"WATCHDOG_USEC": "15000000", "OPENBLAS_NUM_THREADS": "1"}
        environment |= manager.environment | {key: str(place) for key, place in places.items()}
        with (
            log.open("wb") as told,
            subprocess.Popen(
                [sys.executable, "-m", "tinydigits", "run", *command],
                stdout=subprocess.PIPE,
                stderr=told,
                env=os.environ | environment,
            ) as program,
        ):
            try:
                for count, line in enumerate(_lines(program, frames), 1):
                    reading = json.loads(line)
                    course.sequences.append(reading["sequence"])
                    course.texts.append(reading["text"])
                    if count % LOOK == 0:
                        turn(count)
                        course.look(program.pid)
                        status = ask(places["RUNTIME_DIRECTORY"])
                        assert status is not None
                        assert status.frames >= count
                    if count % RELOAD == 0:
                        manager.waiting()
                        program.send_signal(signal.SIGHUP)
            finally:
                program.terminate()
    return course


def _lines(program: subprocess.Popen[bytes], frames: int) -> Iterator[bytes]:
    assert program.stdout is not None
    return iter(tqdm(islice(program.stdout, frames), "frames", frames, disable=None))


def judge(course: Course, expected: list[str], log: Path) -> None:
    """Hold that nothing was lost, nothing piled up, and nothing was wrong."""
    frames = len(expected)
    assert course.sequences == list(range(frames))
    right = [text == number for text, number in zip(course.texts, expected, strict=True)]
    assert np.mean(right) > 0.99  # a number that changes is a frame or two late
    assert course.growth() <= MOST_GROWTH
    assert max(course.files) <= min(course.files) + AT_ONCE
    *told, last = log.read_text().splitlines()
    assert last.startswith("tinydigits: stopped")
    assert set(told) <= {"tinydigits: reloaded"}


def test_as_fast_as_they_come(tmp_path: Path) -> None:
    """Frame after frame is read, in the same memory, with the same open files."""
    shown = shown_numbers(PICTURES)
    folder = tmp_path / "pictures"
    folder.mkdir()
    pictures(folder, shown)
    log = tmp_path / "log"
    course = observe(["--loop", "--source", str(folder)], FRAMES, log)
    course.tell("make soak")
    judge(course, [shown[k % PICTURES] for k in range(FRAMES)], log)


def test_hour(tmp_path: Path) -> None:
    """A meter in use is read ten times a second; next to nothing is written."""
    frames = SECONDS * FPS
    shown = shown_numbers(frames // STANDS + 1)
    for name in ("stills", "camera"):
        (tmp_path / name).mkdir()
    stills = pictures(tmp_path / "stills", shown)

    def turn(count: int) -> None:
        """Show the number whose time it is."""
        link = tmp_path / "next"
        link.symlink_to(stills[count // STANDS])
        link.rename(tmp_path / "camera" / "now.pgm")

    turn(0)
    log = tmp_path / "log"
    source = str(tmp_path / "camera")
    course = observe(["--loop", "--fps", str(FPS), "--source", source], frames, log, turn)
    course.tell("make soak-hour")
    judge(course, [shown[k // STANDS] for k in range(frames)], log)
