"""Pictures are fetched from real servers on this machine, which behave as servers do."""

from __future__ import annotations

import base64
import socket
import ssl
import subprocess
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
from standin import Clock, told
from tinydigits.camera import url
from tinydigits.camera.snapshot import MAX_REDIRECTS, Address
from tinydigits.camera.trouble import FIRST_PAUSE, Trouble
from tinydigits.camera.url import UrlCamera, read_credentials
from tinydigits.config import load_config
from tinydigits.errors import ConfigError
from tinydigits.frame import Frame

SECRET = "hunter2:with:colons"  # noqa: S105  nobody's
AUTHORIZATION = "Basic " + base64.b64encode(f"admin:{SECRET}".encode()).decode()


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


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that its owner made, and its key."""
    path = tmp_path_factory.mktemp("tls") / "camera.pem"
    made = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    named = ["-subj", "/CN=camera", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = path.with_name("key.pem")
    subprocess.run(
        [*made.split(), *named, "-keyout", key, "-out", path], check=True, capture_output=True
    )
    path.write_text(path.read_text() + key.read_text())
    return path


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time that pauses take."""
    clock = Clock()
    monkeypatch.setattr(url, "Trouble", lambda: Trouble(clock))
    return clock


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
        if frame or source._trouble.pausing:  # noqa: SLF001  it is told nowhere else
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


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_frames(kind: str) -> None:
    """Each frame is a picture fetched anew, numbered, from an address shown without its query."""
    with (
        serving(lambda handler: handler.send(picture(kind), "application/octet-stream")) as server,
        camera(f"{server}/a%20b.jpg?token={SECRET}#x") as source,
    ):
        frames = [frame for frame, _ in zip(source.frames(), range(3), strict=False) if frame]
    assert [frame.sequence for frame in frames] == [0, 1, 2]
    assert frames[0].source == f"{server}/a%20b.jpg"
    assert frames[0].luma.shape == picture_of("27").size[::-1]
    assert server.seen[:3] == [(f"/a%20b.jpg?token={SECRET}", None)] * 3


def chunked(handler: Handler) -> None:
    """A picture in pieces, its length not known before."""
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for half in (picture()[:1000], picture()[1000:], b""):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(half), half))


def until_closed(handler: Handler) -> None:
    """A picture that ends where the connection ends."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(picture())


@pytest.mark.parametrize("answer", [chunked, until_closed])
def test_transfers(answer: Callable[[Handler], None]) -> None:
    """A picture may come in pieces, or without a length."""
    with serving(answer) as server, camera(f"{server}/") as source:
        assert first(source)


def redirect(handler: Handler) -> None:
    """Redirect to what the query says, or to one less."""
    where = handler.path.partition("?")[2]
    if where.isdecimal():
        where = f"/r?{int(where) - 1}" if int(where) else "/picture"
    if handler.path == "/picture":
        handler.send(picture())
    else:
        handler.send(status=302, Location=where)


@pytest.mark.parametrize("count", [0, MAX_REDIRECTS - 1])
def test_redirects(count: int) -> None:
    """A few redirects on the same host are followed, with the credentials."""
    with serving(redirect) as server, camera(f"{server}/r?{count}") as source:
        assert first(source)
        assert server.seen[-1][0] == "/picture"


def test_redirected_too_often(caplog: pytest.LogCaptureFixture) -> None:
    """Redirects without end are not followed."""
    with serving(redirect) as server:
        message = trouble(f"{server}/r?{MAX_REDIRECTS}", caplog)
    assert message == f"{server}/r: it redirects more than {MAX_REDIRECTS} times"


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("http://localhost/picture", "it redirects to another host, localhost"),
        ("//127.0.0.2/picture", "it redirects to another host, 127.0.0.2"),
        ("file:///etc/passwd", "it redirects to no usable address"),
        ("http://[", "it redirects to no usable address"),
        ("ftp://127.0.0.1/picture", "it redirects to no usable address"),
    ],
)
def test_redirected_away(where: str, message: str, caplog: pytest.LogCaptureFixture) -> None:
    """A redirect to another host or scheme is not followed."""
    with serving(redirect) as server:
        assert trouble(f"{server}/r?{where}", caplog) == f"{server}/r: {message}"
        assert len(server.seen) == 1


def test_redirected_off_tls(certificate: Path, caplog: pytest.LogCaptureFixture) -> None:
    """From TLS nothing leads to where it can be overheard; the other way is well."""
    with serving(redirect, certificate) as server, serving() as plain:
        message = trouble(f"{server}/r?{plain}/picture", caplog, certificate=str(certificate))
        assert message == f"{server}/r: it redirects from https to http"
        assert plain.seen == []
        assert Address(f"{plain}/").redirected(f"{server}/picture").secure


def test_tls(certificate: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A certificate is trusted where it is named, and not otherwise."""
    with serving(certificate=certificate) as server:
        with camera(f"{server}/", certificate=str(certificate)) as source:
            assert first(source)
        message = trouble(f"{server}/", caplog)
        assert message.startswith(f"{server}/: its certificate is not trusted (self")
        assert message.endswith("): name the right one in camera.url.certificate")
        other = str(server).replace("127.0.0.1", "localhost")
        message = trouble(f"{other}/", caplog, certificate=str(certificate))
        assert "its certificate is not trusted (Hostname mismatch" in message


