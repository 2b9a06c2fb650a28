"""A camera in the network that gives its picture at an address."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from typing import Final, Self

from tinydigits.camera.errand import Errand
from tinydigits.camera.snapshot import Address, Snapshots
from tinydigits.camera.trouble import Trouble
from tinydigits.config import UrlConfig
from tinydigits.errors import CameraError, ConfigError, PictureError
from tinydigits.frame import Frame
from tinydigits.secret import read_secret, secret_path

_GLANCE: Final = 0.5
"""Seconds to wait for a picture before looking around."""


class UrlCamera:
    """Pictures from an ``http`` or ``https`` address, one after the other.

    What goes wrong is a gap, told in the log once and tried again ever more rarely: cameras restart
    and networks go away. Only a configuration that can never work is an error.
    """

    is_idle = False

    def __init__(self, config: UrlConfig) -> None:
        self._config = config
        self._snapshots: Snapshots | None = None
        self._errand: Errand[bytes] | None = None
        self.trouble = Trouble()

    def __enter__(self) -> Self:
        config = self._config
        self._snapshots = Snapshots(
            Address(config.address),
            read_credentials(config.credentials) if config.credentials else "",
            _context(config.certificate),
            config.timeout,
            config.max_bytes,
        )
        return self

    def __exit__(self, *reason: object) -> None:
        # a fetch that is under way ends by itself, at its deadline
        self._snapshots = None
        self._errand = None

    def frames(self) -> Iterator[Frame | None]:
        """A frame for every picture; ``None`` while there is none."""
        sequence = 0
        while self._snapshots:
            frame = self._frame(self._snapshots, sequence)
            yield frame
            sequence += frame is not None

    def _frame(self, snapshots: Snapshots, sequence: int) -> Frame | None:
        if not self._errand:
            if self.trouble.pausing:
                return None
            self._errand = Errand(snapshots.fetch)
        try:
            content = self._errand.result(_GLANCE)
            frame = Frame.from_bytes(content, str(snapshots.address), sequence)
        except TimeoutError:
            return None
        except (CameraError, PictureError) as error:
            self._errand = None
            self.trouble.failed(error)
            return None
        self._errand = None
        self.trouble.over()
        return frame


def read_credentials(name: str) -> str:
    """The header that a file with ``user:password`` in its first line asks for.

    :raises ConfigError: where there is no such file, or no colon in it.
    """
    key = "camera.url.credentials"
    line = read_secret(key, name)
    if ":" not in line:
        raise ConfigError(f"{key}: {secret_path(name)}: its first line is not user:password")
    return "Basic " + base64.b64encode(line.encode()).decode()


def _context(certificate: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=certificate or None)
    except (OSError, ValueError) as error:  # OpenSSL's errors are OSError too
        reason = getattr(error, "strerror", None) or "it is no certificate in PEM"
        raise ConfigError(f"camera.url.certificate: {certificate}: {reason}") from error
