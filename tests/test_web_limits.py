"""What the web output takes: so large, so slow, so many, and no more; the rest it lets go of."""

from __future__ import annotations

import io
import itertools
import json
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from samples import picture_of
from standin import Clock
from tinydigits.status.tally import memory
from tinydigits.web.limits import (
    CLIENTS,
    CONNECTIONS_EACH,
    JSON_BYTES,
    LINGER_BYTES,
    OTHER_PIXELS,
    PICTURE_BYTES,
    STREAMS,
    Buckets,
    client_of,
)
from web_site import STATUS, Web, logged, raw, request, web

READ = "/api/v1/read"
PNG = {"content-type": "image/png"}
JPEG = {"content-type": "image/jpeg"}

MIB = 2**20


@pytest.fixture
def site() -> Iterator[Web]:
    """One at work."""
    with web() as site:
        yield site


@pytest.fixture(scope="module")
def generous() -> Iterator[Web]:
    """One that lets everybody ask as often as they like."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tinydigits.web.guard.REQUESTS", (1e6, 1e6))
        with web() as site:
            yield site


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tenths of a second in place of seconds."""
    monkeypatch.setattr("tinydigits.web.connection.REQUEST_SECONDS", 0.3)
    monkeypatch.setattr("tinydigits.web.server.REQUEST_SECONDS", 0.3)
    monkeypatch.setattr("tinydigits.web.connection.STALL_SECONDS", 0.3)
    monkeypatch.setattr("tinydigits.web.server.SOCKET_BYTES", 4096)
    monkeypatch.setattr("tinydigits.web.board.NEWS_SECONDS", 0.001)
    monkeypatch.setattr("tinydigits.web.operation.BODY_SECONDS", 0.3)
    monkeypatch.setattr("tinydigits.web.crowd._LOOK_SECONDS", 0.05)


def connect(site: Web) -> socket.socket:
    """A connection to it."""
    return socket.create_connection(("127.0.0.1", site.output.port), 10)


def taken(connection: socket.socket, part: bytes, pause: float = 0.0) -> int:
    """How many bytes are taken of a part that is sent again and again; some lie in the system."""
    until = time.monotonic() + 20
    for count in itertools.count():
        assert time.monotonic() < until
        try:
            connection.sendall(part)
        except ConnectionError:
            return count * len(part)
        time.sleep(pause)
    raise AssertionError


def png(width: int, height: int, extra: bytes = b"") -> bytes:
    """A grey PNG without content that says it is so large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IEND", b"")


def chunk(kind: bytes, content: bytes) -> bytes:
    """A part of a PNG."""
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def test_announced(site: Web, caplog: pytest.LogCaptureFixture) -> None:
    """What is announced as too large is refused before it comes."""
    caplog.clear()
    length = {"content-length": "999999999999"}
    answer = raw(site, request(READ, method="POST", **PNG, **length))
    assert b" 413 " in answer
    assert f"{PICTURE_BYTES:,} bytes at most".encode() in answer
    assert logged(caplog) == ["refused: too large (from this computer)"]


@pytest.mark.parametrize("path", [READ, STATUS])
def test_endless(site: Web, path: str) -> None:
    """A body without end is taken for a while, wanted or not, and then no more."""
    method = "POST" if path == READ else "GET"
    with connect(site) as connection:
        connection.sendall(request(path, method=method, **PNG, **{"transfer-encoding": "chunked"}))
        assert taken(connection, b"10000\r\n" + bytes(65536) + b"\r\n") < 3 * PICTURE_BYTES
    assert site.ask(STATUS).status_code == 200


def test_kept_connection(site: Web) -> None:
    """Over one connection as much can come as anybody likes, where all of it is wanted."""
    content = b'{"region": "frame"}'.ljust(JSON_BYTES)
    kind = {"content-type": "application/json", "content-length": f"{len(content)}"}
    asked = request("/api/v1/confirm", method="POST", connection="keep-alive", **kind) + content
    with connect(site) as connection:
        for _ in range(2 * LINGER_BYTES // JSON_BYTES):
            connection.sendall(asked)
            answer = b""
            while not answer.endswith(b"}"):
                part = connection.recv(4096)
                assert part
                answer += part
            assert answer.startswith(b"HTTP/1.1 200")


def test_large_json(site: Web) -> None:
    """JSON is small here, however it comes."""
    kind = {"content-type": "application/json"}
    content = json.dumps({"region": "x" * JSON_BYTES}).encode()
    for body in (content, iter([content])):
        answer = site.ask("/api/v1/confirm", "POST", content=body, headers=kind)
        assert answer.status_code == 413


def test_deep_json(site: Web) -> None:
    """JSON that goes deep is not followed."""
    kind = {"content-type": "application/json"}
    for content in ('{"region":' + "[" * 30_000, "[" * 60_000):
        answer = site.ask("/api/v1/confirm", "POST", content=content, headers=kind)
        assert answer.status_code == 400


@pytest.mark.parametrize("where", ["path", "header", "headers"])
def test_large_header(site: Web, where: str) -> None:
    """What comes before the body is small, too."""
    asked = {
        "path": request("/" + "x" * 100_000),
        "header": request(cookie="x" * 100_000),
        "headers": request(**{f"x-{k}": "x" for k in range(9_000)}),
    }[where]
    assert raw(site, asked).startswith((b"HTTP/1.1 400", b""))
    assert site.ask(STATUS).status_code == 200


@pytest.mark.parametrize(
    "content",
    [b"\x16\x03\x01\x02\x00\x01\x00", b"\r\n" * 50, b"GET /\r\n\r\n", bytes(100)],
    ids=["TLS", "nothing", "version", "zeros"],
)
def test_garbage(site: Web, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """What is not HTTP gets one short answer."""
    caplog.clear()
    answer = raw(site, content + b"\r\n\r\n", seconds=1)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert json.loads(body) == {"error": "that is not HTTP as this server speaks it"}
    assert logged(caplog) == ["refused: not HTTP, or not what was announced (from this computer)"]


@given(content=st.binary(max_size=300))
def test_any_bytes(generous: Web, content: bytes) -> None:
    """No bytes that are sent keep the next one who asks from an answer."""
    raw(generous, content, seconds=0.01)
    assert b" 200 " in raw(generous, request(STATUS))


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("content", [b"", b"GET / HTTP/1.1\r\nhost: lo"], ids=["nothing", "half"])
def test_slow_header(site: Web, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Who doesn't get to the end of a request is let go, and told of where it began one."""
    caplog.clear()
    began = time.monotonic()
    assert raw(site, content) == b""
    assert 0.3 <= time.monotonic() - began < 3
    told = ["refused: too slow (from this computer)"] if content else []
    assert logged(caplog) == told


