"""Read pictures and glyphs, and write down all that came of it: look.py FOLDER FILE.

Runs on both machines with the same folder, which given.py makes, so it takes nothing but the
device's package and its libraries.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final
from unittest.mock import patch

import msgspec
import numpy as np

from tinydigits.bench.machine import Machine
from tinydigits.classifier import Classifier, Glyphs, Probabilities
from tinydigits.frame import Frame
from tinydigits.memory import Memory
from tinydigits.reader import Reader, single_glyph

MAX_ERROR: Final = 0.02
"""As `tinydigits read` has it."""

SHIPPED: Final = "shipped"

SOME: Final = 5
"""Every which picture the other models read: seconds matter on an emulated processor."""


class Look(msgspec.Struct, frozen=True):
    """What was read in a picture with a model.

    ``pixels`` is the SHA-256 of the frame's brightness, ``glyphs`` that of all glyphs that the
    model was asked about, in their order, ``count`` how many these were.
    """

    text: str
    rejected: bool
    boxes: tuple[tuple[int, int, int, int], ...]
    probabilities: tuple[tuple[float, ...], ...]
    pixels: str
    glyphs: str
    count: int


class Looks(msgspec.Struct, frozen=True):
    """All of it: pictures by their names and models, and glyphs by models."""

    machine: Machine
    pictures: dict[str, Look]
    glyphs: dict[str, tuple[tuple[float, ...], ...]]


@contextmanager
def listening(classifier: Classifier) -> Iterator[list[Glyphs]]:
    """The glyphs that a model is asked about meanwhile."""
    heard: list[Glyphs] = []
    ask = classifier.probabilities

    def probabilities(glyphs: Glyphs) -> Probabilities:
        heard.append(glyphs.copy())
        return ask(glyphs)

    with patch.object(classifier, "probabilities", probabilities):
        yield heard


def look(classifier: Classifier, path: Path, memory: Memory | None) -> Look:
    """Read a picture, of several digits or of a single one, as its name says."""
    frame = Frame.from_file(path)
    digits = 1 if path.stem.startswith("single") else None
    reader = Reader(classifier, digits=digits, max_error=MAX_ERROR, memory=memory)
    with listening(classifier) as heard:
        reading = reader.read(frame).readings[0]
    if digits == 1:
        found = single_glyph(frame)
        heard += [] if found is None else [found[None]]
    glyphs = np.concatenate([np.zeros((0, 28, 28), np.uint8), *heard])
    return Look(
        text=reading.text,
        rejected=reading.rejected,
        boxes=tuple(digit.box for digit in reading.digits),
        probabilities=tuple(digit.probability for digit in reading.digits),
        pixels=sha256(frame.luma.tobytes()).hexdigest(),
        glyphs=sha256(glyphs.tobytes()).hexdigest(),
        count=len(glyphs),
    )


def looks(classifier: Classifier, pictures: list[Path]) -> Iterator[tuple[str, Look]]:
    """Each picture by itself, and the first one again by a reader that remembers it."""
    for picture in pictures:
        yield picture.name, look(classifier, picture, None)
    memory = Memory()
    for time in ("first", "second"):
        yield f"{pictures[0].name}, {time}", look(classifier, pictures[0], memory)


def main() -> None:
    """Look at everything with the model that ships, and at some of it with the others."""
    folder, file = map(Path, sys.argv[1:])
    glyphs = np.load(folder / "glyphs.npy")
    pictures = sorted((folder / "pictures").iterdir())
    seen: dict[str, Look] = {}
    asked = {}
    for path in sorted((folder / "models").iterdir()):
        classifier = Classifier.load(path)
        found = classifier.probabilities(glyphs)
        asked[path.stem] = tuple(tuple(map(float, row)) for row in found)
        some = pictures if path.stem == SHIPPED else pictures[::SOME]
        seen |= {f"{path.stem}: {name}": look for name, look in looks(classifier, some)}
    file.write_bytes(msgspec.json.encode(Looks(Machine.this(), seen, asked)))


if __name__ == "__main__":
    main()
