"""What was read: in the last frame, and before."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec

from tinydigits.config import Config
from tinydigits.errors import DataError
from tinydigits.files import printable
from tinydigits.history import Past, read_past
from tinydigits.judge import Verdict
from tinydigits.outputs.told import Told
from tinydigits.own_file import own_path
from tinydigits.reader import Reading
from tinydigits.web.operation import Call, Operation

log = logging.getLogger(__name__)

_END_OF_TIME: Final = 1e11
"""In seconds on the Unix clock: the year 5138."""

_Wall = Annotated[float, msgspec.Meta(ge=0, le=_END_OF_TIME)]

MOST: Final = 1000
"""Past readings in one answer: 200 kB."""


class Judged(Reading, frozen=True):
    """A reading, and what the judge says of it.

    ``corners`` are those of its region, in pixels of the frame, where the region was in it: top
    left, top right, bottom right, bottom left; ``None`` where the whole frame is read.
    """

    verdict: Verdict
    corners: tuple[tuple[float, float], ...] | None


class FrameShown(msgspec.Struct, frozen=True):
    """A frame without its picture; ``wall`` is when it was taken, on the Unix clock."""

    sequence: int
    wall: float
    width: int
    height: int
    source: str


class Latest(msgspec.Struct, frozen=True):
    """The last frame, all that was read in it, and the milliseconds that each stage took."""

    frame: FrameShown
    readings: tuple[Judged, ...]
    timing_ms: dict[str, float]


class Readings(msgspec.Struct, frozen=True):
    """What was read last, if anything was, and before; the oldest of ``history`` comes first."""

    latest: Latest | None
    history: tuple[Past, ...]


class ReadingsAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the past: of which region, all without; from ``since`` until before ``until``; how
    many at most, the last ones.
    """

    region: str = ""
    since: _Wall = 0.0
    until: _Wall = _END_OF_TIME
    limit: Annotated[int, msgspec.Meta(ge=0, le=MOST)] = 100


def latest(told: Told, config: Config) -> Latest:
    """What is told of a frame."""
    height, width = told.frame.luma.shape
    result = told.result
    corners = {region.name: region.corners for region in config.region}
    return Latest(
        FrameShown(result.sequence, result.wall, width, height, printable(result.source)),
        tuple(
            Judged(
                **msgspec.structs.asdict(reading),
                verdict=verdict,
                corners=told.placed.get(reading.region, corners.get(reading.region)),
            )
            for reading, verdict in told.pairs()
        ),
        result.timing_ms,
    )


async def _readings(call: Call[ReadingsAsked, None]) -> Readings:
    site, asked = call.site, call.asked
    _, told = site.board.last
    past: Sequence[Past]
    if file := site.daemon.config.history.file:
        past = await site.worker.do(lambda: kept(own_path(file), asked))
    else:
        past = chosen(site.board.past, asked)
    return Readings(latest(told, site.daemon.config) if told else None, tuple(past))


def kept(path: Path, asked: ReadingsAsked) -> Sequence[Past]:
    """Those that are asked for, of a file; none where it can't be read, which is told in the log
    alone, as what was read last is not in it.
    """
    try:
        return read_past(path, asked.region or None, asked.since, asked.until, asked.limit)
    except DataError as error:
        log.warning("%s", error)
        return []


def chosen(past: Sequence[Past], asked: ReadingsAsked) -> Sequence[Past]:
    """Those that are asked for, of some."""
    fitting = [
        one
        for one in past
        if asked.since <= one.wall < asked.until and asked.region in {"", one.region}
    ]
    return fitting[max(0, len(fitting) - asked.limit) :]


OPERATIONS: Final = (
    Operation(
        "GET",
        "/api/v1/readings",
        "What was read last, and before",
        _readings,
        answer=Readings,
        asks=ReadingsAsked,
        refusals=(503,),
    ),
)
