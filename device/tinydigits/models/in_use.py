"""The model that a running program reads with: there always is one.

What the store names is loaded; what is bad there is taken back, and below all of it lies the model
that ships. A new model is counted among the readings until it is confirmed, or goes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.config import ModelConfig
from tinydigits.errors import ModelError, OutputError
from tinydigits.frame import Frame
from tinydigits.judge import Verdict
from tinydigits.models.records import MAX_STARTS, Entry, Records
from tinydigits.models.store import Store, store_folder
from tinydigits.models.trial import Outcome, Trial
from tinydigits.reader import FrameReadings, Reader
from tinydigits.region import Corners
from tinydigits.regions import RegionsReader

log = logging.getLogger(__name__)


def model_of(config: ModelConfig) -> Classifier:
    """The model that reads, or would: looking is no start of its trial."""
    folder = None if config.path else store_folder(config.store)
    if folder and folder.is_dir():
        store = Store(folder)
        current = store.records().current
        if current:
            return store.load(current)
    return Classifier.load(Path(config.path or DEFAULT_MODEL))


class ModelInUse:
    """The model of a configuration, loaded.

    ``entry`` is what the store says of it, ``None`` for one that a path names or that ships;
    ``trial`` counts the readings of one on trial.

    :raises ModelError: where a configured path names a bad model: nobody asked for another.
    """

    def __init__(self, config: ModelConfig) -> None:
        folder = None if config.path else store_folder(config.store)
        self._config = config
        self._store = Store(folder) if folder else None
        self.entry: Entry | None = None
        self.trial: Trial | None = None
        self.classifier = self._load()

    def renewed(self, config: ModelConfig) -> ModelInUse:
        """What a configuration that was read again asks for: the same, if nothing has changed."""
        if config == self._config and self._store and self._current() == self.entry:
            return self
        return ModelInUse(config)

    def note(self, *, good: bool) -> bool:
        """Count a reading; whether it ended the trial badly, so that another model reads now."""
        if not (self.trial and self.entry and self._store):
            return False
        trial, entry = self.trial, self.entry
        outcome = trial.note(good=good)
        if outcome is Outcome.CONFIRMED:
            self.trial = None
            self._confirm(self._store, entry)
        if outcome is Outcome.FAILED:
            self._take_back(self._store, entry, str(trial))
            self.classifier = self._load()
        return outcome is Outcome.FAILED

    def _load(self) -> Classifier:
        self.entry = self.trial = None
        if not self._store:
            return Classifier.load(Path(self._config.path or DEFAULT_MODEL))
        records = self._started(self._store)
        for entry in records.models:
            try:
                classifier = self._store.load(entry)
            except ModelError as error:
                self._take_back(self._store, entry, str(error))
                continue
            self.entry = entry
            if records.trial and entry == records.current:
                self.trial = Trial(self._config.trial_readings)
                told = f", on trial, start {records.trial.starts} of {MAX_STARTS}"
            else:
                told = ""
            log.info("reading with the model %s%s", entry, told)
            return classifier
        if records.returned:
            log.info("reading with the model that ships")
        return Classifier.load(DEFAULT_MODEL)

    def _started(self, store: Store) -> Records:
        try:
            return store.start()
        except OutputError as error:
            # a start that can't be counted could be one of a thousand: read with what is known
            log.warning("models on trial have to wait: %s", error)
        try:
            return Records(models=store.records().confirmed)
        except OutputError:  # told already
            return Records()

    def _current(self) -> Entry | None:
        try:
            return self._store.records().current if self._store else None
        except OutputError as error:
            log.warning("the model stays as it is: %s", error)
            return self.entry

    def _confirm(self, store: Store, entry: Entry) -> None:
        try:
            store.confirm(entry.sha256)
        except OutputError as error:
            log.warning("model %s is good, which can't be remembered: %s", entry, error)
        else:
            log.info("model %s is confirmed", entry)

    def _take_back(self, store: Store, entry: Entry, why: str) -> None:
        log.warning("model %s is taken back: %s", entry, why)
        try:
            store.roll_back(why, entry.sha256)
        except OutputError as error:
            log.warning("that can't be remembered: %s", error)


class ReaderInUse:
    """Reads frames with the model in use, whichever that is.

    :param make: a reader with a model.
    """

    def __init__(
        self, model: ModelInUse, make: Callable[[Classifier], Reader | RegionsReader]
    ) -> None:
        self.model = model
        self._make = make
        self._reader = make(model.classifier)

    def read(self, frame: Frame) -> FrameReadings:
        """Everything that is to be read in a frame."""
        return self._reader.read(frame)

    @property
    def placed(self) -> dict[str, Corners]:
        """Where each region was in the frame that was read last; none for the whole frame."""
        return self._reader.placed if isinstance(self._reader, RegionsReader) else {}

    def note(self, verdicts: Sequence[Verdict]) -> None:
        """Tell what became of readings: those that the judge accepted speak for the model."""
        for verdict in verdicts:
            if self.model.note(good=verdict.status == "accepted"):
                self._reader = self._make(self.model.classifier)
                return  # the rest was not read by this model
