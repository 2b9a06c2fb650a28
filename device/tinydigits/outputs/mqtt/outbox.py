"""What is to be published: in what order, how much of it, and what was not acknowledged."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

import msgspec

SUSPECTED: Final = 5
"""Connections in a row that end with the same message being the first without an answer: then it is
what they end of, as where a broker closes what is too long for it, and it is given up."""


class Message(msgspec.Struct, frozen=True):
    """Something to publish; the broker keeps it for those who come later."""

    topic: str
    payload: bytes


class _Flying(NamedTuple):
    message: Message
    is_state: bool


class Outbox:
    """Messages on their way; one thread uses it.

    Each message that was added is published in its order, or counted in ``dropped``: where too many
    wait the oldest makes room. A state is only worth something as long as it is the newest: it goes
    first, replaces an older one of its topic, and isn't sent again when a connection is lost, since
    :meth:`renew` has all of them told anew after the next.

    :param most: messages that wait at a time.
    :param vital: topic of a state that is never given up: without it others take the device for
        gone, which is no better than a connection that ends.
    """

    def __init__(self, most: int, vital: str = "") -> None:
        self._most = most
        self._vital = vital
        self._queue: deque[Message] = deque()
        self._states: dict[str, Message] = {}
        self._flying: dict[int, _Flying] = {}
        self._newest: dict[str, Message] = {}
        self._given_up: dict[str, Message] = {}
        self._is_answered = False
        self._suspect: Message | None = None
        self._times = 0
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """Messages that nobody has acknowledged, and no states."""
        return len(self._queue) + sum(not one.is_state for one in list(self._flying.values()))

    @property
    def flying(self) -> int:
        """Messages that were sent and are not acknowledged yet."""
        return len(self._flying)

    @property
    def is_empty(self) -> bool:
        """Whether everything is acknowledged."""
        return not (self._queue or self._states or self._flying)

    def add(self, message: Message) -> None:
        """Have a message published, in its turn."""
        self._newest[message.topic] = message
        self._queue.append(message)
        self._trim()

    def tell(self, state: Message) -> None:
        """Have a state published, soon."""
        if self._given_up.get(state.topic) == state:
            return
        self._newest[state.topic] = state
        self._states[state.topic] = state

    def forget(self, topic: str) -> None:
        """Have what the broker keeps of a topic deleted."""
        self._newest.pop(topic, None)
        self._states[topic] = Message(topic, b"")

    def renew(self) -> None:
        """Have the newest of every topic published again, where it isn't about to be anyway.

        A message that waits is followed by all newer ones of its topic: telling the newest before
        it would make others see time run backwards.
        """
        queued = {message.topic for message in self._queue}
        queued |= {message.topic for message, _ in self._flying.values()}
        self._states |= {t: m for t, m in self._newest.items() if t not in queued}

    def next(self) -> Message | None:
        """What is to be sent now; it is taken when :meth:`sent` says so."""
        if self._states:
            return next(iter(self._states.values()))
        return self._queue[0] if self._queue else None

    def sent(self, number: int) -> None:
        """What was next is on its way by this number, until it is acknowledged or lost."""
        if self._states:
            state = self._states.pop(next(iter(self._states)))
            self._flying[number] = _Flying(state, is_state=True)
        else:
            self._flying[number] = _Flying(self._queue.popleft(), is_state=False)

    def acknowledged(self, number: int, *, refused: bool = False) -> Message | None:
        """The message of this number has arrived, or the broker won't have it.

        Returns it, or nothing where the answer was to something else.
        """
        self._is_answered = True
        flying = self._flying.pop(number, None)
        if flying is None:
            return None
        if flying.message == self._suspect:
            self._suspect, self._times = None, 0
        self.dropped += refused and not flying.is_state
        return flying.message

    def settled(self) -> None:
        """A connection has lasted: what was given up may be tried again with the next."""
        self._given_up.clear()

    def lost(self) -> Message | None:
        """The connection is lost: what was not acknowledged waits again, before all other.

        Returns what is given up, as it was again what the connection ended of.
        """
        first = next(iter(self._flying.values()), None)
        back = [message for message, is_state in self._flying.values() if not is_state]
        self._flying.clear()
        self._states.clear()
        self._queue.extendleft(reversed(back))
        given_up = self._given_up_after(first) if first and self._is_answered else None
        self._is_answered = False
        self._trim()
        return given_up

    def _given_up_after(self, first: _Flying) -> Message | None:
        """The first message without an answer, where it was so too often."""
        message = first.message
        self._times = self._times + 1 if message == self._suspect else 1
        self._suspect = message
        if self._times < SUSPECTED or message.topic == self._vital:
            return None
        if first.is_state:
            self._given_up[message.topic] = message
            self._newest.pop(message.topic, None)
        else:
            self._queue.popleft()
            self.dropped += 1
        return message

    def _trim(self) -> None:
        while len(self._queue) > self._most:
            self._queue.popleft()
            self.dropped += 1
