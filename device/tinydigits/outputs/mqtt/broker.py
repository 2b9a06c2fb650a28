"""The broker as the configuration has it, all that can be known of it without asking it checked."""

from __future__ import annotations

import hashlib
import socket
import ssl
from pathlib import Path
from typing import Final

from tinydigits.errors import ConfigError
from tinydigits.output_tables import MqttConfig
from tinydigits.outputs.mqtt.topics import checked_text
from tinydigits.secret import read_secret, secret_path

PLAIN_PORT: Final = 1883
TLS_PORT: Final = 8883
"""Those that IANA keeps for MQTT."""

_MACHINE: Final = Path("/etc/machine-id")

_DIGEST: Final = 6
"""Bytes, which make a name of 23 characters: all that a broker must take, by MQTT-3.1.3-5."""


class _TidySocket(ssl.SSLSocket):
    """Is closed where no connection comes of it: paho would leave that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  ssl's
        """Agree on keys, or close."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class Broker:
    """How to get to the broker, and who one is there.

    :raises ConfigError: where that can't work.
    """

    def __init__(self, config: MqttConfig) -> None:
        self.config = config
        self.port = config.port or (TLS_PORT if config.tls else PLAIN_PORT)
        self.client_id = checked_text("mqtt.client_id", config.client_id) or _name(config.topic)
        checked_text("mqtt.user", config.user)
        if config.password and not config.user:
            raise ConfigError("mqtt.password is for a user: write mqtt.user")
        for key in ("ca", "certificate", "key"):
            name = getattr(config, key)
            if name and not config.tls:
                raise ConfigError(f"mqtt.{key} is for an encrypted connection: mqtt.tls = true")
            if "\0" in name:
                raise ConfigError(f"mqtt.{key} is {name!r}: that is no name of a file")
        if config.key and not config.certificate:
            raise ConfigError("mqtt.key is the key of a certificate: write mqtt.certificate")
        self.password()
        self.context()

    def __str__(self) -> str:
        return f"{self.config.host}:{self.port}"

    def password(self) -> str | None:
        """As it is in its file now."""
        return read_secret("mqtt.password", self.config.password) if self.config.password else None

    def context(self) -> ssl.SSLContext | None:
        """What an encrypted connection is made with, from the files as they are now."""
        config = self.config
        if not config.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=config.ca or None)
        except OSError as error:  # of ssl too
            raise ConfigError(f"mqtt.ca: {config.ca}: {_unusable(error)}") from None
        context.sslsocket_class = _TidySocket
        if config.certificate:
            certificate = secret_path(config.certificate)
            key = secret_path(config.key) if config.key else None
            try:
                context.load_cert_chain(certificate, key, _no_password)
            except OSError as error:
                where = f"{certificate} and {key}" if key else f"{certificate}, without mqtt.key"
                raise ConfigError(f"mqtt.certificate: {where}: {_unusable(error)}") from None
        return context


def _unusable(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        if "KEY_VALUES_MISMATCH" in str(error):
            return "the key is another certificate's"
        return "no certificate is in there, or no key, as PEM"
    return f"it can't be read: {error.strerror}"


def _no_password() -> str:
    """Asked for where a key is encrypted; else OpenSSL would ask in the terminal."""
    raise ConfigError("mqtt.key is encrypted: store it without a password, readable by root alone")


def _name(topic: str) -> str:
    """What to call a client: the same each time, and another for each device and each topic."""
    try:
        machine = _MACHINE.read_text("ascii").strip()
    except (OSError, ValueError):
        machine = socket.gethostname()
    digest = hashlib.blake2b(f"{machine} {topic}".encode(), digest_size=_DIGEST).hexdigest()
    return f"tinydigits-{digest}"
