"""Messages arrive in their order or are counted; states are told while they are new."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tinydigits.outputs.mqtt.outbox import SUSPECTED, Message, Outbox


def message(number: int, topic: str = "value") -> Message:
    """One of several."""
    return Message(topic, b"%d" % number)


class Wire:
    """Sends what an outbox has, and knows what was sent in this connection, and what arrived."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.numbers = 0
        self.flying: list[int] = []
        self.sent: list[Message] = []
        self.arrived: list[Message] = []

    def send(self, most: int = 1000) -> None:
        """Send so many messages at most."""
        while most and (message := self.outbox.next()):
            most -= 1
            self.numbers += 1
            self.outbox.sent(self.numbers)
            self.flying.append(self.numbers)
            self.sent.append(message)

    def acknowledge(self, many: int = 1000) -> None:
        """So many have arrived."""
        for number in self.flying[:many]:
            message = self.outbox.acknowledged(number)
            assert message
            self.arrived.append(message)
        self.flying = self.flying[many:]

    def lose(self) -> Message | None:
        """The connection is lost."""
        self.flying.clear()
        self.sent.clear()
        return self.outbox.lost()


@given(
    st.integers(1, 8),
    st.lists(st.sampled_from(["add", "send", "acknowledge", "lose"]), max_size=60),
    st.data(),
)
def test_nothing_is_lost_uncounted(most: int, steps: list[str], data: st.DataObject) -> None:
    """Whatever happens, each message arrives in its order or is counted, and the newest arrives."""
    outbox = Outbox(most)
    wire = Wire(outbox)
    added = 0
    for step in [*steps, "lose", "send all", "acknowledge all"]:
        many = 1000 if step.endswith("all") else data.draw(st.integers(1, 4))
        if step == "add":
            outbox.add(message(added))
            added += 1
        elif step.startswith("send"):
            wire.send(many)
        elif step.startswith("acknowledge"):
            wire.acknowledge(many)
        else:
            wire.lose()
        numbers = [int(one.payload) for one in wire.sent]
        assert numbers == sorted(set(numbers))
        assert outbox.waiting - outbox.flying <= most
    assert outbox.is_empty
    arrived = [int(one.payload) for one in wire.arrived]
    assert arrived == sorted(set(arrived))
    assert len(arrived) + outbox.dropped == added
    assert not added or arrived[-1] == added - 1


def test_order_after_a_loss() -> None:
    """What was not acknowledged is sent again before what came later."""
    outbox = Outbox(10)
    wire = Wire(outbox)
    for number in range(4):
        outbox.add(message(number))
    wire.send(3)
    wire.acknowledge(1)
    wire.lose()
    wire.send()
    assert wire.sent == [message(1), message(2), message(3)]


def test_oldest_make_room() -> None:
    """Where too many wait the oldest go, and are counted."""
    outbox = Outbox(3)
    for number in range(10):
        outbox.add(message(number))
    wire = Wire(outbox)
    wire.send()
    assert wire.sent == [message(7), message(8), message(9)]
    assert outbox.dropped == 7


def test_states() -> None:
    """Of a state only the newest is told, before all messages, and never a second time."""
    outbox = Outbox(10)
    outbox.add(message(1))
    outbox.tell(Message("problem", b"ON"))
    outbox.tell(Message("problem", b"OFF"))
    wire = Wire(outbox)
    wire.send()
    assert wire.sent == [Message("problem", b"OFF"), message(1)]
    assert outbox.waiting == 1
    wire.lose()
    wire.send()
    assert wire.sent == [message(1)]


def test_renewed() -> None:
    """The newest of all topics is told again, but for those of which something waits."""
    outbox = Outbox(2)
    wire = Wire(outbox)
    for number in range(3):
        outbox.add(message(number, "reading"))
        outbox.add(message(number, "value"))
        outbox.tell(message(number, "problem"))
    outbox.add(message(3, "reading"))
    wire.lose()
    outbox.renew()
    wire.send()
    assert wire.sent == [message(2, "problem"), message(2, "value"), message(3, "reading")]
    wire.acknowledge()
    wire.sent.clear()
    outbox.renew()
    wire.send()
    assert sorted(wire.sent, key=lambda one: one.topic) == [
        message(2, "problem"),
        message(3, "reading"),
        message(2, "value"),
    ]


