"""The output: a thread that makes messages of what is read and has the broker take them."""

from __future__ import annotations

import logging
import os
import random
import select
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final, Self

import msgspec

from tinydigits import __version__
from tinydigits.config import Config
from tinydigits.errors import TinyDigitsError
from tinydigits.heat import temperatures
from tinydigits.judge import Verdict
from tinydigits.outputs.backlog import Backlog
from tinydigits.outputs.mqtt.broker import Broker
from tinydigits.outputs.mqtt.bulletin import Bulletin, patience
from tinydigits.outputs.mqtt.commands import Commands
from tinydigits.outputs.mqtt.connection import TURN_SECONDS, Connection
from tinydigits.outputs.mqtt.discovery import OFFLINE, ONLINE, Discovery
from tinydigits.outputs.mqtt.outbox import Message, Outbox
from tinydigits.outputs.mqtt.topics import Topics
from tinydigits.outputs.told import Daemon, Told
from tinydigits.reader import WHOLE_FRAME, FrameReadings
from tinydigits.status.document import OutputState

log = logging.getLogger(__name__)

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
"""Seconds between two attempts to connect: a broker that starts again is seen at once, one that is
away for a day isn't bothered."""

SETTLED: Final = 30.0
"""Seconds after which a connection was no failure."""

SUSPICIOUS: Final = 3
"""Short connections that a broker ended, one after the other, and let this device in again: so it
is where two programs have the same name. Not every broker says so."""

SPREAD: Final = 0.5
"""Of a pause, added by chance: a hundred devices don't come back in the same moment."""

DRAIN_SECONDS: Final = 0.3
"""For what waits when the program was told to stop."""

LEAVE_SECONDS: Final = 0.45
"""For the thread to end; it may hang in the resolution of a name, and is left alone then."""


class DeviceDiagnostics(msgspec.Struct, frozen=True):
    """How the device is: degrees Celsius, seconds, bytes."""

    model: str
    version: str
    temperature: float | None
    uptime: float
    memory: int
    frames: int
    fps: float
    camera: str


_NEVER_SENT: Final = -1
"""A number that no message has: those that are sent have positive ones."""

Item = tuple[FrameReadings, tuple[Verdict, ...]]
"""What is kept of a frame: not its picture."""


