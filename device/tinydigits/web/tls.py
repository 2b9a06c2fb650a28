"""Encryption: the certificate, and its key."""

from __future__ import annotations

import ssl

from tinydigits.errors import ConfigError
from tinydigits.output_tables import WebConfig
from tinydigits.secret import secret_path


def tls_context(config: WebConfig) -> ssl.SSLContext | None:
    """What TLS takes, where it is asked for.

    :raises ConfigError: where it can't be had.
    """
    if not config.certificate:
        if config.key:
            raise ConfigError("web.key is there, but no web.certificate")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate, key = (
        secret_path(config.certificate),
        secret_path(config.key or config.certificate),
    )
    try:
        # without a password it would ask for one on the terminal
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:  # OpenSSL's errors are OSError too
        reason = error.strerror if isinstance(error, FileNotFoundError | PermissionError) else None
        raise ConfigError(
            f"web.certificate: {certificate} and {key}: "
            f"{reason or 'they are no certificate in PEM and its key without a password'}"
        ) from None
    return context
