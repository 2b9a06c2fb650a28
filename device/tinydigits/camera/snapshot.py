"""One picture over HTTP, within limits that no server can stretch."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    IncompleteRead,
    responses,
)
from typing import Final, Self
from urllib.parse import SplitResult, urljoin, urlsplit

from tinydigits.errors import CameraError, ConfigError

MAX_REDIRECTS: Final = 3

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_UNAUTHORIZED: Final = 401


class Address:
    """An ``http`` or ``https`` address, shown without its query, as that may hold a password.

    :raises ConfigError: where it is none, without repeating it.
    """

    def __init__(self, text: str) -> None:
        self.parts = _parsed(text)
        self.secure = self.parts.scheme == "https"
        self.host = self.parts.hostname or ""
        self.target = (self.parts.path or "/") + (
            f"?{self.parts.query}" if self.parts.query else ""
        )

    def __str__(self) -> str:
        return self.parts._replace(query="", fragment="").geturl()

    def redirected(self, location: str) -> Address:
        """Where a redirect leads, if to the same host, and from TLS to TLS.

        :raises CameraError: where it leads elsewhere.
        """
        try:
            other = Address(urljoin(self.parts.geturl(), location))
        except (ConfigError, ValueError):
            raise CameraError(f"{self}: it redirects to no usable address") from None
        if other.host != self.host:
            raise CameraError(f"{self}: it redirects to another host, {other.host}")
        if self.secure and not other.secure:
            raise CameraError(f"{self}: it redirects from https to http")
        return other


def _parsed(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # brackets that don't match, a port that is no number
        usable = False
    if not usable:
        raise ConfigError("camera.url.address: it is not an address like http://camera/picture.jpg")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigError(
            "camera.url.address: spaces and other than ASCII characters are written %20 and so on"
        )
    if "@" in parts.netloc:
        raise ConfigError(
            "camera.url.address: everybody can read a password in an address: put user:password "
            "into a file and name that in camera.url.credentials"
        )
    return parts


@dataclass(frozen=True)
class Snapshots:
    """How pictures are fetched from an address; ``seconds`` are for all of a fetch together."""

    address: Address
    authorization: str = field(repr=False)
    context: ssl.SSLContext
    seconds: float
    max_bytes: int

    def fetch(self) -> bytes:
        """The content of one picture.

        :raises CameraError: saying in one line, without any secret, why there is none.
        """
        try:
            with _Deadline(self.seconds) as deadline:
                return self._fetch(deadline)
        except CameraError:
            raise
        except TimeoutError as error:
            raise CameraError(f"{self.address}: it took longer than {self.seconds:g} s") from error
        except (OSError, HTTPException, ValueError) as error:
            raise CameraError(f"{self.address}: {_reason(error)}") from error

    def _fetch(self, deadline: _Deadline) -> bytes:
        address = self.address
        for _ in range(MAX_REDIRECTS + 1):
            with self._response(address, deadline) as response:
                if response.status not in _REDIRECTS:
                    return self._content(response)
                address = address.redirected(response.headers.get("Location", ""))
        raise CameraError(f"{self.address}: it redirects more than {MAX_REDIRECTS} times")

    @contextmanager
    def _response(self, address: Address, deadline: _Deadline) -> Iterator[HTTPResponse]:
        headers = {"Accept": "image/jpeg, image/png", "Connection": "close"}
        if self.authorization:
            headers["Authorization"] = self.authorization
        with closing(_Connection(address, self.context, deadline)) as connection:
            connection.request("GET", address.target, headers=headers)
            with connection.getresponse() as response:
                yield response

    def _content(self, response: HTTPResponse) -> bytes:
        if response.status == _UNAUTHORIZED:
            raise CameraError(f"{self.address}: {self._unauthorized(response)}")
        if response.status != 200:
            meaning = responses.get(response.status, "an unknown status")
            raise CameraError(f"{self.address}: the server says {response.status} {meaning}")
        kind = response.headers.get_content_type()
        if kind.startswith(("multipart/", "video/")):
            raise CameraError(f"{self.address}: it is a video stream, not one picture")
        if (response.length or 0) > self.max_bytes:
            raise CameraError(self._too_large())
        content = response.read(self.max_bytes + 1)
        if len(content) > self.max_bytes:
            raise CameraError(self._too_large())
        if response.length:
            raise IncompleteRead(content, response.length)
        if not content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
            raise CameraError(f"{self.address}: it is no JPEG or PNG picture, but {kind}")
        return content

    def _unauthorized(self, response: HTTPResponse) -> str:
        schemes = response.headers.get("WWW-Authenticate", "basic").lower()
        if "basic" not in schemes:
            return "the server wants other than basic authentication, which is all there is here"
        if self.authorization:
            return "the server refuses the user or the password in camera.url.credentials"
        return "the server wants a user and a password: name their file in camera.url.credentials"

    def _too_large(self) -> str:
        return f"{self.address}: the picture has more than {self.max_bytes} bytes"


class _Connection(HTTPConnection):
    """A connection, by TLS where the address says so, that ends at the deadline."""

    def __init__(self, address: Address, context: ssl.SSLContext, deadline: _Deadline) -> None:
        port = address.parts.port or (443 if address.secure else 80)
        super().__init__(address.host, port, timeout=deadline.seconds)
        self._context = context if address.secure else None
        self._deadline = deadline

    def connect(self) -> None:
        """Connect, and shake hands within the deadline too."""
        self.sock = socket.create_connection((self.host, self.port), self.timeout)
        self._deadline.holds(self.sock)
        if self._context:
            self.sock = self._context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()


class _Deadline:
    """Ends transfers on time by shutting their sockets down.

    A socket's own timeout is no limit: it starts over with every byte that a slow server drips.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.expired = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for each in self._sockets:
                each.close()
            self._sockets.clear()
        if self.expired:  # whatever came of it: the end of a transfer looks like a whole one
            raise TimeoutError

    def holds(self, connection: socket.socket) -> None:
        """Let the deadline be this connection's too."""
        with self._lock:
            if self.expired:
                raise TimeoutError
            # a duplicate, as TLS takes the socket over
            self._sockets.append(connection.dup())

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            for each in self._sockets:
                with suppress(OSError):  # the server was faster
                    each.shutdown(socket.SHUT_RDWR)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({error.verify_message}): name the right one in "
            "camera.url.certificate"
        )
    if isinstance(error, IncompleteRead):
        return "the picture was cut off"
    if isinstance(error, OSError) and error.strerror:
        return f"it can't be reached: {error.strerror}"
    foreign = " ".join(str(error).split())[:80] or type(error).__name__
    return f"it can't be read: {foreign}"
