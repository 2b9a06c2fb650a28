"""The output that keeps pictures of doubtful digits, to be labelled and learned from."""

from __future__ import annotations

import logging
import stat
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread
from typing import Final, NamedTuple, Self

from tinydigits.config import Config, RegionConfig
from tinydigits.errors import ConfigError, DataError, PictureError, TinyDigitsError, UsageError
from tinydigits.files import may_be
from tinydigits.frame import Frame, Luma
from tinydigits.judge import Verdict
from tinydigits.learn.crop_file import Note, Why
from tinydigits.learn.crops import Crops
from tinydigits.learn.cutting import Cutting, Place
from tinydigits.learn.likeness import Seen, gist_of
from tinydigits.outputs.backlog import Backlog
from tinydigits.outputs.doubtful import differing, doubtful, is_worth_a_look, lies_between
from tinydigits.outputs.pace import Pace
from tinydigits.outputs.told import Told
from tinydigits.own_file import own_path
from tinydigits.reader import Reading
from tinydigits.region import Rectifier
from tinydigits.status.document import OutputState

log = logging.getLogger(__name__)

WAITING: Final = 2
"""Frames that wait at most: each is held in memory, and one more of the same digits is no loss."""

REMEMBERED: Final = 1000
"""Crops, the last ones, that a new one must not be like: a megabyte, and 0.1 ms to compare."""

OPEN: Final = 3
"""Readings of a region that wait for what the judge accepts next."""

LEAVE_SECONDS: Final = 0.4


class _Cut(NamedTuple):
    """A place, what is to be seen there, and when."""

    place: Place
    picture: Luma
    wall: float


class _Open(NamedTuple):
    """A reading that the judge has neither accepted nor refused, and the value at that time."""

    text: str
    value: Decimal | None
    cuts: list[_Cut]


