"""What a judge remembers of one number, between readings and between runs.

Times are seconds on one clock that only goes forward; where it starts does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Final, Self

import msgspec
from msgspec.structs import replace

from tinydigits.rules import Rules

TAKEN_BACK: Final = 3
"""How many contradictions one reading outweighs that does not fit them: a last digit that flickers
between two values, or a misread that comes and goes, then never lasts."""


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value, and when it was seen."""

    value: Decimal
    at: float

    def shifted(self, seconds: float) -> Self:
        """The same, seen so much later."""
        return replace(self, at=self.at + seconds)


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that was accepted, when it was last confirmed, and how well it was proved by then.

    ``proof`` are the seconds for which readings confirmed it or, before it, those that led to it.
    """

    value: Decimal
    at: float
    proof: Annotated[float, msgspec.Meta(ge=0)]

    def confirmed(self, seen: Seen, span: float) -> Self:
        """By a reading that shows it, or what it has become."""
        return replace(self, value=seen.value, at=max(self.at, seen.at), proof=self.proof + span)

    def shifted(self, seconds: float) -> Self:
        """The same, confirmed so much later."""
        return replace(self, at=self.at + seconds)


class Rival(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Contradictions that fit each other: how many, and how long they have lasted.

    The first stays the measure of those to come: were it the last, a slow drift would fit.
    """

    first: Seen
    readings: Annotated[int, msgspec.Meta(ge=0)]
    lasted: Annotated[float, msgspec.Meta(ge=0)]

    @classmethod
    def from_reading(cls, seen: Seen) -> Self:
        """The first contradiction."""
        return cls(first=seen, readings=1, lasted=0.0)

    def joined(self, span: float, rules: Rules) -> Self:
        """With one more."""
        lasted = min(self.lasted + span, rules.recover_seconds)
        return replace(self, readings=self.readings + 1, lasted=lasted)

    def opposed(self, span: float, rules: Rules) -> Self | None:
        """With a reading that does not fit; ``None`` where nothing is left."""
        lasted = min(self.lasted, rules.recover_seconds) - TAKEN_BACK * span
        readings = max(0, self.readings - TAKEN_BACK)
        return replace(self, readings=readings, lasted=lasted) if lasted > 0 else None

    def shifted(self, seconds: float) -> Self:
        """The same, everything so much later."""
        return replace(self, first=self.first.shifted(seconds))


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a judge remembers.

    ``at`` is when the last reading came, ``votes`` are the last readings, ``None`` for one without
    a say, and ``history`` is what was accepted before, the oldest first.
    """

    at: float | None = None
    votes: tuple[Seen | None, ...] = ()
    accepted: Accepted | None = None
    history: tuple[Accepted, ...] = ()
    rival: Rival | None = None

    def span(self, now: float, rules: Rules) -> float:
        """The seconds that a reading stands for; a long time without any is no evidence."""
        longest = rules.recover_seconds / max(1, rules.recover_readings - 1)
        return 0.0 if self.at is None else min(max(0.0, now - self.at), longest)

    def accepting(self, new: Accepted, rules: Rules) -> Self:
        """With a value accepted in the place of the one before, or that one confirmed."""
        history = self.history
        if self.accepted and self.accepted.value != new.value:
            history = _thinned((*history, self.accepted), new.proof, rules.recover_seconds)
        return replace(self, accepted=new, history=history)

    def shifted(self, seconds: float) -> Self:
        """The same, on a clock that shows so much more."""
        return replace(
            self.aged(-seconds),
            at=None if self.at is None else self.at + seconds,
            votes=tuple(vote and vote.shifted(seconds) for vote in self.votes),
            rival=self.rival and self.rival.shifted(seconds),
        )

    def aged(self, seconds: float) -> Self:
        """The same after so long without a reading: what was accepted is older, and only that."""
        return replace(
            self,
            accepted=self.accepted and self.accepted.shifted(-seconds),
            history=tuple(accepted.shifted(-seconds) for accepted in self.history),
        )

    def fits(self, rules: Rules, now: float) -> bool:
        """Whether these rules can have led to it by now."""
        return (self.at is None or self.at <= now) and all(
            rules.knows(seen.value) and seen.at <= now for seen in self._seen()
        )

    def _seen(self) -> Iterator[Seen | Accepted]:
        yield from (vote for vote in self.votes if vote)
        yield from self.history
        if self.accepted:
            yield self.accepted
        if self.rival:
            yield self.rival.first


def _thinned(history: tuple[Accepted, ...], proof: float, longest: float) -> tuple[Accepted, ...]:
    """Of the last hours all that matters, in some thirty values.

    Of three, the one in the middle goes if the oldest is at most twice as far back in proof as the
    newest: what is asked of contradictions then at most doubles.
    """
    kept: list[Accepted] = []
    for new in history:
        if proof - new.proof >= longest:
            continue
        while len(kept) > 1 and proof - kept[-2].proof <= 2 * (proof - new.proof):
            kept.pop()
        kept.append(new)
    return tuple(kept)
