"""What keeps a broker from taking messages, and what to do about it, in words."""

from __future__ import annotations

import socket
import ssl
from typing import Final

from tinydigits.output_tables import MqttConfig

_CERTIFICATE: Final[dict[int, str]] = {
    9: "its certificate is not valid yet: is this computer's clock right?",
    10: "its certificate has expired: it needs a new one, or this computer's clock is wrong",
    18: "its certificate is signed by nobody but itself: name that certificate in mqtt.ca",
    19: "its certificate is signed by somebody unknown here: name who it is in mqtt.ca",
    20: "its certificate is signed by somebody unknown here: name who it is in mqtt.ca",
    62: "its certificate is for another name: mqtt.host must be one of those in it",
    64: "its certificate is for another address: mqtt.host must be one of those in it",
}
"""Of the numbers in OpenSSL's x509_vfy.h, those that a configuration leads to."""

_ERRORS: Final[dict[type[Exception], str]] = {
    socket.gaierror: "its name can't be resolved: look at mqtt.host, and at the network",
    ConnectionRefusedError: (
        "nothing listens there: does the broker run? look at mqtt.host and mqtt.port"
    ),
    ConnectionResetError: "it closed the connection at once: look at mqtt.port and mqtt.tls",
}
"""What the operating system says."""

_ALERTS: Final[dict[str, str]] = {
    "WRONG_VERSION_NUMBER": "it speaks no TLS at this port: look at mqtt.port and mqtt.tls",
    "RECORD_LAYER_FAILURE": "it speaks no TLS at this port: look at mqtt.port and mqtt.tls",
    "UNEXPECTED_EOF_WHILE_READING": "it speaks no TLS at this port: look at mqtt.port and mqtt.tls",
    "CERTIFICATE_REQUIRED": "it wants a certificate of this device: name it in mqtt.certificate",
    "UNKNOWN_CA": "it doesn't know who signed mqtt.certificate",
    "CERTIFICATE_EXPIRED": "mqtt.certificate has expired, or the broker's clock is wrong",
    "BAD_CERTIFICATE": "it refuses mqtt.certificate",
    "HANDSHAKE_FAILURE": "it and this device have no way of encryption in common",
    "UNSUPPORTED_PROTOCOL": "it speaks only versions of TLS that are no longer safe",
}
"""What the broker, or OpenSSL here, says; the names have a version of TLS before them or not."""

_CODES: Final[dict[int, str]] = {
    0x81: "it doesn't understand what this device says",
    0x82: "it says that this device broke the protocol",
    0x84: 'it doesn\'t speak this version of MQTT: try mqtt.version = "3.1.1", or "5"',
    0x85: "it refuses this name of a client: look at mqtt.client_id",
    0x88: "it says that it is not available just now",
    0x89: "it says that it is busy",
    0x8A: "it has banned this device",
    0x8B: "it is shutting down",
    0x8E: "another program took this one's name: give each an mqtt.client_id of its own",
    0x95: "a message is longer than it takes",
    0x97: "this device sends more than it allows",
    0x9D: "it says that this device should use another one: look at mqtt.host",
    0x9F: "this device connects more often than it allows",
}
"""By the reason codes of MQTT 5; those of 3.1.1 have their counterpart among them."""

_REFUSED: Final = (0x86, 0x87, 0x8C)
"""Bad user name or password, not authorized, bad authentication method."""


def why_unreachable(error: OSError | ValueError, seconds: float) -> str:
    """Why no connection was made, after so many seconds at most."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE.get(
            error.verify_code, f"its certificate can't be trusted: {error.verify_message}"
        )
    if isinstance(error, ssl.SSLError):
        return why_no_tls(error.reason or str(error))
    if isinstance(error, TimeoutError):
        return f"it doesn't answer within {seconds:.0f} s"
    words = (words for kind, words in _ERRORS.items() if isinstance(error, kind))
    return next(words, f"it can't be reached: {getattr(error, 'strerror', None) or error}")


def why_no_tls(told: str) -> str:
    """The same, where OpenSSL says so."""
    told_so = told.upper().replace(" ", "_")
    known = (words for name, words in _ALERTS.items() if name in told_so)
    return next(known, f"no encrypted connection can be made: {told}")


def why_refused(code: int, name: str, config: MqttConfig) -> str:
    """Why the broker refused this device, or ended its connection, by its reason code."""
    if code not in _REFUSED:
        return _CODES.get(code, f"it refuses this device: {name}")
    if not config.user:
        return "it wants to know who this is: write mqtt.user and mqtt.password"
    if not config.password:
        return f"it refuses the user '{config.user}' without a password: name it in mqtt.password"
    return (
        f"it refuses the user '{config.user}': look at mqtt.user, and at the password in "
        f"{config.password}, which mqtt.password names"
    )
