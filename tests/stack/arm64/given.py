"""Draw what both machines read: given.py FOLDER.

Pictures as camera frames, kept in formats with and without loss, and glyphs; where TINYDIGITS_DATA
names a folder with MNIST, some of its test images too.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from drawing import Labels, on_paper, photographed, seven_segment, tilted, typed, written
from tinydigits.bench.inputs import drawn_frames, drawn_glyphs
from tinydigits.classifier import DEFAULT_MODEL, Classifier, Glyphs
from tinydigits.frame import Luma
from tinydigits_train.idx import MD5, find_mnist_file, read_mnist_file

_, _, TEST_IMAGES, _ = MD5

NUMBERS: Final[dict[str, Labels]] = {
    "written": written("2706", 2),
    "typed": typed("58.31\n9407", 48),
    "segments": seven_segment("80465", 60, 0.08),
    "tilted": tilted(typed("13795", 40), 2.5),
    "single-written": written("5", 3),
    "single-typed": typed("8", 64),
    "single-segments": seven_segment("2", 80, 0.08),
}
"""Those of which the name says so are read as single digits."""

IMAGES: Final = 1000
"""Of MNIST's: seconds matter on an emulated processor."""


def frames() -> dict[str, Luma]:
    """Numbers on paper, dark ones and light ones, and frames as the benchmark has them."""
    shown: dict[str, Luma] = {}
    for seed, (name, number) in enumerate(NUMBERS.items()):
        paper, contrast = (190, -110) if seed % 2 == 0 else (70, 110)
        shown[name] = photographed(
            on_paper(number, 24),
            paper=paper,
            contrast=contrast,
            gradient=(30, -20),
            noise=4,
            seed=seed,
        )
    card = Classifier.load(DEFAULT_MODEL).card
    shown |= {"frame": drawn_frames(card, (320, 240), 5).frames[0]}
    return shown


def glyphs(data: Path) -> Glyphs:
    """The golden glyphs of the model that ships, moved about, and MNIST's."""
    drawn = drawn_glyphs(Classifier.load(DEFAULT_MODEL).card).glyphs
    folder = data / "mnist"
    if find_mnist_file(folder, TEST_IMAGES) is None:
        return drawn
    return np.concatenate([drawn, read_mnist_file(folder, TEST_IMAGES)[:IMAGES]])


def main() -> None:
    """Write everything."""
    folder = Path(sys.argv[1])
    pictures = folder / "pictures"
    pictures.mkdir()
    for name, luma in frames().items():
        image = Image.fromarray(luma)
        image.save(pictures / f"{name}.png")
        image.convert("RGB").save(pictures / f"{name}.jpg", quality=85)
    np.save(folder / "glyphs.npy", glyphs(Path(os.environ.get("TINYDIGITS_DATA", ""))))


if __name__ == "__main__":
    main()
