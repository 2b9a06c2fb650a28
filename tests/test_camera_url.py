"""Pictures from an address are frames; what goes wrong is a gap, and no secret is told."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import pytest

from picture_server import Handler, camera, first, picture, redirect, serving, trouble
from samples import picture_of
from standin import Clock, told
from tinydigits.camera import url
from tinydigits.camera.trouble import FIRST_PAUSE, Trouble
from tinydigits.camera.url import read_credentials
from tinydigits.errors import ConfigError

SECRET = "hunter2:with:colons"  # noqa: S105  nobody's
AUTHORIZATION = "Basic " + base64.b64encode(f"admin:{SECRET}".encode()).decode()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time that pauses take."""
    clock = Clock()
    monkeypatch.setattr(url, "Trouble", lambda: Trouble(clock))
    return clock


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
        (b"", "its first line is empty"),
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
