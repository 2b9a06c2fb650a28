"""A data set as a value: glyphs, what they show, and a hash that names exactly this content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import joblib
import numpy as np
import numpy.typing as npt
from PIL import Image
from tqdm import tqdm

from tinydigits.classifier import DIGITS, NONE_LABEL, DataSource, Glyphs
from tinydigits.glyph import GLYPH_SIZE, normalize_glyph

Labels = npt.NDArray[np.int64]
Groups = npt.NDArray[np.str_]
Indices = npt.NDArray[np.int64]

_ENLARGED: Final = 3
"""A glyph is enlarged so many times before it is cut to one bit, else its edges turn to stairs."""

_HALF_INK: Final = 128
_CHUNK: Final = 500


@dataclass(frozen=True, eq=False)
class DataSet:
    """Glyphs with their labels.

    ``test_start`` is set where the set has an official test part: that of the first test glyph.
    """

    name: str
    glyphs: Glyphs
    """``uint8[N, 28, 28]``, 0 is paper, 255 is ink."""
    labels: Labels
    """``int64[N]``, 0 to 9, and 10 where a glyph is not one whole digit."""
    groups: Groups | None = None
    """``str[N]``: who wrote a digit, or which meter showed it."""
    test_start: int | None = None

    def __post_init__(self) -> None:
        if self.glyphs.shape != (len(self.labels), GLYPH_SIZE, GLYPH_SIZE):
            raise ValueError(f"{len(self.labels)} labels for glyphs of shape {self.glyphs.shape}")

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def sha256(self) -> str:
        """Hash over shapes, glyphs and labels, as 64 hex digits, the same on every machine."""
        digest = hashlib.sha256(repr((self.glyphs.shape, self.labels.shape)).encode())
        digest.update(self.glyphs.tobytes())
        digest.update(self.labels.astype("<i8").tobytes())
        return digest.hexdigest()

    def take(self, indices: Indices) -> DataSet:
        """The part of the set that these indices name, in their order."""
        return replace(
            self,
            glyphs=self.glyphs[indices],
            labels=self.labels[indices],
            groups=None if self.groups is None else self.groups[indices],
            test_start=None,
        )

    def source(self) -> DataSource:
        """What a model card says of this set."""
        return DataSource(self.name, self.sha256, len(self))


def label_names(labels: Labels) -> tuple[str, ...]:
    """The names of the classes that labels are positions of: ten, or eleven where one is 10."""
    return (*DIGITS, NONE_LABEL) if labels.max(initial=0) == len(DIGITS) else DIGITS


def through_device(glyphs: Glyphs, *, progress: bool = False) -> Glyphs:
    """The same digits as the device would see them: cut to one bit, through its own glyph step.

    MNIST's glyphs were centred and scaled by other code, and never brought to one stroke width.
    """
    chunks = [glyphs[first : first + _CHUNK] for first in range(0, len(glyphs), _CHUNK)]
    done = joblib.Parallel(n_jobs=2 if len(chunks) > 1 else 1, return_as="generator")(
        joblib.delayed(_renew)(chunk) for chunk in chunks
    )
    bar = tqdm(done, "glyphs as the device makes them", len(chunks), disable=not progress or None)
    return np.concatenate([glyphs[:0], *bar])


def _renew(glyphs: Glyphs) -> Glyphs:
    return np.stack([normalize_glyph(enlarge(glyph, _ENLARGED) >= _HALF_INK) for glyph in glyphs])


def enlarge(picture: npt.NDArray[np.uint8], times: int) -> npt.NDArray[np.uint8]:
    """A picture enlarged smoothly by a whole number."""
    height, width = picture.shape
    size = (width * times, height * times)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
