"""Labelled pictures of single digits, brought to glyphs by the device's own steps.

How a folder tells its labels, :mod:`tinydigits.labels` says. Pictures of anything but one digit are
left out unless they are asked for: models without a ``none`` class can't learn from them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np
from tqdm import tqdm

from tinydigits.classifier import DIGITS
from tinydigits.errors import DataError, PictureError
from tinydigits.frame import Frame
from tinydigits.glyph import Glyph
from tinydigits.labels import LabelledPicture, list_pictures
from tinydigits.reader import single_glyph
from tinydigits_train.datasets import NONE, DataSet

_NAMED: Final = 3
"""So many of the pictures that were left out are named."""


def load_folder(folder: Path, *, none: bool = False) -> DataSet:
    """The glyphs of a folder of labelled pictures.

    :param none: whether to keep pictures that don't show one whole digit.

    Pictures that can't be decoded, or in which no digit is found, are left out and told on stderr.

    :raises DataError: where the labels can't be understood, or no glyph is left.
    """
    pictures = list_pictures(folder)
    glyphs: list[Glyph] = []
    used: list[LabelledPicture] = []
    left_out: dict[str, list[str]] = {}
    for picture in tqdm(pictures, "pictures", disable=None):
        glyph = _glyph(picture, none=none)
        if isinstance(glyph, str):
            left_out.setdefault(glyph, []).append(picture.path.name)
            continue
        glyphs.append(glyph)
        used.append(picture)
    _tell_left_out(folder, len(pictures), left_out)
    if not used:
        raise DataError(f"{folder}: no picture in it gave a digit")
    labels = np.array([int(picture.digits or NONE) for picture in used], np.int64)
    groups = None
    if any(picture.group is not None for picture in used):
        # a picture without a group is a group of its own
        groups = np.array([picture.group or f"/{i}" for i, picture in enumerate(used)], np.str_)
    # the path as it was named may tell of a person's home; it would travel in the model's card
    name = f"folder:{folder.resolve().name}"
    return DataSet(name, np.stack(glyphs), labels, groups, by_device=True)


def _glyph(picture: LabelledPicture, *, none: bool) -> Glyph | str:
    """The glyph, or why there is none."""
    if picture.digits not in DIGITS and not (none and picture.digits is None):
        return "labelled as not one digit"
    try:
        glyph = single_glyph(Frame.from_file(picture.path))
    except PictureError:
        return "unreadable"
    return "without a digit" if glyph is None else glyph


def _tell_left_out(folder: Path, total: int, left_out: dict[str, list[str]]) -> None:
    if not left_out:
        return
    parts = []
    for reason, names in left_out.items():
        more = ", ..." if len(names) > _NAMED else ""
        parts.append(f"{len(names)} {reason} ({', '.join(names[:_NAMED])}{more})")
    print(f"{folder}: of {total} pictures left out: {'; '.join(parts)}", file=sys.stderr)
