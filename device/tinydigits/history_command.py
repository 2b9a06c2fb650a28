"""``tinydigits history``: shows the readings that were kept, or exports them."""

from __future__ import annotations

import argparse
import csv
import io
import math
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Final

from tinydigits.config import load_config, service_file
from tinydigits.errors import UsageError
from tinydigits.files import atomic_write
from tinydigits.history import Past, all_past, read_past
from tinydigits.own_file import own_path
from tinydigits.status.document import NUMBERS

SYSTEM_FOLDER: Final = Path("/var/lib/tinydigits")
"""Where systemd has the installed service keep things; it tells the service itself of it."""

NOTHING_KEPT: Final = 1

HEAD: Final = ("time", "unix", "region", "value", "status", "text", "confidence", "reason")
"""The columns of the CSV: ``time`` is UTC as ISO 8601 has it, ``unix`` the same in seconds."""

_AGE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|min|h|d|w)")

_SECONDS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}


def history_command(options: argparse.Namespace) -> int:
    """Show or export; the exit code."""
    path = options.file or _configured(options.config)
    _look_for(path)
    asked = (options.region, _time(options.since), _time(options.until))
    if options.limit is None:
        pasts = all_past(path, *asked)
    else:
        pasts = iter(read_past(path, *asked, options.limit))
    first = next(pasts, None)  # before anything is written: what is wrong shows here
    found = chain([] if first is None else [first], pasts)
    form: Callable[[Iterable[Past]], Iterator[str]] = _table
    if options.csv:
        form = _csv
    elif options.json:
        form = _json
    _write(options.output, form(found))
    if first is None:
        print("tinydigits: no reading was kept of that", file=sys.stderr)
        return NOTHING_KEPT
    return 0


def parse_time(text: str, now: float) -> float:
    """A moment, in seconds on the Unix clock, as people write one.

    That is a date, a date with a time, UTC unless it says otherwise; an age like ``36h`` or ``7d``;
    or ``@`` and seconds.

    :raises ValueError: where it is none of these.
    """
    if age := _AGE.fullmatch(text):
        return _finite(now - float(age[1]) * _SECONDS[age[2]])
    if text.startswith("@"):
        return _finite(float(text[1:]))
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _finite(seconds: float) -> float:
    if not math.isfinite(seconds):  # "nan", "inf", and what is too large for a float
        raise ValueError(f"{seconds} is no moment")
    return seconds


def _time(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parse_time(text, time.time())
    except (ValueError, OverflowError):
        raise UsageError(
            f"'{text}' is no time: write 2026-11-23, 2026-11-23T10:15, 2026-11-23T10:15+01:00, "
            "an age like 30min, 36h, 7d or 4w, or @ and Unix seconds"
        ) from None


def _configured(config: Path | None) -> Path:
    """The file that a configuration names; the installed service's are in its own folder."""
    source = config or service_file()
    name = load_config(source).history.file
    if not name:
        where = f"history.file in {source}" if source else "no configuration"
        raise UsageError(f"{where} says where readings are kept: name the file with --file")
    path = own_path(name)
    if config is None and not path.is_absolute():
        return SYSTEM_FOLDER / path
    return path


def _look_for(path: Path) -> None:
    try:
        if not path.is_file():
            raise UsageError(f"there is no history {path}: has the daemon kept a reading yet?")
    except PermissionError:
        raise UsageError(f"{path} may not be read: ask as root") from None


def _write(output: Path | None, lines: Iterator[str]) -> None:
    if output:
        atomic_write(output, (line.encode() for line in lines))
        return
    for line in lines:
        sys.stdout.write(line)


def _table(pasts: Iterable[Past]) -> Iterator[str]:
    for past in pasts:
        value = "-" if past.value is None else f"{past.value:f}"
        line = (
            f"{_iso(past.wall)}  {past.region:<8}  {value:>10}  {past.status:<8}  {past.text:>10}  "
            f"{past.confidence:5.1%}  {past.reason}"
        )
        yield f"{_plain(line)}\n"


def _csv(pasts: Iterable[Past]) -> Iterator[str]:
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(HEAD)
    for past in pasts:
        writer.writerow(
            (
                *(_iso(past.wall), f"{past.wall:.3f}", past.region),
                "" if past.value is None else f"{past.value:f}",
                *(past.status, past.text, past.confidence, past.reason),
            )
        )
        yield _taken(page)
    yield _taken(page)


def _json(pasts: Iterable[Past]) -> Iterator[str]:
    for past in pasts:
        yield NUMBERS.encode(past).decode() + "\n"


def _taken(page: io.StringIO) -> str:
    text = page.getvalue()
    page.seek(0)
    page.truncate()
    return text


def _iso(wall: float) -> str:
    try:
        moment = datetime.fromtimestamp(wall, UTC)
    except (ValueError, OverflowError, OSError):  # a clock beyond all calendars
        return f"@{wall:.3f}"
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _plain(line: str) -> str:
    """Without what terminals obey; its columns stay."""
    return "".join(c if c.isprintable() else " " for c in line).rstrip()