def test_no_tls(caplog: pytest.LogCaptureFixture) -> None:
    """A server that doesn't speak TLS is told so."""
    with serving() as server:
        message = trouble(str(server).replace("http", "https"), caplog)
        assert "it can't be reached: [SSL" in message


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    """A file with a user and a password."""
    path = tmp_path / "camera"
    path.write_text(f"admin:{SECRET}\n")
    return path


def guarded(handler: Handler) -> None:
    """A picture for those who may see it."""
    if handler.headers.get("Authorization") == AUTHORIZATION:
        redirect(handler)
    else:
        handler.send(status=401, WWW_Authenticate='Basic realm="camera"')


def test_credentials(credentials: Path) -> None:
    """User and password come from a file, and go with redirects on the same host."""
    with (
        serving(guarded) as server,
        camera(f"{server}/r?0", credentials=str(credentials)) as source,
    ):
        assert first(source)
        assert [auth for _, auth in server.seen] == [AUTHORIZATION] * 2


def test_secrets(credentials: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither password nor query are in what is told or shown."""
    caplog.set_level("DEBUG")
    credentials.write_text(f"admin:{SECRET}2\n")
    with serving(guarded) as server:
        said = trouble(f"{server}/?p={SECRET}", caplog, credentials=str(credentials))
        with camera(f"{server}/?p={SECRET}", credentials=str(credentials)) as source:
            shown = f"{source!r} {source._snapshots!r}"  # noqa: SLF001
    assert said == (
        f"{server}/: the server refuses the user or the password in camera.url.credentials"
    )
    encoded = AUTHORIZATION.split()[1][:10]
    assert not any(secret in said + shown for secret in (SECRET, encoded))


def test_unauthorized(caplog: pytest.LogCaptureFixture) -> None:
    """A server that wants a password says so, and one that wants it in another way too."""
    with serving(guarded) as server:
        assert trouble(f"{server}/", caplog) == (
            f"{server}/: the server wants a user and a password: name their file in "
            "camera.url.credentials"
        )
    with serving(lambda handler: handler.send(status=401, WWW_Authenticate="Digest x")) as server:
        assert "the server wants other than basic authentication" in trouble(f"{server}/", caplog)


def test_systemd_credentials(
    credentials: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare name is one of systemd's credentials, where there is one, else a file here."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "camera").write_text("other:password")
    monkeypatch.chdir(here)
    other = read_credentials("camera")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_credentials("camera") == AUTHORIZATION
    assert read_credentials("./camera") == other
    credentials.unlink()
    assert read_credentials("camera") == other


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "it can't be read: No such file or directory"),
        (b"\xff:\xfe", "it can't be read: it is no text"),
        (b"", "its first line is not user:password"),
        (b"hunter2\n", "its first line is not user:password"),
    ],
)
def test_bad_credentials(content: bytes | None, reason: str, tmp_path: Path) -> None:
    """A file without user and password is refused, and nothing of it repeated."""
    path = tmp_path / "camera"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as raised, camera("http://cam/", credentials=str(path)):
        pass
    assert str(raised.value) == f"camera.url.credentials: {path}: {reason}"


@pytest.mark.parametrize(("name", "reason"), [("missing", "No such file"), ("empty", "")])
def test_bad_certificate(name: str, reason: str, tmp_path: Path) -> None:
    """A certificate that can't be loaded is refused."""
    (tmp_path / "empty").touch()
    path = str(tmp_path / name)
    with (
        pytest.raises(ConfigError, match=f"camera.url.certificate: {path}: {reason}"),
        camera("https://cam/", certificate=path),
    ):
        pass


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("ftp://cam/a.jpg", "it is not an address like"),
        ("file:///etc/passwd", "it is not an address like"),
        ("cam/a.jpg", "it is not an address like"),
        ("http://", "it is not an address like"),
        ("http://cam:port/", "it is not an address like"),
        ("http://cam:70000/", "it is not an address like"),
        ("http://[cam/", "it is not an address like"),
        ("http://cam/a b.jpg", "spaces and other than ASCII characters"),
        ("http://cam/a\r\nX: y", "spaces and other than ASCII characters"),
        ("http://cam/ä.jpg", "spaces and other than ASCII characters"),
        (f"http://admin:{SECRET}@cam/a.jpg", "everybody can read a password in an address"),
    ],
)
def test_bad_address(address: str, reason: str) -> None:
    """What is no address, or has a password in it, is refused without repeating it."""
    with pytest.raises(ConfigError, match=f"^camera.url.address: {reason}") as raised:
        camera(address).__enter__()
    assert SECRET not in str(raised.value)