def test_forgotten() -> None:
    """A topic that is deleted is not told again."""
    outbox = Outbox(2)
    wire = Wire(outbox)
    outbox.tell(message(1, "old"))
    outbox.forget("old")
    wire.send()
    wire.acknowledge()
    outbox.renew()
    wire.send()
    assert wire.sent == [Message("old", b"")]


def test_refused() -> None:
    """What a broker refuses is lost, and counted where it is no state."""
    outbox = Outbox(3)
    outbox.tell(message(0, "state"))
    outbox.add(message(1))
    Wire(outbox).send()
    assert outbox.acknowledged(1, refused=True) == message(0, "state")
    assert outbox.acknowledged(2, refused=True) == message(1)
    assert outbox.acknowledged(2) is None
    assert outbox.dropped == 1


def poisoned(outbox: Outbox, poison: Message) -> list[Message | None]:
    """What is given up by connections that end whenever a certain message is sent."""
    given_up = []
    for _ in range(2 * SUSPECTED):
        wire = Wire(outbox)
        wire.numbers = 1000
        outbox.tell(Message("status", b"online"))
        outbox.renew()
        wire.send()
        if poison in wire.sent:
            wire.acknowledge(wire.sent.index(poison))
            given_up.append(wire.lose())
        else:
            wire.acknowledge()
    return given_up


def test_poison() -> None:
    """A message that a connection ends of again and again is given up, and the rest arrives."""
    outbox = Outbox(10)
    for number in range(5):
        outbox.add(message(number))
    assert poisoned(outbox, message(2)) == [*[None] * (SUSPECTED - 1), message(2)]
    assert outbox.is_empty
    assert outbox.dropped == 1


def test_poisonous_state() -> None:
    """So is a state, which is not told any more until it is another one."""
    outbox = Outbox(10)
    outbox.add(message(1))
    poison = Message("zconfig", b"too long")
    outbox.tell(Message("status", b"online"))
    outbox.tell(poison)
    assert poisoned(outbox, poison) == [*[None] * (SUSPECTED - 1), poison]
    outbox.tell(poison)
    assert outbox.is_empty
    outbox.tell(Message("zconfig", b"short"))
    assert outbox.next() == Message("zconfig", b"short")


def cut_off(outbox: Outbox, state: Message) -> Message | None:
    """What is given up by a connection that is cut after an answer, but before that to a state."""
    wire = Wire(outbox)
    outbox.tell(state)
    wire.send()
    outbox.acknowledged(0)  # the topics that were subscribed
    return wire.lose()


def test_in_a_row() -> None:
    """A message that arrives now and then is not what connections end of."""
    outbox = Outbox(10)
    for _ in range(3 * SUSPECTED):
        for _ in range(SUSPECTED - 1):
            assert cut_off(outbox, message(1)) is None
        wire = Wire(outbox)
        outbox.tell(message(1))
        wire.send()
        wire.acknowledge()
        wire.lose()


def test_given_up_for_a_while() -> None:
    """What was given up is told again once a connection has lasted without it."""
    outbox = Outbox(10)
    told = [cut_off(outbox, message(1)) for _ in range(SUSPECTED)]
    assert told[-1] == message(1)
    outbox.tell(message(1))
    assert outbox.is_empty
    outbox.settled()
    outbox.tell(message(1))
    assert outbox.next() == message(1)


def test_vital() -> None:
    """That the device is there is never given up."""
    online = Message("status", b"online")
    outbox = Outbox(10, vital="status")
    for _ in range(3 * SUSPECTED):
        assert cut_off(outbox, online) is None
    outbox.tell(online)
    assert outbox.next() == online


def test_flapping() -> None:
    """A broker that answers nothing is no reason to give anything up."""
    outbox = Outbox(10)
    outbox.add(message(1))
    for _ in range(3 * SUSPECTED):
        wire = Wire(outbox)
        wire.send()
        assert wire.lose() is None
    assert outbox.waiting == 1
