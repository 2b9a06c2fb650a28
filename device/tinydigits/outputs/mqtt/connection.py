"""One connection to the broker, from its first byte to its last."""

from __future__ import annotations

import select
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NoReturn

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tinydigits.errors import OutputError
from tinydigits.outputs.mqtt.broker import Broker
from tinydigits.outputs.mqtt.outbox import Message
from tinydigits.outputs.mqtt.words import why_no_tls, why_refused, why_unreachable

CONNECT_SECONDS: Final = 10.0
"""For each of: the way to the broker, encryption, and its answer; a wireless network may need so
long to wake up."""

TURN_SECONDS: Final = 1.0
"""The longest wait: the keepalive is looked after in between."""

FLYING: Final = 20
"""Messages without an acknowledgement at a time, that Mosquitto takes without being told to."""

LONGEST_COMMAND: Final = 65_536
"""Bytes of a message that a broker of MQTT 5 may send here."""

_HEAD: Final = 10
"""Bytes of a message beside its topic and its payload, at most."""

_LOOK: Final = 0.1
"""Seconds between two looks at whether to go on waiting."""

_QOS: Final = 1
"""Each message arrives, perhaps twice."""

_PROTOCOLS: Final = {"5": paho.MQTTv5, "3.1.1": paho.MQTTv311}

Acknowledged = Callable[[int, str], None]
"""Is called with a message's number, 0 for subscriptions, and why it is refused, if it is."""

Received = Callable[[str, bytes, bool], None]
"""Is called with a topic, a payload, and whether the broker had kept it."""


