"""How the service came back after a fault: in a new process, or in the same."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from rows import Outcome, busy, expect, within
from service import (
    UNIT,
    WATCHDOG,
    fail,
    journal,
    logged,
    longest_gap,
    lost_in,
    main_pid,
    reading_after,
    readings,
    sh,
    show,
    wait_for,
)

RESTART_SECONDS: Final = 3.0
STOP_SECONDS: Final = 2.0
"""What is promised: from a dead process to the next reading, and of a stop."""


def restarted(began: float, limit: float, happened: str) -> Outcome:
    """A new process reads, so many seconds after the fault."""
    wait_for("a restart", lambda: int(show("NRestarts")) >= 1)
    wait_for("ready", lambda: show("ActiveState") == "active")
    reading_after(time.time())
    gap = longest_gap(began)
    last = max(one["wall"] for one in readings() if one["wall"] <= began)
    seconds = last + gap.seconds - began
    within(seconds, limit, "the next reading")
    return Outcome(happened, seconds, gap.lost)


def ended_by_watchdog(began: float, watchdog: float = WATCHDOG) -> Outcome:
    """The watchdog ends it, and the camera works again from then on."""
    wait_for("the watchdog", lambda: logged(began, "atchdog timeout"), 3 * watchdog)
    fail()
    told = f"WatchdogSec={watchdog:g} here" if watchdog == WATCHDOG else f"WatchdogSec={watchdog:g}"
    return restarted(began, watchdog + RESTART_SECONDS, f"ended by the watchdog ({told})")


def stopped() -> float:
    """It is stopped, in time and by itself; the seconds."""
    began = time.monotonic()
    sh("systemctl", "stop", UNIT)
    seconds = time.monotonic() - began
    within(seconds, STOP_SECONDS, "a stop")
    expect(show("Result") == "success", f"it ended with {show('Result')}")
    return seconds


def still(pid: int) -> None:
    """It is the same process."""
    expect(main_pid() == pid, "it was started anew")


def told_once(began: float, what: str) -> str:
    """The one line of the journal since then that has this in it."""
    told = [line for line in journal(began) if what in line]
    expect(len(told) == 1, f"the journal has '{what}' {len(told)} times: {told}")
    return told[0]


def read_on(began: float, pid: int) -> int:
    """It is the same process, which has lost one reading at most; how many it has."""
    still(pid)
    return _few(longest_gap(began).lost)


def read_on_in(times: Sequence[float]) -> int:
    """Of readings at these times one is missing at most; how many are."""
    return _few(lost_in(max(after - before for before, after in pairwise(times))))


def _few(lost: int) -> int:
    expect(lost <= busy(), f"{lost} readings lost")
    return lost
