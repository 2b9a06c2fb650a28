"""A real Prometheus looks at a real device, and answers everything that the dashboard asks.

Run with ``make slow``; it takes Debian's package ``prometheus``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from PIL import Image

from dashboard import FILE, Query, for_all, queries, variables
from samples import picture_of

SECONDS: Final = 60.0
"""For anything to happen that should, on a loaded machine."""

EMPTY: Final = frozenset(
    {"Lost on the way to outputs", "Camera opened again", "Temperature", "Used in an hour"}
)
"""Panels that show nothing of a device that is well, has just begun, and has no sensor."""

PROMETHEUS: Final = """
global: {{scrape_interval: 1s}}
scrape_configs:
- job_name: tinydigits
  static_configs: [targets: ["127.0.0.1:{port}"]]
"""


def free_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], Any]) -> Any:
    """Wait until something is so; what it is."""
    end = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < end, "it didn't happen in time"
        time.sleep(0.1)
    return found


@contextmanager
def running(command: list[str], **more: Any) -> Iterator[None]:
    """A program, until the end."""
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more
    ) as program:
        try:
            yield
        finally:
            program.terminate()


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A Prometheus that has looked at a device a few times."""
    program = shutil.which("prometheus")
    assert program, "apt install prometheus"
    folder = tmp_path_factory.mktemp("prometheus")
    picture_of("27").save(folder / "1.png")
    Image.new("L", (90, 90), 200).save(folder / "2.png")  # which is rejected
    device, port = free_port(), free_port()
    (folder / "device.toml").write_text(
        f'[camera]\npath = "{folder}/*.png"\nloop = true\nfps = 20.0\n'
        f'[judge]\nagree = 1\nof = 1\n[web]\naddress = "127.0.0.1:{device}"\n'
    )
    (folder / "prometheus.yml").write_text(PROMETHEUS.format(port=device))
    config = ["--config", str(folder / "device.toml")]
    command = [
        program,
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with (
        running([sys.executable, "-m", "tinydigits", "run", *config], env=path),
        running(command),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client,
    ):
        until(lambda: result(client, 'rate(tinydigits_rejects_total{job="tinydigits"}[5s]) > 0'))
        until(lambda: result(client, "rate(tinydigits_readings_total[10s]) > 0"))
        yield client


def result(client: httpx.Client, expression: str) -> list[Any]:
    """What Prometheus says; nothing as long as it starts."""
    try:
        answer = client.get("/api/v1/query", params={"query": expression})
    except httpx.TransportError:
        return []
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return []
    told = json.loads(answer.text)
    assert told["status"] == "success", f"{expression}: {told}"
    found: list[Any] = told["data"]["result"]
    return found


def test_every_query(asked: httpx.Client) -> None:
    """Every query of the dashboard is understood, and has an answer where there is one."""
    for query in queries():
        found = result(asked, for_all(query.expression))
        assert found or query.panel in EMPTY, query
        values = [one["value"][1] for one in found]
        assert "NaN" not in values, query


def test_every_list(asked: httpx.Client) -> None:
    """The lists at the top have their entries."""
    for variable in variables():
        found = result(asked, for_all(variable.expression))
        label = variable.legend.strip("{}")
        assert all(one["metric"][label] for one in found), variable
        assert found, variable


@pytest.mark.parametrize("command", ["check config", "check rules"])
def test_documented(command: str, tmp_path: Path, asked: httpx.Client) -> None:
    """What the page on many devices has for Prometheus is in order, and its alerts are answered."""
    promtool = shutil.which("promtool")
    assert promtool, "apt install prometheus"
    page = (FILE.parent / "fleet.md").read_text()
    (block,) = re.findall(f"<!-- promtool {command} -->\n\n```yaml\n(.*?)```", page, re.DOTALL)
    block = block.replace("/etc/prometheus", str(tmp_path))
    (tmp_path / "tinydigits-token").write_text("token\n")
    (tmp_path / "tinydigits.yml").write_text('- targets: ["pi-001:8080"]\n')
    (tmp_path / "file.yml").write_text(block)
    ended = subprocess.run(
        [promtool, *command.split(), tmp_path / "file.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for expression in re.findall("expr: (.+)", block):
        metrics = Query("", expression, "").metrics
        assert metrics, expression
        assert all(result(asked, metric) for metric in metrics), expression
        result(asked, expression)


def test_promtool(asked: httpx.Client) -> None:
    """What a device tells is in the form that Prometheus's own tool asks for."""
    promtool = shutil.which("promtool")
    assert promtool, "apt install prometheus"
    (target,) = asked.get("/api/v1/targets").json()["data"]["activeTargets"]
    text = httpx.get(target["scrapeUrl"], trust_env=False).text
    ended = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
