"""What waits for a thread that is slower than the loop."""

from __future__ import annotations

from collections import deque
from threading import Condition
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Backlog(Generic[Item]):
    """A queue whose oldest makes room for the newest; ``dropped`` counts what had to.

    :param most: that wait at a time.
    """

    def __init__(self, most: int) -> None:
        self._items: deque[Item] = deque()
        self._most = most
        self._changed = Condition()
        self._closed = False
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self._closed

    def put(self, item: Item) -> None:
        """Add the newest; never waits."""
        with self._changed:
            if len(self._items) >= self._most:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            self._changed.notify()

    def take(self, seconds: float | None = None) -> Item | None:
        """The oldest; ``None`` where none comes within so many seconds, or it is closed and empty.

        Without a number of seconds it waits until one comes.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, seconds)
            return self._items.popleft() if self._items else None

    def close(self) -> None:
        """Nothing more will come: who waits for it is woken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
