"""What a device finds after losses of power."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from losses import Image
from recording import Moment, Recording
from start import PARTS, go_on
from system import mounted, run
from tqdm import tqdm
from work import Kept

KEEP: Final = os.environ.get("TINYDIGITS_KEEP")
"""A folder for the images of disks on which something was lost or broken, to look at them."""

OLD: Final = "old"
NEW: Final = "new"
KEPT: Final = "kept"
"""It is there, and the step does not change it."""
LOST: Final = "lost"
"""What was there before is there again: the device had been told that the new was written."""
BROKEN: Final = "broken"

BAD: Final = frozenset({LOST, BROKEN})


@dataclass(frozen=True)
class Outcome:
    """What became of each part after a loss, and why it is broken where it is."""

    moment: Moment
    parts: dict[str, str]
    why: str

    @property
    def worst(self) -> str:
        """What became of all of it."""
        return next(one for one in (BROKEN, LOST, NEW, OLD, KEPT) if one in {*self.parts.values()})

    def __str__(self) -> str:
        moment = self.moment
        return f"{moment.case} at {moment.position}, {moment.kind}: {self.parts} {self.why}"


@dataclass(frozen=True)
class Losses:
    """Losses of power in a recording, each of which follows from its number.

    :param folder: where the disk is that a loss leaves.
    :param model: the content of another model, to go on with.
    """

    folder: Path
    recording: Recording
    model: bytes

    def outcomes(self, title: str, count: int, turns: Sequence[str]) -> list[Outcome]:
        """What became of so many, in steps of these kinds in turn."""
        disk = self.recording.disk()
        found = []
        for moment in tqdm(self.recording.moments(count, turns), title, mininterval=5):
            image = disk.after_loss(moment.position, np.random.default_rng((moment.case, 1)))
            outcome = self._after(image, moment)
            found.append(outcome)
            if KEEP and outcome.worst in BAD:
                image.tofile(Path(KEEP) / f"{moment.case}.img")
        return found

    def _after(self, image: Image, moment: Moment) -> Outcome:
        """Start again: the kernel with its journal, then the device."""
        file = self.folder / "after"
        image.tofile(file)
        parts: dict[str, str] = {}
        told: list[str] = []
        try:
            with mounted(file, self.folder / "again") as place:
                for part in PARTS:
                    try:
                        parts[part] = self._part(part, place / "state", moment)
                    except Exception as error:  # noqa: BLE001  whatever it is, it must not be
                        parts[part] = BROKEN
                        told.append(f"{part}: {error!r}")
                if not told:
                    go_on(place / "state", self.model)
            run("e2fsck", "-fn", file)
        except Exception as error:  # noqa: BLE001
            parts["afterwards"] = BROKEN
            told.append(repr(error))
        return Outcome(moment, parts, "; ".join(told))

    def _part(self, part: str, state: Path, moment: Moment) -> str:
        found = PARTS[part](state)
        before, after = getattr(moment.before, part), getattr(moment.after, part)
        if found == after:
            return KEPT if before == after else NEW
        if found == before:
            return OLD
        known = [Kept(), *(step.kept for step in self.recording.steps)]
        if found not in [getattr(kept, part) for kept in known]:
            raise ValueError(f"this was never there: {found}")
        return LOST
