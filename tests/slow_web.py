"""The page with slow clients and with every request that its description allows.

Too long among quick tests. Run with ``make slow``.
"""

from __future__ import annotations

import io
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final, Self

import httpx
import numpy as np
import pytest
from PIL import Image

from broker import free_port, until
from steady import show
from tinydigits.bench.process import memory_of, peak_memory_of
from web_site import TOKEN, request, web

MIB: Final = 2**20

MOST_MEMORY: Final = 90 * MIB
"""With all outputs on; what the program takes beside its page is held by ``make steady``."""

CLIENTS: Final = 10
SIP: Final = 512
"""Bytes that a slow client takes at a time ..."""

PAUSE: Final = 0.5
"""... and the seconds until it takes some more."""

LEAST_RATIO: Final = 0.95
"""Of the readings a second with all outputs on to those with standard output alone."""

LEAST_FLAT_OUT: Final = 0.8
"""The same where frames come as fast as they are read: then whoever else uses the processors, as
the slow clients do, takes from one of the two. Two programs that are alike give 0.9 to 1 here."""

ATTEMPTS: Final = 3
"""A machine that does other things meanwhile gives one of two programs less of its time."""


class SlowClients:
    """Browsers behind a bad network: half of them ask for events, half for frame after frame."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sip)
        self.taken = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sip(self) -> None:
        with ExitStack() as stack:
            connections = [stack.enter_context(self._ask(k)) for k in range(CLIENTS)]
            while not self._ended.wait(PAUSE):
                for place, connection in enumerate(connections):
                    if not self._takes(connection):  # it was let go, and comes again
                        connections[place] = stack.enter_context(self._ask(place))

    def _takes(self, connection: socket.socket) -> bool:
        try:
            part = connection.recv(SIP)
        except TimeoutError:
            return True
        except ConnectionError:
            return False
        self.taken += len(part)
        return bool(part)

    def _ask(self, place: int) -> socket.socket:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(0.01)
        with suppress(OSError):  # it is asked again then
            connection.connect(("127.0.0.1", self._port))
            path = "/api/v1/events" if place % 2 else "/api/v1/frame.jpg"
            connection.sendall(request(path, connection="keep-alive") * 20)
        return connection


@dataclass
class Device:
    """The program, which runs when it is its turn; ``walls`` are the times of its frames."""

    process: subprocess.Popen[bytes]
    walls: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.walls.append(json.loads(line)["wall"])

    def pause(self) -> None:
        """Have it rest."""
        self.process.send_signal(signal.SIGSTOP)

    def rate(self, seconds: float) -> float:
        """Frames a second in a turn."""
        self.walls.clear()
        self.process.send_signal(signal.SIGCONT)
        time.sleep(seconds)
        self.pause()
        _, _, first, *more = self.walls.copy()  # of which the first two lay around
        return len(more) / (more[-1] - first)


@contextmanager
def device(folder: Path, name: str, fps: float, **tables: dict[str, Any]) -> Iterator[Device]:
    """The program on the pictures of a folder, with these tables, after its first frames."""
    told = {"camera": {"path": str(folder), "loop": True, "fps": fps}, **tables}
    config = folder / f"{name}.toml"
    lines = [
        line
        for table, keys in told.items()
        for line in (f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items()))
    ]
    config.write_text("\n".join(lines))
    command = [sys.executable, "-m", "tinydigits", "run", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        running = Device(process)
        try:
            until(lambda: len(running.walls) > 10)
            yield running
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            running.reader.join()


@contextmanager
def dead_broker() -> Iterator[int]:
    """A port at which connections are made, and nobody ever answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def compare(one: Device, other: Device, turns: int, seconds: float) -> list[tuple[float, float]]:
    """The rates of two programs that take turns, each as often first as second."""
    pairs = []
    for _ in range(turns):
        first, second = one.rate(seconds), other.rate(seconds)
        third, fourth = other.rate(seconds), one.rate(seconds)
        pairs += [(first, second), (fourth, third)]
    return pairs