class MqttOutput:
    """Publishes what is read; an :class:`~tinydigits.outputs.told.Output`.

    :param clock: seconds; that of frames.
    :raises ConfigError: where it can't work as configured.
    """

    def __init__(
        self, config: Config, daemon: Daemon, clock: Callable[[], float] = time.monotonic
    ) -> None:
        regions = [region.name for region in config.region] or [WHOLE_FRAME]
        mqtt = config.mqtt
        self._config = config
        self._daemon = daemon
        self._clock = clock
        self._broker = Broker(mqtt)
        self._topics = Topics(mqtt.topic, regions)
        self._discovery = Discovery(config, self._topics) if mqtt.discovery else None
        self._commands = Commands(self._topics, daemon)
        now = clock()
        self._bulletins = {
            name: Bulletin(name, topics, mqtt.refresh, patience(config), now)
            for name, topics in self._topics.regions.items()
        }
        self._items: Backlog[Item] = Backlog(mqtt.queue)
        self._outbox = Outbox(mqtt.queue, self._topics.status)
        self._connection: Connection | None = None
        self._reachable = Event()
        self._stopped = Event()
        self._until = 0.0
        self._trouble = ""
        self._lost_at: float | None = None
        self._robbed = 0
        self._since = 0.0
        self._diagnosed = now - mqtt.refresh
        self._model = ""
        self._refused: set[str] = set()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._wake)
        self._thread = Thread(target=self._work, name="mqtt", daemon=True)

    @property
    def state(self) -> OutputState:
        """How it is; readings that wait, readings that were lost, what is wrong."""
        return OutputState(
            len(self._items) + self._outbox.waiting,
            self._items.dropped + self._outbox.dropped,
            self._trouble,
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._until = time.monotonic() + DRAIN_SECONDS
        self._stopped.set()
        self._items.close()
        os.eventfd_write(self._wake, 1)
        self._thread.join(LEAVE_SECONDS)
        if left := self.state.waiting:
            log.warning("mqtt: the last messages are lost: %d", left)

    def put(self, told: Told) -> None:
        """Have a frame's readings published, soon."""
        self._items.put((told.result, told.verdicts))
        os.eventfd_write(self._wake, 1)

    def wait(self, seconds: float) -> bool:
        """Wait so long at most until the broker has let this device in; whether it has."""
        return self._reachable.wait(seconds)

    def _work(self) -> None:
        """Connect again and again until the end."""
        pause = FIRST_PAUSE
        while not self._stopped.is_set():
            self._since = time.monotonic()
            with self._told_only():
                self._talk()
            if time.monotonic() - self._since > SETTLED:
                pause = FIRST_PAUSE
                self._outbox.settled()
            with self._told_only():
                self._idle(pause * (1 + SPREAD * random.random()))
            pause = min(2 * pause, LONGEST_PAUSE)

    @contextmanager
    def _told_only(self) -> Iterator[None]:
        """Lets nothing end the thread, nor have it run in circles."""
        try:
            yield
        except TinyDigitsError as error:
            self._lose(str(error))
        except Exception as error:  # noqa: BLE001  there may be mistakes in here too
            self._lose(f"{self._broker}: unexpected {type(error).__name__}: {error}")
            self._stopped.wait(FIRST_PAUSE)

    def _talk(self) -> None:
        """One connection, from its beginning to its end."""
        will = Message(self._topics.status, OFFLINE)
        connection = Connection(self._broker, will, self._acknowledged, self._received)
        if not connection.open(self._stopped.is_set):
            return
        self._connection = connection
        self._begin(connection)
        while not self._stopped.is_set():
            self._take()
            self._send(connection)
            connection.turn(self._wake)
        self._finish(connection)

    def _begin(self, connection: Connection) -> None:
        """Tell everything: the broker may have forgotten it."""
        again = "" if self._lost_at is None else f" after {self._clock() - self._lost_at:.0f} s"
        log.info("mqtt: connected to %s%s", self._broker, again)
        self._trouble, self._lost_at = "", None
        self._refused.clear()
        topics = [self._topics.command, self._topics.commands]
        if self._discovery:
            topics += [self._discovery.status, self._discovery.topic]
        connection.subscribe(*topics)
        self._tell_all()
        self._reachable.set()

    def _tell_all(self) -> None:
        self._outbox.tell(Message(self._topics.status, ONLINE))
        if self._discovery:
            self._outbox.tell(self._discovery.message())
        self._outbox.renew()

    def _send(self, connection: Connection) -> None:
        """Send as much as may be on its way at a time."""
        while self._outbox.flying < connection.flying:
            message = self._outbox.next()
            if message is None:
                return
            if connection.takes(message):
                self._outbox.sent(connection.publish(message))
            else:
                self._outbox.sent(_NEVER_SENT)
                self._acknowledged(_NEVER_SENT, "it is too long")

    def _take(self) -> None:
        """Make messages of what was read since, and of what is due."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        while item := self._items.take(0):
            result, verdicts = item
            for reading, verdict in zip(result.readings, verdicts, strict=True):
                bulletin = self._bulletins.get(reading.region)
                if bulletin:  # after a reload the loop's last frame may have been of others
                    for message in bulletin.of(result, reading, verdict):
                        self._outbox.add(message)
        for state in self._due(self._clock()):
            self._outbox.tell(state)

    def _due(self, now: float) -> Iterator[Message]:
        """States that have changed, or are to be told again."""
        for bulletin in self._bulletins.values():
            yield from bulletin.states(now)
        model = self._daemon.classifier.card.name
        if now - self._diagnosed >= self._config.mqtt.refresh or model != self._model:
            self._diagnosed, self._model = now, model
            yield Message(self._topics.diagnostics, msgspec.json.encode(self._diagnostics()))

    def _diagnostics(self) -> DeviceDiagnostics:
        document = self._daemon.document()
        return DeviceDiagnostics(
            model=document.model.name,
            version=__version__,
            temperature=max(temperatures(), default=None),
            uptime=document.uptime,
            memory=document.memory,
            frames=document.frames,
            fps=document.fps,
            camera=document.camera.trouble,
        )

    def _idle(self, seconds: float) -> None:
        """Wait until it is time to connect again; what is read meanwhile waits for that."""
        until = time.monotonic() + seconds
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        while not self._stopped.is_set() and (left := until - time.monotonic()) > 0:
            poll.poll(1000 * min(left, TURN_SECONDS))
            self._take()

    def _lose(self, why: str) -> None:
        """Tell once that there is no connection, and why."""
        given_up = self._outbox.lost()
        is_short = time.monotonic() - self._since < SETTLED
        robbed = self._connection is not None and self._connection.is_wordless and is_short
        self._robbed = self._robbed + 1 if robbed else 0
        self._connection = None
        if self._robbed >= SUSPICIOUS:
            why += (
                f", as often before: does another program call itself {self._broker.client_id}? "
                "mqtt.client_id must be its own"
            )
        self._reachable.clear()
        if self._lost_at is None:
            self._lost_at = self._clock()
        if why != self._trouble:
            self._trouble = why
            log.warning("mqtt: %s", why)
        if given_up:
            self._robbed = 0
            log.warning("mqtt: given up, as the broker won't take it: %.200s", given_up.topic)

    def _finish(self, connection: Connection) -> None:
        """Get rid of what waits, and say farewell where there is time; else the broker will."""
        with suppress(TinyDigitsError):
            self._take()
            if self._drain(connection):
                self._outbox.tell(Message(self._topics.status, OFFLINE))
                if self._drain(connection):
                    connection.farewell()
        connection.drop()

    def _drain(self, connection: Connection) -> bool:
        """Whether all was taken in time."""
        while not self._outbox.is_empty and time.monotonic() < self._until:
            self._send(connection)
            connection.turn(None, self._until - time.monotonic())
        return self._outbox.is_empty

    def _acknowledged(self, number: int, refused: str) -> None:
        """The broker has taken a message, or won't."""
        message = self._outbox.acknowledged(number, refused=bool(refused))
        if not refused:
            return
        topic = message.topic if message else "its commands"
        if topic not in self._refused:
            self._refused.add(topic)
            self._trouble = f"{self._broker}: it won't let this device at {topic}: {refused}"
            log.warning("mqtt: %s", self._trouble)

    def _received(self, topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001  paho's
        """Something that others published, or this device long ago."""
        discovery = self._discovery
        if discovery and topic == discovery.topic:
            if retained:
                for gone in discovery.remember(payload):
                    self._outbox.forget(gone)
                self._outbox.tell(discovery.message())
        elif discovery and topic == discovery.status:
            if payload == ONLINE and not retained:
                self._tell_all()
        else:
            self._commands.obey(topic, payload, retained=retained)
