"""What a running reader remembers of a place: which recipe showed its number, where, how well.

A camera that looks at one place sees the same display in the same light for hours. The recipe that
showed the number last is tried first and mostly alone; one of the others is looked at now and then,
in turn, and takes over when it shows the number better. Only when the remembered one fails is
everything searched, and ever more seldom while that finds nothing either.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tinydigits.choice import Place, outline
from tinydigits.ink import Recipe
from tinydigits.lines import Outline

TRUSTED: Final = 0.5
"""Share of the score that the recipe had when it was chosen, under which it has failed. Another
number on the same display changes the score by a third."""

RECHECK: Final = 120
"""Frames until one of the other recipes is looked at again: light changes over minutes, and a frame
in which two are looked at takes twice as long."""

BETTER: Final = 1.1
"""So many times the score another recipe needs to take over: it must not go to and fro."""

GOOD_ENOUGH: Final = 0.85
"""Share of the best score at which a recipe that costs less is preferred."""

LONGEST_PAUSE: Final = 15
"""Frames at most between two searches that find nothing: texture costs much, but what comes into
view must be read soon."""


class Memory(msgspec.Struct):
    """Remembered from frame to frame; one for each place that is read."""

    recipe: Recipe | None = None
    outlines: tuple[Outline, ...] = ()
    score: float = 0.0
    sightings: int = 0
    doubtful: bool = False
    frames: int = 0
    turn: int = 0
    pause: int = 0
    wait: int = 0

    def trusts(self, lines: list[Place]) -> bool:
        """Whether what the remembered recipe shows now is as good as it was."""
        return sum(line.best.score for line in lines) >= TRUSTED * self.score > 0

    def next_frame(self) -> bool:
        """Count a frame; whether another recipe's turn has come."""
        self.frames += 1
        return self.frames % RECHECK == 0

    def may_search(self) -> bool:
        """Count a frame in which the remembered recipe failed; whether to search everything."""
        self.wait -= 1
        return self.wait < 0

    def other(self, recipes: list[Recipe]) -> Recipe:
        """The recipe whose turn it is."""
        self.turn = (self.turn + 1) % len(recipes)
        return recipes[self.turn]

    def keep(self, lines: list[Place], *, doubtful: bool) -> None:
        """Remember the recipe that costs least of those that showed these lines well.

        :param doubtful: whether something else should be searched for, ever more seldom.
        """
        doubtful = doubtful or not lines
        self.doubtful = doubtful
        self.pause = self.wait = min(LONGEST_PAUSE, 2 * self.pause + 1) if doubtful else 0
        if not lines:
            return
        runs = max(lines, key=lambda line: line.score).runs
        good = [run for run in runs if run.score >= GOOD_ENOUGH * runs[0].score]
        self.recipe = min(good, key=lambda run: run.seen.side).seen.recipe
        self.outlines = tuple(outline(line) for line in lines)
        self.sightings = min(line.sightings for line in lines)
        self.score = sum(self._shown(line) for line in lines)

    def _shown(self, line: Place) -> float:
        scores = [run.score for run in line.runs if run.seen.recipe == self.recipe]
        return max(scores, default=0.0)

    def adopt(self, recipe: Recipe, lines: list[Place]) -> None:
        """Go over to another recipe if it shows the number better."""
        score = sum(line.best.score for line in lines)
        if score > BETTER * self.score:
            self.recipe, self.score = recipe, score
            self.outlines = tuple(outline(line) for line in lines)
