"""A recording is read and judged again, and held against what should be believed after each frame.

This is the whole way of a running device but its camera and its outputs: regions, reader and judge
as configured, by the recorded times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final, Literal, NamedTuple

import msgspec

from tinydigits.config import Config
from tinydigits.errors import DataError
from tinydigits.files import printable
from tinydigits.frame import Frame
from tinydigits.judge import Verdict
from tinydigits.judges import Judges
from tinydigits.learn.recording import Recorded, Row
from tinydigits.regions import FrameReader, make_rules

_FIRST: Final = 10
"""Wrong values, and missing ones, that are shown."""

Result = Literal["right", "missing", "wrong"]


class Miss(msgspec.Struct, frozen=True):
    """A frame after which another value stood than was expected, and what was read in it."""

    file: str
    seconds: float
    region: str
    expected: Decimal
    value: Decimal | None
    read: str


class Replayed(msgspec.Struct, frozen=True):
    """The figures of a recording.

    ``expected`` counts the values that were; of these ``right`` stood after their frame, ``wrong``
    were others that were never expected until then, and ``missing`` is the rest: none yet, or still
    an earlier one. ``first_wrong`` and ``first_missing`` name some.
    """

    frames: int
    expected: int
    right: int
    missing: int
    wrong: int
    first_wrong: tuple[Miss, ...]
    first_missing: tuple[Miss, ...]

    @property
    def share(self) -> float:
        """Of the expected values that were right."""
        return self.right / self.expected


class _Judged(NamedTuple):
    """A row, and what came of it."""

    row: Row
    result: Result
    verdict: Verdict


def replay(frames: Sequence[Recorded], reader: FrameReader, config: Config) -> Replayed:
    """Read and judge all frames.

    :raises DataError: where nothing is expected, or of a region that is not configured.
    :raises PictureError: where a frame can't be decoded.
    """
    rules = make_rules(config)
    rows = [row for frame in frames for row in frame.rows]
    for row in rows:
        if row.region not in rules:
            raise DataError(
                f"{row.where}: there is no region '{row.region:.50}' in the configuration, only "
                f"{', '.join(rules)}"
            )
    if all(row.expected is None for row in rows):
        raise DataError(f"{rows[0].where}: nothing is expected of any frame: fill in the column")
    judges = Judges(rules, monotonic=lambda: frames[0].seconds, wall=lambda: 0.0)
    return _figures(len(frames), list(_judged(frames, reader, judges)))


def _judged(frames: Iterable[Recorded], reader: FrameReader, judges: Judges) -> Iterator[_Judged]:
    until_now: dict[str, set[Decimal]] = defaultdict(set)
    for recorded in frames:
        opened = Frame.from_file(recorded.path)
        frame = msgspec.structs.replace(opened, monotonic=recorded.seconds)
        readings = reader.read(frame).readings
        judged = judges.judge(readings, recorded.seconds)
        verdicts = {r.region: verdict for r, verdict in zip(readings, judged, strict=True)}
        for row in recorded.rows:
            if row.expected is not None:
                until_now[row.region].add(row.expected)
                verdict = verdicts[row.region]
                yield _Judged(
                    row, _result(row.expected, verdict.value, until_now[row.region]), verdict
                )


def _result(expected: Decimal, value: Decimal | None, until_now: set[Decimal]) -> Result:
    if value == expected:
        return "right"
    return "missing" if value is None or value in until_now else "wrong"


def _figures(frames: int, judged: Sequence[_Judged]) -> Replayed:
    results = [each.result for each in judged]
    return Replayed(
        frames=frames,
        expected=len(judged),
        right=results.count("right"),
        missing=results.count("missing"),
        wrong=results.count("wrong"),
        first_wrong=_misses(judged, "wrong"),
        first_missing=_misses(judged, "missing"),
    )


def _misses(judged: Iterable[_Judged], result: Result) -> tuple[Miss, ...]:
    misses = [
        Miss(
            printable(each.row.file),
            each.row.seconds,
            each.row.region,
            each.row.expected or Decimal(),
            each.verdict.value,
            each.verdict.text,
        )
        for each in judged
        if each.result == result
    ]
    return tuple(misses[:_FIRST])


def render_replay(found: Replayed, title: str) -> str:
    """The figures as text for a terminal."""
    lines = [f"{title}: {found.frames} frames, {found.expected} values expected"]
    for name, count in (
        ("right", found.right),
        ("missing or late", found.missing),
        ("accepted, yet wrong", found.wrong),
    ):
        lines.append(f"  {name:<22}{count:6d}  {100 * count / found.expected:6.2f} %")
    for name, misses in (("wrong", found.first_wrong), ("missing", found.first_missing)):
        if misses:
            lines += ["", f"  first {name}", *map(_line, misses)]
    return "\n".join(lines)


def _line(miss: Miss) -> str:
    value = "nothing" if miss.value is None else f"{miss.value:f}"
    read = miss.read.replace("\n", " | ") or "nothing"
    return (
        f"  {miss.file} at {miss.seconds:g} s: {miss.region} shows {miss.expected:f}, "
        f"believed {value}, read {read}"
    )
