"""Several places of a frame, each read by itself; a bumped camera is followed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Literal, Protocol

from msgspec.structs import replace

from tinydigits.classifier import Classifier
from tinydigits.clock import StageClock
from tinydigits.config import Config, ReferenceConfig
from tinydigits.drift import Drift, Reference
from tinydigits.errors import ConfigError, PictureError
from tinydigits.frame import Frame, Luma
from tinydigits.ink import POLARITIES, Polarity
from tinydigits.memory import Memory
from tinydigits.reader import WHOLE_FRAME, FrameReadings, Reader, Reading, frame_readings
from tinydigits.region import Corners, Rectifier, checked_corners
from tinydigits.rules import Rules

log = logging.getLogger(__name__)


class FrameReader(Protocol):
    """What reads frames: the whole of them, or regions."""

    def read(self, frame: Frame) -> FrameReadings:
        """Everything that is to be read in a frame."""


@dataclass
class Region:
    """A place in the frame, and who reads it: one reader, or one for each of its cells."""

    name: str
    corners: Corners
    readers: Sequence[Reader]

    def __post_init__(self) -> None:
        self._rectifier = Rectifier(self.corners)

    @property
    def placed(self) -> Corners:
        """Where it was in the frame that was read last."""
        return self._rectifier.corners

    def read(self, luma: Luma, drift: Drift | None, clock: StageClock) -> Reading:
        """The region's number; boxes are in pixels of the frame."""
        with clock.stage("rectify"):
            rectifier = self._placed(drift)
            upright = rectifier.rectify(luma)
        lefts = cell_edges(upright.shape[1], len(self.readers))
        parts = [
            _moved(reader.reading(upright[:, left:right], clock), left)
            for reader, left, right in zip(self.readers, lefts[:-1], lefts[1:], strict=True)
        ]
        reading = parts[0] if len(parts) == 1 else _joined(parts)
        digits = tuple(
            replace(digit, box=rectifier.box_in_frame(digit.box, luma.shape))
            for digit in reading.digits
        )
        return replace(reading, region=self.name, digits=digits)

    def _placed(self, drift: Drift | None) -> Rectifier:
        """The rectifier for where the region is now, the one before while nothing moves."""
        corners = self.corners if drift is None else _followed(self.corners, drift)
        if corners != self._rectifier.corners:
            self._rectifier = Rectifier(corners)
        return self._rectifier


def cell_edges(width: int, cells: int) -> list[int]:
    """Where cells side by side begin in an upright picture of this width, and the last one ends."""
    return [round(k * width / cells) for k in range(cells + 1)]


def _followed(corners: Corners, drift: Drift) -> Corners:
    a, b, c, d = (drift.follow(corner) for corner in corners)
    return a, b, c, d


def _moved(reading: Reading, left: int) -> Reading:
    """The reading of a cell with its boxes where they are in the region."""
    digits = tuple(
        replace(digit, box=(digit.box[0] + left, *digit.box[1:])) for digit in reading.digits
    )
    return replace(reading, digits=digits)


def _joined(cells: Sequence[Reading]) -> Reading:
    """The number that cells show together."""
    reasons = [
        f"cell {place}: {reason}"
        for place, cell in enumerate(cells, start=1)
        for reason in cell.reasons
    ]
    return Reading(
        region=cells[0].region,
        text="".join(cell.text for cell in cells),
        confidence=round(prod(cell.confidence for cell in cells), 6),
        rejected=bool(reasons),
        reasons=tuple(reasons),
        digits=tuple(digit for cell in cells for digit in cell.digits),
    )


class RegionsReader:
    """Reads the regions of each frame.

    :param reference: by which the regions are kept in place; ``None`` where nothing moves.
    :param seconds: how often it is looked for, while all regions are read well.
    """

    def __init__(
        self, regions: Sequence[Region], reference: Reference | None = None, seconds: float = 0.0
    ) -> None:
        self._regions = regions
        self._reference = reference
        self._seconds = seconds
        self._drift: Drift | None = None
        self._looked = float("-inf")
        self._lost = False
        self._doubtful = True

    @property
    def placed(self) -> dict[str, Corners]:
        """Where each region was in the frame that was read last."""
        return {region.name: region.placed for region in self._regions}

    def read(self, frame: Frame) -> FrameReadings:
        """One reading a region, in the order of the configuration."""
        clock = StageClock()
        with clock.stage("total"):
            if self._reference and self._is_due(frame.monotonic):
                with clock.stage("follow"):
                    self._look(self._reference, frame)
            readings = [region.read(frame.luma, self._drift, clock) for region in self._regions]
        self._doubtful = any(reading.rejected for reading in readings)
        return frame_readings(frame, readings, clock)

    def _is_due(self, now: float) -> bool:
        # a region that can't be read may have moved; that is worth a look each second at most
        return now - self._looked >= (min(1.0, self._seconds) if self._doubtful else self._seconds)

    def _look(self, reference: Reference, frame: Frame) -> None:
        """Find out where everything is now; where that can't be told, all stays as it was."""
        self._looked = frame.monotonic
        found = reference.drift(frame.luma)
        if found is None and not self._lost:
            log.warning("the reference patch is not seen: regions stay where they were last")
        self._lost = found is None
        self._drift = found or self._drift


def make_frame_reader(config: Config, classifier: Classifier) -> Reader | RegionsReader:
    """Who reads frames as the configuration says.

    :raises ConfigError: where a region's corners or the reference patch can't be used.
    """
    max_error = config.reader.max_error
    if not config.region:
        return Reader(
            classifier,
            digits=config.reader.digits or None,
            polarities=_polarities(config.reader.polarity),
            max_error=max_error,
            memory=Memory(),
        )
    regions = [
        Region(
            region.name,
            region_corners(region.name, region.corners),
            [
                Reader(
                    classifier,
                    digits=1 if region.cells else region.digits or None,
                    polarities=_polarities(region.polarity),
                    max_error=max_error,
                    memory=Memory(),
                )
                for _ in range(region.digits if region.cells else 1)
            ],
        )
        for region in config.region
    ]
    return RegionsReader(regions, load_reference(config.reference), config.reference.seconds)


def make_rules(config: Config) -> dict[str, Rules]:
    """What each region's judge goes by."""
    if not config.region:
        return {WHOLE_FRAME: Rules.from_config(config.judge, config.reader.digits)}
    return {region.name: Rules.from_config(region.judge, region.digits) for region in config.region}


def _polarities(polarity: Polarity | Literal["auto"]) -> tuple[Polarity, ...]:
    return POLARITIES if polarity == "auto" else (polarity,)


def load_reference(config: ReferenceConfig) -> Reference | None:
    """The reference patch that the configuration names, if any.

    :raises ConfigError: where it can't be read or nothing stands out in it.
    """
    if not config.picture:
        return None
    try:
        patch = Frame.from_file(Path(config.picture)).luma
        height, width = patch.shape
        return Reference(patch, (config.left, config.top, width, height))
    except (PictureError, ConfigError) as error:
        raise ConfigError(f"reference.picture: {error}") from error


def region_corners(name: str, points: Sequence[Sequence[float]]) -> Corners:
    """The corners of a configured region.

    :raises ConfigError: naming the region.
    """
    try:
        return checked_corners(points)
    except ConfigError as error:
        raise ConfigError(f"region {name!r}: {error}") from error
