"""What the benchmark and the processes that it measures say to each other, over pipes.

A message is four bytes of length, the most significant first, and so much MessagePack.
"""

from __future__ import annotations

from typing import BinaryIO, Final

import msgspec
import numpy as np

from tinydigits.bench.machine import Moment
from tinydigits.bench.result import Scenario, Subject
from tinydigits.bench.stats import Times

PREFIX: Final = 4
"""Bytes that tell how long a message is."""

MOST: Final = 2**28
"""Bytes of a message: those of a second's times are some millions."""


class Open(msgspec.Struct, frozen=True, tag=True):
    """Open a runner for a model file; answered by ``Ready`` or ``Skipped``."""

    subject: Subject
    runner: str
    model: str


class Give(msgspec.Struct, frozen=True, tag=True):
    """What is asked about from now on; answered by ``Ready``.

    ``files`` are NumPy's: one with all glyphs, or one a frame. ``truths`` are the digits of each
    glyph or frame.
    """

    files: tuple[str, ...]
    truths: tuple[str, ...]


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Measure a part of a run; answered by ``Part`` or ``Skipped``.

    One query follows the other, or, where there is a ``rate``, they come at random, at so many a
    second. A query asks about ``each`` samples, or about as many as are answered in ``seconds`` if
    that is 0, but ``most``. ``first`` is how many samples were asked about before.
    """

    seconds: float
    queries: int = 1
    each: int = 1
    most: int = 1
    first: int = 0
    rate: float | None = None
    seed: int = 0


class Generate(msgspec.Struct, frozen=True, tag=True):
    """Let LoadGen measure a run; answered by ``Generated`` or ``Skipped``.

    ``rate`` is how many samples a second the runner answers in the scenario; in Server, how many it
    is to be asked about. ``bound`` is Server's. Another ``seed`` has it ask at other moments.
    """

    scenario: Scenario
    seconds: float
    rate: float
    bound: float
    seed: int = 0


class Ready(msgspec.Struct, frozen=True, tag=True):
    """It is done."""


class Skipped(msgspec.Struct, frozen=True, tag=True):
    """It can't be done: one word why, and what to do about it."""

    why: str


class Part(msgspec.Struct, frozen=True, tag=True):
    """A part of a run.

    ``packed`` are the times as float64, ``stages`` the seconds of each stage, all queries together.
    """

    packed: bytes
    each: int
    samples: int
    wrong: int
    seconds: float
    stages: dict[str, float]
    before: Moment
    after: Moment

    @property
    def times(self) -> Times:
        """Seconds of each query."""
        return np.frombuffer(self.packed, np.float64)


class Generated(msgspec.Struct, frozen=True, tag=True):
    """What LoadGen says of a run: its whole ``summary``, and what is read from it.

    ``percentiles`` are shares of the queries and seconds, ``rate`` samples a second where it tells
    them; ``wrong`` samples were answered wrongly, which it doesn't look at.
    """

    valid: bool
    percentiles: tuple[tuple[float, float], ...]
    rate: float | None
    wrong: int
    summary: str


Request = Open | Give | Ask | Generate
Reply = Ready | Skipped | Part | Generated

_requests: Final[msgspec.msgpack.Decoder[Request]] = msgspec.msgpack.Decoder(Request)
_replies: Final[msgspec.msgpack.Decoder[Reply]] = msgspec.msgpack.Decoder(Reply)


def to_bytes(message: Request | Reply) -> bytes:
    """A message as it travels."""
    content = msgspec.msgpack.encode(message)
    return len(content).to_bytes(PREFIX, "big") + content


def as_reply(content: bytes) -> Reply:
    """The reply that a message's content is.

    :raises msgspec.MsgspecError: where it is none.
    """
    return _replies.decode(content)


def read_request(stream: BinaryIO) -> Request | None:
    """The next request; ``None`` where whoever asked has gone."""
    prefix = stream.read(PREFIX)
    if len(prefix) < PREFIX:
        return None
    size = int.from_bytes(prefix, "big")
    content = stream.read(size)
    return _requests.decode(content) if len(content) == size else None
