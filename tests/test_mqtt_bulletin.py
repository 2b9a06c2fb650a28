"""What is told of a region: its value when that is new, and now and then, and any problem."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from mqtt_device import configured, seen
from tinydigits.judge import Status
from tinydigits.outputs.mqtt.bulletin import Bulletin, patience
from tinydigits.outputs.mqtt.topics import Topics

TOPICS = Topics("t", ["frame"]).regions["frame"]


class Region:
    """A region that is told again after 60 seconds, and a problem after 180."""

    def __init__(self) -> None:
        self.bulletin = Bulletin("frame", TOPICS, 60, 180, now=1000)
        self.number = 0

    def read(
        self, at: float, value: str | None, status: Status = "accepted", age: float = 0
    ) -> dict[str, str]:
        """What is told of a reading, by the last part of the topic."""
        self.number += 1
        told = seen(self.number, value, status, at=at, age=age)
        ((reading, verdict),) = told.pairs()
        messages = [*self.bulletin.of(told.result, reading, verdict), *self.bulletin.states(at)]
        assert messages[0].topic == TOPICS.reading
        return {one.topic.rpartition("/")[2]: one.payload.decode() for one in messages[1:]}

    def problem(self, at: float) -> str | None:
        """What is told of a problem when nothing is read."""
        told = {one.topic: one.payload.decode() for one in self.bulletin.states(at)}
        return told.get(TOPICS.problem)


def test_value_on_change() -> None:
    """A value is told at once when it is new or has changed, and not with every reading."""
    region = Region()
    assert region.read(1001, "41")["value"] == "41"
    assert "value" not in region.read(1002, "41")
    assert region.read(1003, "42")["value"] == "42"
    assert region.read(1004, "42.0").get("value") is None  # the same number
    assert region.read(1005, "0.0000001")["value"] == "0.0000001"  # never with an exponent


def test_value_refreshed() -> None:
    """It is told again with the first reading that confirms it after a while."""
    region = Region()
    region.read(1001, "41")
    assert "value" not in region.read(1060, "41")
    assert "value" not in region.read(1070, "41", "waiting", age=10)
    assert "value" not in region.read(1080, "41", "rejected", age=20)
    assert region.read(1090, "41")["value"] == "41"
    assert "value" not in region.read(1091, "41")


def test_value_from_before() -> None:
    """A value from an earlier run is told while it is fresh, or once it is confirmed."""
    assert Region().read(1001, "41", "rejected", age=100)["value"] == "41"
    region = Region()
    assert "value" not in region.read(1001, "41", "rejected", age=86_400)
    assert region.read(1002, "41")["value"] == "41"


def test_problem() -> None:
    """A value that no reading confirmed for long is a problem, until one does."""
    region = Region()
    assert region.read(1001, "41")["problem"] == "OFF"
    assert "problem" not in region.read(1100, "41", "rejected", age=99)
    assert region.problem(1181) is None
    assert region.problem(1182) == "ON"
    assert region.problem(1183) is None
    assert region.read(1200, "41", "waiting", age=199).get("problem") is None
    assert region.read(1201, "41")["problem"] == "OFF"


def test_problem_from_the_start() -> None:
    """Where nothing is ever read that is a problem too, though not before it is due."""
    region = Region()
    assert region.problem(1100) is None
    assert region.read(1170, None, "rejected").get("problem") is None
    assert region.problem(1181) == "ON"


def test_diagnostics() -> None:
    """How well a region is read is told with its first reading, and then now and then."""
    region = Region()
    assert json.loads(region.read(1001, "41")["diagnostics"]) == {
        "confidence": 0.917,
        "reject_rate": 0.0,
    }
    for second in range(19):
        assert "diagnostics" not in region.read(1002 + second, None, "rejected")
    told = json.loads(region.read(1061, "41")["diagnostics"])
    assert told["reject_rate"] == round(19 / 21, 4)
    for second in range(100):
        region.read(1062 + second, "41")
    assert json.loads(region.read(1200, "41")["diagnostics"])["reject_rate"] == 0


@pytest.mark.parametrize(
    ("fps", "refresh", "seconds"),
    [(0.0, 60.0, 180), (10.0, 1.0, 3), (0.001, 60.0, 3000), (1e-310, 60.0, 3 * 86_400)],
)
def test_patience(fps: float, refresh: float, seconds: int) -> None:
    """A value may be missed twice; where frames are rarer than values are told, they count."""
    assert patience(configured(camera={"fps": fps}, refresh=refresh)) == seconds


def test_number() -> None:
    """The value of the reading's JSON is a number with all its digits."""
    region = Region()
    told = seen(1, "12345678901234567890.10", at=1001)
    ((reading, verdict),) = told.pairs()
    message = next(region.bulletin.of(told.result, reading, verdict))
    value = json.loads(message.payload, parse_float=Decimal)["verdict"]["value"]
    assert value == Decimal("12345678901234567890.10")
