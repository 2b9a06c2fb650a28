"""Judges go by a clock that nobody sets, and remember what was accepted across restarts."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import costly
from judge_days import meter_rules, reading
from tinydigits import judge_file
from tinydigits.errors import UsageError
from tinydigits.files import atomic_write
from tinydigits.judge import Verdict
from tinydigits.judges import Judges
from tinydigits.rules import Rules

HOUR = 3600


def rules(**changes: Any) -> Rules:
    """A counter of five digits that moves by 6 an hour at most."""
    return meter_rules(5, **{"decimals": 0, "max_rate": 6.0} | changes)


class Computer:
    """A computer whose clocks the test sets; each start begins its monotonic clock anew."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.monotonic = 100.0
        self.wall = 1.8e9

    def start(self, away: float = 0.0, *, late: float = 0.0, **changes: Any) -> Judges:
        """Start the program after a while, with a wall clock that is late at first."""
        self.monotonic = 7.0
        self.wall += away - late
        return Judges(
            dict.fromkeys(("frame", "27", "31"), rules(**changes)),
            self.path,
            monotonic=lambda: self.monotonic,
            wall=lambda: self.wall,
        )

    def show(self, judges: Judges, *texts: str, every: float = 10.0) -> list[Verdict]:
        """Read, with so much time before each reading."""
        verdicts = []
        for text in texts:
            self.monotonic += every
            self.wall += every
            verdicts += judges.judge([reading(text)], self.monotonic)
        return verdicts


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    """One that remembers."""
    return Computer(tmp_path / "judge.json")


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Everything that is written."""
    contents: list[bytes] = []

    def counted(path: Path, content: bytes) -> None:
        contents.append(content)
        atomic_write(path, content)

    monkeypatch.setattr(judge_file, "atomic_write", counted)
    return contents


def test_regions_are_judged_apart() -> None:
    """Every region has a judge of its own, and every reading its verdict."""
    judges = Computer(None).start()
    left, right = (msgspec.structs.replace(reading(t), region=t) for t in ("27", "31"))
    judges.judge([left, right], taken=8.0)
    verdicts = judges.judge([right, left], taken=9.0)
    assert [verdict.value for verdict in verdicts] == [31, 27]


def test_remembered(computer: Computer) -> None:
    """After a restart a number may have moved as far as it can in the time away, not further."""
    with computer.start() as judges:
        computer.show(judges, "01240", "01240")
    with computer.start(away=HOUR) as judges:
        verdicts = computer.show(judges, "01250", "01250", "01246", "01246")
    assert [verdict.status for verdict in verdicts] == [
        *("waiting", "rejected", "waiting", "accepted")
    ]
    assert verdicts[0].value == 1240
    assert verdicts[0].age == pytest.approx(HOUR + 10)


def test_nothing_remembered() -> None:
    """Without a file every start is a new one."""
    computer = Computer(None)
    with computer.start() as judges:
        computer.show(judges, "01240", "01240")
    assert computer.show(computer.start(), "00017", "00017")[-1].value == 17


def test_late_clock(computer: Computer) -> None:
    """A wall clock that is behind after the start counts once it is set right."""
    with computer.start() as judges:
        computer.show(judges, "01240", "01240")
    judges = computer.start(away=8 * HOUR, late=9 * HOUR)
    assert computer.show(judges, "01280", "01280")[-1].status == "rejected"
    computer.wall += 9 * HOUR
    (verdict,) = computer.show(judges, "01280")
    assert (verdict.status, verdict.value) == ("accepted", Decimal(1280))


def test_late_clock_at_the_end(computer: Computer) -> None:
    """A clock set after the first confirmation of the new run changes nothing any more."""
    with computer.start() as judges:
        computer.show(judges, "01240", "01240")
    judges = computer.start(late=HOUR)
    computer.show(judges, "01240", "01240")
    computer.wall += 9 * HOUR
    assert computer.show(judges, "01280", "01280")[-1].status == "rejected"


def test_when_it_was_taken(computer: Computer) -> None:
    """How far a number can have moved goes by when its frames were taken, not by when they were
    read: here twenty minutes later, in which it could have moved by two.
    """
    with computer.start() as judges:
        computer.show(judges, "01240", "01240")
        taken = computer.monotonic
        computer.monotonic += 1200
        for after in (10, 20):
            (verdict,) = judges.judge([reading("01242")], taken + after)
    assert [reason.code for reason in verdict.reasons] == ["too_fast"]
    assert verdict.age == 20


@given(st.lists(st.floats(-1e9, 1e9), min_size=12, max_size=12))
@costly(0.4)
def test_wall_clock_does_not_matter(jumps: list[float]) -> None:
    """Within a run the wall clock may jump as it likes."""
    texts = ["01240", "01240", "01241", "01241", "01260", "01260"] * 2
    computer, jumping = Computer(None), Computer(None)
    steady = computer.show(computer.start(), *texts)
    judges, verdicts = jumping.start(), []
    for text, jump in zip(texts, jumps, strict=True):
        jumping.wall += jump
        verdicts += jumping.show(judges, text)
    assert verdicts == steady


@given(jumps=st.lists(st.floats(-1e9, 0), min_size=4, max_size=4))
@costly(0.2)
def test_time_never_runs_back(jumps: list[float], tmp_path_factory: pytest.TempPathFactory) -> None:
    """After a restart a clock that is set back leaves what was accepted as old as it was."""
    computer = Computer(tmp_path_factory.mktemp("state") / "judge.json")
    with computer.start() as judges:
        computer.show(judges, "01240", "01240")
    judges = computer.start(away=HOUR)
    ages = [computer.show(judges, "")[0].age]
    for jump in jumps:
        computer.wall += jump
        ages += [verdict.age for verdict in computer.show(judges, "")]
    assert ages == pytest.approx([HOUR + 10 * n for n in range(1, 6)])


def test_contradictions_are_remembered(computer: Computer) -> None:
    """A recovery goes on after a restart, and the time away is no evidence."""
    with computer.start() as judges:
        computer.show(judges, *["51240"] * 10_000, *["00017"] * 3000)
    judges = computer.start(away=20 * HOUR)
    assert computer.show(judges, *["00017"] * 1000)[-1].value == 51240
    assert computer.show(judges, *["00017"] * 1000)[-1].value == 17


def test_events_are_logged(computer: Computer, caplog: pytest.LogCaptureFixture) -> None:
    """A recovery and a rollover are told in one line each, beside the verdict."""
    judges = computer.start()
    computer.show(judges, *["99999"] * 2, *["00000"] * 2, *["00070"] * 20)
    assert [record.getMessage() for record in caplog.records] == [
        "frame: rolled_over: 99999 went past its end, to 0",
        "frame: recovered: 10 readings over 90 s say 70, not 0",
    ]


def test_few_writes(computer: Computer, writes: list[bytes]) -> None:
    """A number that stands still is written once an hour, one that moves once a minute at most."""
    with computer.start() as judges:
        computer.show(judges, *["01240"] * 3600, every=1)
        assert 1 <= len(writes) <= 3
        del writes[:]
        computer.show(judges, *[f"{1240 + n // 100:05d}" for n in range(3600)], every=1)
        assert 30 <= len(writes) <= 60
        del writes[:]
        computer.show(judges, *["?"] * 3600, every=1)
        assert writes == []
    assert len(writes) == 1
    assert len(writes[0]) < 5000


def test_written_at_the_end(computer: Computer, writes: list[bytes]) -> None:
    """Leaving writes what is new, also after an error, and nothing where nothing is."""

    def fail() -> None:
        with computer.start() as judges:
            computer.show(judges, "01240", "01240")
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        fail()
    assert b'"value":"1240"' in writes[-1]
    del writes[:]
    with computer.start():
        pass
    assert writes == []


def test_failed_write_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder that is there only later gets the file then, and judging goes on meanwhile."""
    computer = Computer(tmp_path / "later" / "judge.json")
    with computer.start() as judges:
        verdicts = computer.show(judges, *["01240"] * 60)
        (tmp_path / "later").mkdir()
        computer.show(judges, *["01240"] * 7)
        assert computer.path
        assert computer.path.exists()
    assert verdicts[-1].value == 1240
    assert len(caplog.records) == 1


