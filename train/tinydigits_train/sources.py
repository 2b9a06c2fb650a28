"""Data sets by name, and mixes of them: ``mnist+synthetic:60000*2+folder:PATH``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.datasets import load_digits

from tinydigits.errors import UsageError
from tinydigits.glyph import normalize_glyphs
from tinydigits_train.datasets import DataSet, Member, enlarge, mix
from tinydigits_train.folder import load_folder
from tinydigits_train.mnist import load_mnist
from tinydigits_train.splits import split
from tinydigits_train.synthetic.fonts import find_fonts
from tinydigits_train.synthetic.source import COUNT, NAME, load_synthetic
from tinydigits_train.synthetic.typecase import Typecase

FOLDER_PREFIX: Final = "folder:"
NO_FONTS: Final = "none"
"""In the place of a folder of fonts: digits are drawn by rule alone."""

_BUNDLED_MAX: Final = 16
"""Scikit-learn's digits count ink in 4x4 blocks of a bilevel scan: 0 to 16."""

_BUNDLED_LEVEL: Final = 96
"""Of 255: a stroke one pixel wide in the scan fills a quarter to half of a block."""

_BUNDLED_ENLARGED: Final = 8

_NEXT: Final = re.compile(r"\+(?=mnist|bundled|synthetic|folder:)")
"""Where a mix goes on; a path may hold a plus sign, too."""

_WEIGHT: Final = re.compile(r"\*(\d+(?:\.\d*)?|\.\d+)$")
"""The weight that may follow a name."""

_SYNTHETIC: Final = re.compile(rf"{NAME}(?::(\d{{1,8}}))?")


@dataclass(frozen=True)
class Supplies:
    """What data sets are made from.

    :param data_dir: where the files of MNIST are; the other sets have no use for it.
    :param fonts: a folder of fonts for ``synthetic``, or ``none``; else this machine's.
    :param seed: of what is drawn at random, and of the split.
    """

    data_dir: Path | None = None
    fonts: str | None = None
    seed: int = 0


def load(name: str, supplies: Supplies | None = None) -> DataSet:
    """The data set of this name, or the mix.

    In a mix with ``synthetic`` its scenes show handwriting of MNIST's train part, if that is there,
    and folders give pictures without a digit, too.

    :raises UsageError: where there is no set of this name.
    :raises DataError: where the set is missing, incomplete or not what it claims to be.
    """
    supplies = supplies or Supplies()
    parts = [_weighted(part, name) for part in _NEXT.split(name)]
    names = [part for part, _ in parts]
    if len(set(names)) < len(names):
        raise UsageError(
            f"the mix '{name}' has the same set twice: give it a weight, as in mnist*2"
        )
    none = any(_SYNTHETIC.fullmatch(part) for part in names)
    loaded = {
        part: _load(part, supplies, none=none) for part in names if not _SYNTHETIC.fullmatch(part)
    }
    for part in names:
        if _SYNTHETIC.fullmatch(part):
            loaded[part] = _synthetic(part, supplies, loaded.get("mnist"))
    if len(parts) == 1:
        return loaded[names[0]]
    return mix([Member(loaded[part], weight) for part, weight in parts])


def _weighted(part: str, name: str) -> tuple[str, float]:
    found = _WEIGHT.search(part)
    if not found:
        return part, 1.0
    own, weight = part[: found.start()], float(found[1])
    if not weight:
        raise UsageError(f"the mix '{name}' gives {own} no weight: leave it out")
    return own, weight


def _load(name: str, supplies: Supplies, *, none: bool) -> DataSet:
    if name == "mnist":
        return load_mnist(supplies.data_dir)
    if name == "bundled":
        return load_bundled()
    if name.startswith(FOLDER_PREFIX) and name != FOLDER_PREFIX:
        return load_folder(Path(name.removeprefix(FOLDER_PREFIX)), none=none)
    raise UsageError(
        f"there is no data set '{name}': take mnist, bundled, {NAME}, {NAME}:N or folder:PATH, or "
        "several joined by +"
    )


def _synthetic(name: str, supplies: Supplies, mnist: DataSet | None) -> DataSet:
    found = _SYNTHETIC.fullmatch(name)
    size = int(found[1]) if found and found[1] else COUNT
    if not size:
        raise UsageError(f"'{name}' asks for no glyph at all")
    fonts = supplies.fonts
    files = [] if fonts == NO_FONTS else find_fonts(Path(fonts) if fonts else None)
    if mnist is None:
        return load_synthetic(Typecase(files), supplies.seed, size)
    # no digit that is to measure may be in a scene to learn from
    own = mnist.take(split(mnist, supplies.seed).train)
    return load_synthetic(Typecase(files, own.glyphs, own.labels), supplies.seed, size)


def load_bundled() -> DataSet:
    """The 1,797 digits of 8x8 pixels that come with scikit-learn, in the geometry of glyphs.

    They need no download. A model trained on them alone reads little else, but all the steps can
    be tried with it.
    """
    digits = load_digits()
    # strokes that reach the edge end there: paper around lets them do so when enlarged
    images = np.pad(digits.images, ((0, 0), (1, 1), (1, 1)))
    pictures = np.asarray(images * (255 / _BUNDLED_MAX), np.uint8)
    masks = [enlarge(picture, _BUNDLED_ENLARGED) >= _BUNDLED_LEVEL for picture in pictures]
    labels = np.asarray(digits.target, np.int64)
    return DataSet("bundled", normalize_glyphs(masks), labels)
