"""What a process costs around its answers: its start, its memory, frames at a steady rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from tinydigits.bench.cold import measure_cold_start
from tinydigits.bench.duty import RATES, measure_duty
from tinydigits.bench.inputs import FrameSet
from tinydigits.bench.memory import measure_memory
from tinydigits.bench.program import frames_folder
from tinydigits.bench.result import ColdStart, Duty, Memory
from tinydigits.errors import TinyDigitsError

Measured = TypeVar("Measured")


@dataclass
class Around:
    """The parts of a result that are about the process; why one is missing, by its name."""

    cold_start: ColdStart | None = None
    memory: Memory | None = None
    duty: tuple[Duty, ...] = ()
    skipped: dict[str, str] = field(default_factory=dict)


def measure_around(
    model: Path,
    frames: FrameSet,
    starts: int,
    seconds: float,
    progress: Callable[[str, float], None],
) -> Around:
    """Measure all of it; a part that fails is skipped, and says why.

    :param starts: of a process.
    :param seconds: of the program at each rate, and as fast as it reads.
    :param progress: is told what is measured, and the share of that which is done.
    """
    found = Around()

    def part(name: str, measure: Callable[[Callable[[float], None]], Measured]) -> Measured | None:
        try:
            return measure(lambda share: progress(name, share))
        except TinyDigitsError as error:
            found.skipped[name] = str(error)
            return None

    with frames_folder(frames) as folder:
        first = min(folder.iterdir())
        found.cold_start = part("cold start", partial(measure_cold_start, model, first, starts))
    found.memory = part("memory", partial(measure_memory, model, frames, seconds))
    duty = [
        part(f"{fps:g} fps", partial(measure_duty, model, frames, fps, seconds)) for fps in RATES
    ]
    found.duty = tuple(one for one in duty if one is not None)
    return found