@pytest.mark.usefixtures("hurried")
def test_trickle(site: Web) -> None:
    """A byte now and then doesn't make up for it."""
    with connect(site) as connection:
        began = time.monotonic()
        taken(connection, b"x", pause=0.02)
    assert time.monotonic() - began < 3


@pytest.mark.usefixtures("hurried")
def test_slow_body(site: Web) -> None:
    """A body that doesn't come is not waited for, and others can send theirs then."""
    with connect(site) as connection:
        connection.sendall(request(READ, method="POST", **PNG, **{"content-length": "1000"}))
        began = time.monotonic()
        assert b" 408 " in connection.recv(4096)
        assert time.monotonic() - began < 3
    content = png_of("27")
    answer = site.ask(READ, "POST", content=content, headers=PNG)
    assert answer.json()["readings"][0]["text"] == "27"


@pytest.mark.usefixtures("hurried")
def test_slow_reader(site: Web) -> None:
    """Who takes nothing of what it asked for is let go; who takes it is not."""
    streams = site.output.site.events
    with socket.socket() as lazy, site.client() as client:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect(("127.0.0.1", site.output.port))
        lazy.sendall(request("/api/v1/events"))
        lines = client.send(client.build_request("GET", "/api/v1/events"), stream=True).iter_lines()
        until = time.monotonic() + 10
        most, result, luma = 0, site.show("27" * 5), np.zeros((8, 8), np.uint8)
        while most < 2 or streams.streams == 2:
            site.tell(luma, result)
            next(line for line in lines if line.startswith("data"))
            most = max(most, streams.streams)
            assert time.monotonic() < until
        site.show("27")
        next(line for line in lines if line.startswith("data"))


def test_one_picture(site: Web) -> None:
    """While one picture comes, another is asked to wait."""
    with connect(site) as connection:
        connection.sendall(request(READ, method="POST", **PNG, **{"content-length": "1000"}))
        until = time.monotonic() + 5
        answer = site.ask(READ, "POST", content=png_of("27"), headers=PNG)
        while answer.status_code == 200 and time.monotonic() < until:
            answer = site.ask(READ, "POST", content=png_of("27"), headers=PNG)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"


def test_many_pictures(site: Web) -> None:
    """So many pictures a second are read, and no more."""
    statuses = [site.ask(READ, "POST", content=b"", headers=PNG).status_code for _ in range(14)]
    assert statuses[:10] == [422] * 10
    assert 429 in statuses


def png_of(number: str) -> bytes:
    """A picture of a number."""
    file = io.BytesIO()
    picture_of(number).save(file, "PNG")
    return file.getvalue()


def saved(image: Image.Image, kind: str) -> bytes:
    """A picture in a format."""
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


