"""What the web output refuses: told once, nothing leaked, and nobody else kept waiting."""

from __future__ import annotations

import io
import logging
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from standin import Clock
from tinydigits.errors import ConfigError
from tinydigits.journal import CalmHandler
from tinydigits.web.security import HEADERS, MAKE_TOKEN
from tinydigits.web.static import FILES
from web_site import STATUS, TOKEN, Web, logged, raw, request, web

BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def site() -> Iterator[Web]:
    """One for all tests that only ask, and with few requests."""
    with web() as site:
        site.show("27")
        yield site


@pytest.fixture
def token(tmp_path: Path) -> str:
    """A file with a token."""
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    return str(path)


def error(answer: httpx.Response) -> str:
    """The one line that a refusal consists of."""
    (line,) = answer.json().values()
    assert "\n" not in line
    return str(line)


@pytest.mark.parametrize("path", ["/", STATUS, "/healthz", "/nothing", "/api/v1/readings?limit=x"])
def test_headers(site: Web, path: str) -> None:
    """No answer goes without the headers that tell browsers to trust nobody else."""
    answer = site.ask(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "server" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["cache-control"] == ("no-cache" if path == "/" else "no-store")


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:80", "10.0.0.1", "", "["])
def test_host(site: Web, host: str) -> None:
    """Who asks for another computer was led here by a page of others, and learns nothing."""
    answer = raw(site, request(host=host))
    assert answer.startswith((b"HTTP/1.1 421", b"HTTP/1.1 400"))
    assert b"reading" not in answer


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8080", "[::1]", "pi.lan"])
def test_own_hosts(host: str) -> None:
    """Its own names are known, and those that the configuration adds."""
    with web(hosts=["Pi.lan:8443"]) as site:
        assert raw(site, request(host=host)).startswith(b"HTTP/1.1 200")
        assert raw(site, request(host=socket.gethostname())).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_pages(site: Web, headers: dict[str, str], method: str) -> None:
    """A page of others can't ask anything through its visitor's browser."""
    path = "/api/v1/read-now" if method == "POST" else STATUS
    answer = site.ask(path, method, headers=headers)
    assert (answer.status_code, error(answer)) == (403, "another page may not ask this")
    assert site.program.calls == []


def test_own_page(site: Web) -> None:
    """The page itself can, and so can who types an address or follows a link to it."""
    own = {"origin": site.address, "sec-fetch-site": "same-origin"}
    assert site.ask("/api/v1/read-now", "POST", headers=own).status_code == 200
    assert site.program.calls == ["read_now"]
    site.program.calls.clear()
    assert site.ask(STATUS, headers={"sec-fetch-site": "none"}).status_code == 200
    assert site.ask("/", headers={"sec-fetch-site": "cross-site"}).status_code == 200


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_forms(site: Web, media: str) -> None:
    """What a form can send is not taken, whatever it contains."""
    content = b'{"region": "frame", "value": "1"}'
    answer = site.ask("/api/v1/confirm", "POST", content=content, headers={"content-type": media})
    assert answer.status_code == 415
    assert site.program.calls == []


@pytest.mark.parametrize("address", ["0.0.0.0:80", "[::]:80", "192.168.1.5:80", "pi.local:80"])
def test_token_needed(address: str) -> None:
    """Where others can come there must be a token, and it is told how to make one."""
    with pytest.raises(ConfigError, match=r"web\.token is needed") as caught, web(address=address):
        pass
    assert MAKE_TOKEN in str(caught.value)


def test_make_token(tmp_path: Path) -> None:
    """The command that is told makes a token that is taken, and that nobody else can read."""
    subprocess.run(["sh", "-c", MAKE_TOKEN], cwd=tmp_path, check=True)  # noqa: S607  a user's shell
    path = tmp_path / "web.token"
    assert path.stat().st_mode & 0o077 == 0
    with web(token=str(path)) as site:
        bearer = {"authorization": f"Bearer {path.read_text().strip()}"}
        assert site.ask(STATUS, headers=bearer).status_code == 200


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("short", "takes 16"), ("é" * 20, "takes 16"), ("", "is empty"), (None, "can't be read")],
)
def test_bad_token(tmp_path: Path, content: str | None, complaint: str) -> None:
    """A token that could be guessed, or isn't there, is refused before anything listens."""
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content)
    with (
        pytest.raises(ConfigError, match=f"web.token.*{complaint}") as caught,
        web(token=str(path)),
    ):
        pass
    assert not content or content not in str(caught.value)


def test_token(token: str) -> None:
    """With a token, only the page's files and the health are free; the right one opens the rest."""
    with web(token=token) as site:
        site.show()
        free = {"/healthz", *FILES}
        for path in free:
            assert site.ask(path).status_code == 200
        for operation in site.output.site.operations:
            if operation.path not in free:
                answer = site.ask(operation.path, operation.method)
                assert answer.status_code == 401, operation.path
                assert answer.headers["www-authenticate"] == "Bearer"
        assert site.ask(STATUS, headers=BEARER).status_code == 200
        assert site.ask(f"{STATUS}?token={TOKEN}").status_code == 401
        assert site.ask(STATUS, headers={"cookie": f"token={TOKEN}"}).status_code == 401


def test_guesses(token: str, caplog: pytest.LogCaptureFixture) -> None:
    """Who guesses has to wait after ten, even for the right one, and no guess is in the log."""
    with web(token=token) as site, site.client() as client:
        caplog.clear()
        wrong = [f"Bearer {TOKEN[:-1]}{k}" for k in range(8)] + ["Basic dTpw", f"Token {TOKEN}"]
        for guess in wrong:
            assert client.get(STATUS, headers={"authorization": guess}).status_code == 401
        answer = client.get(STATUS, headers=BEARER)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 6
        assert client.get("/").status_code == 200
    told = "\n".join(logged(caplog))
    assert "refused: a wrong token (from this computer)" in told
    assert TOKEN[:-1] not in told


def test_told_once(token: str) -> None:
    """However often something is refused, the journal has a line of each kind."""
    stream = io.StringIO()
    handler = CalmHandler(clock := Clock())
    handler.setStream(stream)
    logger = logging.getLogger("tinydigits.web.guard")
    logger.addHandler(handler)
    try:
        with web(token=token) as site, site.client() as client:
            for _ in range(5):
                client.get(STATUS, headers={"host": "evil.example"})
                client.get(STATUS, headers={"origin": "http://evil.example"})
                client.get(STATUS, headers={"authorization": "Bearer no"})
    finally:
        logger.removeHandler(handler)
    assert clock.now
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert all(line.startswith("refused: ") for line in lines)


def test_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks too often has to wait, and is told how long."""
    monkeypatch.setattr("tinydigits.web.guard.REQUESTS", (0.1, 5.0))
    with web() as site, site.client() as client:
        assert [client.get(STATUS).status_code for _ in range(7)] == [*[200] * 5, 429, 429]
        assert 5 <= int(client.get(STATUS).headers["retry-after"]) <= 10
