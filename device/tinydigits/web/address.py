"""Where the server listens."""

from __future__ import annotations

import errno
import re
import socket
from ipaddress import ip_address
from typing import Final

import msgspec

from tinydigits.errors import ConfigError

_KEY: Final = "web.address"

_WRITTEN: Final = re.compile(r"(?:\[(?P<v6>[^\[\]]+)\]|(?P<host>[^:\[\]\s/]+)):(?P<port>\d{1,5})")

_MAX_PORT: Final = 65535

_WAITING: Final = 32
"""Connections that the system keeps until they are looked at, which takes a millisecond."""

_LOCALHOST: Final = "localhost"


class Address(msgspec.Struct, frozen=True):
    """A host, by number or by name, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def from_text(cls, text: str) -> Address:
        """What the configuration says.

        :raises ConfigError: where it is no address; no name is looked up.
        """
        match = _WRITTEN.fullmatch(text)
        if not match or int(match["port"]) > _MAX_PORT:
            raise ConfigError(f"{_KEY}: {text!r} is none: write it like '127.0.0.1:8080'")
        host = match["v6"] or match["host"]
        try:
            if match["v6"] or host.replace(".", "").isdecimal():
                ip_address(host.partition("%")[0])
            host.encode("idna")  # as looking it up does: the system is asked for no other name
        except ValueError:  # UnicodeError is one
            raise ConfigError(f"{_KEY}: {host!r} is no address of a computer") from None
        return cls(host, int(match["port"]))

    @property
    def is_loopback(self) -> bool:
        """Whether nobody but this computer can come there; of another name nobody knows."""
        if self.host == _LOCALHOST:
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def listen(self) -> socket.socket:
        """A socket that others can connect to.

        :raises OSError: where there can be none; :func:`why` has it in words.
        """
        host = "127.0.0.1" if self.host == _LOCALHOST else self.host
        family, _, _, _, place = socket.getaddrinfo(
            host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        everywhere = family == socket.AF_INET6 and host == "::"
        listener = socket.create_server(
            place,
            family=family,
            backlog=_WAITING,
            dualstack_ipv6=everywhere and socket.has_dualstack_ipv6(),
        )
        listener.setblocking(False)
        return listener


def why(address: Address, error: OSError) -> str:
    """Why it can't be listened to, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"another program listens at {address}: stop it, or change {_KEY}"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"this computer has no address {address.host}, or not yet: see {_KEY}"
    if error.errno == errno.EACCES:
        return f"port {address.port} is not for this user: take one above 1023 in {_KEY}"
    if isinstance(error, socket.gaierror):
        return f"nobody knows where {address.host} is: see {_KEY}"
    return f"{address}: {error.strerror or error}"
