"""What is told to others and kept for later, with the drop-ins that come for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from recovery import STOP_SECONDS, stopped
from rows import Outcome, expect, fault
from service import (
    CONFIG,
    CONFIG_TEXT,
    HERE,
    NUMBER,
    STATE,
    UNIT,
    configure,
    drop_in,
    fail,
    main_pid,
    reading_after,
    sh,
    status,
    wait_for,
)

SECRET: Final = "1234567890abcdef"  # noqa: S105  it is for this test
USER: Final = "device"

BROKER: Final = "mosquitto.service"
BROKER_CONFIG: Final = Path("/etc/mosquitto/conf.d/stack.conf")
PASSWORDS: Final = Path("/etc/mosquitto/passwords")
AWAY_SECONDS: Final = 3.0

PAGE: Final = "127.0.0.1:8080"
LOCAL: Final = "192.168.77.1"
"""An address of the local network, which this computer is given."""

DROPPED_SECONDS: Final = 2.0
"""After which a connection that nobody answers is given up."""

NEXT: Final = "2707"
"""The number that the camera shows when it is told to: tests/faulty/picamera2.py."""


@contextmanager
def shipped(name: str, *, local: bool = False) -> Iterator[None]:
    """The service with one of the drop-ins that come with it, and the lines for a local network."""
    content = (HERE / f"systemd/drop-ins/{name}.conf").read_text()
    if local:
        content = content.replace("#IPAddressAllow", "IPAddressAllow")
    with drop_in(f"{name}.conf", content):
        yield


@contextmanager
def secret(name: str) -> Iterator[None]:
    """A file that only root can read."""
    path = CONFIG.parent / name
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    try:
        yield
    finally:
        path.unlink()


@contextmanager
def broker() -> Iterator[None]:
    """A Mosquitto that keeps what it has, for one user."""
    BROKER_CONFIG.write_text(
        f"listener 1883 127.0.0.1\nallow_anonymous false\npassword_file {PASSWORDS}\n"
    )
    sh("mosquitto_passwd", "-b", "-c", str(PASSWORDS), USER, SECRET)
    PASSWORDS.chmod(0o644)
    sh("systemctl", "restart", BROKER)
    try:
        yield
    finally:
        sh("systemctl", "stop", BROKER)
        BROKER_CONFIG.unlink()


@contextmanager
def listener() -> Iterator[Path]:
    """Somebody whom the broker keeps messages for; gives the file with the readings."""
    heard = Path("/run/heard")
    login = [
        "-h",
        "127.0.0.1",
        "-u",
        USER,
        "-P",
        SECRET,
        "-V",
        "mqttv5",
        "-i",
        "listener",
        "-c",
        "-x",
        "3600",
    ]
    command = ["mosquitto_sub", *login, "-q", "1", "-t", "+/+/reading"]
    with heard.open("wb") as file, subprocess.Popen(command, stdout=file) as program:
        try:
            yield heard
        finally:
            program.terminate()


def sequences(heard: Path) -> list[int]:
    """Of the frames whose readings have come."""
    lines = heard.read_text().splitlines(keepends=True)
    return [json.loads(line)["sequence"] for line in lines if line.endswith("\n")]


@fault(
    "MQTT",
    f"`mqtt.conf`, a Mosquitto that asks for a password and is away for {AWAY_SECONDS:g} s",
    f"every reading arrives, those of that time too; a stop within {STOP_SECONDS:g} s",
)
def mqtt() -> Outcome:
    """Readings wait for the broker."""
    with ExitStack() as stack:
        stack.enter_context(secret("mqtt-password"))
        stack.enter_context(broker())
        stack.enter_context(shipped("mqtt"))
        table = f'[mqtt]\nhost = "127.0.0.1"\nuser = "{USER}"\npassword = "mqtt-password"\n'
        configure(CONFIG_TEXT + table)
        heard = stack.enter_context(listener())
        sh("systemctl", "start", UNIT)
        wait_for("the broker", lambda: not status()["outputs"]["mqtt"]["trouble"])
        wait_for("a reading from the broker", lambda: sequences(heard))
        sh("systemctl", "stop", BROKER)
        time.sleep(AWAY_SECONDS)
        sh("systemctl", "start", BROKER)
        began = time.time()
        last = reading_after(began)["sequence"]
        wait_for("readings from the broker again", lambda: max(sequences(heard)) >= last)
        seconds = time.time() - began
        state = status()["outputs"]["mqtt"]
        expect(not state["dropped"] and not state["trouble"], f"its state is {state}")
        stop = stopped()
        found = sorted(set(sequences(heard)))
    lost = found[-1] - found[0] + 1 - len(found)
    expect(not lost, f"{lost} readings never came")
    return Outcome(f"{len(found)} readings arrived; stopped in {stop:.1f} s", seconds, lost)


def answer(where: str, path: str, token: str = "") -> tuple[int, Any]:
    """The status and the JSON of an answer; 0 where there is none."""
    request = Request(f"http://{where}{path}")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urlopen(request, timeout=DROPPED_SECONDS) as found:  # noqa: S310  the same
            return found.status, json.load(found)
    except HTTPError as error:
        return error.code, None
    except (URLError, TimeoutError):
        return 0, None


def web(address: str) -> None:
    """Start the service with a page."""
    configure(f'{CONFIG_TEXT}[web]\naddress = "{address}"\ntoken = "web-token"\n')
    sh("systemctl", "start", UNIT)


def ask(where: str) -> str:
    """It answers whoever has the token, and nobody else; what it has read."""
    wait_for("an answer", lambda: answer(where, "/healthz")[0] == 200)
    for token, due in (("", 401), ("0" * 20, 401), (SECRET, 200)):
        code, _ = answer(where, "/api/v1/status", token)
        expect(code == due, f"status {code}, where {due} is due")
    _, found = answer(where, "/api/v1/readings", SECRET)
    text = found["latest"]["readings"][0]["text"]
    expect(text == NUMBER, f"it says {text}")
    return str(text)


@fault(
    "the page, for this computer",
    "`web.conf`, `web.address` for everybody; asked with and without the token, here and outside",
    "answers here with the token alone, and nobody outside",
)
def page() -> Outcome:
    """As the drop-in comes no other computer gets through."""
    with secret("web-token"), shipped("web"), another_address():
        web("0.0.0.0:8080")
        text = ask(PAGE)
        code, _ = answer(f"{LOCAL}:8080", "/healthz")
        expect(code == 0, f"outside it answers {code}")
        stop = stopped()
    return Outcome(
        f"{text} with the token, 401 without; no answer outside; stopped in {stop:.1f} s"
    )


@fault(
    "the page, for the local network",
    "the same, with the last line of `web.conf`",
    "answers in the local network, with the token alone",
)
def local_page() -> Outcome:
    """With its last line the local network does."""
    with secret("web-token"), shipped("web", local=True), another_address():
        web("0.0.0.0:8080")
        text = ask(f"{LOCAL}:8080")
        stop = stopped()
    return Outcome(f"{text} with the token, 401 without; stopped in {stop:.1f} s")


@contextmanager
def another_address() -> Iterator[None]:
    """In a local network, of which the others come by the same way."""
    sh("ip", "address", "add", f"{LOCAL}/24", "dev", "lo")
    try:
        yield
    finally:
        sh("ip", "address", "del", f"{LOCAL}/24", "dev", "lo")


@fault(
    "a history",
    "`history.file`, no drop-in; SIGKILL, then a new number and a stop",
    "kept what was written before, and all that was read until the stop; for root alone",
)
def history() -> Outcome:
    """The folder for its state is all that it needs."""
    configure(f'{CONFIG_TEXT}[history]\nfile = "history.db"\nseconds = 1.0\n')
    file = STATE / "history.db"
    sh("systemctl", "restart", UNIT)
    wait_for("the file", lambda: file.exists() and _kept())
    before, pid = _kept(), main_pid()
    os.kill(pid, signal.SIGKILL)
    wait_for("a new process", lambda: main_pid() not in {0, pid})
    reading_after(time.time() + 1)  # one new value a second is kept
    fail("next")
    wait_for(NEXT, lambda: status()["readings"][0]["text"] == NEXT)
    time.sleep(1.5)
    stop = stopped()
    after = _kept()
    expect(after[: len(before)] == before, "what was written before the SIGKILL is gone")
    expect(str(after[-1]["value"]) == NEXT, f"the last value is {after[-1]['value']}")
    mode = file.stat().st_mode & 0o777
    expect(mode == 0o600, f"its mode is {mode:o}")
    for left in STATE.glob("history.db*"):
        left.unlink()
    return Outcome(f"{len(after)} readings kept, to {NEXT}; stopped in {stop:.1f} s")


def _kept() -> list[dict[str, Any]]:
    lines = sh("tinydigits", "history", "--json", check=False).splitlines()
    return [json.loads(line) for line in lines]
