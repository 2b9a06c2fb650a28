"""Let the power fail at random moments, and see what a device finds when it is back.

Run as ``power.py FOLDER [DOCUMENT]`` by ``run``, as root and in namespaces of its own. In the
document the tables take the place of what stands between two marks.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from outcomes import BAD, BROKEN, LOST, Losses, Outcome
from past import (
    AS_IT_IS,
    CONTROL,
    complaints_of_history,
    history_table,
    losses_of_history,
)
from past import CONTROL_LOSSES as HISTORY_CONTROL_LOSSES
from recording import Recording
from report import controls_table, steps_table
from start import PARTS
from work import AT_REST, POOL, TURNS

from marked import put
from model_store import good_models

LOSSES: Final = int(os.environ.get("TINYDIGITS_CRASHES", "1000"))

ROUNDS: Final = 12
"""Models that are installed; each of the ends of a trial comes four times."""

HISTORY_SHARE: Final = 5
"""Of so many losses one more is of a history."""

SHOWN: Final = 20
"""Bad outcomes that are printed."""


@dataclass(frozen=True)
class Control:
    """A writer that leaves calls of fsync out, and what must come of it in every part."""

    without: str
    calls: str
    due: str


CONTROLS: Final = (
    # that ext4 writes out by itself what is renamed over a file (auto_da_alloc) is not enough
    Control("the flush of files", "of folders", BROKEN),
    Control("the flush of folders", "of files", LOST),
)

CONTROL_ROUNDS: Final = 3

CONTROL_LOSSES: Final = 40
"""Of a writer that leaves something out, where nothing is being written: half of them show it."""


def find(folder: Path, model: bytes) -> tuple[list[Outcome], dict[str, list[Outcome]]]:
    """What becomes of losses, with a device as it is and with writers that leave something out."""
    everything = Losses(folder, Recording.make(folder / "all", ROUNDS, "all"), model)
    outcomes = everything.outcomes("power losses", LOSSES, TURNS)
    controls = {}
    for control in CONTROLS:
        recording = Recording.make(folder / control.calls, CONTROL_ROUNDS, control.calls)
        controls[control.without] = Losses(folder, recording, model).outcomes(
            f"without {control.without}", CONTROL_LOSSES, [AT_REST]
        )
    return outcomes, controls


def complaints(outcomes: list[Outcome], controls: dict[str, list[Outcome]]) -> list[str]:
    """What should not be."""
    told = [str(outcome) for outcome in outcomes if outcome.worst in BAD]
    told += [
        f"without {control.without}, {part} should have been {control.due}"
        for control in CONTROLS
        for part in PARTS
        if control.due not in {outcome.parts.get(part) for outcome in controls[control.without]}
    ]
    return told


def main() -> int:
    """Whether anything is not as it should be."""
    begin = time.monotonic()
    folder = Path(sys.argv[1])
    outcomes, controls = find(folder, good_models(POOL + 1)[-1])
    histories = (
        losses_of_history(folder / "history", LOSSES // HISTORY_SHARE, AS_IT_IS),
        losses_of_history(folder / "hasty history", HISTORY_CONTROL_LOSSES, CONTROL),
    )
    tables = (steps_table(outcomes), controls_table(controls), history_table(*histories))
    text = "\n\n".join(tables)
    print(f"\n{text}\n")
    if len(sys.argv) > 2:
        put(Path(sys.argv[2]), "make power-stack", text)
    told = complaints(outcomes, controls) + complaints_of_history(*histories)
    for complaint in told[:SHOWN]:
        print(complaint)
    print(f"power stack: {len(told)} broken after {time.monotonic() - begin:.0f}s")
    return bool(told)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
