"""The web output listens where it is told to, speaks TLS, fails gently, and ends at once."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from broker import free_port, until
from samples import picture_of
from tinydigits.__main__ import main
from tinydigits.config import load_config
from tinydigits.errors import ConfigError, OutputError
from tinydigits.outputs.outputs import Outputs
from tinydigits.web.address import Address
from tinydigits.web.output import WebOutput
from web_site import STATUS, TOKEN, Program, Web, logged, raw, request, web


@pytest.fixture(scope="module")
def site() -> Iterator[Web]:
    """One for all tests that only ask."""
    with web() as site:
        site.show()
        yield site


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody else vouches for, and its key, in one file."""
    path = tmp_path_factory.mktemp("tls") / "web.pem"
    make_certificate(path)
    return path


def make_certificate(path: Path) -> None:
    """Make one, alone in another file, too."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run(
        [*command, "-nodes", "-subj", "/CN=localhost", "-keyout", path, "-out", f"{path}.crt"],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())


@pytest.mark.parametrize(
    ("text", "host", "port", "is_loopback"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080, True),
        ("127.8.8.8:1", "127.8.8.8", 1, True),
        ("[::1]:8080", "::1", 8080, True),
        ("localhost:0", "localhost", 0, True),
        ("0.0.0.0:80", "0.0.0.0", 80, False),  # noqa: S104  it is only looked at
        ("[::]:80", "::", 80, False),
        ("pi.lan:65535", "pi.lan", 65535, False),
    ],
)
def test_address(text: str, host: str, port: int, *, is_loopback: bool) -> None:
    """An address is a number or a name, and a port; of a name nobody knows who can come there."""
    address = Address.from_text(text)
    assert (address.host, address.port, address.is_loopback) == (host, port, is_loopback)
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    [
        *("8080", ":8080", "localhost", "::1:8080", "[::1]", "127.0.0.1:99999", "300.1.1.1:80"),
        *("pi..local:80", ".local:80", f"{'x' * 64}.local:80", "[fe80::1%a..b]:80"),
        *("http://localhost:80", "[localhost]:80", "localhost:-1", "localhost:80/", "a b:1"),
    ],
)
def test_bad_address(text: str) -> None:
    """What is no address is a mistake in the configuration, told at once."""
    with pytest.raises(ConfigError, match=r"web\.address: .*"):
        Address.from_text(text)


@pytest.mark.parametrize("command", ["check", "run"])
def test_bad_name(command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Of a name that no computer can have a command says so in one line."""
    config = tmp_path / "my.toml"
    picture_of("27").save(tmp_path / "27.png")
    (tmp_path / "token").write_text(TOKEN)
    config.write_text(
        f'[camera]\nsource = "files"\npath = "{tmp_path}/27.png"\n'
        f'[web]\naddress = "pi..local:80"\ntoken = "{tmp_path}/token"\n'
    )
    assert main([command, "--config", str(config)]) != 0
    told = "".join(capfd.readouterr())
    assert "web.address: 'pi..local' is no address of a computer" in told
    assert "Traceback" not in told


def test_ipv6() -> None:
    """It listens at addresses of IPv6, too, and is known by them."""
    with web(address="[::1]:0") as site, httpx.Client(trust_env=False) as client:
        assert client.get(f"http://[::1]:{site.output.port}{STATUS}").status_code == 200


