"""Days of a water meter's readings with the faults that meters have, and what the judge accepts.

``python tests/judge_days.py`` prints the table of ``docs/judge.md``. Every reading here is sure of
itself, right or wrong: a reader that rejects what it is not sure of makes the judge's work easier.
"""

from __future__ import annotations

import argparse
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from tinydigits.config import load_config
from tinydigits.judge import Judge
from tinydigits.reader import Reading
from tinydigits.rules import Rules

DIGITS: Final = 8
DECIMALS: Final = 3
PERIOD: Final = 10
"""Seconds between two readings."""

HOUR: Final = 3_600
DAY: Final = 24 * HOUR

USUAL_MISREAD: Final = "8778965134"
"""What each digit is mostly taken for. Half of all misreads are this, so that they come in pairs,
and a vote has to prove itself."""


def reading(text: str, *, rejected: bool = False, confidence: float = 0.9) -> Reading:
    """A reading as the reader makes them."""
    reasons = ("digit 1 is not one whole digit",) if rejected else ()
    return Reading("frame", text, confidence, rejected, reasons, ())


def digits_of(litres: float) -> str:
    """What the meter shows."""
    return f"{int(litres) % 10**DIGITS:0{DIGITS}d}"


def meter_rules(digits: int = DIGITS, **changes: Any) -> Rules:
    """What the owner of a water meter configures: it counts up, and by 3 m3 an hour at most."""
    meter: dict[str, Any] = {"decimals": DECIMALS, "max_rate": 3.0, "may_decrease": False}
    config = msgspec.structs.replace(load_config().judge, **(meter | changes))
    return Rules.from_config(config, digits)


