"""What the page on the web interface shows is so."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from prometheus_client.parser import text_string_to_metric_families

from samples import picture_of
from tinydigits.config import load_config
from tinydigits.errors import ConfigError
from tinydigits.frame import MAX_SCANS
from tinydigits.web import limits
from tinydigits.web.app import OPERATIONS
from tinydigits.web.board import PAST
from tinydigits.web.readings import MOST
from tinydigits.web.refusal import Abuse
from tinydigits.web.security import MAKE_TOKEN, Access
from web_site import Web, web

PAGE = (Path(__file__).parents[1] / "docs" / "web.md").read_text()

BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SHELL = [block for kind, block in BLOCKS if kind == "sh"]
CURL = [block for block in SHELL if block.startswith("curl")]


def table(*names: str) -> list[list[str]]:
    """The cells of the table with these columns."""
    _, _, rest = PAGE.partition(f"| {' | '.join(names)} |\n")
    lines = rest.partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip().replace("`", "") for cell in line.split("|")[1:-1]] for line in lines]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Web, Path]]:
    """A device with the page's own token, and a folder with that and a photograph."""
    folder = tmp_path_factory.mktemp("docs")
    subprocess.run(["sh", "-c", SHELL[0]], cwd=folder, check=True)  # noqa: S607  a user's shell
    picture_of("004721").save(folder / "photo.jpg")
    with web(token=str(folder / "web.token")) as site:
        site.show("004721")
        yield site, folder


def shape(value: Any) -> Any:
    """The keys of JSON, at every level; what a list has is as its first."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else None


@pytest.mark.parametrize("command", CURL)
def test_curl(site: tuple[Web, Path], command: str) -> None:
    """Each command works as it stands, but for port and token, and prints what is shown."""
    (web, folder), bearer = site, '-H "Authorization: Bearer $(cat web.token)"'
    asked = command.strip().replace("localhost:8080", f"127.0.0.1:{web.output.port}")
    stream = "--max-time 1" if " -N " in asked else ""
    ended = subprocess.run(
        ["sh", "-c", f"{asked} --silent --show-error --noproxy '*' --fail {stream} {bearer}"],  # noqa: S607
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == (28 if stream else 0), ended.stderr  # 28 is that the time is over
    following = BLOCKS[BLOCKS.index(("sh", command)) + 1 :][:1]
    for kind, shown in following:
        if kind == "json":
            printed = json.loads(ended.stdout)
            for reading in (printed.get("latest") or {}).get("readings", ()):
                reading["digits"] = []
            assert shape(printed) == shape(json.loads(shown))
    if stream:
        assert ended.stdout.startswith(b"event: reading\ndata: {")
    if "-o frame.jpg" in command:
        assert (folder / "frame.jpg").read_bytes().startswith(b"\xff\xd8")
    if "photo.jpg" in command:
        assert json.loads(ended.stdout)["readings"][0]["text"] == "004721"


def test_configurations(site: tuple[Web, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each configuration can be one; the command that makes a certificate makes one."""
    monkeypatch.chdir(site[1])
    (openssl,) = [block for block in SHELL if block.startswith("openssl")]
    subprocess.run(["sh", "-c", openssl], check=True, capture_output=True)  # noqa: S607  as above
    for block in (block for kind, block in BLOCKS if kind == "toml"):
        asked = tomllib.loads(block)["web"]
        load_config(changes={"web": asked})
        with web(**{**asked, "address": asked["address"].replace("8080", "0")}):
            pass
    with pytest.raises(ConfigError, match="token is needed"), web(address="0.0.0.0:0"):
        pass
    assert SHELL[0].strip() == MAKE_TOKEN


def test_paths() -> None:
    """Every operation is in the table, with its method and whether it takes the token."""
    takes = {Access.FREE: "never", Access.GUARDED: "where there is one", Access.OWNER: "always"}
    told = {
        (path, method, token) for path, method, _, token in table("path", "method", "what", "token")
    }
    pages = [each for each in OPERATIONS if each.summary.startswith("The page: ")]
    assert told == {
        (each.path, each.method, takes[each.access])
        for each in OPERATIONS
        if each not in pages or each.path == "/"
    }


def test_metrics(site: tuple[Web, Path]) -> None:
    """Every figure is in the table, with its kind and its labels; and no other."""
    token = (site[1] / "web.token").read_text().strip()
    text = site[0].ask("/metrics", headers={"authorization": f"Bearer {token}"}).text
    told = {
        name.removesuffix("_total"): (kind, {*filter(None, labels.split(", "))})
        for name, kind, labels, _ in table("name", "kind", "labels", "what")
    }
    found = {}
    for family in text_string_to_metric_families(text):
        if not family.name.startswith("process_"):
            labels = {label for sample in family.samples for label in sample.labels}
            found[family.name] = (family.type, labels - {"le"})
    sometimes = {"tinydigits_temperature_celsius", "tinydigits_rejects"}  # where there are some
    assert {name: told[name] for name in told if name not in sometimes} == {
        name: found[name] for name in found if name not in sometimes
    }
    assert sometimes <= told.keys()


def test_prometheus(tmp_path: Path) -> None:
    """Prometheus takes the configuration that is shown."""
    (block,) = [block for kind, block in BLOCKS if kind == "yaml"]
    (tmp_path / "token").write_text("x")
    config = tmp_path / "prometheus.yml"
    config.write_text(block.replace("/etc/prometheus/tinydigits-token", f"{tmp_path}/token"))
    command = ["promtool", "check", "config"]
    subprocess.run([*command, config], capture_output=True, check=True)


def test_limits() -> None:
    """The limits are those of the program."""
    (requests, requests_at_once), (pictures, pictures_at_once) = limits.REQUESTS, limits.PICTURES
    rate, guesses = limits.WRONG_TOKENS
    expected = {
        "connections": (limits.CONNECTIONS, limits.CONNECTIONS_EACH),
        "requests of one client": (requests, requests_at_once),
        "wrong tokens of one client": (guesses, 1 / rate),
        "the request before its body": (limits.HEADER_BYTES, limits.REQUEST_SECONDS),
        "a body in JSON": (limits.JSON_BYTES,),
        "a picture to read": (
            *(limits.PICTURE_BYTES, limits.PHOTO_PIXELS, MAX_SCANS, limits.OTHER_PIXELS),
        ),
        "pictures to read": (pictures, pictures_at_once),
        "a body that doesn't come": (limits.BODY_SECONDS,),
        "a client that takes nothing": (limits.STALL_SECONDS,),
        "clients that are told of events": (limits.STREAMS,),
    }
    told = {what: limit for what, limit, _ in table("what", "limit", "then") if limit}
    assert told.keys() == expected.keys()
    for what, values in expected.items():
        numbers = [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", told[what])]
        assert numbers == [round(value) for value in values], what
    assert f"{limits.CLIENTS} of them are remembered" in PAGE
    assert f"{limits.IPV6_NETWORK_BITS} bits" in PAGE
    assert f"{PAST} readings" in PAGE
    assert f"at most {MOST}" in PAGE
    reasons = re.search(r"by these reasons: (.*?)\. No", PAGE, re.DOTALL)
    assert reasons
    assert set(re.findall(r"`(\w+)`", reasons[1])) == set(get_args(Abuse))