def test_taken(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another program listens it says so, once, and takes its place as soon as it can."""
    monkeypatch.setattr("tinydigits.web.output.RETRY_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        program = Program(load_config(changes={"web": {"address": f"127.0.0.1:{port}"}}))
        with WebOutput(program.config.web, program) as output:
            assert not output.wait(0.3)
            trouble = output.state.trouble
            assert trouble.startswith(f"another program listens at 127.0.0.1:{port}: stop it")
            assert len(logged(caplog)) == 1
            other.close()
            assert output.wait(10)
            assert output.state.trouble == ""


@pytest.mark.parametrize(
    ("address", "trouble"),
    [
        ("192.0.2.1:8080", "this computer has no address 192.0.2.1"),
        ("nowhere.invalid:8080", "nobody knows where nowhere.invalid is"),
    ],
)
def test_required(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, trouble: str
) -> None:
    """Where the page is required, a program that can't show it ends, and says why."""
    (tmp_path / "token").write_text("x" * 20)
    asked = {"address": address, "token": str(tmp_path / "token"), "required": True}
    config = load_config(changes={"web": asked})
    monkeypatch.setattr("tinydigits.outputs.outputs.REQUIRED_SECONDS", 0.3)
    outputs = Outputs(config, Program(config))
    with pytest.raises(OutputError, match=rf"^web: {trouble}.*web\.required asks for it"):
        outputs.__enter__()


def test_tls(certificate: Path) -> None:
    """With a certificate it speaks https, and nothing else."""
    context = ssl.create_default_context(cafile=f"{certificate}.crt")
    with web(certificate=str(certificate)) as site:
        with httpx.Client(verify=context, trust_env=False) as client:
            address = f"https://localhost:{site.output.port}"
            assert client.get(address + STATUS).status_code == 200
        assert raw(site, request()) == b""


def test_renewed(tmp_path: Path) -> None:
    """At a reload another token and a renewed certificate are taken, whose names are the same."""
    token, pem = tmp_path / "token", tmp_path / "web.pem"
    port = free_port()
    files = {"token": str(token), "certificate": str(pem)}
    config = load_config(
        changes={"web": {"address": f"127.0.0.1:{port}", "required": True, **files}}
    )

    def listens() -> bool:
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", port)) == 0

    def statuses() -> list[int]:
        context = ssl.create_default_context(cafile=f"{pem}.crt")
        url = f"https://localhost:{port}{STATUS}"
        with httpx.Client(verify=context, trust_env=False) as client:
            bearers = [{"authorization": f"Bearer {each}"} for each in ("old" * 9, "new" * 9)]
            return [client.get(url, headers=bearer).status_code for bearer in bearers]

    token.write_text("old" * 9)
    make_certificate(pem)
    with Outputs(config, Program(config)) as outputs:
        assert statuses() == [200, 401]
        token.write_text("new" * 9)
        make_certificate(pem)
        outputs.change(config, outputs.prepared(config))
        until(listens)
        assert statuses() == [401, 200]
        assert outputs.prepared(config) == {}


def test_slow_handshake(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who takes too long to begin is let go before a byte of HTTP."""
    monkeypatch.setattr("tinydigits.web.server.REQUEST_SECONDS", 0.2)
    with web(certificate=str(certificate)) as site:
        began = time.monotonic()
        assert raw(site, b"\x16\x03\x01") == b""
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"key": "web.key"}, r"web\.key is there, but no web\.certificate"),
        ({"certificate": "none.pem"}, r"web\.certificate: none\.pem .*: No such file"),
        ({"certificate": __file__}, r"web\.certificate: .* they are no certificate in PEM"),
    ],
)
def test_bad_certificate(table: dict[str, Any], complaint: str) -> None:
    """A certificate that can't be used is a mistake in the configuration."""
    with pytest.raises(ConfigError, match=complaint), web(**table):
        pass


def test_locked_key(certificate: Path, tmp_path: Path) -> None:
    """A key with a password is refused, and nobody is asked for it."""
    locked = tmp_path / "locked.pem"
    command = ["openssl", "pkcs8", "-topk8", "-passout", "pass:secret", "-in"]
    subprocess.run([*command, certificate, "-out", locked], check=True, capture_output=True)
    with (
        pytest.raises(ConfigError, match="its key without a password"),
        web(certificate=f"{certificate}.crt", key=str(locked)),
    ):
        pass


@pytest.mark.parametrize(
    "path",
    [
        *("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/page.html"),
        *("//etc/passwd", "/\\..\\..\\etc\\passwd", "/web/../output.py", "/.", "/%00", "/api/v1/"),
        *("http://localhost/", "*", "/api/v1/frame.jpg/", "/api/v1/../../", "/__init__.py"),
    ],
)
def test_no_folder(site: Web, path: str) -> None:
    """There is what is named in a list, and no path leads to anything else."""
    answer = raw(site, request(path))
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))
    assert b"root:" not in answer


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
def test_methods(site: Web, method: str) -> None:
    """Other methods are told which there are; no other page's scripts are let in by any."""
    answer = site.ask("/api/v1/readings", method, headers={"origin": site.address})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert site.ask("/api/v1/confirm", method).headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/", STATUS, "/api/v1/frame.jpg", "/api/v1/events", "/metrics"])
