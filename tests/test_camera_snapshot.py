"""A picture is fetched within limits that no server can stretch, and from no other host."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from picture_server import (
    Handler,
    camera,
    first,
    picture,
    redirect,
    serving,
    trouble,
    until_closed,
)
from tinydigits.camera.snapshot import MAX_REDIRECTS
from tinydigits.errors import ConfigError


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


def chunked(handler: Handler) -> None:
    """A picture in pieces, its length not known before."""
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for half in (picture()[:1000], picture()[1000:], b""):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(half), half))


@pytest.mark.parametrize("answer", [chunked, until_closed])
def test_transfers(answer: Callable[[Handler], None]) -> None:
    """A picture may come in pieces, or without a length."""
    with serving(answer) as server, camera(f"{server}/") as source:
        assert first(source)


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
    """From TLS nothing leads to where it can be overheard."""
    with serving(redirect, certificate) as server, serving() as plain:
        message = trouble(f"{server}/r?{plain}/picture", caplog, certificate=str(certificate))
        assert message == f"{server}/r: it redirects from https to http"
        assert plain.seen == []


def test_redirected_to_tls(certificate: Path) -> None:
    """A redirect from http to https on the same host is followed."""

    def answer(handler: Handler) -> None:
        handler.send(status=301, Location=f"{server}/picture")

    with serving(certificate=certificate) as server, serving(answer) as plain:
        with camera(f"{plain}/", certificate=str(certificate)) as source:
            assert first(source)
        assert server.seen[0] == ("/picture", None)


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
        ("http://admin:hunter2@cam/a.jpg", "everybody can read a password in an address"),
    ],
)
def test_bad_address(address: str, reason: str) -> None:
    """What is no address, or has a password in it, is refused without repeating it."""
    with pytest.raises(ConfigError, match=f"^camera.url.address: {reason}") as raised:
        camera(address).__enter__()
    assert "hunter2" not in str(raised.value)


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


def dripping_picture(handler: Handler) -> None:
    """A picture of which the beginning comes in time, and whose end nothing tells."""
    handler.send_response(200)
    handler.end_headers()
    dripped(handler, picture())


@pytest.mark.parametrize(
    "answer",
    [
        lambda handler: handler.server.over.wait(60),
        lambda handler: dripped(handler, b"HTTP/1.0 200 OK\r\n" + b"X: y\r\n" * 90),
        dripping_picture,
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
    assert time.monotonic() - began < 20  # each of these servers would take a minute or more


def test_slow_handshake(caplog: pytest.LogCaptureFixture) -> None:
    """A server that accepts and then says nothing, where TLS should begin, is left too."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"https://127.0.0.1:{server.getsockname()[1]}/"
        assert trouble(address, caplog, timeout=0.2) == f"{address}: it took longer than 0.2 s"
