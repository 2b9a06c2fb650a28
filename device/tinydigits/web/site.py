"""What everything that answers shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tinydigits.output_tables import WebConfig
from tinydigits.outputs.told import Daemon
from tinydigits.web.board import Board
from tinydigits.web.counts import Counts
from tinydigits.web.events import Events
from tinydigits.web.frames import Pictures
from tinydigits.web.guard import Refused
from tinydigits.web.limits import TRIES, Buckets
from tinydigits.web.operation import Operation
from tinydigits.web.read import Desk
from tinydigits.web.revision import Revisions
from tinydigits.web.security import Gate
from tinydigits.web.worker import Worker


@dataclass(frozen=True)
class Site:
    """The running program, what it read last, who may ask, and a thread for what takes long."""

    config: WebConfig
    daemon: Daemon
    gate: Gate
    operations: Sequence[Operation]
    board: Board = field(default_factory=Board)
    worker: Worker = field(default_factory=Worker)
    refused: Refused = field(default_factory=Refused)
    counts: Counts = field(default_factory=Counts)
    desk: Desk = field(default_factory=Desk)
    events: Events = field(default_factory=Events)
    pictures: Pictures = field(default_factory=Pictures)
    revisions: Revisions = field(default_factory=Revisions)
    tries: Buckets = field(default_factory=lambda: Buckets(TRIES))
