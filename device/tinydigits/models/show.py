"""What the store holds, for people and as JSON."""

from __future__ import annotations

import time
from typing import Final

import msgspec

from tinydigits.classifier import DEFAULT_MODEL, Classifier, read_model
from tinydigits.digest import sha256_hex
from tinydigits.journal import one_line
from tinydigits.models.records import MAX_STARTS, Entry, Records, Returned, Summary, TrialRecord

SHIPPED: Final = "comes with the program"


class Model(msgspec.Struct, frozen=True):
    """A model to be shown; ``installed`` is ``None`` for the one that ships."""

    sha256: str
    summary: Summary
    installed: float | None
    signer: str

    @classmethod
    def of(cls, entry: Entry | None) -> Model:
        """An installed model, or the one that ships."""
        if entry:
            return cls(entry.sha256, entry.summary, entry.installed, entry.signer)
        content = read_model(DEFAULT_MODEL)
        return cls(sha256_hex(content), Summary.of(Classifier.from_bytes(content).card), None, "")

    @property
    def origin(self) -> str:
        """Where it came from."""
        if self.installed is None:
            return SHIPPED
        by = f", signed by {one_line(self.signer)}" if self.signer else ""
        return f"installed {_date(self.installed)}{by}"

    def __str__(self) -> str:
        return f"{one_line(self.summary.name)} ({self.sha256[:12]}), {self.origin}"


class Shown(msgspec.Struct, frozen=True):
    """What reads now, whether it stays, what was there before, and what was taken back."""

    model: Model
    trial: TrialRecord | None
    trial_readings: int
    max_starts: int
    previous: Model | None
    returned: Returned | None

    @classmethod
    def of(cls, records: Records, trial_readings: int) -> Shown:
        """What a store's records say."""
        below = records.models[1] if len(records.models) > 1 else None
        return cls(
            Model.of(records.current),
            records.trial,
            trial_readings,
            MAX_STARTS,
            Model.of(below) if records.current else None,
            records.returned,
        )

    def __str__(self) -> str:
        return "\n".join(f"{name + ':':<10} {text}" for name, text in self._lines())

    def _lines(self) -> list[tuple[str, str]]:
        summary = self.model.summary
        share = summary.accuracy
        measured = f"{100 * share.value:.2f} % ({100 * share.low:.2f} to {100 * share.high:.2f} %)"
        lines = [
            ("model", f"{one_line(summary.name)}, {self.model.origin}"),
            ("sha256", self.model.sha256),
            ("accuracy", f"{measured} of {share.n} test digits"),
            ("data", one_line(", ".join(summary.data))),
            ("trial", self._trial()),
        ]
        if self.previous:
            lines.append(("previous", str(self.previous)))
        if self.returned:
            back = self.returned
            when = _date(back.wall)
            lines.append(("returned", f"{one_line(f'{back.model} on {when}: {back.why}')}"))
        return lines

    def _trial(self) -> str:
        if not self.trial:
            return "confirmed"
        return (
            f"since {_date(self.trial.since)}, started {self.trial.starts} of {self.max_starts} "
            f"times, needs {self.trial_readings} accepted readings"
        )


def all_models(records: Records) -> list[Model]:
    """Those that are there, the one that reads first, the one that ships last."""
    return [*map(Model.of, records.models), Model.of(None)]


def _date(wall: float) -> str:
    """A time of the device's clock, to the minute."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(wall))
    except (OverflowError, ValueError, OSError):
        return "at an unknown time"