class Connection:
    """Speaks with the broker whenever it is given a turn; one thread uses it.

    Every method raises OutputError, in words for people, where the connection isn't there.

    :param will: what the broker publishes when the connection ends without a farewell.
    """

    def __init__(
        self,
        broker: Broker,
        will: Message | None = None,
        acknowledged: Acknowledged = lambda *_: None,
        received: Received = lambda *_: None,
    ) -> None:
        self._broker = broker
        self._acknowledged = acknowledged
        self._received = received
        self._answer: ReasonCode | None = None
        self._end = ""
        self._said = ""
        self.flying = FLYING
        self._longest: int | None = None
        config = broker.config
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            broker.client_id,
            protocol=_PROTOCOLS[config.version],
            reconnect_on_failure=False,
        )
        self._client.connect_timeout = CONNECT_SECONDS
        self._client.username_pw_set(config.user or None, broker.password())
        context = broker.context()
        if context:
            self._client.tls_set_context(context)
        if will:
            self._client.will_set(will.topic, will.payload, _QOS, retain=True)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_log = self._on_log
        self._client.on_socket_close = self._on_socket_close

    def open(self, stopped: Callable[[], bool] = lambda: False) -> bool:
        """Connect, and wait for the broker's answer; false where it is to be stopped before."""
        config = self._broker.config
        options: dict[str, Any] = {}
        if config.version == "5":
            options["clean_start"] = True
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
            properties.MaximumPacketSize = LONGEST_COMMAND
            options["properties"] = properties
        try:
            self._client.connect(config.host, self._broker.port, config.keepalive, **options)
        except (OSError, ValueError) as error:
            self._fail(why_unreachable(error, CONNECT_SECONDS))
        until = time.monotonic() + CONNECT_SECONDS
        while self._answer is None and not stopped():
            if time.monotonic() > until:
                self._fail(f"it doesn't answer within {CONNECT_SECONDS:.0f} s")
            self.turn(None, _LOOK)
        if self._answer is None:
            self.drop()
        return self._answer is not None

    def takes(self, message: Message) -> bool:
        """Whether the broker takes a message as long as this one, as far as it has said."""
        length = len(message.topic.encode()) + len(message.payload) + _HEAD
        return self._longest is None or length <= self._longest

    def publish(self, message: Message) -> int:
        """Send a message; returns its number."""
        return self._client.publish(message.topic, message.payload, _QOS, retain=True).mid

    def subscribe(self, *topics: str) -> None:
        """Ask for what others publish there."""
        self._client.subscribe([(topic, _QOS) for topic in topics])

    def turn(self, wake: int | None = None, seconds: float = TURN_SECONDS) -> None:
        """Take what came, send what waits, or wait so long for either, or for a file to be read."""
        sock: Any = self._client.socket()
        if sock is None:
            self._fail(self._end)
        poll = select.poll()
        poll.register(sock, select.POLLIN | (select.POLLOUT if self._client.want_write() else 0))
        if wake is not None:
            poll.register(wake, select.POLLIN)
        unread = getattr(sock, "pending", int)()  # by OpenSSL: the operating system has no more
        pause = 0.0 if unread else min(max(seconds, 0.0), TURN_SECONDS)
        events = dict(poll.poll(1000 * pause))
        ready = events.get(sock.fileno(), 0)
        try:
            if unread or ready & ~select.POLLOUT:
                self._client.loop_read()
            if self._client.want_write():
                self._client.loop_write()
            self._client.loop_misc()
        except Exception as error:  # noqa: BLE001  what isn't MQTT may make paho stumble anywhere
            self._fail(f"what it says is no MQTT {self._broker.config.version}: {error}")
        if self._client.socket() is None or self._end:
            self._fail(self._end)

    def farewell(self) -> None:
        """End the connection so that the broker forgets the will."""
        self._client.disconnect()
        with suppress(OutputError):
            while self._client.want_write():
                self.turn(None, 0.0)
        self.drop()

    def drop(self) -> None:
        """End the connection so that the broker publishes the will."""
        sock: Any = self._client.socket()
        if sock is not None:
            sock.close()

    @property
    def is_wordless(self) -> bool:
        """Whether the broker let this device in, and ended the connection without saying why."""
        return self._answer is not None and not self._end

    def _fail(self, why: str) -> NoReturn:
        self.drop()
        raise OutputError(f"{self._broker}: {why or self._why_closed()}") from None

    def _why_closed(self) -> str:
        """Why a connection has ended of which nothing was said."""
        if "SSL" in self._said:
            return why_no_tls(self._said)
        if self._answer is None:
            return "it closed the connection at once: look at mqtt.port, mqtt.tls and mqtt.version"
        return "it closed the connection"

    def _on_connect(
        self, _: paho.Client, __: object, ___: object, code: ReasonCode, properties: Any
    ) -> None:
        self._answer = code
        if code.is_failure:
            self._end = why_refused(code.value, str(code), self._broker.config)
            return
        if properties is not None:
            self.flying = min(FLYING, getattr(properties, "ReceiveMaximum", FLYING))
            self._longest = getattr(properties, "MaximumPacketSize", None)

    def _on_disconnect(
        self, client: paho.Client, _: object, flags: paho.DisconnectFlags, code: ReasonCode, __: Any
    ) -> None:
        if self._end:
            return
        if flags.is_disconnect_packet_from_server:
            self._end = why_refused(code.value, str(code), self._broker.config)
        elif code.getName() == "Keep alive timeout":
            self._end = f"it didn't answer for {client.keepalive} s"

    def _on_publish(
        self, _: paho.Client, __: object, number: int, code: ReasonCode, ___: Any
    ) -> None:
        self._acknowledged(number, str(code) if code.is_failure else "")

    def _on_subscribe(
        self, _: paho.Client, __: object, ___: int, codes: list[ReasonCode], ____: Any
    ) -> None:
        self._acknowledged(0, next((str(code) for code in codes if code.is_failure), ""))

    def _on_message(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        self._received(message.topic, bytes(message.payload), message.retain)

    def _on_socket_close(self, _: paho.Client, __: object, sock: Any) -> None:
        """Read what the broker said of this device's certificate, before it is too late.

        It says so after both could already encrypt, and closes: writing fails first, now and then.
        """
        if self._answer is None:
            with suppress(BlockingIOError, ssl.SSLWantReadError):
                try:
                    sock.recv(1)
                except ssl.SSLError as error:
                    self._said = str(error)
                except OSError:  # nothing was said
                    return

    def _on_log(self, _: paho.Client, __: object, ___: int, text: str) -> None:
        """What paho knows of an error and tells nobody else."""
        if "on socket" in text:
            self._said = text