def test_other_number(computer: Computer, caplog: pytest.LogCaptureFixture) -> None:
    """What was remembered with other decimals, or is out of range now, is forgotten, and told."""
    with computer.start() as judges:
        computer.show(judges, "01240", "01240")
    for changes in ({"decimals": 2}, {"max_value": 1000}):
        judges = computer.start(**changes)
        assert caplog.records.pop().getMessage() == (
            "frame: what was remembered is of another number, forgotten"
        )
        assert computer.show(judges, "00017")[0].value is None


def test_other_rules(computer: Computer) -> None:
    """Other rules take over what was accepted, where they can have led to it."""
    judges = computer.start()
    assert computer.show(judges, "01240", "01240")[-1].value == 1240
    judges.change(dict.fromkeys(("frame",), rules(max_rate=3600.0)), computer.path)
    (verdict,) = computer.show(judges, "01249")
    assert verdict.value == 1240
    (verdict,) = computer.show(judges, "01249")  # 6 an hour would not have allowed it
    assert verdict.status == "accepted"
    assert verdict.value == 1249


def test_rules_of_another_number(computer: Computer, caplog: pytest.LogCaptureFixture) -> None:
    """What other rules can't have led to, or nobody reads any more, is forgotten, which is told."""
    judges = computer.start()
    computer.show(judges, "01240", "01240")
    judges.change({"other": rules()}, computer.path)
    assert "frame: what was remembered is of another number, forgotten" in caplog.text
    judges.change({"frame": rules()}, computer.path)
    assert computer.show(judges, "01250")[-1].value is None


