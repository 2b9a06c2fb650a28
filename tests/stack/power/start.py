"""What a device does when the power is back, and what must not happen then."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Final

from work import model_in_use

from model_store import entry_of, names
from tinydigits.digest import sha256_hex
from tinydigits.judge_file import FILE_NAME, Memory, MemoryFile, load_memory
from tinydigits.judge_state import Accepted, State
from tinydigits.models.records import Records
from tinydigits.models.store import FOLDER_NAME, Store

NOT_OURS: Final = re.compile(r".*\.(tmp|bad)")
"""What must not be left: files that never came to their place, and such as were put aside."""


class BrokenError(Exception):
    """Something is not as it was written."""


class Complaints(logging.Handler):
    """What the program warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.told.append(record.getMessage())


@contextmanager
def without_complaint() -> Iterator[None]:
    """Hold that the program warns of nothing."""
    complaints = Complaints()
    logger = logging.getLogger("tinydigits")
    logger.addHandler(complaints)
    try:
        yield
    finally:
        logger.removeHandler(complaints)
    if complaints.told:
        raise BrokenError("; ".join(complaints.told))


def models(folder: Path) -> Records:
    """Start with the models in a folder; what is kept of them."""
    store = Store(folder / FOLDER_NAME)
    with without_complaint():
        records = store.records()
        for entry in records.models:
            if sha256_hex(store.path_of(entry).read_bytes()) != entry.sha256:
                raise BrokenError(f"the file of {entry} is another one")
        if model_in_use(folder).entry != records.current:
            raise BrokenError(f"it is not {records.current} that reads")
    return records


def judge(folder: Path) -> Memory | None:
    """Start with what judges remember."""
    with without_complaint():
        return load_memory(folder / FILE_NAME)


PARTS: Final[dict[str, Callable[[Path], Records | Memory | None]]] = {
    "models": models,
    "judge": judge,
}


def go_on(folder: Path, content: bytes) -> None:
    """Install another model and remember something: nothing is left over then."""
    store = Store(folder / FOLDER_NAME)
    with without_complaint():
        store.install(content, entry_of(content))
        states = {"a": State(0.0, (), Accepted(Decimal(1), -1.0, 1.0))}
        MemoryFile(folder / FILE_NAME).write(time.time(), states)
    named = {store.path_of(entry).name for entry in store.records().models}
    left = names(store) - named | {
        path.name for path in folder.iterdir() if NOT_OURS.fullmatch(path.name)
    }
    if left:
        raise BrokenError(f"left over: {', '.join(sorted(left))}")
