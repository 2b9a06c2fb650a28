"""A web output on a port of its own, with a program behind it that does what it is told."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

import httpx
import numpy as np
import pytest

from samples import picture_of
from tinydigits import __version__
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.config import Config, load_config
from tinydigits.errors import UsageError
from tinydigits.frame import Frame, Luma
from tinydigits.judge import Verdict
from tinydigits.outputs.told import Told
from tinydigits.reader import FrameReadings, Reader
from tinydigits.region import Corners
from tinydigits.status.document import CameraState, Document, ModelState, OutputState
from tinydigits.status.tally import Tally, memory
from tinydigits.web.output import WebOutput

TOKEN = "correct-horse-battery-staple"  # noqa: S105  the tests' own
STATUS = "/api/v1/status"


@cache
def shipped() -> Classifier:
    """The model that ships, loaded once."""
    return Classifier.load(DEFAULT_MODEL)


@dataclass
class Program:
    """Stands for the running program."""

    config: Config
    classifier: Classifier = field(default_factory=shipped)
    tally: Tally = field(default_factory=Tally)
    state: str = "reading"
    trouble: str = ""
    calls: list[str] = field(default_factory=list)

    def document(self) -> Document:
        """How it is."""
        return Document(
            version=__version__,
            pid=os.getpid(),
            uptime=self.tally.uptime,
            state=self.state,
            frames=self.tally.frames,
            fps=self.tally.fps,
            last_frame=self.tally.last_frame,
            readings=self.tally.shown(),
            verdicts=dict(self.tally.verdicts),
            rejected=dict(self.tally.rejected),
            camera=CameraState("files", self.trouble, 0),
            outputs={"stdout": OutputState(0, 0)},
            model=ModelState(self.classifier.card.name, self.classifier.sha256, None),
            reloads=0,
            memory=memory(),
            watchdog=None,
        )

    def read_now(self) -> None:
        """Note it."""
        self.calls.append("read_now")

    def confirm(self, region: str, value: Decimal | None = None) -> Decimal:
        """Note it, for the one region there is."""
        if region != "frame":
            raise UsageError(f"there is no region {region!r}, only frame")
        self.calls.append(f"confirm {value}")
        return Decimal(27) if value is None else value

    def reload(self) -> None:
        """Note it."""
        self.calls.append("reload")


@dataclass
class Web:
    """A web output at work, and its program."""

    output: WebOutput
    program: Program
    scheme: str = "http"
    frames: int = 0

    @property
    def address(self) -> str:
        """What a browser would be told."""
        return f"{self.scheme}://127.0.0.1:{self.output.port}"

    def ask(self, path: str, method: str = "GET", **more: Any) -> httpx.Response:
        """An answer."""
        with self.client() as client:
            return client.request(method, path, **more)

    def client(self, **more: Any) -> httpx.Client:
        """Who asks, again and again."""
        # a machine's proxies are not for itself, and the authorities it trusts take long to load
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        given = {"trust_env": False, "verify": nobody, "timeout": 20, **more}
        return httpx.Client(base_url=self.address, **given)

    def show(self, number: str = "27", **verdict: Any) -> FrameReadings:
        """Have it read a number."""
        frame = Frame(np.asarray(picture_of(number)), f"{number}.png", self.frames)
        result = Reader(self.program.classifier).read(frame)
        self.tell(frame.luma, result, **verdict)
        return result

    def tell(
        self,
        luma: Luma,
        result: FrameReadings,
        placed: Mapping[str, Corners] | None = None,
        **verdict: Any,
    ) -> None:
        """Tell it what was read in a frame, and where."""
        verdicts = tuple(
            Verdict(
                **{
                    "status": "accepted",
                    "value": Decimal(reading.text),
                    "age": 0.0,
                    "text": reading.text,
                    "reasons": (),
                    "event": None,
                    **verdict,
                }
            )
            for reading in result.readings
        )
        self.program.tally.count(result, verdicts)
        frame = Frame(luma, result.source, result.sequence)
        self.output.put(Told(frame, result, verdicts, placed or {}))
        self.frames += 1


@contextmanager
def web(changes: dict[str, Any] | None = None, **table: Any) -> Iterator[Web]:
    """A web output that listens, with these keys of its table and other changes."""
    asked = {"address": "127.0.0.1:0", **table}
    program = Program(load_config(changes={**(changes or {}), "web": asked}))
    with WebOutput(program.config.web, program) as output:
        assert output.wait(10), output.state.trouble
        yield Web(output, program, "https" if asked.get("certificate") else "http")


def raw(site: Web, content: bytes, *, seconds: float = 10) -> bytes:
    """What comes back for bytes as they are, until the connection ends or nothing comes."""
    with socket.create_connection(("127.0.0.1", site.output.port), seconds) as connection:
        connection.sendall(content)
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except (TimeoutError, ConnectionResetError):
            pass
        return answer


def request(path: str = STATUS, *, method: str = "GET", **headers: str) -> bytes:
    """A request as it is sent; the connection ends after it."""
    given = {"host": "localhost", "connection": "close", **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What this program logged since this was asked last; who asks over HTTP logs, too."""
    told = [record for record in caplog.records if record.name.startswith("tinydigits")]
    caplog.clear()
    return [record.getMessage() for record in told]
