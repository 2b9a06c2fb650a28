"""What outputs are told, and what they may ask."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import msgspec

from tinydigits.frame import Frame
from tinydigits.judge import Verdict
from tinydigits.reader import FrameReadings, Reading
from tinydigits.region import Corners

if TYPE_CHECKING:  # only the types of what the running program hands over
    from collections.abc import Iterator

    from tinydigits.classifier import Classifier
    from tinydigits.config import Config
    from tinydigits.status.document import Document, OutputState


class Told(msgspec.Struct, frozen=True):
    """A frame, what was read in it, and what the judge says of each reading, in the same order.

    ``placed`` has the corners of each region as they were followed in this frame; none where the
    whole frame is read.
    """

    frame: Frame
    result: FrameReadings
    verdicts: tuple[Verdict, ...]
    placed: Mapping[str, Corners] = {}

    def pairs(self) -> Iterator[tuple[Reading, Verdict]]:
        """Each reading with its verdict."""
        return zip(self.result.readings, self.verdicts, strict=True)


class Output(Protocol):
    """Takes what is read; between entering and leaving it, which both take a moment only."""

    @property
    def state(self) -> OutputState:
        """How it is: what waits, what was lost, what is wrong."""

    def __enter__(self) -> Self:
        """Begin; what can't be reached yet is tried again and again."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Get rid of what waits, for less than half a second, and end."""

    def put(self, told: Told) -> None:
        """Take it, without waiting for anything; called by the loop."""

    def wait(self, seconds: float) -> bool:
        """Wait so long at most until it can be reached; whether it can."""


class Daemon(Protocol):
    """The running program, as outputs may ask it on any thread."""

    @property
    def config(self) -> Config:
        """The configuration at work."""

    @property
    def classifier(self) -> Classifier:
        """The model that reads."""

    def document(self) -> Document:
        """How all of it is."""

    def read_now(self) -> None:
        """Have the next frame read at once, however long it is until it is due."""

    def confirm(self, region: str, value: Decimal | None = None) -> Decimal:
        """Have a value accepted because a person says so; ``None`` is what was read last.

        :raises UsageError: where there is no such region, or it can't show such a value.
        """

    def reload(self) -> None:
        """Have the configuration read again, as SIGHUP does."""