def cut_off(handler: Handler) -> None:
    """Less than was promised."""
    handler.send(picture()[:1000], Content_Length="5000")


def chunks_cut_off(handler: Handler) -> None:
    """A piece that is promised and not sent."""
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"fff\r\n" + picture()[:1000])


def endless(handler: Handler) -> None:
    """More than anybody wants."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.over.is_set():
        handler.wfile.write(picture())


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda handler: handler.send(status=404), "the server says 404 Not Found"),
        (lambda handler: handler.send(status=503), "the server says 503 Service Unavailable"),
        (lambda handler: handler.send(status=799), "the server says 799 an unknown status"),
        (lambda handler: handler.send(status=204), "the server says 204 No Content"),
        (
            lambda handler: handler.send(b"<html>", "text/html; charset=utf-8"),
            "it is no JPEG or PNG picture, but text/html",
        ),
        (lambda handler: handler.send(b"GIF89a..", "image/gif"), "it is no JPEG or PNG picture"),
        (lambda handler: handler.send(), "it is no JPEG or PNG picture, but image/jpeg"),
        (
            lambda handler: handler.send(b"--x", "multipart/x-mixed-replace; boundary=x"),
            "it is a video stream, not one picture",
        ),
        (lambda handler: handler.send(picture()[:1000]), "the picture is damaged or cut off"),
        (cut_off, "the picture was cut off"),
        (chunks_cut_off, "the picture was cut off"),
        (lambda handler: handler.send(bytes(30_000)), "the picture has more than 20000 bytes"),
        (endless, "the picture has more than 20000 bytes"),
        (lambda handler: handler.wfile.write(b"nonsense\r\n\r\n"), "it can't be read: nonsense"),
        (lambda _: None, "it can't be read: Remote end closed connection without response"),
        (
            lambda handler: handler.wfile.write(b"HTTP/1.0 200 OK\r\n" + b"X: y\r\n" * 200),
            "it can't be read: got more than 100 headers",
        ),
    ],
)
def test_bad_answers(
    answer: Callable[[Handler], None], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a server answers in place of a picture is a gap, and told in one line."""
    with serving(answer) as server:
        said = trouble(f"{server}/", caplog, max_bytes=20_000)
    assert said.startswith(f"{server}/: {message}")


