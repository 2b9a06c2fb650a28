"""Faults of the camera, the process, the disk and the configuration, one function each.

A function injects the fault and returns what happened, or raises :class:`MissingError`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from service import (
    CONFIG_TEXT,
    STATE,
    UNIT,
    WATCHDOG,
    Gap,
    MissingError,
    configure,
    fail,
    fresh,
    gap_from,
    logged,
    longest_gap,
    main_pid,
    reading_after,
    readings,
    sh,
    show,
    wait_for,
)

START_SECONDS: Final = 1.5
STOP_SECONDS: Final = 2.0
RESTART_SECONDS: Final = 3.0
"""What is promised: of a start, of a stop, and from a dead process to the next reading."""

STARTS: Final = 5
"""One may be slow, on a machine that does other things too."""

OWN: Final = ("/dev", "/tmp", "/var/tmp", "/sys/fs/cgroup/system.slice/tinydigits.service")  # noqa: S108
"""What it may write and doesn't keep, and nobody else sees."""


@dataclass(frozen=True)
class Outcome:
    """What happened, how many seconds it took, and how many readings were lost."""

    happened: str
    seconds: float | None = None
    lost: int | None = None

    @classmethod
    def after(cls, gap: Gap, happened: str) -> Outcome:
        """With readings again after this gap."""
        return cls(happened, gap.seconds, gap.lost)


Fault = Callable[[], Outcome]
FAULTS: dict[tuple[str, str, str], Fault] = {}
"""The rows in their order: name, what is injected, what should happen."""


def fault(name: str, injected: str, should: str) -> Callable[[Fault], Fault]:
    """Make a function a row of the table."""

    def add(function: Fault) -> Fault:
        FAULTS[name, injected, should] = function
        return function

    return add


def expect(condition: object, what: str) -> None:
    """Hold what should have happened."""
    if not condition:
        raise MissingError(what)


