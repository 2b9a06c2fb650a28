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

from tinydigits.classifier import DEFAULT_MODEL, DIGITS, Classifier
from tinydigits.clock import StageClock
from tinydigits.errors import DataError, PictureError
from tinydigits.frame import Frame
from tinydigits.glyph import Glyph, normalize_glyph
from tinydigits.ink import POLARITIES, Scene
from tinydigits.labels import LabelledPicture, list_pictures
from tinydigits.reader import single_glyph
from tinydigits.single import single_sightings
from tinydigits_train.datasets import NONE, DataSet

_SEEN: Final = 0.5
"""Probability of ``none`` below which the shipped model sees some digit in an ink."""

_NAMED: Final = 3
"""So many of the pictures that were left out are named."""


def load_folder(folder: Path, *, none: bool = False) -> DataSet:
    """The glyphs of a folder of labelled pictures.

    :param none: whether to keep pictures that don't show one whole digit, and to learn from every
        ink in which the digit is seen: what a model that knows ``none`` is asked to tell apart.

    Pictures that can't be decoded, or in which no digit is found, are left out and told on stderr.

    :raises DataError: where the labels can't be understood, or no glyph is left.
    """
    pictures = list_pictures(folder)
    guide = Classifier.load(DEFAULT_MODEL) if none else None
    glyphs: list[Glyph] = []
    used: list[LabelledPicture] = []
    left_out: dict[str, list[str]] = {}
    for picture in tqdm(pictures, "pictures", disable=None):
        found = _glyphs(picture, guide)
        if isinstance(found, str):
            left_out.setdefault(found, []).append(picture.path.name)
            continue
        glyphs += found
        used += [picture] * len(found)
    _tell_left_out(folder, len(pictures), left_out)
    if not used:
        raise DataError(f"{folder}: no picture in it gave a digit")
    labels = np.array([int(picture.digits or NONE) for picture in used], np.int64)
    # a picture without a group is a group of its own
    groups = np.array([picture.group or f"/{picture.path}" for picture in used], np.str_)
    # the path as it was named may tell of a person's home; it would travel in the model's card
    name = f"folder:{folder.resolve().name}"
    return DataSet(
        name,
        np.stack(glyphs),
        labels,
        groups if none or any(picture.group for picture in used) else None,
        by_device=True,
        pictures=tuple(used),
    )


def _glyphs(picture: LabelledPicture, guide: Classifier | None) -> list[Glyph] | str:
    """What is to be learned from a picture, or why there is nothing."""
    if picture.digits not in DIGITS and not (guide and picture.digits is None):
        return "labelled as not one digit"
    try:
        frame = Frame.from_file(picture.path)
    except PictureError:
        return "unreadable"
    if guide:
        glyphs = _in_every_ink(frame, guide, shows_digit=picture.digits is not None)
    else:
        glyph = single_glyph(frame)
        glyphs = [] if glyph is None else [glyph]
    return glyphs or "without a digit"


def _in_every_ink(frame: Frame, guide: Classifier, *, shows_digit: bool) -> list[Glyph]:
    """What the device takes for the digit in each of its inks, each once.

    Of a digit, those in which the guide sees one, whichever; where it sees none, the likeliest.
    Of none, all.
    """
    seen = single_sightings(Scene(frame.luma), POLARITIES, StageClock(), 0.0)
    glyphs = {}
    for _, digit, _ in seen:
        glyph = normalize_glyph(digit.mask)
        glyphs[glyph.tobytes()] = glyph
    found = list(glyphs.values())
    if not (shows_digit and found):
        return found
    none = guide.probabilities(np.stack(found))[:, len(DIGITS) :].sum(axis=1)
    return [found[k] for k in np.flatnonzero(none < _SEEN)] or found[:1]


def _tell_left_out(folder: Path, total: int, left_out: dict[str, list[str]]) -> None:
    if not left_out:
        return
    parts = []
    for reason, names in left_out.items():
        more = ", ..." if len(names) > _NAMED else ""
        parts.append(f"{len(names)} {reason} ({', '.join(names[:_NAMED])}{more})")
    print(f"{folder}: of {total} pictures left out: {'; '.join(parts)}", file=sys.stderr)
