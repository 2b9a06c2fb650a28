"""A judge believes what readings agree on, and no single accepted value for ever."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from judge_days import meter_rules, reading
from tinydigits.config import load_config
from tinydigits.judge import Judge, Verdict
from tinydigits.rules import Rules

HOUR = 3600


def counter(**changes: Any) -> Judge:
    """The judge of a counter of five digits that moves by 6 an hour at most."""
    return Judge(meter_rules(5, **{"decimals": 0, "max_rate": 6.0} | changes))


def free(**changes: Any) -> Judge:
    """A judge as it comes, which only lets readings vote."""
    return Judge(Rules.from_config(msgspec.structs.replace(load_config().judge, **changes)))


class Watch:
    """Shows a judge one reading every ten seconds."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.now = 0.0

    def show(self, *texts: str, every: float = 10) -> list[Verdict]:
        """The verdicts on readings of these texts; ``?`` is one that the reader rejects."""
        verdicts = []
        for text in texts:
            self.now += every
            seen = reading(text.strip("?"), rejected="?" in text)
            verdicts.append(self.judge.judge(seen, self.now))
        return verdicts

    def until(self, value: int, text: str, within: float, every: float = 10) -> Verdict:
        """The verdict that first believes a value, which must be within so many seconds."""
        end = self.now + within
        while self.now < end:
            (verdict,) = self.show(text, every=every)
            if verdict.value == value:
                return verdict
        raise AssertionError(f"{value} was not accepted within {within} seconds")


def seen(verdicts: list[Verdict]) -> list[tuple[str, str | None]]:
    """Statuses and values, as text."""
    return [(v.status, None if v.value is None else str(v.value)) for v in verdicts]


def codes(verdict: Verdict) -> list[str]:
    """The codes of a verdict's reasons."""
    return [reason.code for reason in verdict.reasons]


def test_vote() -> None:
    """A value is accepted once two of the last three readings agree on it."""
    verdicts = Watch(free()).show("27", "27", "21", "27", "24", "24")
    assert seen(verdicts) == [
        ("waiting", None),
        ("accepted", "27"),
        ("waiting", "27"),
        ("accepted", "27"),
        ("waiting", "27"),
        ("accepted", "24"),
    ]
    assert codes(verdicts[2]) == ["not_agreed"]
    assert verdicts[2].reasons[0].text == "1 of the last 3 readings say 21 where 2 are asked for"


def test_vote_of_one() -> None:
    """Where one vote is enough every reading with a say is believed."""
    verdicts = Watch(free(agree=1, of=1)).show("27", "1?", "3")
    assert seen(verdicts) == [("accepted", "27"), ("rejected", "27"), ("accepted", "3")]


def test_no_say_takes_a_place() -> None:
    """Readings without a say count among the last ones, so that agreement can't be old."""
    verdicts = Watch(free()).show("27", "?", "", "27", "7?", "27")
    assert [v.status for v in verdicts] == [
        *("waiting", "rejected", "rejected", "waiting", "rejected", "accepted")
    ]
    assert codes(verdicts[1]) == codes(verdicts[2]) == ["no_number"]
    assert codes(verdicts[4]) == ["unsure"]


def test_votes_of_a_moving_number() -> None:
    """Under a maximum rate later values speak for earlier ones: a number may move while it votes.

    What is believed is then one reading behind, as only that has two votes.
    """
    verdicts = Watch(counter()).show("1240", "1241", "1242", "1243", every=600)
    assert seen(verdicts) == [
        ("waiting", None),
        *(("accepted", value) for value in ("1240", "1241", "1242")),
    ]
    verdicts = Watch(counter()).show("1240", "1249", "1258")
    assert [v.status for v in verdicts] == ["waiting"] * 3


def test_age() -> None:
    """The age of a value is the time since a reading last confirmed it."""
    watch = Watch(free())
    ages = [v.age for v in watch.show("27", "27", "31", "?", "27", "27")]
    assert ages == [None, 0, 10, 20, 30, 0]


def test_plausible() -> None:
    """Readings that agree are rejected where the number can't have got there."""
    watch = Watch(counter())
    watch.show("1240", "1240")
    assert codes(watch.show("1250", "1250")[-1]) == ["too_fast"]
    assert codes(watch.show("1230", "1230")[-1]) == ["backwards"]
    (verdict,) = watch.show("1230")
    assert (verdict.status, str(verdict.value), verdict.text) == ("rejected", "1240", "1230")
    assert verdict.reasons[0].text == (
        "1230 is less than 1240, and this only counts up: 2 of 10 readings say so, "
        "over 10 s of at least 0 s"
    )
    assert seen(watch.show("1240", "1240"))[-1] == ("accepted", "1240")
    assert seen(watch.show("1246", "1246", every=HOUR))[-1] == ("accepted", "1246")


def test_value_is_exact() -> None:
    """Values are decimal numbers as they stand on the display."""
    (_, verdict) = Watch(free(decimals=3)).show("0275310", "0275310")
    assert str(verdict.value) == "275.310"
    assert b'"value":275.310,' in msgspec.json.Encoder(decimal_format="number").encode(verdict)


