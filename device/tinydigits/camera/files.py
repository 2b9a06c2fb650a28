"""Pictures on disk in the place of a camera."""

from __future__ import annotations

import glob
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from tinydigits.camera.trouble import Trouble
from tinydigits.errors import CameraError, PictureError
from tinydigits.frame import Frame

log = logging.getLogger(__name__)

SUFFIXES: Final = frozenset(
    [
        *(".avif", ".bmp", ".dib", ".gif", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg"),
        *(".pbm", ".pcx", ".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"),
    ]
)
"""Of picture files that are looked for in folders; a file that is named may be of any kind. Asking
Pillow for what it knows would load all of its formats, and 4 MiB of memory with them."""

_WILDCARDS: Final = frozenset("*?[")


class FilesCamera:
    """One picture, a folder of them, or a pattern like ``a/*.png``.

    The pictures come sorted by name, once or over and over; each round looks anew which there are,
    and a round in which none can be read is no more than a gap, as another program may just be
    writing them. A picture that can't be read is passed over, and told in the log the first time.
    """

    is_idle = False

    def __init__(self, pattern: str, *, loop: bool = False) -> None:
        self.trouble = Trouble()
        self._pattern = pattern
        self._loop = loop
        self._paths: list[Path] = []

    def __enter__(self) -> Self:
        self._paths = find_pictures(self._pattern)
        return self

    def __exit__(self, *reason: object) -> None:
        self._paths = []

    def frames(self) -> Iterator[Frame | None]:
        """A frame for every picture that can be read."""
        sequence = 0
        failed: set[Path] = set()
        while True:
            before = sequence
            for path in self._paths:
                try:
                    frame = Frame.from_file(path, sequence)
                except PictureError as error:
                    if path not in failed:
                        log.warning("picture passed over: %s", error)
                        failed.add(path)
                    continue
                failed.discard(path)
                yield frame
                sequence += 1
            if not self._loop:
                return
            if not sequence:
                raise CameraError(f"{self._pattern}: none of these pictures can be read")
            if sequence == before:
                yield None
            self._paths = self._look_again()
            failed.intersection_update(self._paths)

    def _look_again(self) -> list[Path]:
        try:
            return find_pictures(self._pattern)
        except CameraError:
            return []


def find_pictures(pattern: str) -> list[Path]:
    """The picture files that a path, a folder or a pattern names, sorted; no hidden ones.

    :raises CameraError: where there are none.
    """
    path = Path(pattern)
    try:
        if path.is_dir():
            paths, missing = pictures_in(path), "there is no picture in this folder"
        elif path.exists():  # before the wildcards: a camera may well call a file "1 [2].jpg"
            paths, missing = [path], ""
        elif _WILDCARDS.intersection(pattern):
            names = glob.glob(pattern, recursive=True)  # noqa: PTH207  patterns may be absolute
            paths, missing = [p for p in map(Path, names) if p.is_file()], "no file matches"
        else:
            paths, missing = [], "there is no such file or folder"
    except OSError as error:
        raise CameraError(f"{pattern}: it can't be read: {error.strerror}") from error
    except ValueError as error:  # a name with a NUL
        raise CameraError(f"{pattern}: it can't be read: {error}") from error
    if not paths:
        raise CameraError(f"{pattern}: {missing}")
    return sorted(paths)


def pictures_in(folder: Path) -> list[Path]:
    """The files in a folder with a picture's suffix, in no order; no hidden ones."""
    shown = (p for p in folder.iterdir() if not p.name.startswith("."))
    return [p for p in shown if p.suffix.lower() in SUFFIXES and p.is_file()]
