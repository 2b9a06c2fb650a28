"""Faults of the camera."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from recovery import RESTART_SECONDS, ended_by_watchdog, still, told_once
from rows import Outcome, expect, fault
from service import (
    FPS,
    NUMBER,
    UNIT,
    WATCHDOG_FILE,
    drop_in,
    fail,
    gap_from,
    logged,
    main_pid,
    reading_after,
    readings,
    sh,
    show,
    status,
    wait_for,
)

SHIPPED_WATCHDOG: Final = 15.0
"""Seconds; the unit's own."""

SEEN_SECONDS: Final = 2.0
"""For which there is nothing to see."""

REOPENED: Final = "opened again by the program itself, without a restart"
REFUSED: Final = "refused in one line, not read; opened again without a restart"


@fault(
    "camera hangs",
    "a call for a frame that never returns",
    f"the watchdog ends it; reading again within WatchdogSec + {RESTART_SECONDS:g} s",
)
def hang() -> Outcome:
    """A loop that stands still is ended by the watchdog; the new camera is well."""
    began = time.time()
    fail("hang")
    return ended_by_watchdog(began)


@fault(
    "camera hangs, the unit as it ships",
    "the same",
    f"the same, with `WatchdogSec={SHIPPED_WATCHDOG:g}`",
)
def hang_as_shipped() -> Outcome:
    """The unit's own watchdog does what the quicker one of the other rows does."""
    with drop_in(WATCHDOG_FILE, None):
        sh("systemctl", "start", UNIT)
        expect(status()["watchdog"] == SHIPPED_WATCHDOG, f"it is {status()['watchdog']} s")
        reading_after(time.time())
        began = time.time()
        fail("hang")
        return ended_by_watchdog(began, SHIPPED_WATCHDOG)


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
    return ended_by_watchdog(began)


@fault(
    "frozen frame",
    "every frame has the time of exposure of the one before",
    f"told, and no sign of life; reading again within WatchdogSec + {RESTART_SECONDS:g} s",
)
def frozen() -> Outcome:
    """A camera that shows the past isn't alive, whatever it gives."""
    began = time.time()
    fail("frozen")
    wait_for("the journal's word", lambda: logged(began, "the camera has repeated one frame"))
    outcome = ended_by_watchdog(began)
    return replace(outcome, happened=f"told, {outcome.happened}")


@fault("no frames", "a camera that gives none for a second and more", REOPENED)
def silent() -> Outcome:
    """A camera that comes back is used at once."""
    return _without_restart("silent", "the camera gave no frame for 1 s")


@fault("frames fail", "each call for a frame raises an error, until the journal tells it", REOPENED)
def error() -> Outcome:
    """So is one that only fails for a time."""
    return _without_restart("error", "the camera has failed")


@fault("requests fail", "an error while a frame is looked at, until the journal tells it", REOPENED)
def broken() -> Outcome:
    """And one whose frames can't be got at."""
    return _without_restart("broken", "Input/output error")


@fault("frame too short", "frames of 1,000 bytes, until the journal tells it", REFUSED)
def short() -> Outcome:
    """Nothing is read beyond a frame's end."""
    return _without_restart("short", "frame of 1000 bytes where")


@fault(
    "rows of another length",
    "frames whose rows are 64 bytes longer than was granted, until the journal tells it",
    REFUSED,
)
def stride() -> Outcome:
    """Nor is a picture read that slants."""
    return _without_restart("stride", "that is no frame of")


def _without_restart(how: str, why: str) -> Outcome:
    pid = main_pid()
    began = time.time()
    fail(how)
    wait_for("the journal's word", lambda: logged(began, "no frames: "))
    told = told_once(began, "no frames: ")
    expect(why in told, f"the journal has {told}")
    ended = time.time()
    fail()
    gap = gap_from(ended)
    still(pid)
    _all_of_one_number(began)
    return Outcome.after(gap, "told once, opened again")


def _all_of_one_number(began: float) -> None:
    """Nothing else was read but what the camera shows."""
    texts = {one["text"] for one in readings() if one["wall"] > began}
    expect(texts == {NUMBER}, f"read: {', '.join(sorted(texts))}")


def _nothing_to_see(word: str) -> Callable[[], Outcome]:
    def see() -> Outcome:
        pid = main_pid()
        value = readings()[-1]["verdict"]["value"]
        began = time.time()
        fail(word)
        last = reading_after(began + SEEN_SECONDS)
        fail()
        ended = time.time()
        # the frame that was under way when this began may have been a good one
        seen = [one for one in readings() if began + 2 / FPS < one["wall"] <= last["wall"]]
        accepted = [one["text"] for one in seen if one["verdict"]["status"] == "accepted"]
        expect(seen and not accepted, f"accepted in it: {accepted} of {len(seen)}")
        changed = {one["verdict"]["value"] for one in seen} - {value}
        expect(not changed, f"the value {value} became {changed}")
        gap = gap_from(ended)
        wait_for("the number again", lambda: readings()[-1]["text"] == NUMBER)
        expect(readings()[-1]["verdict"]["status"] == "accepted", "it isn't accepted any more")
        still(pid)
        return Outcome.after(gap, f"{len(seen)} read, none accepted; the value stayed")

    return see


for name, how in (("black", "dark"), ("white", "saturated"), ("noise", "nothing but noise")):
    fault(
        f"{name} frames",
        f"frames that are {how}, for {SEEN_SECONDS:g} s",
        "none is accepted, the value stays; right again with the next good frame",
    )(_nothing_to_see(name))


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