def test_held() -> None:
    """A drum half turned, that flickers between two digits for a night, holds the higher one."""
    watch = Watch(counter())
    watch.show(*["1240"] * 20, "1241", "1241")
    verdicts = watch.show(*["1240", "1240", "1240", "1241"] * 1000)
    assert {v.value for v in verdicts} == {1241}
    assert {v.event for v in verdicts} == {None}
    assert ["held"] in [codes(v) for v in verdicts]
    assert verdicts[-2].reasons[0].text == (
        "1240 is one back, as a drum half turned reads: 1241 is held"
    )


def test_one_wrong_value() -> None:
    """First complaint: one wrong accepted value does not block the right ones after it."""
    watch = Watch(counter())
    watch.show(*["1240"] * 1000)
    watch.show(*["?"] * 720)  # two hours in which it may have moved by 12
    assert seen(watch.show("1249", "1249"))[-1] == ("accepted", "1249")
    verdict = watch.until(1240, "1240", within=2 * 60)
    assert verdict.event == "recovered"
    assert verdict.reasons[0].text == "10 readings over 90 s say 1240, not 1249"


def test_wrong_from_the_start() -> None:
    """A first value that is wrong goes as soon as it was contradicted for as long as it stood."""
    watch = Watch(counter())
    watch.show(*["71240"] * 30)
    assert watch.until(1240, "1240", within=6 * 60).event == "recovered"
    assert seen(watch.show("1240", "1241"))[-1] == ("accepted", "1240")


def test_wrong_on_wrong() -> None:
    """Wrong values that came one on the other all go at once."""
    watch = Watch(counter())
    watch.show(*["1240"] * 1000, *["?"] * 720)
    watch.show("1245", "1245", "1246", "1246", "1247", "1247", "?", "1248", "1248")
    assert watch.judge.state.accepted
    assert watch.judge.state.accepted.value == 1248
    assert watch.until(1240, "1240", within=3 * 60).event == "recovered"


def test_rolled_over() -> None:
    """Second complaint: a counter that runs over its end goes on at once, which is told."""
    watch = Watch(counter())
    watch.show("99998", "99998", "99999", "99999", every=600)
    verdicts = watch.show("00001", "00001", "00002", every=600)
    assert seen(verdicts)[1:] == [("accepted", "1"), ("accepted", "1")]
    assert [v.event for v in verdicts] == [None, "rolled_over", None]
    assert verdicts[1].reasons[0].text == "99999 went past its end, to 1"


def test_meter_exchanged() -> None:
    """Second complaint: another meter is believed after twelve hours, which is told."""
    watch = Watch(counter())
    watch.show(*["51240"] * 10_000)
    verdict = watch.until(17, "00017", within=12 * HOUR + 60)
    assert watch.now > 100_000 + 11.9 * HOUR
    assert (verdict.status, verdict.event, codes(verdict)) == (
        *("accepted", "recovered"),
        ["recovered"],
    )


def test_meter_exchanged_in_a_hurry() -> None:
    """How long that takes is the owner's choice."""
    watch = Watch(counter(recover_hours=0.5, recover_readings=3))
    watch.show(*["51240"] * 1000)
    watch.until(17, "00017", within=HOUR / 2 + 60)
    watch.until(51240, "51240", within=HOUR / 2 + 60)


def test_slow_pictures() -> None:
    """With a picture every three hours the number of readings decides, and one more votes."""
    watch = Watch(counter())
    watch.show(*["51240"] * 100, every=3 * HOUR)
    watch.until(17, "00017", within=11 * 3 * HOUR, every=3 * HOUR)


def test_bumped() -> None:
    """Third complaint: a camera that was bumped reads garbage, of which nothing is accepted."""
    watch = Watch(counter())
    watch.show(*["1240"] * 100)
    garbage = [f"{(7919 * n) ** 2 % 100_000:05d}" for n in range(30) for _ in range(6)]
    verdicts = watch.show(*garbage)
    assert {v.value for v in verdicts} == {1240}
    assert [v.status for v in watch.show("1240", "1240")] == ["waiting", "accepted"]


def test_darkness_is_no_evidence() -> None:
    """A few contradictions before a night without readings are no more in the morning."""
    watch = Watch(counter())
    watch.show(*["51240"] * 10_000, *["00017"] * 5)
    verdicts = watch.show(*["?"] * 6000, *["00017"] * 100)
    assert {v.value for v in verdicts} == {51240}
    verdicts = watch.show("00017", every=14 * HOUR)
    assert {v.value for v in verdicts} == {51240}


def test_history_stays_short() -> None:
    """However long a number moves, what is remembered is little."""
    watch = Watch(counter(max_rate=400.0))
    watch.show(*[f"{n:05d}" for n in range(5000)])
    assert 10 < len(watch.judge.state.history) < 40
    assert len(msgspec.json.encode(watch.judge.state)) < 4000


@pytest.mark.parametrize("later", [0.0, -1e9])
def test_clock_that_stands(later: float) -> None:
    """Readings at the same time, or on a clock that went back, are judged without an error."""
    judge = counter()
    for text in ("1240", "1240", "1241", "1250", "1250", "1240"):
        verdict = judge.judge(reading(text), later)
    assert verdict.value == Decimal(1240)
