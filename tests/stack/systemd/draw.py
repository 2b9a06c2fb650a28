"""Draw what the camera without hardware shows: draw.py FILE."""

from __future__ import annotations

import sys

from PIL import Image

from drawing import on_paper, photographed, written

NUMBER = "2706"


def main() -> None:
    """A number of four digits."""
    paper = on_paper(written(NUMBER, 3), 60)
    Image.fromarray(photographed(paper > 0, gradient=(30, -20), noise=3)).save(sys.argv[1])


if __name__ == "__main__":
    main()
