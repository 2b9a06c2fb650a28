"""What the program can't do anything about: rights, the clock, the disk, the temperature."""

from __future__ import annotations

import ctypes
import glob
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import tinydigits
from tinydigits.check.finding import Finding, doubtful, failed, good
from tinydigits.check.rights import user_name, why_closed
from tinydigits.errors import CameraError, OutputError
from tinydigits.heat import ZONES, temperatures

DEVICES: Final = ("/dev/video*", "/dev/media*", "/dev/dma_heap/*")
"""What libcamera opens; Raspberry Pi OS gives all of it to the group video."""

_MIB: Final = 2**20
LOW_DISK: Final = 50 * _MIB
FULL_DISK: Final = 1 * _MIB
"""Free: what the program writes takes kilobytes, but a system without space stumbles elsewhere."""

HOT: Final = 80.0
"""Degrees Celsius from which on a Raspberry Pi slows down."""

_UNSYNCHRONISED: Final = 5
"""TIME_ERROR, which adjtimex(2) returns then, whichever program sets the clock."""

_TIMEX_BYTES: Final = 512
"""More than any system's struct timex has."""

_VCGENCMD_SECONDS: Final = 5.0

THROTTLED: Final = ((0, "too little voltage"), (1, "slowed down"), (2, "throttled"), (3, "too hot"))
SINCE_BOOT: Final = 16
"""Bits of ``vcgencmd get_throttled``; those from 16 on are the same since it was switched on."""


def check_folders(folders: dict[str, Path | None]) -> Iterator[Finding]:
    """Whether the program's folders can be written; ``None`` where it has none."""
    for name, folder in folders.items():
        if folder is None:
            yield good(name, "none here; a service has what systemd makes for it")
        elif why := why_closed(folder):
            yield failed(name, OutputError(why))
        else:
            yield good(name, f"{folder} can be written")


def check_devices(patterns: tuple[str, ...] = DEVICES) -> Finding:
    """Whether this user may open cameras."""
    devices = [Path(path) for pattern in patterns for path in sorted(glob.glob(pattern))]  # noqa: PTH207  absolute
    if not devices:
        return failed("devices", CameraError("there is no camera device: look at its cable"))
    closed = [device for device in devices if not os.access(device, os.R_OK | os.W_OK)]
    if closed:
        user = user_name()
        return failed(
            "devices",
            CameraError(
                f"{closed[0]} is closed to {user}: sudo usermod -aG {_group(closed[0])} {user}, "
                "and log in again"
            ),
        )
    return good("devices", f"{len(devices)} of cameras can be opened")


def _group(path: Path) -> str:
    try:
        return path.group()
    except (KeyError, OSError):
        return "video"


def check_clock(
    wall: Callable[[], float] = time.time, state: Callable[[], int] | None = None
) -> Finding:
    """Whether the wall clock can be believed; without a battery it can't after a power cut."""
    installed = Path(tinydigits.__file__).stat().st_mtime
    if wall() < installed:
        now = time.strftime("%Y-%m-%d", time.gmtime(wall()))
        return doubtful(
            "clock", f"it shows {now}, before this program was made: sudo timedatectl set-ntp true"
        )
    synchronised = (state or clock_state)()
    if synchronised == _UNSYNCHRONISED:
        return doubtful("clock", "nothing sets it: sudo timedatectl set-ntp true")
    return good("clock", "it is set from the network" if synchronised >= 0 else "it is plausible")


def clock_state() -> int:
    """What adjtimex(2) returns; -1 where it may not be asked."""
    try:
        return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    except (OSError, AttributeError):
        return -1


def check_disk(folder: Path) -> Finding:
    """Whether there is room for what little is written."""
    try:
        status = os.statvfs(folder)
    except OSError as error:
        return failed("disk", OutputError(f"{folder}: {error.strerror}"))
    free = status.f_bavail * status.f_frsize
    told = f"{free // _MIB:,} MiB are free at {folder}"
    if free < FULL_DISK or (status.f_files and not status.f_favail):
        return failed("disk", OutputError(f"{told}, or no more files: delete some"))
    if free < LOW_DISK:
        return doubtful("disk", f"{told}: delete something")
    return good("disk", told)


def check_temperature(
    zones: str = ZONES, throttled: Callable[[], int | None] | None = None
) -> Finding:
    """How hot it is, and what that or the power supply has led to."""
    degrees = max(temperatures(zones), default=None)
    told = "no sensor" if degrees is None else f"{degrees:.0f} °C"
    bits = (throttled or throttled_bits)()
    now = [what for bit, what in THROTTLED if bits and bits >> bit & 1]
    before = [what for bit, what in THROTTLED if bits and bits >> (bit + SINCE_BOOT) & 1]
    if now:
        return doubtful("heat", f"{told}, {', '.join(now)} just now: a better supply, or cooling")
    if degrees is not None and degrees >= HOT:
        return doubtful("heat", f"{told}: cool it")
    if before:
        return doubtful(
            "heat", f"{told}, {', '.join(before)} since it was switched on: a better supply"
        )
    return good("heat", told)


def throttled_bits() -> int | None:
    """What a Raspberry Pi's firmware says of its supply and heat; ``None`` elsewhere."""
    command = shutil.which("vcgencmd")
    if not command:
        return None
    try:
        ended = subprocess.run(  # noqa: S603  the firmware's own
            [command, "get_throttled"],
            capture_output=True,
            text=True,
            timeout=_VCGENCMD_SECONDS,
            check=True,
        )
        return int(ended.stdout.partition("=")[2], 16)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