@pytest.mark.parametrize(
    ("fps", "least", "turns", "seconds"),
    [(0.0, LEAST_FLAT_OUT, 10, 1.0), (30.0, LEAST_RATIO, 3, 2.0), (10.0, LEAST_RATIO, 3, 3.0)],
)
def test_rate(tmp_path: Path, fps: float, least: float, turns: int, seconds: float) -> None:
    """All outputs on, ten slow clients, a dead broker: it reads as many frames, in 90 MiB."""
    show(tmp_path, (640, 480))
    port = free_port()
    with (
        dead_broker() as broker,
        device(tmp_path, "alone", fps) as alone,
        device(
            tmp_path,
            "all",
            fps,
            web={"address": f"127.0.0.1:{port}"},
            mqtt={"host": "127.0.0.1", "port": broker},
            history={"file": str(tmp_path / "history.db")},
            collect={"folder": str(tmp_path / "crops")},
        ) as everything,
        SlowClients(port) as clients,
    ):
        alone.pause()
        everything.pause()
        everything.rate(2.0)  # until all that a slow client doesn't take is full
        for _ in range(ATTEMPTS):
            pairs = compare(alone, everything, turns, seconds)
            ratio = median(with_all / without for without, with_all in pairs)
            if ratio >= least:
                break
        memory = memory_of(everything.process.pid)
        less = memory_of(alone.process.pid)
    print(
        f"\n  {median(pair[0] for pair in pairs):.2f} frames a second alone, "
        f"{median(pair[1] for pair in pairs):.2f} with all outputs: {ratio:.3f}; "
        f"{memory / MIB:.1f} MiB, alone {less / MIB:.1f}; {clients.taken:,} bytes taken"
    )
    assert clients.taken > 0
    assert ratio >= least
    assert memory <= MOST_MEMORY


PHOTO: Final = (4080, 3060)
"""What a telephone takes, just below what is taken."""

MOST_PEAK: Final = 110 * MIB
"""While such a picture is read; a service has 256 MiB in all."""


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_peak(tmp_path: Path, kind: str) -> None:
    """The largest picture that may be posted takes no more memory than a service has."""
    show(tmp_path, (640, 480))
    port = free_port()
    with device(tmp_path, "page", 1.0, web={"address": f"127.0.0.1:{port}"}) as running:
        before = memory_of(running.process.pid)
        Path(f"/proc/{running.process.pid}/clear_refs").write_text("5")  # VmHWM begins anew
        file = io.BytesIO()
        rough = np.random.default_rng(1).integers(0, 255, (75, 100, 4), dtype=np.uint8)
        if kind == "JPEG":
            image = Image.fromarray(rough[..., :3]).resize(PHOTO)
            image.save(file, kind, progressive=True, subsampling=0)
        else:
            image = Image.fromarray(rough).resize((2300, 1730))
            image.save(file, kind)
        answer = httpx.post(
            f"http://127.0.0.1:{port}/api/v1/read",
            content=file.getvalue(),
            headers={"content-type": f"image/{kind.lower()}"},
            trust_env=False,
            timeout=60,
        )
        peak = peak_memory_of(running.process.pid) - before
    print(f"\n  {kind}, {image.width}x{image.height}: {peak / MIB:.0f} MiB on top")
    assert answer.status_code == 200
    assert peak <= MOST_PEAK


CHECKS: Final = """
hooks = "st_hooks.py"
[[operations]]
include-path = [
  "/api/v1/read", "/api/v1/confirm",
  "/api/v1/regions", "/api/v1/regions/try", "/api/v1/regions/toml",
]
# what is in a picture, what a judge knows of a number, where a region can lie, which regions are
# there: no schema says it
checks.positive_data_acceptance.expected-statuses = [
  "2xx", "401", "403", "404", "409", "412", "422", "429", "5xx",
]
"""

HOOKS: Final = """
import schemathesis

def whole(value):
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)  # to JSON Schema 32.0 is an integer, to msgspec it is none
    if isinstance(value, dict):
        return {key: whole(each) for key, each in value.items()}
    return [whole(each) for each in value] if isinstance(value, list) else value

@schemathesis.hook
def map_body(context, body):
    return whole(body)
"""


@pytest.mark.parametrize("with_token", [True, False])
def test_schemathesis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, with_token: bool) -> None:
    """Whatever the description allows is answered as it says, and all else is refused as it says.

    Only the stream of events is left out: its answer has no end.
    """
    generous = (1e6, 1e6)
    monkeypatch.setattr("tinydigits.web.guard.REQUESTS", generous)
    monkeypatch.setattr("tinydigits.web.security.WRONG_TOKENS", generous)
    monkeypatch.setattr("tinydigits.web.read.PICTURES", generous)
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "st.toml").write_text(CHECKS)
    (tmp_path / "st_hooks.py").write_text(HOOKS)
    asked = {"token": str(tmp_path / "token")} if with_token else {}
    regions = {"regions": str(tmp_path / "regions.toml")}
    with web({"collect": {"folder": str(tmp_path)}}, **asked, **regions) as site:
        site.show()
        command = [
            *(Path(sys.executable).with_name("st"), "--config-file", tmp_path / "st.toml"),
            *("run", f"{site.address}/api/v1/openapi.json", "--exclude-path", "/api/v1/events"),
            *("--max-examples", "50", "--request-timeout", "10", "--seed", "1", "--no-color"),
            *(("--header", f"Authorization: Bearer {TOKEN}") if with_token else ()),
        ]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
