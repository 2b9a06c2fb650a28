"""The program on one display for a long time: how long a frame takes, and what memory it keeps.

Run with ``make steady``; ``TINYDIGITS_STEADY`` is how many frames, 20,000 without it. Times are
printed and not judged, as they are the machine's as much as the program's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from PIL import Image
from tqdm import tqdm

from drawing import on_paper, photographed, written
from tinydigits.bench.process import memory_of, processor_seconds_of
from tinydigits.frame import Luma

FRAMES: Final = int(os.environ.get("TINYDIGITS_STEADY", "20000"))

PICTURES: Final = 40
"""Different ones, shown in turn."""

SETTLED: Final = 0.75
"""Share of the frames after which nothing more should need memory: each recipe has had its turn, of
which one takes a megabyte more than the others."""

CALM_FRAMES: Final = 40
"""One a second; the first quarter is the start's."""

MIB: Final = 2**20
MOST_MEMORY: Final = 70 * MIB
"""Once it has settled; a third of it are the libraries' files."""

BUFFERS: Final = 6
"""Of a frame's size, which come on top: the frame itself, what is decoded, scaled and searched."""

MOST_GROWTH: Final = 1 * MIB
"""Between settling and the end: some pages come and go."""


@dataclass(frozen=True)
class Course:
    """What was read, the milliseconds each frame took, and after each the process's memory, in
    bytes, and its processor time, in seconds.
    """

    texts: list[str]
    accepted: list[bool]
    milliseconds: list[float]
    memory: list[int]
    processor: list[float]

    def describe(self) -> str:
        """The course in a line."""
        p50, p99, most = np.percentile(self.milliseconds, [50, 99, 100])
        return (
            f"{len(self.texts)} frames: p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {most:.0f} ms; "
            f"memory {self.settled / MIB:.1f} MiB at most, {max(self.memory) / MIB:.1f} at the "
            f"start, growth {self.growth / MIB:.2f}; "
            f"accepted {100 * np.mean(self.accepted):.1f} %"
        )

    @property
    def settled(self) -> int:
        """Bytes at most, after settling."""
        return max(self.memory[int(SETTLED * len(self.memory)) :])

    @property
    def growth(self) -> int:
        """Bytes between settling and the end, by the median of a tenth of the frames each."""
        tenth = max(1, len(self.memory) // 10)
        settled = int(SETTLED * len(self.memory))
        early, late = self.memory[settled : settled + tenth], self.memory[-tenth:]
        return int(np.median(late) - np.median(early))


def display(number: str, size: tuple[int, int], rng: np.random.Generator) -> Luma:
    """A frame, width by height, with a number, as a camera that trembles and rustles sees it."""
    width, height = size
    ink = on_paper(written(number, 4 * width // 640), 0)
    left, top = (width - ink.shape[1]) // 2, (height - ink.shape[0]) // 2
    left, top = left + int(rng.integers(-2, 3)), top + int(rng.integers(-2, 3))
    paper = np.pad(ink, ((top, height - top - ink.shape[0]), (left, width - left - ink.shape[1])))
    luma = photographed(paper, paper=190, contrast=-120)
    shadow = np.linspace(0, 50, width)
    return np.asarray((luma - shadow + rng.normal(0, 4, luma.shape)).clip(0, 255), np.uint8)


def numbers(rng: np.random.Generator) -> Iterator[str]:
    """Five digits, counting up like a meter."""
    value = int(rng.integers(10_000, 60_000))
    while True:
        yield f"{value:05d}"
        value += int(rng.integers(1, 400))


def observe(folder: Path, frames: int, *options: str) -> Course:
    """The course of the program over a folder of pictures, shown again and again."""
    command = [sys.executable, "-m", "tinydigits", "run", "--loop", "--source", str(folder)]
    command += options
    course = Course([], [], [], [], [])
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        try:
            assert program.stdout is not None
            for line in tqdm(islice(program.stdout, frames), "frames", frames, disable=None):
                told = json.loads(line)
                course.texts.append(told["text"])
                course.accepted.append(not told["rejected"])
                course.milliseconds.append(told["timing_ms"]["total"])
                course.memory.append(memory_of(program.pid))
                course.processor.append(processor_seconds_of(program.pid))
        finally:
            program.terminate()
    return course


def show(folder: Path, size: tuple[int, int]) -> list[str]:
    """The numbers whose pictures, width by height, are in this folder now.

    They are not compressed: frames of a camera aren't either.
    """
    rng = np.random.default_rng(7)
    shown = list(islice(numbers(rng), PICTURES))
    for place, number in enumerate(shown):
        Image.fromarray(display(number, size, rng)).save(folder / f"{place:03d}.pgm")
    return shown


@pytest.mark.parametrize(
    ("size", "frames"), [((640, 480), FRAMES), ((1920, 1080), FRAMES // 10)], ids=str
)
def test_steady(size: tuple[int, int], frames: int, tmp_path: Path) -> None:
    """Five digits are read right, frame after frame, in memory that stays as it is."""
    shown = show(tmp_path, size)
    course = observe(tmp_path, frames)
    print(f"\n  {size[0]}x{size[1]}: {course.describe()}")
    assert len(course.texts) == frames
    right = [text == shown[k % PICTURES] for k, text in enumerate(course.texts)]
    assert np.mean(right) > 0.99
    assert course.settled <= MOST_MEMORY + BUFFERS * size[0] * size[1]
    assert course.growth <= MOST_GROWTH


def test_calm(tmp_path: Path) -> None:
    """One frame a second leaves a processor nearly all of its time."""
    shown = show(tmp_path, (640, 480))
    course = observe(tmp_path, CALM_FRAMES, "--fps", "1")
    begun = CALM_FRAMES // 4
    share = (course.processor[-1] - course.processor[begun]) / (CALM_FRAMES - 1 - begun)
    print(f"\n  640x480, one frame a second: {100 * share:.2f} % of a processor")
    assert course.texts == shown[:CALM_FRAMES]
    assert share < 0.03
