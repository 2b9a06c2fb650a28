"""The daemon tells how it is to whoever asks, and nothing that asks can slow it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from command_line import Capture, complaint
from manager import short_folder
from samples import picture_of, shipped_name
from standin import Clock
from test_faults import running
from tinydigits.__main__ import main
from tinydigits.classifier import DEFAULT_MODEL
from tinydigits.digest import sha256_hex
from tinydigits.errors import OutputError, UsageError
from tinydigits.judge import Verdict
from tinydigits.reader import FrameReadings, Reading
from tinydigits.rules import Reason
from tinydigits.runtime import SOCKET_NAME, Hold, runtime_folder
from tinydigits.status.command import ask, duration
from tinydigits.status.server import StatusServer
from tinydigits.status.tally import Tally


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A runtime folder."""
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in ("27", "40"):
        picture_of(number).save(folder / f"{number}.png")
    return folder


@contextmanager
def daemon(pictures: Path, runtime: Path) -> Iterator[subprocess.Popen[str]]:
    """The daemon, after its first reading; its output is taken."""
    command = [sys.executable, "-m", "tinydigits", "run", "--source", str(pictures), "--loop"]
    with subprocess.Popen(
        [*command, "--fps", "20", "--runtime", str(runtime)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        process.stdout.readline()
        taker = threading.Thread(target=process.stdout.read)
        taker.start()
        try:
            yield process
        finally:
            process.kill()
            taker.join()


@dataclass(frozen=True)
class Asked:
    """A daemon, and the folder where it can be asked."""

    process: subprocess.Popen[str]
    runtime: Path


@pytest.fixture(scope="module")
def asked(pictures: Path) -> Iterator[Asked]:
    """A daemon for all who only ask."""
    with short_folder() as runtime, daemon(pictures, runtime) as process:
        yield Asked(process, runtime)


def status(capsys: Capture, *options: str) -> tuple[int, str]:
    """What ``tinydigits status`` ends with and prints."""
    code = main(["status", *options])
    return code, capsys.readouterr().out


def test_json(asked: Asked, capsys: Capture) -> None:
    """The JSON has all that a monitor may want, and it is counted on."""
    question = ("--runtime", str(asked.runtime), "--json")
    code, out = status(capsys, *question)
    first: dict[str, Any] = json.loads(out)
    second, until = first, time.monotonic() + 30
    while second["frames"] < first["frames"] + 3:
        assert time.monotonic() < until
        second = json.loads(status(capsys, *question)[1])
    assert code == 0
    assert first["pid"] == asked.process.pid
    assert first["state"] == "reading"
    assert 0 < second["fps"] < 50  # 20, but the first frame takes longer than those after it
    assert 0 <= second["last_frame"] < 5
    (reading,) = second["readings"]
    assert reading["region"] == "frame"
    assert reading["text"] in {"27", "40"}
    assert sum(second["verdicts"].values()) == second["frames"]
    assert second["camera"] == {"source": "files", "trouble": "", "restarts": 0}
    assert second["outputs"]["stdout"]["dropped"] == 0
    assert second["model"] == {
        "name": shipped_name(),
        "sha256": sha256_hex(DEFAULT_MODEL.read_bytes()),
        "trial": None,
    }
    assert 10 * 2**20 < second["memory"] < 300 * 2**20
    assert second["watchdog"] is None


def test_people(asked: Asked, capsys: Capture) -> None:
    """For people it is a few lines, and quick."""
    began = time.monotonic()
    code, out = status(capsys, "--runtime", str(asked.runtime))
    assert time.monotonic() - began < 2
    assert code == 0
    names = [line.split()[0] for line in out.splitlines()]
    assert names[:4] == ["program", "state", "frames", "frame"]
    assert names[-4:] == ["camera", "stdout", "model", "memory"]
    assert max(map(len, out.splitlines())) < 200


def test_camera_in_trouble(runtime: Path, capsys: Capture) -> None:
    """A camera that fails is told, with another exit code, and that it came back."""
    with running(RUNTIME_DIRECTORY=str(runtime)) as device:
        assert device.reading()["text"] == "3140"
        device.fail("error")
        assert "the camera failed" in device.says()
        while (told := ask(runtime)) and told.state == "reading":
            time.sleep(0.01)  # it is logged a moment before it is the state
        code, out = status(capsys, "--runtime", str(runtime))
        assert code == 3
        assert "state     no frames: the camera failed: the camera has failed\n" in out
        device.fail("")
        device.reads()
        document = ask(runtime)
    assert document
    assert (document.state, document.camera.trouble) == ("reading", "")
    assert document.camera.restarts == 1


def test_loop_hangs(runtime: Path) -> None:
    """A daemon whose loop hangs can be asked, and how long ago the last frame was shows it."""
    with running(RUNTIME_DIRECTORY=str(runtime)) as device:
        device.reading()
        device.fail("hang")
        device.hangs()
        time.sleep(0.6)
        document = ask(runtime)
    assert document
    assert document.last_frame
    assert document.last_frame > 0.5


def test_questions_are_cheap(asked: Asked) -> None:
    """Many who ask, and some who never take the answer, don't slow the loop."""
    silent = [socket.socket(socket.AF_UNIX) for _ in range(20)]
    for connection in silent:
        connection.settimeout(5)
        connection.connect(str(asked.runtime / SOCKET_NAME))
    documents = [ask(asked.runtime) for _ in range(200)]
    for connection in silent:
        connection.close()
    assert all(documents)
    first, last = documents[0], documents[-1]
    assert first
    assert last
    seconds = last.uptime - first.uptime
    assert last.frames - first.frames >= 8 * seconds - 2  # 20 a second, on a busy machine


def test_not_running(runtime: Path, capsys: Capture) -> None:
    """Where no daemon runs that is said in one line; a killed one's socket is none."""
    assert main(["status", "--runtime", str(runtime)]) == 1
    assert complaint(capsys) == f"tinydigits: no daemon runs with {runtime}\n"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(runtime / SOCKET_NAME))
    assert main(["status", "--runtime", str(runtime)]) == 1
    assert complaint(capsys) == f"tinydigits: no daemon runs with {runtime}\n"


def test_gone(pictures: Path, runtime: Path) -> None:
    """A daemon that was killed is no obstacle to the next; one that is stopped leaves nothing."""
    with daemon(pictures, runtime) as process:
        process.kill()
        process.wait(timeout=30)
        assert (runtime / SOCKET_NAME).exists()
    with daemon(pictures, runtime) as process:
        assert ask(runtime)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        assert not (runtime / SOCKET_NAME).exists()


def test_two(pictures: Path, asked: Asked, capsys: Capture) -> None:
    """A second daemon with the same folder is refused in one line, and the first goes on."""
    again = ["run", "--source", str(pictures), "--runtime", str(asked.runtime)]
    assert main(again) == 2
    assert complaint(capsys) == (
        f"tinydigits: another tinydigits runs with {asked.runtime}: stop it, or give this one "
        "another folder with --runtime\n"
    )
    assert ask(asked.runtime)


@pytest.mark.parametrize("answer", [b"", b"{}", b"nonsense"])
def test_other_answers(answer: bytes, runtime: Path, capsys: Capture) -> None:
    """What is no document, as of another version, is told in one line."""
    with StatusServer(runtime, lambda: answer):
        assert main(["status", "--runtime", str(runtime)]) == 2
    assert "its answer can't be read, is it another version?" in complaint(capsys)


def test_document_fails(runtime: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An error while answering is told, and the next is answered."""
    answers = iter([b"{}"])

    def document() -> bytes:
        return next(answers) if caplog.records else b"" + bytes(1 // 0)

    with StatusServer(runtime, document):
        for expected in (b"", b"{}"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(10)
                connection.connect(str(runtime / SOCKET_NAME))
                assert connection.recv(100) == expected
    assert "the status can't be told: ZeroDivisionError" in caplog.records[0].getMessage()


def test_everybody_may_ask(runtime: Path) -> None:
    """Who may enter the folder may ask."""
    with StatusServer(runtime, lambda: b"{}"):
        assert (runtime / SOCKET_NAME).stat().st_mode & 0o777 == 0o666


def test_long_path(tmp_path: Path) -> None:
    """A folder with too long a name for a socket is told in one line."""
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    with pytest.raises(OutputError, match="can't be made: AF_UNIX path too long"):
        StatusServer(folder, lambda: b"{}").__enter__()


def test_hold(runtime: Path) -> None:
    """A folder is held by one at a time."""
    with Hold(runtime), pytest.raises(UsageError, match="another tinydigits"), Hold(runtime):
        pass
    with Hold(runtime):
        pass


def test_no_folder(tmp_path: Path, capsys: Capture) -> None:
    """A runtime folder that can't be made is told in one line."""
    (tmp_path / "file").write_bytes(b"")
    assert main(["run", "--source", "x.png", "--runtime", str(tmp_path / "file" / "a")]) == 5
    assert "can't be written" in complaint(capsys)


def test_runtime_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is the configured one, or the first that systemd made, or none."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/a:/run/b")
    assert runtime_folder("/run/c") == Path("/run/c")
    assert runtime_folder("") == Path("/run/a")
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    assert runtime_folder("") is None


def verdict(status: Any, code: Any = "") -> Verdict:
    """A verdict with this status, and this for a reason."""
    reasons = (Reason(code, "because"),) if code else ()
    return Verdict(status, Decimal(27), 2.0, "27", reasons, None)


def frame() -> FrameReadings:
    """A frame with one reading."""
    reading = Reading("frame", "27", 1.0, rejected=False, reasons=(), digits=())
    return FrameReadings("", 0, 0.0, 0.0, (reading,), {})


def test_tally() -> None:
    """Verdicts are counted, reasons of what wasn't accepted too; ages go on."""
    clock = Clock()
    tally = Tally(clock)
    assert (tally.fps, tally.last_frame, tally.shown()) == (0.0, None, ())
    for given_verdict in (
        verdict("accepted"),
        verdict("accepted", "held"),
        verdict("waiting", "not_agreed"),
        verdict("rejected", "unsure"),
    ):
        tally.count(frame(), [given_verdict])
        clock.now += 0.5
    assert tally.verdicts == {"accepted": 2, "waiting": 1, "rejected": 1}
    assert tally.rejected == {"not_agreed": 1, "unsure": 1}
    assert (tally.frames, tally.uptime, tally.last_frame, tally.fps) == (4, 2.0, 0.5, 2.0)
    clock.now += 9.5
    assert tally.fps == 0.1
    (shown,) = tally.shown()
    assert (shown.value, shown.confirmed, shown.reasons) == (Decimal(27), 12.0, ("because",))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (90061, "1 d 1 h"),
        (86400 * 400, "400 d"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    """Durations are told in two units at most."""
    assert duration(seconds) == text


@given(st.floats(0, 1e10))
def test_durations(seconds: float) -> None:
    """Every duration has a text."""
    assert duration(seconds)


def test_document_survives(asked: Asked) -> None:
    """What is told can be read back as it was."""
    document = ask(asked.runtime)
    assert document
    assert msgspec.json.decode(msgspec.json.encode(document), type=type(document)) == document