def test_other_file(computer: Computer, tmp_path: Path) -> None:
    """Another file is written from then on, though nothing else has changed."""
    with computer.start() as judges:
        computer.show(judges, "01240", "01240")
        judges.change(dict.fromkeys(("frame",), rules()), tmp_path / "other.json")
    assert "1240" in (tmp_path / "other.json").read_text()
    with computer.start() as judges:
        judges.change(dict.fromkeys(("frame",), rules()), None)
        computer.show(judges, "01240")


def test_person(computer: Computer) -> None:
    """What a person confirms is accepted at once, and a misread doesn't soon replace it."""
    judges = computer.start()
    computer.show(judges, "00472", "00472")
    (_, verdict) = computer.show(judges, "00900", "00900")
    assert verdict.status == "rejected"
    assert judges.confirm("frame") == 900
    (verdict,) = computer.show(judges, "00900")
    assert (verdict.value, verdict.reasons[0].code) == (Decimal(900), "not_agreed")
    *_, verdict = computer.show(judges, *["00472"] * 20)
    assert (verdict.status, verdict.value) == ("rejected", Decimal(900))


def test_person_knows_better(computer: Computer) -> None:
    """A person may say another value than was read."""
    judges = computer.start()
    computer.show(judges, "00900", "00900")
    assert judges.confirm("frame", Decimal(472)) == 472
    *_, verdict = computer.show(judges, "00472", "00472")
    assert (verdict.status, verdict.value) == ("accepted", Decimal(472))


@pytest.mark.parametrize("said", ["472.100", "472.1", "472.10000"])
def test_person_writes(said: str, computer: Computer) -> None:
    """A person may leave out zeros at the end of a value, or write more of them."""
    judges = computer.start(decimals=3, max_value=Decimal(99999))
    computer.show(judges, "0900000", "0900000")
    assert f"{judges.confirm('frame', Decimal(said)):f}" == "472.100"
    *_, verdict = computer.show(judges, "0472100", "0472100")
    assert (verdict.status, f"{verdict.value:f}") == ("accepted", "472.100")
    with pytest.raises(UsageError, match=r"472\.1001 can't be what it shows"):
        judges.confirm("frame", Decimal("472.1001"))


@pytest.mark.parametrize(
    ("region", "value", "complaint"),
    [
        ("kitchen", None, "there is no region 'kitchen', only frame, 27, 31"),
        ("27", None, "27: '' is no number"),
        ("frame", Decimal("1.5"), "frame: 1.5 can't be what it shows"),
        ("frame", Decimal("NaN"), "frame: NaN can't be what it shows"),
        ("frame", Decimal(100000), "frame: 100000 can't be what it shows"),
    ],
)
def test_person_errs(
    region: str, value: Decimal | None, complaint: str, computer: Computer
) -> None:
    """What can't be what the number shows is refused, and changes nothing."""
    judges = computer.start(max_value=Decimal(99999))
    computer.show(judges, "00472", "00472")
    with pytest.raises(UsageError, match=re.escape(complaint)):
        judges.confirm(region, value)
    (verdict,) = computer.show(judges, "00472")
    assert (verdict.status, verdict.value) == ("accepted", Decimal(472))
