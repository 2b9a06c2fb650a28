"""The duty cycle: what the program takes of a processor where frames come at a steady rate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

from msgspec.structs import replace

from tinydigits.bench.inputs import FrameSet
from tinydigits.bench.judge import load_doubts, load_over
from tinydigits.bench.machine import Moment
from tinydigits.bench.program import Course, frames_folder, watch_program
from tinydigits.bench.result import Duty

RATES: Final = (1.0, 5.0, 15.0, 30.0)
"""Frames a second: of a meter, of a display, and of cameras."""

BEGUN: Final = 1
"""Readings at the start that are not counted: the first lets go of what only the start needed."""

LEAST_READINGS: Final = 3
"""Besides those: between two there is one frame."""


def measure_duty(
    model: Path, frames: FrameSet, fps: float, seconds: float, progress: Callable[[float], None]
) -> Duty:
    """Run the program with so many frames a second, for so many seconds or a few frames more.

    :raises UsageError: where the program ends by itself.
    """
    with frames_folder(frames) as folder:
        enough = max(seconds, (BEGUN + LEAST_READINGS) / fps)
        before = Moment.now()
        course = watch_program(folder, model, fps, enough, progress)
        after = Moment.now()
    doubts = load_doubts(load_over([(before, after)]), after.monotonic - before.monotonic)
    return replace(duty_of(course, frames, fps), doubts=tuple(doubts))


def duty_of(course: Course, frames: FrameSet, fps: float) -> Duty:
    """What a course shows; frames that were due and were not read are missed."""
    seconds = course.moments[-1] - course.moments[BEGUN]
    read = len(course.moments) - 1 - BEGUN
    height, width = frames.frames[0].shape
    return Duty(
        fps=fps,
        width=width,
        height=height,
        frames=read,
        missed=max(0, round(seconds * fps) - read),
        wrong=course.wrong(frames.digits),
        processor=(course.processor[-1] - course.processor[BEGUN]) / seconds,
        memory=int(median(course.memory[BEGUN:])),
    )
