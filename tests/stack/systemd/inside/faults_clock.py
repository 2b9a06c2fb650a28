"""Faults of the wall clock.

The machine's own can't be touched from here, so that tests/faulty gives the service another one,
which the times of its readings show.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from recovery import read_on_in
from rows import Outcome, expect, fault
from service import (
    CAMERA,
    CONFIG_TEXT,
    HERE,
    NUMBER,
    READINGS,
    UNIT,
    configure,
    drop_in,
    fail,
    main_pid,
    readings,
    sh,
    show,
    wait_for,
)

YEAR: Final = 365 * 86_400.0
"""Seconds."""

VARIABLE: Final = "FAULTY_CLOCK"
OFFSET: Final = CAMERA / "clock"
"""What names the file that says how many seconds the service's wall clock is ahead."""

BOOT: Final = 60.0
"""What a clock without a battery shows after a minute, in seconds of 1970."""

CLOSE: Final = 3600.0
"""Seconds; nearer than any two clocks here."""

CONFIG: Final = CONFIG_TEXT + "max_rate = 10.0\nmay_decrease = false\n"
"""In a year it could become almost anything, in a minute nothing but the next number."""

NEXT: Final = "2707"
OTHER: Final = "9315"
"""The number when it has gone on by one, and one that it can't have become in minutes; as draw.py
has them."""


def _set(ahead: float) -> None:
    new = CAMERA / "new"
    new.write_text(str(ahead))
    new.rename(OFFSET)


@contextmanager
def clock(ahead: float) -> Iterator[None]:
    """The service with a wall clock of its own, started, and without what it remembered."""
    _set(ahead)
    configure(CONFIG)
    with drop_in("clock.conf", f"[Service]\nEnvironment={VARIABLE}={OFFSET}\n"):
        sh("systemctl", "start", UNIT)
        _reading(ahead)
        yield
    READINGS.unlink()  # nobody else knows what to make of these times


def _reading(ahead: float, text: str = NUMBER) -> dict[str, Any]:
    """The next reading of this number by a clock that is so far ahead."""
    since = time.time() + ahead

    def found() -> dict[str, Any] | None:
        one = readings()[-1]
        is_new = since < one["wall"] < since + CLOSE
        return one if is_new and one["text"] == text else None

    reading: dict[str, Any] = wait_for(f"{text}, at the time that was set", found)
    return reading


def _accepted(reading: dict[str, Any]) -> None:
    verdict = reading["verdict"]
    expect(verdict["status"] == "accepted", f"{reading['text']} is {verdict}")


def _jump(before: float, after: float) -> Outcome:
    """Set the clock while it reads, and hold what must stay true."""
    pid, first = main_pid(), len(readings())
    _reading(before)
    _set(after)
    _accepted(_reading(after))
    fail("other")
    verdict = _reading(after, OTHER)["verdict"]
    expect(verdict["status"] == "rejected", f"{OTHER} is {verdict['status']}")
    expect(verdict["value"] == int(NUMBER), f"the value is {verdict['value']}")
    fail("next")
    _accepted(_reading(after, NEXT))
    # by a clock that nobody has set
    times = [one["wall"] - (before if _near(one, before) else after) for one in readings()[first:]]
    expect(main_pid() == pid and int(show("NRestarts")) == 0, "it was started anew")
    lost = read_on_in(times)
    return Outcome(f"read on; {OTHER} refused, {NEXT} accepted{_checked()}", lost=lost)


def _near(one: dict[str, Any], ahead: float) -> bool:
    return abs(float(one["wall"]) - ahead - time.time()) < CLOSE


def _checked() -> str:
    """What ``tinydigits check`` says of the clock, where it finds fault with it."""
    environment = (f"{VARIABLE}={OFFSET}", f"PYTHONPATH={HERE}/faulty")
    lines = sh("env", *environment, "tinydigits", "check", check=False).splitlines()
    (line,) = [line for line in lines if line[4:].split()[0] == "clock"]
    mark, _, told = line.split(maxsplit=2)
    return "" if mark == "ok" else f"; check: {told.partition(':')[0]}"


def _usable(ahead: float) -> None:
    """What it remembers is good in a new process with this clock."""
    sh("systemctl", "stop", UNIT)
    _set(ahead)
    sh("systemctl", "start", UNIT)
    _accepted(_reading(ahead, NEXT))


SHOULD: Final = (
    "reads on in the same process, one reading lost at most; no impossible value is accepted, and "
    "a possible one is; after restarts with this and the right clock, too"
)


@fault("clock a year ahead", "the wall clock is set a year ahead while it reads", SHOULD)
def ahead() -> Outcome:
    """Between readings time is monotonic."""
    with clock(0):
        outcome = _jump(0, YEAR)
        _usable(YEAR)
        _usable(0)
    return outcome


@fault(
    "clock a year back",
    "the wall clock is set back a year while it reads",
    f"{SHOULD}; `tinydigits check` names the clock",
)
def back() -> Outcome:
    """And never goes back."""
    with clock(0):
        outcome = _jump(0, -YEAR)
        expect("check: it shows" in outcome.happened, f"check doesn't: {outcome.happened}")
        _usable(-YEAR)
        _usable(0)
    return outcome


@fault(
    "no clock at the start",
    "the wall clock shows a minute of 1970, and is set while it reads",
    f"{SHOULD}; `tinydigits check` names the clock until then",
)
def none() -> Outcome:
    """Ready doesn't wait for the time."""
    boot = float(round(BOOT - time.time()))
    with clock(boot):
        said = _checked()
        expect("it shows 1970-01-01" in said, f"check says: {said}")
        outcome = _jump(boot, 0)
        _usable(0)
    return Outcome(f"{outcome.happened}{said}", lost=outcome.lost)
