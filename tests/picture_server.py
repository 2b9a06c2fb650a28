"""Real servers on this machine that give pictures, or anything else, and cameras that ask them."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest

from samples import picture_of
from standin import told
from tinydigits.camera.url import UrlCamera
from tinydigits.config import load_config
from tinydigits.frame import Frame


def picture(name: str = "JPEG") -> bytes:
    """The content of a picture."""
    content = BytesIO()
    picture_of("27").save(content, name)
    return content.getvalue()


class Handler(BaseHTTPRequestHandler):
    """Answers each path in a way of its own."""

    server: Server

    def do_GET(self) -> None:
        """Answer."""
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        with suppress(OSError):  # the client went away, as some tests want
            self.server.answer(self)

    def send(
        self, content: bytes = b"", kind: str = "image/jpeg", status: int = 200, **headers: str
    ) -> None:
        """A whole response."""
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(content))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Server(ThreadingHTTPServer):
    """A camera in the network."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Callable[[Handler], None]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.scheme = "http"
        self.seen: list[tuple[str, str | None]] = []
        self.over = threading.Event()

    def __str__(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"


@contextmanager
def serving(
    answer: Callable[[Handler], None] = lambda handler: handler.send(picture()),
    certificate: Path | None = None,
) -> Iterator[Server]:
    """A server that answers so, with TLS where it has a certificate."""
    with Server(answer) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            server.scheme = "https"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()


def camera(address: str, **changes: Any) -> UrlCamera:
    """A camera with the defaults, but for these."""
    config = load_config().camera.url
    return UrlCamera(msgspec.structs.replace(config, address=address, **changes))


def first(source: UrlCamera, seconds: float = 10) -> Frame | None:
    """The first frame, or None where there is trouble first."""
    until = time.monotonic() + seconds
    frames = source.frames()
    while time.monotonic() < until:
        frame = next(frames)
        if frame or source.trouble.pausing:
            return frame
    raise AssertionError("neither a frame nor trouble")


def trouble(
    address: str, caplog: pytest.LogCaptureFixture, seconds: float = 10, **changes: Any
) -> str:
    """What is said of an address that gives no frame."""
    with camera(address, **changes) as source:
        assert first(source, seconds) is None
    (message,) = told(caplog)
    assert message.startswith("no frames: ")
    assert "\n" not in message
    return message.removeprefix("no frames: ")


def redirect(handler: Handler) -> None:
    """Redirect to what the query says, or to one less."""
    where = handler.path.partition("?")[2]
    if where.isdecimal():
        where = f"/r?{int(where) - 1}" if int(where) else "/picture"
    if handler.path == "/picture":
        handler.send(picture())
    else:
        handler.send(status=302, Location=where)


def until_closed(handler: Handler) -> None:
    """A picture that ends where the connection ends."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(picture())
