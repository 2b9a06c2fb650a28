"""The machine that is measured: what it is, and what it went through meanwhile."""

from __future__ import annotations

import os
import platform
import re
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import msgspec
import numpy as np
import PIL

from tinydigits import __version__
from tinydigits.check.machine import throttled_bits
from tinydigits.heat import temperatures
from tinydigits.onnx_runtime import ort

CPUS: Final = Path("/sys/devices/system/cpu")
PROC: Final = Path("/proc")
POWER: Final = Path("/sys/class/powercap")

UNKNOWN: Final = "unknown"
"""Where a machine doesn't tell."""

_KHZ: Final = 1e3
_MICROJOULE: Final = 1e-6
_NANOSECOND: Final = 1e-9


class Machine(msgspec.Struct, frozen=True):
    """What two runs must share to be of one machine, and the versions that made the difference.

    ``memory`` is in bytes, ``frequency`` the highest of any processor, in hertz.
    """

    model: str
    processor: str
    processors: int
    architecture: str
    memory: int
    frequency: float | None
    governor: str | None
    system: str
    kernel: str
    versions: dict[str, str]

    @property
    def name(self) -> str:
        """What to call it: by its processor, where its maker calls it nothing."""
        return self.processor if self.model == UNKNOWN else self.model

    @classmethod
    def this(cls) -> Self:
        """The one that this runs on."""
        return cls(
            model=_board(),
            processor=_processor(),
            processors=len(os.sched_getaffinity(0)),
            architecture=platform.machine(),
            memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
            frequency=_frequency("cpuinfo_max_freq"),
            governor=_text(CPUS / "cpu0/cpufreq/scaling_governor"),
            system=_system(),
            kernel=platform.release(),
            versions={
                "tinydigits": __version__,
                "python": platform.python_version(),
                "numpy": np.__version__,
                "onnxruntime": ort.__version__,
                "pillow": PIL.__version__,
            },
        )


@dataclass(frozen=True)
class Moment:
    """The machine at one moment.

    ``monotonic`` is the clock, in seconds; ``busy`` and ``stolen`` are seconds of all processors
    together, ``own`` of this process and of those of its children that have ended, ``waited``
    seconds for which it could have run and another program did. Energy is in joules.

    Whoever measures in a process of its own takes the moments there: another's work counts as that
    of other programs.
    """

    monotonic: float
    busy: float
    stolen: float
    own: float
    waited: float | None
    switched: int
    frequency: float | None
    degrees: float | None
    throttled: int | None
    energy: float | None

    @classmethod
    def now(cls) -> Self:
        """Everything that this machine tells."""
        busy, stolen = _processor_time()
        usage = [
            resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ]
        return cls(
            monotonic=time.monotonic(),
            busy=busy,
            stolen=stolen,
            own=sum(one.ru_utime + one.ru_stime for one in usage),
            waited=_waited(),
            switched=sum(one.ru_nivcsw for one in usage),
            frequency=_frequency("scaling_cur_freq"),
            degrees=max(temperatures(), default=None),
            throttled=throttled_bits(),
            energy=_energy(),
        )


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip("\0\n ")
    except (OSError, UnicodeDecodeError):
        return None


def _board() -> str:
    """What the maker calls it: a Raspberry Pi in the device tree, a PC in its firmware."""
    for path in ("/proc/device-tree/model", "/sys/class/dmi/id/product_name"):
        name = _text(Path(path))
        if name:
            return name
    return UNKNOWN


def _processor() -> str:
    told = _text(PROC / "cpuinfo") or ""
    found = re.search(r"^model name\s*:\s*(.+)$", told, re.MULTILINE)
    return found[1] if found else platform.processor() or UNKNOWN


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _numbers(paths: Iterator[Path]) -> Iterator[int]:
    for path in paths:
        told = _text(path)
        if told and told.isdigit():
            yield int(told)


def _frequency(name: str) -> float | None:
    """The highest of any processor, in hertz."""
    highest = max(_numbers(CPUS.glob(f"cpu[0-9]*/cpufreq/{name}")), default=None)
    return None if highest is None else highest * _KHZ


def _processor_time() -> tuple[float, float]:
    """Seconds in which processors worked for anybody here, and in which another machine had them.

    From proc(5): user, nice, system, idle, iowait, irq, softirq and steal, in clock ticks.
    """
    first = (_text(PROC / "stat") or "cpu 0 0 0 0 0 0 0 0").splitlines()[0]
    user, nice, system, _, _, irq, softirq, steal = map(int, first.split()[1:9])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) / tick, steal / tick


def _waited() -> float | None:
    """Seconds that the scheduler had this process wait, as its own statistics have it."""
    told = (_text(PROC / "self/schedstat") or "").split()
    return int(told[1]) * _NANOSECOND if len(told) == 3 else None


def _energy() -> float | None:
    """Joules that the packages took since some time in the past, as RAPL counts them."""
    packages = list(_numbers(POWER.glob("intel-rapl:[0-9]/energy_uj")))
    return sum(packages) * _MICROJOULE if packages else None
