"""A judge for every region, the time they go by, and when what they accepted is written.

Within a run time is the monotonic clock, which no correction of the wall clock moves. Across runs
only the wall clock can tell how long the program was away, and on a computer without a battery it
is behind at first: whenever it turns out that more time has passed, what was accepted before gets
older by that. It never gets younger, so a wall clock that is wrong can only make the first check of
a rate milder.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from threading import Lock
from typing import Final, Self

from tinydigits.errors import UsageError
from tinydigits.judge import Judge, Verdict
from tinydigits.judge_file import MemoryFile, load_memory
from tinydigits.judge_state import State
from tinydigits.reader import Reading
from tinydigits.rules import Rules

log = logging.getLogger(__name__)

Clock = Callable[[], float]

WRITE_SECONDS: Final = 60.0
"""The least time between two writes: memory cards wear out."""

CONFIRMED_SECONDS: Final = 3600.0
"""A value is confirmed all the time; every so often that alone is worth a write."""

CONTRADICTED_SECONDS: Final = 600.0
"""And so much more of contradictions is."""


class Judges:
    """Judges every region's readings; leaving it writes what they remember.

    Nothing about the file ever stops the judging.

    :param rules: for each region.
    :param path: where to remember; ``None`` is not at all.
    """

    def __init__(
        self,
        rules: Mapping[str, Rules],
        path: Path | None = None,
        *,
        monotonic: Clock = time.monotonic,
        wall: Clock = time.time,
    ) -> None:
        self._rules = rules
        self._path = path
        self._file = MemoryFile(path) if path else None
        self._monotonic = monotonic
        self._wall = wall
        self._judges: dict[str, Judge] = {}
        self._lock = Lock()
        self._texts: dict[str, str] = {}
        self._start = monotonic()
        self._absence = 0.0
        memory = load_memory(path) if path else None
        self._left = memory.wall if memory else None
        if memory:
            start = self._start
            self._restore({name: s.shifted(start) for name, s in memory.regions.items()}, start)
        self._written_at = self._start - WRITE_SECONDS
        self._written = self._states()
        self._worth = self._worth_writing()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        if self._states() != self._written:
            self._write(self._monotonic())

    def judge(self, readings: Sequence[Reading], taken: float) -> list[Verdict]:
        """A verdict on each of the readings of one frame.

        :param taken: when the frame was taken, in seconds on the monotonic clock. That is what the
            number showed it at, however long reading took; no frame is older than the one before.
        """
        now = self._monotonic()
        with self._lock:
            self._count_absence(now)
            verdicts = [self._judged(reading, taken) for reading in readings]
        for verdict, reading in zip(verdicts, readings, strict=True):
            if verdict.event:
                log.warning("%s: %s: %s", reading.region, verdict.event, verdict.reasons[0].text)
        if now - self._written_at >= WRITE_SECONDS and self._worth_writing() != self._worth:
            self._write(now)
        return verdicts

    def confirm(self, region: str, value: Decimal | None = None) -> Decimal:
        """Accept a value because a person says so, from any thread; what was read last if none.

        :raises UsageError: where there is no such region, nothing to confirm, or it can't be that.
        """
        with self._lock:
            if region not in self._rules:
                raise UsageError(
                    f"there is no region '{region:.100}', only {', '.join(self._rules)}"
                )
            judge = self._judge(region)
            try:
                said = judge.rules.number(self._texts.get(region, "")) if value is None else value
                confirmed = judge.confirm(said, self._monotonic())
            except ValueError as error:
                raise UsageError(f"{region}: {error}") from None
        log.info("%s: %s is accepted because a person says so", region, confirmed)
        return confirmed

    def change(self, rules: Mapping[str, Rules], path: Path | None) -> None:
        """Go on by other rules and with another file, with what was accepted before."""
        now = self._monotonic()
        with self._lock:
            states = self._states()
            self._rules = rules
            self._judges = {}
            self._restore(states, now)
        if path != self._path:
            self._path, self._file = path, MemoryFile(path) if path else None
            self._written = {}

    def _judge(self, region: str) -> Judge:
        return self._judges.setdefault(region, Judge(self._rules[region]))

    def _judged(self, reading: Reading, taken: float) -> Verdict:
        self._texts[reading.region] = reading.text
        return self._judge(reading.region).judge(reading, taken)

    def _restore(self, regions: dict[str, State], now: float) -> None:
        for region, state in regions.items():
            rules = self._rules.get(region)
            if rules and state.fits(rules, now):
                self._judges[region] = Judge(rules, state)
            else:
                log.warning("%s: what was remembered is of another number, forgotten", region)

    def _count_absence(self, now: float) -> None:
        """Let what was accepted before this run get older by what the wall clock knows better."""
        if self._left is None:
            return
        absence = self._wall() - self._left - (now - self._start)
        if absence <= self._absence:
            return
        for judge in self._judges.values():
            accepted = judge.state.accepted
            if accepted and accepted.at <= self._start:
                judge.state = judge.state.aged(absence - self._absence)
        self._absence = absence

    def _states(self) -> dict[str, State]:
        return {region: judge.state for region, judge in self._judges.items()}

    def _worth_writing(self) -> list[object]:
        """What a write keeps that the last one did not."""
        return [
            (
                accepted and (accepted.value, accepted.at // CONFIRMED_SECONDS),
                rival and rival.lasted // CONTRADICTED_SECONDS,
            )
            for accepted, rival in ((s.accepted, s.rival) for s in self._states().values())
        ]

    def _write(self, now: float) -> None:
        if self._file is None:
            return
        self._written_at = now
        states = self._states()
        shifted = {region: state.shifted(-now) for region, state in states.items()}
        if self._file.write(self._wall(), shifted):
            self._written, self._worth = states, self._worth_writing()