def busy() -> float:
    """How much longer things may take, as others want the processors as well."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def within(seconds: float, limit: float, what: str) -> None:
    """Hold a time to what is promised."""
    most = limit * busy()
    expect(seconds <= most, f"{what} took {seconds:.1f} s, not {most:.1f}")


@fault(
    "start",
    f"`systemctl start`, {STARTS} times; the quickest counts",
    f"ready within {START_SECONDS:g} s",
)
def start() -> Outcome:
    """The start, with all that it loads."""
    times = []
    for _ in range(STARTS):
        sh("systemctl", "stop", UNIT)
        began = time.monotonic()
        sh("systemctl", "start", UNIT)
        times.append(time.monotonic() - began)
    within(min(times), START_SECONDS, "a start")
    return Outcome("ready", seconds=min(times))


@fault(
    "start without frames",
    "a camera that gives no frame at first",
    "not ready before the first frame was read",
)
def start_without_frames() -> Outcome:
    """READY=1 means that it reads."""
    sh("systemctl", "stop", UNIT)
    fail("silent")
    sh("systemctl", "start", "--no-block", UNIT)
    time.sleep(2)
    expect(show("ActiveState") == "activating", f"it is {show('ActiveState')} without a frame")
    moment = time.time()
    fail()
    wait_for("ready", lambda: show("ActiveState") == "active")
    expect(readings()[-1]["wall"] > moment, "it was ready before a frame")
    return Outcome("ready after the first frame", seconds=time.time() - moment)


@fault("sandbox", "none", "no root, no capability, a system call filter, a read-only system")
def sandbox() -> Outcome:
    """What the unit asks for is so."""
    process = Path("/proc") / show("MainPID")
    status = dict(
        line.split(":\t", 1)
        for line in (process / "status").read_text().splitlines()
        if ":\t" in line
    )
    user = int(status["Uid"].split()[0])
    expect(61184 <= user <= 65519, f"it runs as user {user}, none of systemd's dynamic ones")
    for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
        expect(int(status[name], 16) == 0, f"{name} is {status[name]}")
    expect(status["NoNewPrivs"] == "1", "it may gain privileges")
    expect(status["Seccomp"] == "2", "no system call is filtered")
    places = {line.split()[1] for line in (process / "mounts").read_text().splitlines()}
    places |= {"/", "/etc", "/etc/tinydigits", "/home", "/opt", "/root", "/usr", "/var", "/var/lib"}
    own = {place for place in places if place.endswith("private/tinydigits")}
    writable = {place for place in places if _may_write(process.name, user, place)}
    expect(own == {"/run/private/tinydigits", str(STATE)}, f"its own are {own}")
    foreign = {place for place in writable - own if not place.startswith(OWN)}
    expect(own <= writable, f"it may not write {', '.join(own - writable)}")
    expect(not foreign, f"it may write {', '.join(sorted(foreign))}")
    for namespace in ("net", "ipc", "mnt", "user"):
        ours, its = ((p / "ns" / namespace).readlink() for p in (Path("/proc/self"), process))
        expect(ours != its, f"it shares the {namespace} namespace")
    return Outcome("so")


def _may_write(process: str, user: int, place: str) -> bool:
    """Whether the service could make a file there, or change the file that it is."""
    attempt = 'if [ -d "$0" ]; then touch "$0/stack" && rm "$0/stack"; else [ -w "$0" ]; fi'
    enter = ["nsenter", "-t", process, "-m", "-S", str(user), "-G", str(user)]
    ended = subprocess.run(
        [*enter, "sh", "-c", attempt, place], stderr=subprocess.DEVNULL, check=False
    )
    return ended.returncode == 0


@fault(
    "reload",
    "another configuration, `systemctl reload`",
    "it is at work, in the same process; one reading lost at most",
)
def reload_good() -> Outcome:
    """A good configuration is taken over."""
    configure(
        CONFIG_TEXT + '[[region]]\nname = "display"\n'
        "corners = [[0, 0], [300, 0], [300, 180], [0, 180]]\ndigits = 4\n"
    )
    began = time.time()
    pid = main_pid()
    sh("systemctl", "reload", UNIT)
    wait_for("a reading of the region", lambda: readings()[-1]["region"] == "display")
    seconds = time.time() - began
    return Outcome("taken over", seconds, _lost_in_reload(began, pid))


@fault(
    "reload with an error",
    "a configuration with an unknown key, `systemctl reload`",
    "the old one goes on, and the journal says why; one reading lost at most",
)
def reload_bad() -> Outcome:
    """A bad configuration is refused."""
    configure(CONFIG_TEXT.replace("digits", "digitss"))
    began = time.time()
    pid = main_pid()
    sh("systemctl", "reload", UNIT)
    wait_for("the journal's word", lambda: logged(began, "did you mean 'digits'?"))
    return Outcome("refused, told, read on", lost=_lost_in_reload(began, pid))


def _lost_in_reload(began: float, pid: int) -> int:
    expect(main_pid() == pid, "it was started anew")
    gap = longest_gap(began)
    expect(gap.lost <= busy(), f"{gap.lost} readings lost")
    return gap.lost


@fault("status", "`tinydigits status`, as root", "what was read last")
def status() -> Outcome:
    """The running service can be asked."""
    last = readings()[-1]["text"]
    said = sh("tinydigits", "status")
    expect(last in said, f"{last} is not in what it says:\n{said}")
    return Outcome("told")


@fault("stop", "`systemctl stop`", f"ended within {STOP_SECONDS:g} s, values kept")
def stop() -> Outcome:
    """A stop keeps what was accepted."""
    wait_for("a value", lambda: readings()[-1]["verdict"]["value"] is not None)
    began = time.monotonic()
    sh("systemctl", "stop", UNIT)
    seconds = time.monotonic() - began
    within(seconds, STOP_SECONDS, "a stop")
    expect(show("Result") == "success", f"it ended with {show('Result')}")
    value = readings()[-1]["verdict"]["text"]
    expect(value in (STATE / "judge.json").read_text(), "the state lacks the last value")
    return Outcome("ended, values kept", seconds=seconds)


@fault("killed", "SIGKILL", f"reading again within {RESTART_SECONDS:g} s")
def killed() -> Outcome:
    """A process that is gone is started again."""
    began = time.time()
    os.kill(main_pid(), signal.SIGKILL)
    return _restarted(began, RESTART_SECONDS, "started again")


def _restarted(began: float, limit: float, happened: str) -> Outcome:
    wait_for("a restart", lambda: int(show("NRestarts")) >= 1)
    wait_for("ready", lambda: show("ActiveState") == "active")
    reading_after(time.time())
    gap = longest_gap(began)
    last = max(one["wall"] for one in readings() if one["wall"] <= began)
    seconds = last + gap.seconds - began
    within(seconds, limit, "the next reading")
    return Outcome(happened, seconds, gap.lost)


def _ended_by_watchdog(began: float) -> Outcome:
    wait_for("the watchdog", lambda: logged(began, "atchdog timeout"))
    fail()
    return _restarted(
        began, WATCHDOG + RESTART_SECONDS, f"ended by the watchdog (WatchdogSec={WATCHDOG} here)"
    )


@fault(
    "camera hangs",
    "a call for a frame that never returns",
    f"the watchdog ends it; reading again within WatchdogSec + {RESTART_SECONDS:g} s",
)
def hang() -> Outcome:
    """A loop that stands still is ended by the watchdog; the new camera is well."""
    began = time.time()
    fail("hang")
    return _ended_by_watchdog(began)


@fault(
    "camera hangs in closing",
    "no frames, and a close that never returns",
    f"ended; reading again within WatchdogSec + {RESTART_SECONDS:g} s",
)
def stuck() -> Outcome:
    """A camera that can't even be closed needs a new process."""
    began = time.time()
    fail("silent")
    wait_for("the journal's word", lambda: logged(began, "no frames: "))
    fail("hang-close")
    return _ended_by_watchdog(began)


