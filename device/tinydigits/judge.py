"""From noisy readings to values that one can trust.

1. **Say.** A reading has no say if the reader rejects it, if it is less sure than
   ``min_confidence``, is not one number or out of range. It counts as one of the last all the same.
2. **Vote.** A value is agreed on when ``agree`` of the last ``of`` readings support it, the last
   one too: those that equal it and, under a ``max_rate``, later ones that it may have become.
3. **Plausibility.** What is agreed on is accepted if the number can have got there since it was
   last seen: no faster than ``max_rate``, and upwards or over its end unless it ``may_decrease``.
   One unit of the last digit back is a drum half turned: the accepted value is held.
4. **Recovery.** All else contradicts. Contradictions that fit each other add up; a reading that
   does not fit them takes back three. After ``recover_readings`` over ``recover_hours`` they are
   accepted, and it is told as an event.
5. **Probation.** What was accepted lately falls sooner: contradictions need last no longer than
   readings have confirmed what was accepted since the value that these contradictions fit. A
   misread that was believed for a minute is gone after another, or ``recover_readings``.

So nothing blocks for ever: whatever came before, readings that fit each other are accepted within
4/3 of ``recover_hours``, or 4/3 of ``recover_readings`` where so many take longer, after a vote.

There is no clock and no file here: the same readings at the same times give the same values.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from msgspec.structs import replace

from tinydigits.judge_state import Accepted, Rival, Seen, State
from tinydigits.rules import Code, Move, Reason, Rules

if TYPE_CHECKING:  # who asks for the status needs no reader
    from tinydigits.reader import Reading

Status = Literal["accepted", "waiting", "rejected"]
Event = Literal["recovered", "rolled_over"]

_WORDS: Final[dict[Move, tuple[Code, str]]] = {
    Move.ROLLED_OVER: ("rolled_over", "{old:f} went past its end, to {new:f}"),
    Move.HELD: ("held", "{new:f} is one back, as a drum half turned reads: {old:f} is held"),
    Move.BACKWARDS: ("backwards", "{new:f} is less than {old:f}, and this only counts up"),
    Move.TOO_FAST: ("too_fast", "{new:f} is further from {old:f} than it can have moved"),
}


class Verdict(msgspec.Struct, frozen=True):
    """What a reading was judged as, and the value to be trusted after it.

    ``status`` is about this reading, whose own text is ``text``. ``value`` is the last one that was
    accepted, ``age`` the seconds since a reading last confirmed it; both are ``None`` before the
    first.
    """

    status: Status
    value: Decimal | None
    age: float | None
    text: str
    reasons: tuple[Reason, ...]
    event: Event | None


class Judge:
    """Judges the readings of one number.

    :param state: what a judge remembered; another judge goes on from there as that one would have.
    """

    def __init__(self, rules: Rules, state: State | None = None) -> None:
        self.rules = rules
        self.state = state or State()

    def judge(self, reading: Reading, now: float) -> Verdict:
        """What a reading is worth that was taken now, in seconds on a clock that only goes on."""
        span = self.state.span(now, self.rules)
        self.state = replace(self.state, at=now)
        value = self.rules.value_of(reading)
        if isinstance(value, Reason):
            self._vote(None)
            return self._verdict(reading, now, "rejected", value)
        self._vote(Seen(value, now))
        agreed = self._agreed()
        if agreed is None:
            return self._verdict(reading, now, "waiting", self._not_agreed(value))
        return self._verdict(reading, now, *self._weighed(agreed, span))

    def confirm(self, value: Decimal, now: float) -> Decimal:
        """Accept a value because a person says so, as if it had been confirmed for long.

        Returns it as the rules write it: a person need not write zeros at its end.

        :raises ValueError: where the number can't have it.
        """
        value = self.rules.written(value)
        if not self.rules.knows(value):
            raise ValueError(f"{value:f} can't be what it shows")
        proof = self.rules.recover_seconds
        self.state = State(at=self.state.at, accepted=Accepted(value, now, proof))
        return value

    def _vote(self, vote: Seen | None) -> None:
        votes = (*self.state.votes, vote)[-self.rules.of :]
        self.state = replace(self.state, votes=votes)

    def _agreed(self) -> Seen | None:
        """The newest value that enough readings support, of those that the last one supports."""
        votes = [vote for vote in self.state.votes if vote]
        for place in reversed(range(len(votes))):
            vote, later = votes[place], votes[place:]
            support = sum(vote.value == earlier.value for earlier in votes[:place])
            support += sum(self._supports(vote, other) for other in later)
            if support >= self.rules.agree and self._supports(vote, later[-1]):
                return vote
        return None

    def _supports(self, vote: Seen, later: Seen) -> bool:
        """Whether a later reading speaks for a value: it is the same, or may have come of it."""
        if self.rules.max_rate is None or vote.value == later.value:
            return vote.value == later.value
        move = self.rules.move(vote.value, later.value, later.at - vote.at)
        return move.plausible and move is not Move.HELD

    def _weighed(self, agreed: Seen, span: float) -> tuple[Status, Reason | None]:
        """Hold what is agreed on against what was accepted before."""
        old = self.state.accepted
        if old is None:
            self._accept(Accepted(agreed.value, agreed.at, proof=0.0))
            return "accepted", None
        move = self.rules.move(old.value, agreed.value, agreed.at - old.at)
        if not move.plausible:
            return self._contradicted(agreed, old, move, span)
        held = move is Move.HELD
        self._accept(
            replace(old, at=max(old.at, agreed.at)) if held else old.confirmed(agreed, span)
        )
        if self.state.rival:
            rival = self.state.rival.opposed(span, self.rules)
            self.state = replace(self.state, rival=rival)
        return "accepted", _told(agreed, old, move)

    def _contradicted(
        self, agreed: Seen, old: Accepted, move: Move, span: float
    ) -> tuple[Status, Reason | None]:
        """Weigh the contradictions, this one among them, and accept them when that is due."""
        rival = self._rival(agreed, span)
        due = self._due(agreed, old)
        if rival.readings >= self.rules.recover_readings and rival.lasted >= due:
            self._accept(Accepted(agreed.value, agreed.at, old.proof))
            self.state = replace(self.state, rival=None)
            return "accepted", Reason(
                "recovered",
                f"{rival.readings} readings over {_duration(rival.lasted)} say "
                f"{agreed.value:f}, not {old.value:f}",
            )
        self.state = replace(self.state, rival=rival)
        code, words = _WORDS[move]
        return "rejected", Reason(
            code,
            f"{words.format(new=agreed.value, old=old.value)}: "
            f"{rival.readings} of {self.rules.recover_readings} readings say so, "
            f"over {_duration(rival.lasted)} of at least {_duration(due)}",
        )

    def _rival(self, agreed: Seen, span: float) -> Rival:
        rival = self.state.rival
        if rival is None:
            return Rival.from_reading(agreed)
        if self._plausible(rival.first, agreed):
            return rival.joined(span, self.rules)
        return rival.opposed(span, self.rules) or Rival.from_reading(agreed)

    def _due(self, agreed: Seen, old: Accepted) -> float:
        """For how long contradictions must last: as long as they were contradicted, at most."""
        fitting = (a for a in reversed(self.state.history) if self._plausible(a, agreed))
        last = next(fitting, None)
        return min(old.proof - (last.proof if last else 0.0), self.rules.recover_seconds)

    def _plausible(self, old: Seen | Accepted, new: Seen) -> bool:
        return self.rules.move(old.value, new.value, new.at - old.at).plausible

    def _accept(self, accepted: Accepted) -> None:
        self.state = self.state.accepting(accepted, self.rules)

    def _not_agreed(self, value: Decimal) -> Reason:
        same = sum(vote is not None and vote.value == value for vote in self.state.votes)
        return Reason(
            "not_agreed",
            f"{same} of the last {self.rules.of} readings say {value:f} "
            f"where {self.rules.agree} are asked for",
        )

    def _verdict(
        self, reading: Reading, now: float, status: Status, reason: Reason | None
    ) -> Verdict:
        accepted = self.state.accepted
        return Verdict(
            status=status,
            value=accepted.value if accepted else None,
            age=round(max(0.0, now - accepted.at), 3) if accepted else None,
            text=reading.text,
            reasons=(reason,) if reason else (),
            event=_event(reason),
        )


def _told(agreed: Seen, old: Accepted, move: Move) -> Reason | None:
    """A move in words, where there is something to say about it."""
    if move is Move.POSSIBLE:
        return None
    code, words = _WORDS[move]
    return Reason(code, words.format(new=agreed.value, old=old.value))


def _event(reason: Reason | None) -> Event | None:
    if reason and (reason.code == "recovered" or reason.code == "rolled_over"):  # noqa: PLR1714  narrows the type
        return reason.code
    return None


def _duration(seconds: float) -> str:
    """Roughly, for people."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