def test_refused(caplog: pytest.LogCaptureFixture) -> None:
    """A port that nobody listens on is told so."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert trouble(f"http://127.0.0.1:{port}/", caplog) == (
        f"http://127.0.0.1:{port}/: it can't be reached: Connection refused"
    )


def dripped(handler: Handler, content: bytes) -> None:
    """Every byte soon enough, all of them never."""
    for byte in content:
        if handler.server.over.wait(0.02):
            break
        handler.wfile.write(bytes([byte]))


@pytest.mark.parametrize(
    "answer",
    [
        lambda handler: handler.server.over.wait(10),
        lambda handler: dripped(handler, b"HTTP/1.0 200 OK\r\n" + b"X: y\r\n" * 90),
        lambda handler: dripped(handler, b"HTTP/1.0 200 OK\r\n\r\n" + picture()),
    ],
    ids=["silent", "dripping headers", "dripping content"],
)
@pytest.mark.parametrize("secure", [False, True])
def test_slow(
    answer: Callable[[Handler], None],
    secure: bool,  # noqa: FBT001
    certificate: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A server that takes too long, however it does so, is left when its time is over."""
    began = time.monotonic()
    with serving(answer, certificate if secure else None) as server:
        trusted = str(certificate) if secure else ""
        said = trouble(f"{server}/", caplog, timeout=0.3, certificate=trusted)
    assert said == f"{server}/: it took longer than 0.3 s"
    assert time.monotonic() - began < 2


def test_slow_handshake(caplog: pytest.LogCaptureFixture) -> None:
    """A server that accepts and then says nothing, where TLS should begin, is left too."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"https://127.0.0.1:{server.getsockname()[1]}/"
        assert trouble(address, caplog, timeout=0.2) == f"{address}: it took longer than 0.2 s"


def test_gap(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Trouble is told once until it changes, tried again ever more rarely, and told to be over."""
    caplog.set_level("INFO")
    status = [404]

    def answer(handler: Handler) -> None:
        handler.send(picture(), status=status[0])

    with serving(answer) as server, camera(f"{server}/") as source:
        assert first(source) is None
        assert first(source) is None
        assert len(server.seen) == 1
        for attempts in range(2, 4):
            clock.now += 2 * FIRST_PAUSE
            assert first(source) is None
            assert len(server.seen) == attempts
        clock.now += FIRST_PAUSE  # the pause has grown to four times that
        assert first(source) is None
        assert len(server.seen) == 3
        status[0] = 503
        clock.now += 60
        assert first(source) is None
        status[0] = 200
        clock.now += 60
        assert first(source)
    assert told(caplog) == [
        f"no frames: {server}/: the server says 404 Not Found",
        f"no frames: {server}/: the server says 503 Service Unavailable",
        "frames again after 122.5 s",
    ]


def test_looks_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a picture takes its time, there are gaps to look around in, and then it comes."""
    monkeypatch.setattr(url, "_GLANCE", 0.01)
    go = threading.Event()

    def answer(handler: Handler) -> None:
        go.wait(10)
        handler.send(picture())

    with serving(answer) as server, camera(f"{server}/") as source:
        frames = source.frames()
        assert [next(frames) for _ in range(3)] == [None] * 3
        go.set()
        assert first(source)
        assert len(server.seen) == 1