@fault(
    "no frames",
    "a camera that gives none for a second and more",
    "opened again by the program itself, without a restart",
)
def silent() -> Outcome:
    """A camera that comes back is used at once."""
    return _without_restart("silent")


@fault(
    "frames fail",
    "each call for a frame raises an error, until the journal tells it",
    "opened again by the program itself, without a restart",
)
def error() -> Outcome:
    """So is one that only fails for a time."""
    return _without_restart("error")


def _without_restart(how: str) -> Outcome:
    pid = main_pid()
    began = time.time()
    fail(how)
    wait_for("the journal's word", lambda: logged(began, "no frames: "))
    ended = time.time()
    fail()
    gap = gap_from(ended)
    expect(main_pid() == pid, "it was started anew")
    return Outcome.after(gap, "told once, opened again")


@fault(
    "camera missing at the start",
    "no camera for 6 s, then it is plugged in",
    "tried again until it is there",
)
def unplugged() -> Outcome:
    """No start is the last."""
    sh("systemctl", "stop", UNIT)
    fail("missing")
    began = time.time()
    sh("systemctl", "start", "--no-block", UNIT)
    time.sleep(6)
    expect(logged(began, "there is no camera"), "the journal doesn't tell it")
    expect(show("ActiveState") == "activating", f"it is {show('ActiveState')}")
    ended = time.time()
    fail()
    return Outcome.after(gap_from(ended), "told, tried again")


@fault(
    "crash loop",
    "five starts or more end with SIGSEGV, then none does",
    "tried again after pauses that grow; reading again by itself",
)
def crash_loop() -> Outcome:
    """Pauses grow, and end with the cause."""
    sh("systemctl", "stop", UNIT)
    fail("crash")
    began = time.time()
    sh("systemctl", "start", "--no-block", UNIT)
    wait_for("five crashes", lambda: len(_crashes(began)) >= 5, 60)
    pauses = [after - before for before, after in pairwise(_crashes(began))]
    expect(pauses[-1] > min(pauses) + 1, f"pauses of {pauses}")
    ended = time.time()
    fail()
    listed = ", ".join(f"{pause:.0f}" for pause in pauses)
    return Outcome.after(gap_from(ended), f"starts {listed} s apart")


