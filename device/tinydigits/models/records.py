"""What the model store remembers: which models there are, which of them is on trial, and why one
was taken back.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from tinydigits.classifier import ModelCard, Share

KEEP: Final = 3
"""Installed models that are kept, the one that reads among them: 3 MB at most, and two steps back
before the one that ships."""

MAX_STARTS: Final = 5
"""Starts within which a model must be confirmed: one that crashes the program leaves no other
trace. Above the few that somebody makes while trying things out."""

Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
"""A SHA-256; it is also a file's name, so nothing else may stand there."""

Wall = Annotated[float, msgspec.Meta(ge=0)]
"""Seconds of the Unix clock, only to be shown: a device may not know the time."""


class Summary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people want to know of a model."""

    name: str
    accuracy: Share
    data: tuple[str, ...]

    @classmethod
    def of(cls, card: ModelCard) -> Summary:
        """The summary of a model's card."""
        return cls(card.name, card.accuracy, tuple(source.name for source in card.data))


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An installed model; ``signer`` is empty where no signature was asked for."""

    sha256: Hash
    summary: Summary
    installed: Wall
    signer: str = ""

    def __str__(self) -> str:
        return f"{self.summary.name} ({self.sha256[:12]})"


class TrialRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The trial of the model that reads: since when, and how often it was started."""

    since: Wall
    starts: Annotated[int, msgspec.Meta(ge=0)] = 0


class Returned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The model that was taken back last."""

    model: Entry
    why: str
    wall: Wall


class Records(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The state of a store.

    ``models`` has the one that reads first, then those before it, all of which were confirmed;
    below the last there is the one that ships.
    """

    content: Literal["tinydigits models"] = "tinydigits models"
    version: Literal[1] = 1
    models: tuple[Entry, ...] = ()
    trial: TrialRecord | None = None
    returned: Returned | None = None

    @property
    def current(self) -> Entry | None:
        """The model that reads; ``None`` is the one that ships."""
        return self.models[0] if self.models else None

    @property
    def confirmed(self) -> tuple[Entry, ...]:
        """The models without the one on trial."""
        return self.models[1:] if self.trial else self.models

    def with_installed(self, entry: Entry) -> Records:
        """A new model on top, on trial; one that was on trial before it goes."""
        below = (model for model in self.confirmed if model.sha256 != entry.sha256)
        models = (entry, *below)[:KEEP]
        return msgspec.structs.replace(self, models=models, trial=TrialRecord(entry.installed))

    def with_start(self) -> Records:
        """One more start of the model on trial."""
        if not self.trial:
            return self
        trial = msgspec.structs.replace(self.trial, starts=self.trial.starts + 1)
        return msgspec.structs.replace(self, trial=trial)

    def with_confirmed(self) -> Records:
        """The model that reads stays."""
        return msgspec.structs.replace(self, trial=None)

    def with_returned(self, why: str, wall: float) -> Records:
        """The model that reads is taken back, and the one before it reads."""
        if not self.models:
            return self
        returned = Returned(self.models[0], why, wall)
        return msgspec.structs.replace(self, models=self.models[1:], trial=None, returned=returned)
