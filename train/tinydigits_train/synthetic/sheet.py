"""What a scene is drawn on: grey levels, and beside them which pixels are of which digit."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from tinydigits_train.synthetic.lettering import Coverage

WHOLE: Final = 0.97
"""Share of a digit's ink that shows where it counts as the digit,"""

PART: Final = 0.75
"""and below which it counts as none. What lies between, people don't agree on either."""

UNCLEAR: Final = -1
"""The label of what is neither surely a digit nor surely none."""

_HALF: Final = 128

Window = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of the sheet."""


class Sheet:
    """A flat thing to be photographed.

    ``grey`` is ``float32[H, W]``, 0 to 255; ``owner`` is ``uint8[H, W]``: 0, or the number of the
    digit whose ink is there, counted from 1; ``labels[k - 1]`` is what digit ``k`` shows.
    """

    def __init__(self, width: int, height: int, paper: float) -> None:
        self.grey: npt.NDArray[np.float32] = np.full((height, width), paper, np.float32)
        self.owner: npt.NDArray[np.uint8] = np.zeros((height, width), np.uint8)
        self.labels: list[int] = []

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.grey.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.grey.shape[0])

    def stamp(
        self,
        coverage: Coverage,
        place: tuple[float, float],
        ink: float,
        label: int | None = None,
        window: Window | None = None,
    ) -> None:
        """Put ink on the sheet, its left upper corner at ``place``, as far as the window shows it.

        With a label it is a digit, if enough of it shows.
        """
        left, top = round(place[0]), round(place[1])
        bounds = window or (0, 0, self.width, self.height)
        x0, y0 = max(0, round(bounds[0]), left), max(0, round(bounds[1]), top)
        x1 = min(self.width, round(bounds[2]), left + coverage.shape[1])
        y1 = min(self.height, round(bounds[3]), top + coverage.shape[0])
        if x0 >= x1 or y0 >= y1:
            return
        shown = coverage[y0 - top : y1 - top, x0 - left : x1 - left]
        part = self.grey[y0:y1, x0:x1]
        part += (ink - part) * (shown * np.float32(1 / 255))
        if label is not None:
            self._own(shown, (y0, x0), label, int(np.count_nonzero(coverage >= _HALF)))

    def _own(self, shown: Coverage, corner: tuple[int, int], label: int, area: int) -> None:
        covered = shown >= _HALF
        share = np.count_nonzero(covered) / max(1, area)
        if share < PART:
            return
        self.labels.append(label if share >= WHOLE else UNCLEAR)
        (y, x), (height, width) = corner, shown.shape
        self.owner[y : y + height, x : x + width][covered] = len(self.labels)

    def fill(self, window: Window, level: float) -> None:
        """Paint over a rectangle; digits under it are gone."""
        x0, y0, x1, y1 = (max(0, round(side)) for side in window)
        self.grey[y0:y1, x0:x1] = level
        self.owner[y0:y1, x0:x1] = 0

    def rule(self, points: list[tuple[float, float]], level: float, width: float) -> None:
        """Draw a line through points, over everything."""
        mask = Image.new("L", (self.width, self.height))
        ImageDraw.Draw(mask).line(points, 255, max(1, round(width)))
        self.grey += (level - self.grey) * (np.asarray(mask) * np.float32(1 / 255))

    def frame(self, window: Window, level: float, width: float) -> None:
        """Draw the outline of a rectangle."""
        x0, y0, x1, y1 = window
        self.rule([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], level, width)
