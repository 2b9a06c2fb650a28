"""What programs are told of a picture that was read."""

from __future__ import annotations

import msgspec

from tinydigits.classifier import ModelCard
from tinydigits.files import printable
from tinydigits.reader import FrameReadings, Reading


class ModelRead(msgspec.Struct, frozen=True):
    """The model that read it, what it can tell apart, and what it learned from."""

    name: str
    labels: tuple[str, ...]
    data: tuple[str, ...]


class PictureRead(msgspec.Struct, frozen=True):
    """All readings of one picture; ``wall`` is when it was opened, on the Unix clock."""

    source: str
    sequence: int
    wall: float
    readings: tuple[Reading, ...]
    timing_ms: dict[str, float]
    model: ModelRead


def picture_read(result: FrameReadings, card: ModelCard) -> PictureRead:
    """The same without what is of this process alone."""
    return PictureRead(
        printable(result.source),
        result.sequence,
        result.wall,
        result.readings,
        result.timing_ms,
        ModelRead(card.name, card.labels, tuple(source.name for source in card.data)),
    )
