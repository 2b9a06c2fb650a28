"""A folder of crops: pictures of single digits, kept to be labelled and learned from.

It is at once a data set: ``tinydigits-train fit --data folder:FOLDER`` takes what has a label. Any
folder of pictures will do; only those that the program made itself does it ever delete.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from tinydigits.errors import DataError, OutputError, UsageError
from tinydigits.files import TEMPORARY, atomic_write, make_folder, printable
from tinydigits.frame import Frame, Luma
from tinydigits.learn.crop_file import NAME, Note, Why, crop_name, frame_of, read_note, to_crop
from tinydigits.learn.crop_labels import Labels, changing

SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})
"""Of pictures that are shown and labelled."""

_MAX_NAME: Final = 255
"""Bytes of a file's name, as Linux has it."""

MAX_REGION: Final = 100
"""Characters of a region's name that a crop remembers."""

MAX_FILES: Final = 100_000
"""Pictures of a folder that are looked at."""


class Crop(msgspec.Struct, frozen=True):
    """A picture of one digit.

    ``name`` is its file's; ``label`` is 0 to 9, ``none``, or ``None`` while nobody has said.
    ``place`` counts from 1; ``read`` is what was read, empty for nothing; ``wall`` are seconds on
    the Unix clock. A picture that is none of the program's own has no ``region``, and ``why`` is
    empty.
    """

    name: str
    label: str | None
    region: str
    place: int
    read: str
    confidence: float
    wall: float
    why: Why | None


class Crops:
    """The crops in a folder, which needn't be there yet. Several programs may work in it at once.

    :param max_files: crops of our own that :meth:`keep` keeps at most, and
    :param max_bytes: how large they may be together.
    """

    def __init__(self, folder: Path, *, max_files: int = MAX_FILES, max_bytes: int = 10**9) -> None:
        self._folder = folder
        self._max_files = max_files
        self._max_bytes = max_bytes
        self._labels = Labels(folder)
        self._notes: dict[str, Note | None] = {}

    def picture(self, name: str) -> bytes:
        """A picture as PNG.

        :raises UsageError: where there is no such crop.
        :raises PictureError: where it can't be decoded.
        """
        path = self._path(name)
        if self._note(path):
            with contextlib.suppress(OSError):
                return path.read_bytes()
        return to_crop(self.luma(name))

    def luma(self, name: str) -> Luma:
        """A picture as brightness, ``uint8[H, W]``.

        :raises UsageError: where there is no such crop.
        :raises PictureError: where it can't be decoded.
        """
        return Frame.from_file(self._path(name)).luma

    def label(self, name: str, label: str | None) -> None:
        """Say what a crop shows: 0 to 9 or ``none``; ``None`` takes back what was said.

        :raises UsageError: where there is no such crop or label.
        :raises DataError: where the labels of the folder can't be understood.
        :raises OutputError: where they can't be written.
        """
        self._path(name)
        with changing(self._folder):
            self._path(name)  # its place may just have been needed
            self._labels.set(name, label, frame_of(name))

    def keep(self, luma: Luma, note: Note) -> str | None:
        """Add a crop; the oldest without a label make room for it.

        :returns: its name; ``None`` where there is no room, as all there are have a label.
        :raises DataError: where the labels can't be understood: none may be lost.
        :raises OutputError: where it can't be written.
        """
        note = replace(note, region=note.region[:MAX_REGION])
        content = to_crop(luma, note)
        make_folder(self._folder)
        try:
            with changing(self._folder):
                self._remove_left_over()
                if not self._make_room(len(content)):
                    return None
                name = self._free_name(note)
                atomic_write(self._folder / name, content)
                return name
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(
                f"the folder {self._folder} can't be changed: {error.strerror}"
            ) from error

    def list(self) -> builtins.list[Crop]:
        """All crops, the oldest of our own first.

        :raises DataError: where the labels can't be understood.
        """
        labels = self._labels.all()
        found = {path.name: path for path in self._pictures()}
        self._notes = {name: note for name, note in self._notes.items() if name in found}
        return [_crop(path, self._note(path), labels) for _, path in sorted(found.items())]

    def _pictures(self) -> Iterator[Path]:
        """Picture files, no hidden ones."""
        try:
            for count, path in enumerate(self._folder.iterdir()):
                if count >= MAX_FILES:
                    return
                if path.suffix.lower() in SUFFIXES and path.name[0] != "." and path.is_file():
                    yield path
        except FileNotFoundError:
            return
        except OSError as error:
            raise DataError(f"{self._folder}: it can't be read: {error.strerror}") from error

    def _path(self, name: str) -> Path:
        path = self._folder / name
        is_name = path.name == name and name[0] != "." and path.suffix.lower() in SUFFIXES
        # is_file is False for a name with a NUL, and fails for one that is too long
        if not is_name or len(os.fsencode(name)) > _MAX_NAME or not path.is_file():
            raise UsageError(f"there is no crop '{printable(name):.100}'")
        return path

    def _note(self, path: Path) -> Note | None:
        """What is known of a picture; ``None`` where it is none of our own."""
        if path.name not in self._notes and NAME.fullmatch(path.name):
            self._notes[path.name] = read_note(path)
        return self._notes.get(path.name)

    def _make_room(self, size: int) -> bool:
        """Delete the oldest crops of our own that have no label; whether that is enough."""
        own = [path for path in sorted(self._pictures()) if self._note(path)]
        sizes = {path: path.stat().st_size for path in own}
        files, used = len(own), sum(sizes.values())
        if files < self._max_files and used + size <= self._max_bytes:
            return True
        labels = self._labels.all()
        for path in own:
            if files < self._max_files and used + size <= self._max_bytes:
                break
            if path.name not in labels:
                path.unlink(missing_ok=True)
                files, used = files - 1, used - sizes[path]
        return files < self._max_files and used + size <= self._max_bytes

    def _free_name(self, note: Note) -> str:
        name = crop_name(note)
        again = 1
        while (self._folder / name).exists():
            again += 1
            name = f"{crop_name(note).removesuffix('.png')}-{again}.png"
        return name

    def _remove_left_over(self) -> None:
        """Remove what a power failure left of files that were being written."""
        for path in self._folder.glob(".*.tmp"):
            if re.fullmatch(TEMPORARY, path.name):
                path.unlink(missing_ok=True)


def _crop(path: Path, note: Note | None, labels: Mapping[str, str]) -> Crop:
    label = labels.get(path.name)
    if note:
        return Crop(path.name, label, *(getattr(note, name) for name in note.__struct_fields__))
    try:
        wall = path.stat().st_mtime
    except OSError:  # it is gone by now
        wall = 0.0
    return Crop(path.name, label, "", 0, "", 0.0, wall, None)
