"""What a device does on its disk in a busy week, and what holds after each of its steps.

Run as ``work.py DRIVE FOLDER LOG ROUNDS CALLS``: mounts the drive and works in the folder; after
each step it writes one line, which says what has to be there from now on, and where in the drive's
log the step began and ended. ``CALLS`` are those of fsync that are made: where some are left out,
that must be noticed.
"""

from __future__ import annotations

import io
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from decimal import Decimal
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Final
from unittest.mock import patch

import msgspec
from msgspec.structs import replace
from system import mounted, run

from model_store import good_models
from tinydigits.__main__ import main as tinydigits
from tinydigits.config import load_config
from tinydigits.judge_file import FILE_NAME, Memory, MemoryFile, load_memory
from tinydigits.judge_state import Accepted, State
from tinydigits.models.in_use import ModelInUse
from tinydigits.models.records import Records
from tinydigits.models.store import FOLDER_NAME, Store

POOL: Final = 5
"""Models that are installed in turn: more than a store keeps."""

REGIONS: Final = 40
"""So that what judges remember takes several blocks of the disk."""

USER: Final = 65534
"""Whom the folder belongs to: the service is not root, and root works there as its user."""

PAUSE: Final = 0.004
"""Seconds between the writes of another program: they make the file system write at any time."""

AT_REST: Final = "nothing is being written"
INSTALL: Final = "`tinydigits model install`"
ROLL_BACK: Final = "`tinydigits model rollback`"
START: Final = "the daemon starts with a model on trial"
CONFIRM: Final = "the daemon confirms a model"
TAKE_BACK: Final = "the daemon takes a model back"
REMEMBER: Final = "the daemon writes what judges remember"

TURNS: Final = (
    *(INSTALL, REMEMBER, AT_REST, INSTALL, START, REMEMBER),
    *(INSTALL, ROLL_BACK, CONFIRM, REMEMBER, TAKE_BACK),
)
"""At which of them the power fails, in turn: most often at those that write most."""

real_fsync: Final = os.fsync


def _only(wanted: Callable[[int], bool]) -> Callable[[int], None]:
    def fsync(descriptor: int) -> None:
        if wanted(os.fstat(descriptor).st_mode):
            real_fsync(descriptor)

    return fsync


CALLS: Final[dict[str, Callable[[int], None]]] = {
    "all": real_fsync,
    "of files": _only(stat.S_ISREG),
    "of folders": _only(stat.S_ISDIR),
}


class Kept(msgspec.Struct, frozen=True):
    """What a device knows when it starts: which models it has, and what judges remember."""

    models: Records = Records()
    judge: Memory | None = None


class Step(msgspec.Struct, frozen=True):
    """A step: the bytes of the drive's log before and after it and before each call of fsync, and
    what was kept at its end.
    """

    kind: str
    begin: int
    end: int
    flushes: tuple[int, ...]
    kept: Kept


def kept(folder: Path) -> Kept:
    """What is kept in a folder."""
    return Kept(Store(folder / FOLDER_NAME).records(), load_memory(folder / FILE_NAME))


def model_in_use(folder: Path) -> ModelInUse:
    """The model that reads with what is kept in a folder; one good reading confirms it."""
    config = load_config().model
    return ModelInUse(replace(config, store=str(folder / FOLDER_NAME), trial_readings=1))


class Device:
    """A device with its state in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = str(folder / FOLDER_NAME)
        self._memory = MemoryFile(folder / FILE_NAME)
        self._writes = 0

    def command(self, *words: str) -> None:
        """Run ``tinydigits model``."""
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            code = tinydigits(["model", *words, "--store", self.store])
        assert code == 0, words

    def remember(self) -> None:
        """Write what the judges remember."""
        self._writes += 1
        accepted = Accepted(Decimal(self._writes), -1.0, float(self._writes))
        states = {f"region {number}": State(0.0, (), accepted) for number in range(REGIONS)}
        assert self._memory.write(time.time(), states)

    def start(self) -> None:
        """Load the model that is to read, as the daemon does; it counts that."""
        self._model = model_in_use(self.folder)

    def note(self, *, good: bool) -> None:
        """Let the model on trial read, until that is over."""
        while self._model.trial:
            self._model.note(good=good)


def steps(
    device: Device, models: list[Path], rounds: int
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Everything that writes, in turn: each round installs a model and ends its trial."""
    ends = (
        (CONFIRM, partial(device.note, good=True)),
        (TAKE_BACK, partial(device.note, good=False)),
        (ROLL_BACK, partial(device.command, "rollback")),
    )
    for number in range(rounds):
        yield INSTALL, partial(device.command, "install", str(models[number % len(models)]))
        yield REMEMBER, device.remember
        yield START, device.start
        yield ends[number % len(ends)]
        yield REMEMBER, device.remember


@contextmanager
def other_program(folder: Path) -> Iterator[None]:
    """Meanwhile somebody else appends to a file and flushes it, again and again."""
    done = Event()

    def work() -> None:
        with (folder / "log").open("ab", buffering=0) as file:
            while not done.wait(PAUSE):
                file.write(b"something that happened\n")
                real_fsync(file.fileno())

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def work(folder: Path, log: Path, rounds: int, calls: str) -> None:
    """Work, and tell of it."""
    models = [log.with_name(f"{number}.onnx") for number in range(POOL)]
    for path, content in zip(models, good_models(POOL), strict=True):
        path.write_bytes(content)
    state = folder / "state"
    state.mkdir()
    os.chown(state, USER, USER)
    run("sync", "-f", state)
    flushes: list[int] = []

    def fsync(descriptor: int) -> None:
        flushes.append(log.stat().st_size)
        CALLS[calls](descriptor)

    with other_program(folder), patch.object(os, "fsync", fsync):
        for kind, action in steps(Device(state), models, rounds):
            begin = log.stat().st_size
            action()
            step = Step(kind, begin, log.stat().st_size, tuple(flushes), kept(state))
            print(msgspec.json.encode(step).decode(), flush=True)
            flushes.clear()


def main() -> None:
    """Work on a drive."""
    drive, folder, log, rounds, calls = sys.argv[1:]
    with mounted(Path(drive), Path(folder)) as place:
        work(place, Path(log), int(rounds), calls)


if __name__ == "__main__":
    main()
