"""Faults of the process and of its configuration, and what it is beside them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from itertools import pairwise
from pathlib import Path
from typing import Final

from recovery import RESTART_SECONDS, STOP_SECONDS, read_on, restarted, stopped
from rows import Outcome, expect, fault, within
from service import (
    CONFIG_TEXT,
    STATE,
    UNIT,
    WATCHDOG,
    configure,
    fail,
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
"""What is promised of a start."""

STARTS: Final = 5
"""One may be slow, on a machine that does other things too."""

OWN: Final = ("/dev", "/tmp", "/var/tmp", "/sys/fs/cgroup/system.slice/tinydigits.service")  # noqa: S108
"""What it may write and doesn't keep, and nobody else sees."""


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
    return Outcome("taken over", seconds, read_on(began, pid))


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
    return Outcome("refused, told, read on", lost=read_on(began, pid))


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
    seconds = stopped()
    value = readings()[-1]["verdict"]["text"]
    expect(value in (STATE / "judge.json").read_text(), "the state lacks the last value")
    return Outcome("ended, values kept", seconds=seconds)


@fault("killed", "SIGKILL", f"reading again within {RESTART_SECONDS:g} s")
def killed() -> Outcome:
    """A process that is gone is started again."""
    began = time.time()
    os.kill(main_pid(), signal.SIGKILL)
    return restarted(began, RESTART_SECONDS, "started again")


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