class Collector:
    """Keeps crops of digits that are unsure, rejected, or not what the judge accepted.

    All work is done by a thread of its own.

    :raises ConfigError: where there can be no such folder.
    """

    def __init__(self, config: Config, clock: Callable[[], float] = time.monotonic) -> None:
        table = config.collect
        self._folder = own_path(table.folder)
        if not may_be(self._folder, stat.S_ISDIR):
            raise ConfigError(f"collect.folder is {table.folder!r}: that is no folder")
        self._crops = Crops(self._folder, max_files=table.max_files, max_bytes=table.max_bytes)
        self._unsure = table.unsure
        self._regions = {region.name: region for region in config.region}
        self._decimals = config.judge.decimals
        self._rectifiers: dict[str, Rectifier] = {}
        self._clock = clock
        self._pace = Pace(table.per_hour)
        self._seen = Seen(REMEMBERED)
        self._open: dict[str, deque[_Open]] = defaultdict(lambda: deque(maxlen=OPEN))
        self._backlog: Backlog[Told] = Backlog(WAITING)
        self._trouble = ""
        self._works = Event()
        self._thread = Thread(target=self._work, name="collect", daemon=True)

    @property
    def folder(self) -> Path:
        """Where the crops are."""
        return self._folder

    @property
    def state(self) -> OutputState:
        """How it is; what was dropped are frames with something doubtful in them."""
        return OutputState(len(self._backlog), self._backlog.dropped, self._trouble)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._backlog.close()
        self._thread.join(LEAVE_SECONDS)

    def put(self, told: Told) -> None:
        """Take a frame in which something may be doubtful, if it is time for a look."""
        if self._pace.is_due(self._clock()) and (
            is_worth_a_look(told.result.readings, told.verdicts, self._unsure)
            or any(self._open.get(reading.region) for reading in told.result.readings)
        ):
            self._backlog.put(told)

    def wait(self, seconds: float) -> bool:
        """Wait so long at most until the folder can be used; whether it can."""
        return self._works.wait(seconds)

    def look(self, told: Told) -> None:
        """Keep what is doubtful in a frame and new; what goes wrong is told, once."""
        try:
            found = self._keep_doubtful(told)
        except TinyDigitsError as error:
            self._tell(str(error))
        except Exception as error:  # noqa: BLE001  the thread has to live
            self._tell(f"unexpected {type(error).__name__}: {error}")
        else:
            self._pace.looked(self._clock(), found=found)

    def _work(self) -> None:
        self._remember()
        while told := self._backlog.take():
            self.look(told)

    def _remember(self) -> None:
        """Know again what earlier runs have kept."""
        try:
            known = [crop for crop in self._crops.list() if crop.why]
        except DataError as error:
            self._tell(str(error))
            return
        for crop in known[-REMEMBERED:]:
            with suppress(PictureError, UsageError):  # damaged, or gone by now
                gist = gist_of(self._crops.luma(crop.name))
                if gist is not None:
                    self._seen.add(gist)
            if self._backlog.closed:
                return
        self._works.set()

    def _keep_doubtful(self, told: Told) -> bool:
        """Whether there was anything new."""
        kept = [
            self._keep(reading.region, cut, why)
            for reading, verdict in told.pairs()
            for cut, why in self._doubtful(told, reading, verdict)
        ]
        return any(kept)

    def _doubtful(
        self, told: Told, reading: Reading, verdict: Verdict
    ) -> Iterable[tuple[_Cut, Why]]:
        region = self._regions.get(reading.region)
        decimals = region.judge.decimals if region else self._decimals
        if verdict.status == "accepted":
            yield from self._settled(reading.region, verdict, decimals)
        cutting = Cutting(told.frame.luma, reading, self._rectifier(told, region), _cells(region))
        why = doubtful(cutting.places, verdict, self._unsure, decimals)
        is_open = verdict.status == "waiting"
        cuts = list(_cut(told.frame, cutting, None if is_open else why))
        yield from ((cut, why[cut.place.number]) for cut in cuts if cut.place.number in why)
        if is_open:
            self._open[reading.region].append(_Open(reading.text, verdict.value, cuts))

    def _settled(self, region: str, verdict: Verdict, decimals: int) -> Iterable[tuple[_Cut, Why]]:
        """Of readings that waited, the digits that are not what was accepted after them."""
        for waited in self._open.pop(region, ()):
            if lies_between(waited.text, waited.value, verdict.value, decimals):
                continue
            places = [cut.place for cut in waited.cuts]
            wrong = differing(places, waited.text, verdict.value, decimals)
            yield from ((cut, "contradicted") for cut in waited.cuts if cut.place.number in wrong)

    def _rectifier(self, told: Told, region: RegionConfig | None) -> Rectifier | None:
        if region is None or region.name not in told.placed:
            return None
        corners = told.placed[region.name]
        known = self._rectifiers.get(region.name)
        if known is None or known.corners != corners:
            self._rectifiers[region.name] = known = Rectifier(corners)
        return known

    def _keep(self, region: str, cut: _Cut, why: Why) -> bool:
        """Keep a crop unless there is one like it, or no room; whether that was done."""
        gist = gist_of(cut.picture)
        if gist is None or self._seen.has(gist) or not self._pace.take(self._clock()):
            return False
        place = cut.place
        note = Note(region, place.number, place.read, place.confidence, cut.wall, why)
        if self._crops.keep(cut.picture, note) is None:
            self._tell(
                f"the folder {self._folder} is full of labelled pictures: move them away, or raise "
                "collect.max_files and collect.max_bytes"
            )
            return False
        self._seen.add(gist)
        self._works.set()
        if self._trouble:
            log.info("pictures are collected again")
        self._trouble = ""
        return True

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("no pictures are collected: %s", trouble)
        self._trouble = trouble
        self._pace.failed(self._clock())


def _cells(region: RegionConfig | None) -> int:
    return region.digits if region and region.cells else 0


def _cut(frame: Frame, cutting: Cutting, only: Iterable[int] | None) -> Iterable[_Cut]:
    """The places, or only some, as pictures of their own: the frame need not be held for them."""
    for place in cutting.places:
        if only is None or place.number in only:
            picture = cutting.picture(place)
            if picture is not None:
                yield _Cut(place, picture.copy(), frame.wall)
