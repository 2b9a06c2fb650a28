"""Have many devices publish at one broker, start that anew in the middle, and count what arrives.

Run as ``fleet.py FOLDER [DOCUMENT]`` by ``run``. In the document what happened takes the place of
what stands between two marks.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from devices import FPS, Fleet, until
from mosquitto import Listener, Mosquitto
from PIL import Image

import marked
from steady import MIB, display

DEVICES: Final = int(os.environ.get("TINYDIGITS_FLEET", "200"))

STEADY_SECONDS: Final = 60.0
"""In which the load is taken."""

AWAY_SECONDS: Final = 5.0
"""Of the broker."""

AFTER_SECONDS: Final = 20.0
"""Of reading after all are back."""

BACK_SECONDS: Final = 60.0
"""For all to be back: each waits for at most 45 s between two attempts, by chance."""

ARRIVE_SECONDS: Final = 30.0
"""For the last reading to arrive."""

NUMBERS: Final = ("27", "41", "98", "50")
STANDS: Final = 12
"""Frames for which each of them stands: a minute."""

SIZE: Final = (160, 120)
"""Small frames of two digits: it is devices that are to be many."""

BYTES_A_DEVICE: Final = 45 * MIB
"""Of memory, beside what all have in common."""

RECEIVED: Final = "bytes/received"
"""What the broker itself says that it has received, in bytes of MQTT."""

ANSWER: Final = 4
"""Bytes of them for each message that who listens acknowledges."""


@dataclass(frozen=True)
class Look:
    """What was counted up to a moment."""

    at: float
    read: int
    devices: float
    broker: float
    messages: int
    size: float

    @classmethod
    def now(cls, fleet: Fleet, broker: Mosquitto, listener: Listener) -> Look:
        """Look at all of it."""
        return cls(
            time.monotonic(),
            len(listener.heard),
            fleet.processor_seconds(),
            broker.processor_seconds(),
            listener.messages,
            listener.figures[RECEIVED],
        )


def tell(text: str) -> None:
    """Show how far it is."""
    print(f"{time.monotonic() - BEGAN:4.0f} s  {text}", flush=True)


def check_room() -> None:
    """Refuse to begin where so many have no room.

    :raises MemoryError: with what to do.
    """
    lines = Path("/proc/meminfo").read_text().splitlines()
    told = {line.split(":")[0]: 1024 * int(line.split()[1]) for line in lines}
    room = told["MemAvailable"]
    if room < DEVICES * BYTES_A_DEVICE:
        raise MemoryError(
            f"{DEVICES} devices need {DEVICES * BYTES_A_DEVICE / 1e9:.0f} GB, and {room / 1e9:.0f} "
            f"are free: TINYDIGITS_FLEET={room // BYTES_A_DEVICE} is how many there may be"
        )


def draw(folder: Path) -> Path:
    """What all of them see."""
    folder.mkdir()
    rng = np.random.default_rng(7)
    for place, number in enumerate(n for n in NUMBERS for _ in range(STANDS)):
        Image.fromarray(display(number, SIZE, rng)).save(folder / f"{place:03d}.pgm")
    return folder


def restart(broker: Mosquitto, listener: Listener) -> float:
    """Start the broker anew; the seconds until everybody is back."""
    listener.figures.clear()
    broker.stop()
    time.sleep(AWAY_SECONDS)
    broker.start()
    return wait_for_all(listener)


def wait_for_all(listener: Listener) -> float:
    """Wait until the broker has all of them, and who listens; the seconds."""
    connected = "clients/connected"
    return until(
        "all are connected", lambda: listener.figures.get(connected, 0) > DEVICES, BACK_SECONDS
    )


def rows(
    listener: Listener, due: set[tuple[str, int]], back: float, memory: tuple[float, float]
) -> list[tuple[str, str]]:
    """What became of all readings."""
    lost = due - set(listener.heard)
    twice = listener.heard.total() - len(listener.heard)
    return [
        ("devices", f"{DEVICES}, each a frame in {1 / FPS:g} s, a new number each minute"),
        ("readings", f"{len(due):,}"),
        ("arrived", f"{len(due & set(listener.heard)):,}"),
        ("lost", f"{len(lost):,}"),
        ("bytes of the message with a reading", f"{listener.size / listener.heard.total():.0f}"),
        ("arrived twice", f"{twice:,}, {listener.again:,} of them marked as sent again"),
        ("broker away", f"{AWAY_SECONDS:g} s; all back {back:.0f} s after"),
        (
            "memory of a device",
            f"{memory[0] / MIB:.0f} MiB, {memory[1] / MIB:.0f} where they share",
        ),
    ]


def load(first: Look, last: Look) -> list[tuple[str, str]]:
    """What a reading costs, while nothing happens."""
    seconds, readings = last.at - first.at, last.read - first.read
    published = (last.messages - first.messages) / readings
    size = (last.size - first.size) / readings - ANSWER * published
    each = (last.devices - first.devices) / readings
    broker = (last.broker - first.broker) / readings
    return [
        ("readings a second", f"{readings / seconds:.1f}"),
        ("messages published, a reading", f"{published:.2f}"),
        ("bytes of MQTT to the broker, a reading", f"{size:.0f}"),
        ("processor of a device, a reading", f"{1000 * each:.1f} ms"),
        ("processor of the broker, a reading", f"{1000 * broker:.2f} ms"),
    ]


def run(folder: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """What happened, and what should not have."""
    pictures = draw(folder / "pictures")
    with Mosquitto(folder) as broker, Listener(broker.port) as listener:
        with Fleet(folder, pictures, broker.port) as fleet:
            fleet.start(DEVICES, lambda n: tell(f"{n} devices") if n % 50 == 0 else None)
            wait_for_all(listener)
            tell("all are connected")
            first = Look.now(fleet, broker, listener)
            time.sleep(STEADY_SECONDS)
            last = Look.now(fleet, broker, listener)
            memory = fleet.memory()
            back = restart(broker, listener)
            tell("the broker was started anew")
            time.sleep(AFTER_SECONDS)
            fleet.stop()
            tell("all are stopped")
            due = fleet.read()
            logs = [device.log.read_text() for device in fleet.devices]
        with suppress(TimeoutError):  # what is lost is told
            until("all arrive", lambda: due <= set(listener.heard), ARRIVE_SECONDS)
    table = [*rows(listener, due, back, memory), *load(first, last)]
    return table, complaints(listener, due, logs)


def complaints(listener: Listener, due: set[tuple[str, int]], logs: list[str]) -> list[str]:
    """What should not be."""
    told = [f"lost: {device}, frame {number}" for device, number in sorted(due - {*listener.heard})]
    told += [f"nobody read {one}" for one in sorted({*listener.heard} - due)]
    if listener.connections != 2:
        told.append(f"who listens connected {listener.connections} times, not twice")
    for log in logs:
        told += [line for line in log.splitlines() if "lost" in line and "connected" not in line]
    return told


def main() -> int:
    """Whether anything is not as it should be."""
    check_room()
    table, wrong = run(Path(sys.argv[1]))
    text = marked.table(("what", "measured"), table)
    print(f"\n{text}\n")
    if len(sys.argv) > 2:
        marked.put(Path(sys.argv[2]), "make fleet-stack", text)
    for line in wrong[:20]:
        print(line)
    print(f"fleet stack: {len(wrong)} wrong after {time.monotonic() - BEGAN:.0f}s")
    return bool(wrong)


if __name__ == "__main__":
    BEGAN = time.monotonic()
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