def _crashes(since: float) -> list[float]:
    """When the program ended with SIGSEGV, on the wall clock."""
    lines = sh("journalctl", "-u", UNIT, "-o", "json", "--since", f"@{since:.6f}").splitlines()
    entries = [json.loads(line) for line in lines]
    return [
        int(entry["__REALTIME_TIMESTAMP"]) / 1e6
        for entry in entries
        if "status=11/SEGV" in str(entry["MESSAGE"])
    ]


@fault(
    "memory leak",
    "64 MiB more with each frame, up to `LimitDATA`",
    f"ended; reading again within WatchdogSec + {RESTART_SECONDS:g} s of the last frame",
)
def leak() -> Outcome:
    """What leaks is ended before the computer is short of memory."""
    began = time.time()
    fail("leak")
    wait_for("a restart", lambda: int(show("NRestarts")) >= 1)
    fail()
    reading_after(time.time())
    gap = longest_gap(began)
    within(gap.seconds, WATCHDOG + RESTART_SECONDS, "the next reading")
    return Outcome.after(gap, "ended, started again")


@contextmanager
def small_disk() -> Iterator[None]:
    """A disk of 128 kB for the state, with what was there."""
    sh("systemctl", "stop", UNIT)
    kept = {path.name: path.read_bytes() for path in STATE.iterdir() if path.is_file()}
    sh("mount", "-t", "tmpfs", "-o", "size=128k,mode=700", "tmpfs", str(STATE))
    for name, content in kept.items():
        (STATE / name).write_bytes(content)
    try:
        yield
    finally:
        sh("systemctl", "stop", UNIT)
        sh("umount", str(STATE))


def _kept() -> str:
    """The state, which must be whole."""
    content = (STATE / "judge.json").read_text()
    expect(json.loads(content)["content"] == "tinydigits judge", "the state is damaged")
    return content


@fault(
    "disk full",
    "no byte left where the state is; a start, 3 s, a stop",
    "reads on, says so once, keeps the old state whole",
)
def disk_full() -> Outcome:
    """A full disk costs what would be remembered, and nothing else."""
    with small_disk():
        state = _kept()
        with (STATE / "filler").open("wb", buffering=0) as filler:
            size = os.statvfs(STATE).f_bavail * os.statvfs(STATE).f_frsize
            filler.write(bytes(size))
        return _not_remembered(state)


@fault(
    "disk read-only",
    "the state's file system becomes read-only; a start, 3 s, a stop",
    "reads on, says so once, keeps the old state whole",
)
def disk_read_only() -> Outcome:
    """As Linux makes an SD card that fails."""
    with small_disk():
        sh("systemctl", "start", UNIT)  # the folder is given to its user
        sh("systemctl", "stop", UNIT)
        state = _kept()
        sh("mount", "-o", "remount,ro", str(STATE))
        return _not_remembered(state)


def _not_remembered(state: str) -> Outcome:
    began = time.time()
    sh("systemctl", "start", UNIT)
    reading_after(time.time() + 2)
    pid = main_pid()
    sh("systemctl", "stop", UNIT)
    expect(pid and int(show("NRestarts")) == 0, "it was started again")
    expect(logged(began, "accepted values are not remembered"), "the journal doesn't tell it")
    expect(_kept() == state, "the old state has changed")
    return Outcome("read on, told, state whole")


@fault(
    "configuration with an error at the start",
    "an unknown key, `systemctl restart`; mended after 4 s",
    "the journal names it; reading by itself once it is mended",
)
def config_error() -> Outcome:
    """A mistake is told, and mending it is enough."""
    configure(CONFIG_TEXT.replace("digits", "digitss"))
    began = time.time()
    sh("systemctl", "restart", UNIT, check=False)
    time.sleep(4)
    expect(logged(began, "did you mean 'digits'?"), "the journal doesn't tell it")
    ended = time.time()
    configure()
    return Outcome.after(gap_from(ended), "told, tried again")


def run_all() -> Iterator[tuple[tuple[str, str, str], Outcome | MissingError]]:
    """Every row, each after a start of its own."""
    for row, function in FAULTS.items():
        try:
            fresh()
            yield row, function()
        except (MissingError, subprocess.SubprocessError) as error:
            yield row, error if isinstance(error, MissingError) else MissingError(str(error))
    fail()
    sh("systemctl", "stop", UNIT)
