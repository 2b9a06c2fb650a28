"""One crop as a file: a small grey PNG that carries in a text chunk what is known of it."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np
from PIL import Image, PngImagePlugin

from tinydigits.frame import Luma
from tinydigits.learn.png import to_png

Why = Literal["unsure", "rejected", "contradicted"]

MAX_SIDE: Final = 128
"""Pixels of a crop's longer side; larger ones are averaged down. The ink of a digit is made for a
glyph of 28: a few times that loses nothing, and takes 10 kB at most."""

NAME: Final = re.compile(r"\d{8}-\d{6}-\d{3}-[a-z0-9-]+\.png")
"""What the program's own crops are called; files of other names are never deleted."""

_KEYWORD: Final = "tinydigits"
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_HEAD_BYTES: Final = 4096
"""Of a file, in which its text is looked for: it comes before the picture."""

_MAX_SLUG: Final = 40
_FRAME_PART: Final = len("20261123-101500-250")
"""Characters of a name that say when the frame was taken."""


class Note(msgspec.Struct, frozen=True):
    """What is known of a crop: where it was read, as what, how surely, when, and why it was kept.

    ``place`` counts from 1; ``read`` is a digit, or empty where none was seen; ``wall`` is the
    frame's, in seconds on the Unix clock.
    """

    region: str
    place: int
    read: str
    confidence: float
    wall: float
    why: Why


def crop_name(note: Note) -> str:
    """A file name that sorts by time, in UTC: ``20261123-101500-250-frame-3.png``."""
    seconds, milliseconds = divmod(max(0, round(1000 * note.wall)), 1000)
    taken = time.strftime("%Y%m%d-%H%M%S", time.gmtime(seconds))
    slug = re.sub(r"[^a-z0-9]+", "-", note.region.lower())[:_MAX_SLUG].strip("-") or "region"
    return f"{taken}-{milliseconds:03d}-{slug}-{note.place}.png"


def frame_of(name: str) -> str:
    """What crops of one frame have in common: they share its light, and belong together."""
    return name[:_FRAME_PART] if NAME.fullmatch(name) else ""


def to_crop(luma: Luma, note: Note | None = None) -> bytes:
    """A grey PNG of a crop, averaged down where it is large, with the note in a text chunk."""
    height, width = luma.shape
    longer = max(height, width)
    if longer > MAX_SIDE:
        size = tuple(max(1, round(side * MAX_SIDE / longer)) for side in (width, height))
        image = Image.fromarray(np.ascontiguousarray(luma)).resize(size, Image.Resampling.BOX)
        luma = np.asarray(image)
    text = PngImagePlugin.PngInfo()
    if note:
        text.add_itxt(_KEYWORD, msgspec.json.encode(note).decode())
    return to_png(luma, text)


def read_note(path: Path) -> Note | None:
    """The note that a file carries; ``None`` where it has none, or can't be read."""
    try:
        with path.open("rb") as file:
            return note_in(file.read(_HEAD_BYTES))
    except OSError:
        return None


def note_in(head: bytes) -> Note | None:
    """The note in the beginning of a file: PNG specification, 5.3 and 11.3.3.4."""
    at = len(_SIGNATURE)
    while head.startswith(_SIGNATURE) and at + 8 <= len(head):
        length, kind = int.from_bytes(head[at : at + 4]), head[at + 4 : at + 8]
        # uncompressed, without a language or a translated keyword: five zeros in all
        keyword, _, text = head[at + 8 : at + 8 + length].partition(b"\0\0\0\0\0")
        if kind == b"iTXt" and keyword == _KEYWORD.encode():
            with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                return msgspec.json.decode(text, type=Note)
            return None
        at += 12 + length
    return None
