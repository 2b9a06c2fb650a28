"""Draw the picture of the README: a number of the project's own digits, and the number read.

Usage: python docs/picture.py FOLDER    writes number.png and reading.png there
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from tinydigits.annotate import annotate, write_picture
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.config import load_config
from tinydigits.frame import Frame
from tinydigits.reader import Reader
from tinydigits_export.golden import golden_glyphs
from tinydigits_train.draw import draw_frame

NUMBER = "0275314"


def main(folder: Path) -> None:
    """Draw both pictures."""
    glyphs = golden_glyphs()[[int(digit) for digit in NUMBER]]
    luma = draw_frame(glyphs, np.random.default_rng(8), dark=True)
    write_picture(Image.fromarray(luma), folder / "number.png")
    frame = Frame.from_file(folder / "number.png")
    reading = (
        Reader(Classifier.load(DEFAULT_MODEL), max_error=load_config().reader.max_error)
        .read(frame)
        .readings[0]
    )
    write_picture(annotate(frame, reading), folder / "reading.png")
    print(reading.text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
