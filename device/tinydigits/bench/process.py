"""What a process takes, as Linux tells it of any."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Final

_KIB: Final = 1024
_SCHEDULED: Final = 2
"""The clock of a process that counts for how long it had a processor, in clock_gettime(2)."""


def memory_of(process: int) -> int:
    """Bytes that a process holds in memory, those that it shares with others included."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def peak_memory_of(process: int) -> int:
    """Bytes that a process held at most since its program was started.

    getrusage(2) would count what its parent held at the fork.
    """
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * _KIB if found else memory_of(process)


def processor_seconds_of(process: int) -> float:
    """Seconds for which a process had a processor so far, to the nanosecond.

    ``/proc`` counts ticks of 10 ms, of which a frame takes one or none.
    """
    return time.clock_gettime(~process << 3 | _SCHEDULED)