class Meter:
    """A meter in a household: still for most of the day, and some 0.4 m3 in forty draws."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._draw = 0.0
        self.litres = 12_345_678.0

    def step(self) -> None:
        """Let a period pass."""
        if self._draw <= 0 and self._chance.random() < 40 * PERIOD / DAY:
            self._draw = self._chance.expovariate(1 / 10)
        flow = min(self._draw, self._chance.uniform(0.2, 2.0))  # up to 12 litres a minute
        self._draw -= flow
        self.litres += flow


class Camera:
    """What is read of a number of litres, each digit wrong at the given rate."""

    def __init__(self, chance: random.Random, rate: float) -> None:
        self.chance = chance
        self._rate = rate

    def read(self, litres: float) -> Reading:
        """The reading of a meter at rest."""
        return reading("".join(map(self._digit, digits_of(litres))))

    def garbage(self) -> Reading:
        """A reading of nothing in particular."""
        return reading(digits_of(self.chance.randrange(10**DIGITS)))

    def _digit(self, digit: str) -> str:
        if self.chance.random() >= self._rate:
            return digit
        if self.chance.random() < 0.5:
            return USUAL_MISREAD[int(digit)]
        return self.chance.choice("0123456789".replace(digit, ""))


Fault = Callable[[int, float, Camera], Reading | None]
"""What is read at a second of the day of so many litres; ``None`` where the fault is not there."""

NOTHING: Final = reading("")


def none(_second: int, _litres: float, _camera: Camera) -> None:
    """Only misread digits."""


def bumped(second: int, _litres: float, camera: Camera) -> Reading | None:
    """Three times a day the camera is moved, and for five minutes all is garbage."""
    return camera.garbage() if second % (8 * HOUR) < 300 else None


def half_turned(_second: int, litres: float, camera: Camera) -> Reading | None:
    """The last drum reads as either of two digits while it is on its way between them."""
    return camera.read(litres + camera.chance.choice((0, 1))) if litres % 1 > 0.5 else None


def dark(second: int, _litres: float, camera: Camera) -> Reading | None:
    """The display is off from ten to six, where one reading in a hundred is of a reflection."""
    if 6 * HOUR <= second < 22 * HOUR:
        return None
    return camera.garbage() if camera.chance.random() < 0.01 else NOTHING


def glare(second: int, _litres: float, camera: Camera) -> Reading | None:
    """The sun stands on it from one to four: a tenth of the readings is garbage, the rest empty."""
    if not 13 * HOUR <= second < 16 * HOUR:
        return None
    return camera.garbage() if camera.chance.random() < 0.1 else NOTHING


def stuck(litres_off: float) -> Fault:
    """From three to four it is always read as the same wrong number."""
    number = 0.0

    def fault(second: int, litres: float, camera: Camera) -> Reading | None:
        nonlocal number
        if not 15 * HOUR <= second < 16 * HOUR:
            return None
        if second == 15 * HOUR:
            number = litres + litres_off
        return camera.read(number)

    return fault


def poisoned(second: int, litres: float, _camera: Camera) -> Reading | None:
    """After an hour of darkness come two wrong numbers, as high as could be: both are accepted."""
    if not 12 * HOUR <= second < 13 * HOUR:
        return None
    if second < 13 * HOUR - 2 * PERIOD:
        return NOTHING
    return reading(digits_of(litres + 2_900))


FAULTS: Final[dict[str, Fault]] = {
    "digits misread, nothing else": none,
    "camera bumped, 5 minutes of garbage, 3 times": bumped,
    "last drum half turned": half_turned,
    "display off for 8 hours": dark,
    "glare for 3 hours": glare,
    "stuck for an hour, 100 m3 too high": stuck(100_000),
    "stuck for an hour, 0.05 m3 too low": stuck(-50),
    "stuck for an hour, 1 m3 too high, which is possible": stuck(1_000),
    "wrong by 2.9 m3 after an hour of darkness": poisoned,
}


@dataclass
class Figures:
    """What came of some days.

    A value is wrong that is off by more than the last digit from all that the meter showed within
    the last minute.
    """

    days: int
    readings: int = 0
    misread: int = 0
    """Readings with a say that were not the number shown."""
    accepted: int = 0
    wrong: int = 0
    """How many times the accepted value became a wrong one."""
    furthest: int = 0
    """By how many litres, at most."""
    recovered: int = 0
    longest: int = 0
    """Seconds for which a wrong value was believed, at most, while the fault was not there."""


def simulate(fault: Fault, rules: Rules, days: int = 1, rate: float = 0.05) -> Figures:
    """Let days pass; the same ones each time."""
    chance = random.Random(7)
    meter, camera, judge = Meter(chance), Camera(chance, rate), Judge(rules)
    figures = Figures(days)
    shown = deque([int(meter.litres)], maxlen=60 // PERIOD + 1)
    believed, wrong_for = int(meter.litres), 0
    for now in range(0, days * DAY, PERIOD):
        meter.step()
        shown.append(int(meter.litres))
        faulty = fault(now % DAY, meter.litres, camera)
        seen = faulty or camera.read(meter.litres)
        verdict = judge.judge(seen, now)
        figures.readings += 1
        figures.misread += seen.text not in {"", digits_of(meter.litres)}
        figures.accepted += verdict.status == "accepted"
        figures.recovered += verdict.event == "recovered"
        value = believed if verdict.value is None else int(verdict.value * 1000)
        off = max(value - shown[-1], shown[0] - value, 0)
        if value != believed and off > 1:
            figures.wrong += 1
            figures.furthest = max(figures.furthest, off)
        wrong_for = wrong_for + PERIOD if off > 1 and faulty is None else 0
        figures.longest = max(figures.longest, wrong_for)
        believed = value
    return figures


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Simulate days of readings.")
    parser.add_argument("--days", type=int, default=10, help="days of each fault")
    parser.add_argument("--rate", type=float, default=0.05, help="share of digits misread")
    parser.add_argument("--votes", type=int, nargs=2, default=(2, 3), metavar=("AGREE", "OF"))
    options = parser.parse_args()
    agree, of = options.votes
    print("| fault | readings | misread | accepted | wrong values | by m3 | longest | recovered |")
    print("|---|---|---|---|---|---|---|---|")
    for name, fault in FAULTS.items():
        rules = meter_rules(agree=agree, of=of)
        f = simulate(fault, rules, options.days, options.rate)
        print(
            f"| {name} | {f.readings:,} | {f.misread:,} | {f.accepted:,} | {f.wrong} "
            f"| {f.furthest / 1000:.3f} | {f.longest / 60:.1f} min | {f.recovered} |"
        )


if __name__ == "__main__":
    main()
