"""Draw what the camera without hardware shows: draw.py FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from drawing import on_paper, photographed, written

NUMBERS: Final = {"picture": "2706", "next": "2707", "other": "9315"}
"""By the names that tests/faulty/picamera2.py has for them."""


def main() -> None:
    """Numbers of four digits, on papers of one size: a camera's frames have one."""
    folder = Path(sys.argv[1])
    folder.mkdir()
    papers = {name: on_paper(written(number, 3), 60) > 0 for name, number in NUMBERS.items()}
    height, width = np.max([paper.shape for paper in papers.values()], axis=0)
    for name, ink in papers.items():
        paper = np.pad(ink, ((0, height - ink.shape[0]), (0, width - ink.shape[1])))
        picture = photographed(paper, gradient=(30, -20), noise=3)
        Image.fromarray(picture).save(folder / f"{name}.png")


if __name__ == "__main__":
    main()
