"""What the server takes from whoever asks, so that nobody can fill it or slow it down."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Final

CONNECTIONS: Final = 64
"""At a time; a browser opens six. Each takes 50 kB at most, in all a few MiB."""

CONNECTIONS_EACH: Final = 32
"""Of one client, so that none can keep the others out."""

HEADER_BYTES: Final = 16_384
"""Of a request before its body: what browsers send takes one or two thousand."""

REQUEST_SECONDS: Final = 10.0
"""Until a request has come whole, its body aside; TLS has as long for its handshake."""

BODY_SECONDS: Final = 20.0
"""For a body; the largest picture takes three over the worst Wi-Fi."""

STALL_SECONDS: Final = 20.0
"""After which a client that takes nothing, or nearly nothing, is let go."""

SEND_BYTES: Final = 16_384
"""Waiting for one client in this program, above which it waits for the client ..."""

SOCKET_BYTES: Final = 65_536
"""... and in the system, so that what a slow client sees is seconds old, not minutes."""

LINGER_BYTES: Final = 2**20
"""Of a body that was refused: taken, so that the client gets to reading why; then no more."""

JSON_BYTES: Final = 65_536
"""Of a body in JSON: a hundred regions take 10,000."""

PICTURE_BYTES: Final = 8 * 2**20
"""Of a picture to read; a camera's JPEG of twelve megapixels takes three to six."""

PHOTO_PIXELS: Final = 12_500_000
"""Of a JPEG to read: what most telephones take. Decoding it takes 85 MB at most ..."""

OTHER_PIXELS: Final = 4_000_000
"""... and so does a PNG of so many pixels, whatever its kind."""

PICTURE_SECONDS: Final = 30.0
"""For reading it, and for whatever else is done by the worker."""

STREAMS: Final = 16
"""Clients that are told of events, at a time."""

REQUESTS: Final = (30.0, 90.0)
"""A second, and at once, of one client: a page asks five times a second."""

PICTURES: Final = (2.0, 10.0)
"""A second, and at once, of all clients together; a Pi Zero reads two photographs a second."""

TRIES: Final = (4.0, 12.0)
"""Readings with other regions, a second, and at once, of all clients together: as many as a hand
that drags a corner can see. The page waits for each answer before it asks again."""

WRONG_TOKENS: Final = (1 / 6, 10.0)
"""A second, and at once, of one client: a person errs twice, and a year allows five million
guesses of the 10^19 that the shortest good token needs."""

CLIENTS: Final = 256
"""That are remembered; the one that was seen last longest ago gives way."""

IPV6_NETWORK_BITS: Final = 64
"""Of an address are one client's: it can have all the others."""


class Buckets:
    """Allows each client so many things a second, and so many at once.

    :param rate: a second, and at once.
    :param clock: gives seconds.
    """

    def __init__(
        self, rate: tuple[float, float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._most = rate
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """Take one; returns 0, or after how many seconds there will be one."""
        wait = self.wait(client)
        if not wait:
            self._levels[client] = (self._level(client) - 1, self._clock())
            self._levels.move_to_end(client)
            if len(self._levels) > CLIENTS:
                self._levels.popitem(last=False)
        return wait

    def wait(self, client: str) -> float:
        """After how many seconds there will be one to take; 0 where there is one now."""
        return max(0.0, 1 - self._level(client)) / self._rate

    def _level(self, client: str) -> float:
        level, since = self._levels.get(client, (self._most, 0.0))
        return min(self._most, level + (self._clock() - since) * self._rate)


def client_of(host: str) -> str:
    """Who an address belongs to, as far as limits go."""
    try:
        address = ip_address(host.partition("%")[0])  # without a zone
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        network = int(address) >> (128 - IPV6_NETWORK_BITS) << (128 - IPV6_NETWORK_BITS)
        return str(address if address.is_loopback else IPv6Address(network))
    return str(address)