BOMB = zlib.compress(bytes(100 * MIB), 9)
"""A hundred MiB in a hundred kB."""


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (png(60_000, 60_000), "it is no JPEG and no PNG"),
        (png(5_000, 5_000), f"5000x5000 pixels, more than {OTHER_PIXELS:,}"),
        (png(100, 100, chunk(b"zTXt", b"text\0\0" + BOMB)), "it is no JPEG and no PNG"),
        (png(100, 100, chunk(b"iCCP", b"icc\0\0" + BOMB)), "it is no JPEG and no PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "it is no JPEG and no PNG"),
        (saved(Image.new("L", (90, 90)), "GIF"), "it is no JPEG and no PNG"),
        (saved(Image.new("L", (90, 90)), "TIFF"), "it is no JPEG and no PNG"),
        (saved(Image.new("CMYK", (2100, 2000)), "JPEG"), "2100x2000 pixels, more than"),
        (saved(Image.new("L", (4, 4)), "PNG"), "no side may be under 8"),
        (b"", "it is no JPEG and no PNG"),
    ],
    ids=["huge", "large", "text", "profile", "EPS", "GIF", "TIFF", "CMYK", "tiny", "none"],
)
def test_bombs(site: Web, content: bytes, complaint: str) -> None:
    """Pictures that would burst the memory, or ask for a decoder of old, are refused in a line."""
    before = memory()
    answer = site.ask(READ, "POST", content=content, headers=PNG)
    assert answer.status_code == 422
    assert complaint in answer.json()["error"]
    assert memory() - before < 30 * MIB


def test_photograph(site: Web) -> None:
    """A photograph may be larger than other pictures, with a preview of itself behind it too."""
    photo = Image.new("RGB", (2100, 2000), "white")
    previewed = io.BytesIO()
    photo.save(previewed, "MPO", save_all=True, append_images=[photo.resize((160, 120))])
    for content in (saved(photo, "JPEG"), previewed.getvalue()):
        assert site.ask(READ, "POST", content=content, headers=JPEG).status_code == 200


def test_more_than_a_picture(site: Web) -> None:
    """Of what is packed into a picture only so much is unpacked as it has pixels."""
    before = memory()
    content = png(100, 100, chunk(b"IDAT", BOMB))
    assert site.ask(READ, "POST", content=content, headers=PNG).status_code == 200
    assert memory() - before < 30 * MIB


def test_crowd(site: Web, caplog: pytest.LogCaptureFixture) -> None:
    """One client gets so many connections, and others get theirs as soon as those end."""
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(site)) for _ in range(CONNECTIONS_EACH)]
        connections[-1].sendall(request(connection="keep-alive"))
        assert b" 200 " in connections[-1].recv(4096)
        caplog.clear()
        assert raw(site, request()) == b""
        assert logged(caplog) == ["refused: too many connections (from this computer)"]
    until = time.monotonic() + 5
    while not (answer := raw(site, request())) and time.monotonic() < until:
        time.sleep(0.01)
    assert b" 200 " in answer


def test_streams(site: Web) -> None:
    """So many clients are told of events, and the next is asked to wait."""
    with site.client() as client, ExitStack() as stack:
        for _ in range(STREAMS):
            stack.enter_context(client.stream("GET", "/api/v1/events"))
        answer = client.get("/api/v1/events")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert client.head("/healthz").status_code == 503


def test_pipelined(site: Web) -> None:
    """Requests that are sent ahead are answered in turn."""
    ahead = request(STATUS, connection="keep-alive") * 20 + request(STATUS)
    assert raw(site, ahead).count(b"HTTP/1.1 200") == 21


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("::1", "::1"),
        ("", ""),
    ],
)
def test_clients(address: str, client: str) -> None:
    """All addresses that one client can have are one client."""
    assert client_of(address) == client


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 2))))
def test_buckets(asked: list[tuple[int, float]]) -> None:
    """Nobody ever gets more than the burst and what came in since, and all wait for as long as
    they are told, no longer.
    """
    clock = Clock()
    buckets = Buckets((2.0, 5.0), clock)
    taken = dict.fromkeys("0123", 0)
    began = clock.now
    for client, pause in asked:
        clock.now += pause
        wait = buckets.take(str(client))
        if wait:
            clock.now += wait + 1e-9
            assert not buckets.take(str(client))
        taken[str(client)] += 1
        assert taken[str(client)] <= 5 + 2 * (clock.now - began) + 1e-6


def test_buckets_bounded() -> None:
    """However many clients there are, few are remembered: the last ones."""
    clock = Clock()
    buckets = Buckets((1.0, 1.0), clock)
    for client in range(CLIENTS + 10):
        assert not buckets.take(str(client))
    assert not buckets.take("5")  # forgotten
    assert buckets.take(str(CLIENTS))
