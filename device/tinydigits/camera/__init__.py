"""Where frames come from: every source is a :class:`Camera`, and none is special."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self

from tinydigits.camera.files import FilesCamera, find_pictures
from tinydigits.camera.trouble import Trouble
from tinydigits.config import CameraConfig, Table
from tinydigits.errors import UsageError
from tinydigits.frame import Frame

__all__ = ["Camera", "FilesCamera", "find_pictures", "make_camera", "parse_source"]


class Camera(Protocol):
    """A source of frames, open from entering it until leaving it."""

    @property
    def is_idle(self) -> bool:
        """Whether it is right that there is no frame, as where nobody has dropped a picture."""

    @property
    def trouble(self) -> Trouble:
        """What keeps it from giving frames."""

    def __enter__(self) -> Self:
        """Open it; :class:`CameraError` where that can't be done."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""

    def frames(self) -> Iterator[Frame | None]:
        """The frames as they come, each numbered one higher than the one before.

        ``None`` where there is none at the moment, so that whoever waits can look around; that is
        at least once a second.
        """


def make_camera(config: CameraConfig) -> Camera:
    """The camera that the configuration asks for, not open yet.

    :raises UsageError: where it doesn't say what to read.
    """
    # each source is imported where it is used, as HTTP alone takes 2 MB and 40 ms
    match config.source:
        case "picamera2":
            from tinydigits.camera.picamera2 import Picamera2Camera  # noqa: PLC0415

            return Picamera2Camera(config.picamera2)
        case "url":
            from tinydigits.camera.url import UrlCamera  # noqa: PLC0415

            _must_say(config.url.address, "camera.url.address")
            return UrlCamera(config.url)
        case "watch":
            from tinydigits.camera.watch import WatchCamera  # noqa: PLC0415

            _must_say(config.path, "camera.path")
            return WatchCamera(config.path, delete_after=config.delete_after)
        case "files":
            _must_say(config.path, "camera.path")
            return FilesCamera(config.path, loop=config.loop)


def _must_say(value: str, key: str) -> None:
    if not value:
        raise UsageError(f"there is nothing to read: give --source, or {key} in the config")


def parse_source(text: str) -> Table:
    """What ``--source`` says, as changes to the table ``camera`` of the configuration.

    A path means files, ``http://`` and ``https://`` a URL, ``watch:FOLDER`` a folder to watch, and
    ``picamera2`` or ``picamera2:NAME`` a camera. A file of such a name is ``./picamera2``.
    """
    kind, colon, rest = text.partition(":")
    if kind.lower() in {"http", "https"} and rest.startswith("//"):
        return {"source": "url", "url": {"address": text}}
    if kind == "watch" and colon:
        return {"source": "watch", "path": rest}
    if kind == "picamera2":
        return {"source": "picamera2"} | ({"picamera2": {"camera": rest}} if colon else {})
    return {"source": "files", "path": text}
