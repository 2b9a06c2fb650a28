"""Memory: what the process holds after each step of its start, at its peak, and steadily."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median

from tinydigits.bench.cold import start_once
from tinydigits.bench.inputs import FrameSet
from tinydigits.bench.program import frames_folder, watch_program
from tinydigits.bench.result import Memory


def measure_memory(
    model: Path, frames: FrameSet, seconds: float, progress: Callable[[float], None]
) -> Memory:
    """Steps of a fresh interpreter; peak and steady of the program itself, as fast as it reads.

    Steady is the median of the second half.

    :raises UsageError: where the program ends by itself.
    """
    with frames_folder(frames) as folder:
        first = min(folder.iterdir())
        start = start_once(model, first)
        course = watch_program(folder, model, 0.0, seconds, progress)
    settled = course.memory[len(course.memory) // 2 :]
    return Memory(after=start.memory, peak=course.peak, steady=int(median(settled)))
