"""``tinydigits status``: asks the running daemon how it is."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from tinydigits.command import indented_json
from tinydigits.errors import CameraError, UsageError
from tinydigits.journal import one_line
from tinydigits.runtime import SOCKET_NAME, daemon_folder
from tinydigits.status.document import NUMBERS, Document, Shown

_SECONDS: Final = 2.0
"""For an answer, which takes a millisecond."""

_MOST: Final = 2**20
"""Bytes of a document; a hundred regions take 30,000."""

NOT_RUNNING: Final = 1

_MIB: Final = 2**20


def status_command(runtime: str, *, as_json: bool) -> int:
    """Print how the daemon is; returns the exit code."""
    folder = daemon_folder(runtime)
    document = ask(folder)
    if document is None:
        print(f"tinydigits: no daemon runs with {folder}", file=sys.stderr)
        return NOT_RUNNING
    if as_json:
        print(indented_json(document, NUMBERS.encode))
    else:
        print("\n".join(f"{name:<9} {one_line(text)}" for name, text in lines(document)))
    return CameraError.exit_code if document.camera.trouble else 0


def ask(folder: Path) -> Document | None:
    """What the daemon of a runtime folder says; ``None`` where none runs.

    :raises UsageError: where it may not be asked, or answers nonsense.
    """
    path = folder / SOCKET_NAME
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_SECONDS)
        try:
            connection.connect(str(path))
            answer = _read(connection)
        except (FileNotFoundError, ConnectionRefusedError):  # never there, or killed
            return None
        except OSError as error:
            hint = ": ask as root" if isinstance(error, PermissionError) else ""
            raise UsageError(f"{path}: {error.strerror or error}{hint}") from error
    try:
        return msgspec.json.decode(answer, type=Document)
    except msgspec.MsgspecError as error:
        raise UsageError(
            f"{path}: its answer can't be read, is it another version? {error}"
        ) from error


def _read(connection: socket.socket) -> bytes:
    answer = b""
    while (part := connection.recv(2**16)) and len(answer) < _MOST:
        answer += part
    return answer


def lines(document: Document) -> Iterator[tuple[str, str]]:
    """Names and texts for people."""
    camera, model = document.camera, document.model
    yield (
        "program",
        (f"tinydigits {document.version}, process {document.pid}, up {duration(document.uptime)}"),
    )
    yield "state", document.state
    last = document.last_frame
    ago = "none yet" if last is None else f"the last {duration(last)} ago"
    yield "frames", f"{document.frames:,}, {document.fps:.3g} a second, {ago}"
    for shown in document.readings:
        yield shown.region, _reading(shown)
    yield "verdicts", _counts(document.verdicts) or "none yet"
    if document.rejected:
        yield "reasons", _counts(document.rejected)
    yield "camera", f"{camera.source}, opened again or waited for {camera.restarts} times"
    for name, output in document.outputs.items():
        trouble = f"; {output.trouble}" if output.trouble else ""
        yield name, f"{output.waiting} waiting, {output.dropped} lost{trouble}"
    trial = f", {model.trial}" if model.trial else ""
    yield "model", f"{model.name} ({model.sha256[:12]}){trial}"
    yield "memory", f"{document.memory / _MIB:.1f} MiB"


def _reading(shown: Shown) -> str:
    told = f"{shown.text or 'nothing'}: {shown.status}"
    because = f" ({shown.reasons[0]})" if shown.reasons else ""
    if shown.value is None or shown.confirmed is None:
        return f"{told}{because}, no value yet"
    return f"{shown.value:f}, confirmed {duration(shown.confirmed)} ago; read {told}{because}"


def _counts(counts: Mapping[Any, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count:,}" for name, count in ordered)


def duration(seconds: float) -> str:
    """Seconds in the two largest units that matter."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    left, parts = round(seconds), []
    for name, size in units:
        if left >= size:
            parts.append(f"{left // size} {name}")
            left %= size
        elif parts:
            break
    return " ".join(parts[:2])