def test_head(site: Web, path: str) -> None:
    """HEAD is GET without the content."""
    answer = site.ask(path, "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "query", ["limit=x", "limit=-1", "limit=5&limit=6", "nothing=1", "since=1e99", "limit=1001"]
)
def test_parameters(site: Web, query: str) -> None:
    """A parameter that isn't one, or not as it may be, is a mistake that is told."""
    answer = site.ask(f"/api/v1/readings?{query}")
    assert answer.status_code == 400
    assert "\n" not in answer.json()["error"]


def test_failure(caplog: pytest.LogCaptureFixture) -> None:
    """What fails in the program is told in the log; the client learns that it failed, no more."""

    def fail() -> Any:
        raise RuntimeError("secret")

    with web() as site:
        caplog.clear()
        site.program.document = fail  # type: ignore[method-assign]
        answer = site.ask(STATUS)
        assert (answer.status_code, answer.json()) == (500, {"error": "that failed: see the log"})
        assert logged(caplog) == ["a request failed: RuntimeError: secret"]
        assert site.ask("/api/v1/readings").status_code == 200


def test_nothing_yet() -> None:
    """Before the first frame there is nothing to see, and it says so."""
    with web() as site:
        assert site.ask("/api/v1/readings").json() == {"latest": None, "history": []}
        answer = site.ask("/api/v1/frame.jpg")
        assert (answer.status_code, answer.json()["error"]) == (503, "no frame has come yet")
        health = site.ask("/healthz")
        assert (health.status_code, health.json()["state"]) == (503, "starting")


@pytest.mark.parametrize(
    ("state", "trouble", "expected"),
    [
        ("reading", "", (200, "reading")),
        ("waiting for a picture", "", (200, "idle")),
        ("reading", "http://camera/?secret can't be reached", (503, "no frames")),
        ("no frames: the camera repeats one", "", (503, "no frames")),
    ],
)
def test_health(state: str, trouble: str, expected: tuple[int, str]) -> None:
    """Whether it reads is for everybody to know, and nothing else; Prometheus is told the same."""
    with web() as site:
        site.show()
        site.program.state, site.program.trouble = state, trouble
        answer = site.ask("/healthz")
        assert (answer.status_code, answer.json()["state"]) == expected
        assert f"\ntinydigits_camera_up {float(expected[0] == 200)}\n" in site.ask("/metrics").text
        assert set(answer.json()) == {"state", "last_frame"}


def test_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame that should have come long ago is missed."""
    monkeypatch.setattr("tinydigits.web.health.LATE_SECONDS", 0.0)
    with web() as site:
        site.show()
        assert site.ask("/healthz").json()["state"] == "no frames"
        assert "\ntinydigits_camera_up 0.0\n" in site.ask("/metrics").text


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_stop(certificate: Path, scheme: str) -> None:
    """It ends at once, whoever is connected and whatever they wait for."""
    with (
        web(certificate=str(certificate) if scheme == "https" else "") as site,
        ExitStack() as stack,
    ):
        site.show()
        for content in (b"", b"GET", request("/api/v1/events"), request("/api/v1/frame.jpg")):
            plain = stack.enter_context(
                socket.create_connection(("127.0.0.1", site.output.port), 10)
            )
            if scheme == "https":
                context = ssl.create_default_context(cafile=f"{certificate}.crt")
                connection: socket.socket = stack.enter_context(
                    context.wrap_socket(plain, server_hostname="localhost")
                )
            else:
                connection = plain
            connection.sendall(content)
        began = time.monotonic()
        site.output.__exit__()
        assert time.monotonic() - began < 0.3
        assert not site.output.wait(0)


def test_again() -> None:
    """At a reload the next one listens where the last one did."""
    with web() as site:
        site.output.__exit__()
        asked = {"address": f"127.0.0.1:{site.output.port}"}
        program = Program(load_config(changes={"web": asked}))
        with WebOutput(program.config.web, program) as output:
            assert output.wait(5)
