"""Models that come to the device while it reads, good ones and others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Final

from recovery import RESTART_SECONDS, read_on, restarted, still, told_once
from rows import Outcome, expect, fault
from service import (
    CONFIG_TEXT,
    HERE,
    NUMBER,
    STATE,
    UNIT,
    configure,
    logged,
    main_pid,
    reading_after,
    readings,
    sh,
    wait_for,
)

MODELS: Final = HERE / "models"
"""As models.py makes them."""

STORE: Final = STATE / "models"

DUE: Final = 10
"""Accepted readings that confirm a model here."""

SOON: Final = 1
"""The same where a trial is to fail, after 20 times as many that aren't accepted."""

PROVED: Final = 30
"""Readings by which a value is proved well enough to outlast such a trial, half as long again:
contradictions need last no longer than what they contradict."""

REFUSED_CODE: Final = 4


def _due(readings_due: int) -> None:
    """Reload with so many readings to a trial, of a number that only counts up."""
    rules = "may_decrease = false\nmax_rate = 10.0\n"
    configure(f"{CONFIG_TEXT}{rules}[model]\ntrial_readings = {readings_due}\n")
    sh("systemctl", "reload", UNIT)


def _install(name: str) -> subprocess.CompletedProcess[str]:
    command = ["tinydigits", "model", "install", str(MODELS / f"{name}.onnx")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _installed(name: str) -> None:
    ended = _install(name)
    expect(ended.returncode == 0, f"{name} is refused: {ended.stderr}")
    expect("told the daemon" in ended.stdout, f"it says {ended.stdout}")


def _confirmed(name: str) -> float:
    """Install a good one and wait for the end of its trial; the seconds."""
    began = time.time()
    _installed(name)
    wait_for("the end of the trial", lambda: logged(began, "is confirmed"))
    return time.time() - began


def _shown() -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(sh("tinydigits", "model", "show", "--json"))
    return shown


def _reads_with() -> str:
    return str(_shown()["model"]["sha256"])


def _whole() -> None:
    """What the store names is there, and reads."""
    model = _shown()["model"]
    expect(model["installed"] is None or _place(model["sha256"]).exists(), "a model is gone")
    expect(reading_after(time.time())["text"] == NUMBER, "it doesn't read the number")


def _place(sha256: str) -> Path:
    return STORE / f"{sha256}.onnx"


def _reason(began: float, what: str) -> str:
    """What the one line of the journal says in which this is, from there on."""
    return told_once(began, what).partition(what)[2].strip(" :")


@fault(
    "another model",
    "`tinydigits model install`, as root, of a model that reads well",
    "it reads, in the same process, and is confirmed; one reading lost at most",
)
def another() -> Outcome:
    """A trial that ends well."""
    _due(DUE)
    pid, began = main_pid(), time.time()
    seconds = _confirmed("good-0")
    lost = read_on(began, pid)
    shown = _shown()
    expect(shown["trial"] is None and shown["model"]["installed"], f"it shows {shown}")
    _whole()
    return Outcome(f"on trial, confirmed by {DUE} readings", seconds, lost)


def _taken_back(name: str) -> Outcome:
    _confirmed("good-0")
    good, pid, began = _reads_with(), main_pid(), time.time()
    _installed(name)
    wait_for("the end of the trial", lambda: logged(began, "is taken back"), 60)
    why = _reason(began, "is taken back")
    reading_after(time.time())
    expect(_reads_with() == good, "another model reads")
    expect(why in _shown()["returned"]["why"], "model show doesn't say why")
    still(pid)
    _whole()
    lost = [one for one in readings() if one["wall"] > began and not _is_right(one)]
    seconds = max(one["wall"] for one in lost) - min(one["wall"] for one in lost)
    values = {one["verdict"]["value"] for one in readings() if one["wall"] > began}
    expect(values == {int(NUMBER)}, f"the value became {values}")
    return Outcome(f"returned: {why}", seconds, len(lost))


def _is_right(one: dict[str, Any]) -> bool:
    return bool(one["text"] == NUMBER and one["verdict"]["status"] == "accepted")


RETURNS: Final = "the model before it returns by itself, and says why; the value stays"


@fault("a model that is sure of nothing", "installed as the one before", RETURNS)
def unsure() -> Outcome:
    """It keeps every promise of the contract, and no reading of it is accepted."""
    _due(SOON)
    return _taken_back("unsure")


@fault(
    "a model that reads wrongly",
    "installed as the one before: it takes each digit for the one below",
    RETURNS,
)
def wrong() -> Outcome:
    """It is sure of itself, and its readings contradict what was accepted before."""
    _due(SOON)
    enough = len(readings()) + PROVED
    wait_for("a value that is proved", lambda: len(readings()) >= enough, 60)
    return _taken_back("wrong")


@fault(
    "hostile models",
    "`tinydigits model install` of each that `tests/hostile.py` makes",
    "refused in one line; reads on, in the same process",
)
def hostile() -> Outcome:
    """None of them gets near the service."""
    before, pid, began = _reads_with(), main_pid(), time.time()
    files = sorted((MODELS / "hostile").glob("*.onnx"))
    for path in files:
        ended = _install(f"hostile/{path.stem}")
        lines = ended.stderr.splitlines()
        is_refused = ended.returncode == REFUSED_CODE and len(lines) == 1
        expect(is_refused, f"{path.stem}: {ended.returncode}: {ended.stdout}{ended.stderr}")
    expect(_reads_with() == before, "another model reads")
    lost = read_on(began, pid)
    return Outcome(f"{len(files)} of {len(files)} refused", lost=lost)


@fault(
    "a model's file is damaged",
    "half of the file in use is gone at a start; then, that of the one before, too",
    "the one before it reads, then the one that ships, and the journal says so",
)
def damaged() -> Outcome:
    """There always is a model that reads."""
    _due(SOON)
    for name in ("good-0", "good-1"):
        _confirmed(name)
    for _ in range(2):
        sha256 = _reads_with()
        sh("systemctl", "stop", UNIT)
        content = _place(sha256).read_bytes()
        _place(sha256).write_bytes(content[: len(content) // 2])
        began = time.time()
        sh("systemctl", "start", UNIT)
        expect("damaged" in _reason(began, "is taken back"), "the journal says something else")
        expect(_reads_with() != sha256, "it still reads")
        _whole()
    expect(_shown()["model"]["installed"] is None, "it isn't the one that ships")
    return Outcome("the one before, then the one that ships; told")


@fault(
    "killed during a trial",
    "SIGKILL once the new model reads",
    f"reading again within {RESTART_SECONDS:g} s with it; the trial goes on, and ends",
)
def killed() -> Outcome:
    """The store is whole at any moment."""
    _due(DUE)
    began = time.time()
    _installed("good-0")
    wait_for("the trial", lambda: logged(began, "on trial, start 1"))
    reading_after(time.time())
    killed_at = time.time()
    os.kill(main_pid(), signal.SIGKILL)
    outcome = restarted(
        killed_at, RESTART_SECONDS, "started again, start 2 of the trial; confirmed"
    )
    expect(logged(killed_at, "on trial, start 2"), "its start wasn't counted")
    wait_for("the end of the trial", lambda: logged(killed_at, "is confirmed"))
    _whole()
    return outcome
