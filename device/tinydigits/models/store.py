"""The folder with the installed models and one small file that says which of them reads.

A model lies there under its own hash and never changes. What reads is switched by replacing the
small file, which is atomic: whenever the power fails, the file says the old or the new, and what it
names is there whole, as it was written before. What it doesn't name is left over and is removed by
whoever changes the store next. Whoever changes it holds a lock, which the kernel gives back for
those who are killed.
"""

from __future__ import annotations

import contextlib
import logging
import re
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import msgspec

from tinydigits.classifier import Classifier, read_model
from tinydigits.digest import sha256_hex
from tinydigits.errors import ModelError, OutputError
from tinydigits.files import TEMPORARY, atomic_write, make_folder
from tinydigits.lock import locked
from tinydigits.models.records import MAX_STARTS, Entry, Records
from tinydigits.own_file import put_aside, read_own, state_directory

log = logging.getLogger(__name__)

FOLDER_NAME: Final = "models"
FILE_NAME: Final = "models.json"

SYSTEM_FOLDER: Final = Path("/var/lib/tinydigits") / FOLDER_NAME
"""The store of the installed service, where nothing else is said."""

MAX_BYTES: Final = 100_000
"""Of the small file; four models take about 2 kB."""

LOCK_SECONDS: Final = 2.0
"""Others hold the lock for as long as a memory card takes for a few small files."""

_OURS: Final = re.compile(rf"[0-9a-f]{{64}}\.onnx|{TEMPORARY}")
"""What may be removed if nothing names it: models, and what a killed writer left."""


def store_folder(configured: str) -> Path | None:
    """The folder that the configuration names, or the one where systemd says, or none."""
    if configured:
        return Path(configured)
    folder = state_directory()
    return folder / FOLDER_NAME if folder else None


class Store:
    """The models in a folder, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, entry: Entry) -> Path:
        """Where a model lies."""
        return self.folder / f"{entry.sha256}.onnx"

    def records(self) -> Records:
        """What the store remembers; a file that is not ours is put aside, which is told.

        :raises OutputError: where it can't be read.
        """
        path = self.folder / FILE_NAME
        try:
            return read_own(path, Records, MAX_BYTES) or Records()
        except OSError as error:
            raise OutputError(f"{path} can't be read: {error.strerror or error}") from error
        except ValueError as error:
            log.warning("%s is not ours, %s: %s", path, put_aside(path), error)
            return Records()

    def load(self, entry: Entry) -> Classifier:
        """An installed model.

        :raises ModelError: where its file is missing or damaged, or it breaks a promise.
        """
        return Classifier.from_bytes(self._content(entry))

    def install(self, content: bytes, entry: Entry) -> bool:
        """Let a model that was tried read, on trial; whether that changed anything.

        :raises OutputError: where the store can't be written; then the old model stays.
        """
        make_folder(self.folder)
        with self._locked():
            records = self.records()
            if records.current and records.current.sha256 == entry.sha256 and self._has(entry):
                return False
            self._sweep(records)
            atomic_write(self.path_of(entry), content)
            self._write(records.with_installed(entry))
        return True

    def roll_back(self, why: str, sha256: str | None = None) -> Entry | None:
        """Take the model that reads back; it, or ``None`` where there was nothing to take back.

        :param sha256: only if it is this one: another may have been installed meanwhile.
        :raises OutputError: where the store can't be written.
        """
        if not self.folder.is_dir():
            return None
        with self._locked():
            records = self.records()
            current = records.current
            if current is None or sha256 not in {None, current.sha256}:
                return None
            self._write(records.with_returned(why, time.time()))
        return current

    def confirm(self, sha256: str) -> None:
        """End the trial of this model well, if it is still the one that reads.

        :raises OutputError: where the store can't be written.
        """
        with self._locked():
            records = self.records()
            if records.trial and records.current and records.current.sha256 == sha256:
                self._write(records.with_confirmed())

    def start(self) -> Records:
        """Count a start of the model on trial, before it is loaded: it may crash the program.

        One that was started too often is taken back. Without a trial nothing is written.

        :raises OutputError: where the store can't be read or written.
        """
        records = self.records()
        if not records.trial:
            return records
        with self._locked():
            records = self.records()
            trial = records.trial
            if trial and trial.starts >= MAX_STARTS:
                why = f"it was started {trial.starts} times and never confirmed"
                log.warning("model %s is taken back: %s", records.current, why)
                records = records.with_returned(why, time.time())
            else:
                records = records.with_start()
            self._write(records)
        return records

    def _content(self, entry: Entry) -> bytes:
        content = read_model(self.path_of(entry))
        if sha256_hex(content) != entry.sha256:
            raise ModelError("its file in the store is damaged")
        return content

    def _has(self, entry: Entry) -> bool:
        try:
            self._content(entry)
        except ModelError:
            return False
        return True

    def _write(self, records: Records) -> None:
        atomic_write(self.folder / FILE_NAME, msgspec.json.encode(records))
        self._sweep(records)

    def _sweep(self, records: Records) -> None:
        """Remove what the records don't name; called under the lock, so nobody is writing it."""
        named = {self.path_of(entry).name for entry in records.models}
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                if _OURS.fullmatch(path.name) and path.name not in named:
                    path.unlink(missing_ok=True)

    def _locked(self) -> AbstractContextManager[None]:
        busy = "is in use by another tinydigits: try again"
        return locked(self.folder, LOCK_SECONDS, name=str(self.folder), busy=busy)
