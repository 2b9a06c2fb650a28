"""Who is connected, or about to be: not too many, and none too slow."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from tinydigits.web.guard import Refused
from tinydigits.web.limits import CONNECTIONS, CONNECTIONS_EACH
from tinydigits.web.refusal import Abuse

if TYPE_CHECKING:  # which has a place
    from tinydigits.web.connection import Connection

_LOOK_SECONDS: Final = 1.0
"""Between two looks at who is too slow."""


class Place:
    """What one connection takes up, from when it is accepted until it is gone."""

    def __init__(self, crowd: Crowd, client: str) -> None:
        self._crowd = crowd
        self.client = client
        self.connection: Connection | None = None

    def note(self, abuse: Abuse) -> None:
        """Note what its client was refused for."""
        self._crowd.refused.note(abuse, self.client)

    def leave(self) -> None:
        """Have room for another."""
        self._crowd.places.discard(self)


class Crowd:
    """The places that are taken."""

    def __init__(self, refused: Refused) -> None:
        self.refused = refused
        self.places: set[Place] = set()

    def enter(self, client: str) -> Place | None:
        """A place, where there is one left for this client."""
        taken = Counter(place.client for place in self.places)
        if taken.total() >= CONNECTIONS or taken[client] >= CONNECTIONS_EACH:
            self.refused.note("crowd", client)
            return None
        place = Place(self, client)
        self.places.add(place)
        return place

    async def watch(self) -> None:
        """End connections whose clients are too slow, for ever."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for place in list(self.places):
                if place.connection:
                    place.connection.check(time.monotonic())

    def disperse(self) -> None:
        """End all connections."""
        for place in list(self.places):
            if place.connection:
                place.connection.transport.abort()
