"""A data set as a value: glyphs, what they show, and a hash that names exactly this content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import joblib
import numpy as np
import numpy.typing as npt
from PIL import Image
from tqdm import tqdm

from tinydigits.classifier import DIGITS, NONE_LABEL, DataSource, Glyphs
from tinydigits.glyph import GLYPH_SIZE, normalize_glyph
from tinydigits.labels import LabelledPicture
from tinydigits_train.room import PIECE, joined, release

if TYPE_CHECKING:
    from tinydigits_train.synthetic.scenes import Scenery

Labels = npt.NDArray[np.int64]
Groups = npt.NDArray[np.str_]
Indices = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]

_ENLARGED: Final = 3
"""A glyph is enlarged so many times before it is cut to one bit, else its edges turn to stairs."""

_HALF_INK: Final = 128
_CHUNK: Final = 500

NONE: Final = len(DIGITS)
"""The label of a glyph that is not one whole digit: the class that cards call ``none``."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """Glyphs with their labels.

    ``test_start`` is set where the set has an official test part: that of the first test glyph.
    """

    name: str
    glyphs: Glyphs
    """``uint8[N, 28, 28]``, 0 is paper, 255 is ink."""
    labels: Labels
    """``int64[N]``, 0 to 9, and :data:`NONE` for what is not one whole digit."""
    groups: Groups | None = None
    """``str[N]``: who wrote a digit, or which meter showed it."""
    test_start: int | None = None
    folds: Indices | None = None
    """``int64[N]``, 0 to 4, where the set itself says what stays together: fold 0 is the test part,
    fold 1 the validation part."""
    kinds: Groups | None = None
    """``str[N]``: what reports tell apart, as kinds of scenes are."""
    by_device: bool = False
    """Whether the device's own steps made all glyphs from pictures."""
    pictures: tuple[LabelledPicture, ...] = ()
    """Which picture each glyph is of, where the set is made of labelled pictures."""
    scenery: Scenery | None = None
    """The scenes that the glyphs are of, where these were made up."""
    members: tuple[Member, ...] = ()
    """The sets that this one is a mix of, in order; none where it is no mix."""

    def __post_init__(self) -> None:
        if self.glyphs.shape != (len(self.labels), GLYPH_SIZE, GLYPH_SIZE):
            raise ValueError(f"{len(self.labels)} labels for glyphs of shape {self.glyphs.shape}")

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def sha256(self) -> str:
        """Hash over shapes, glyphs and labels, as 64 hex digits, the same on every machine."""
        digest = hashlib.sha256(repr((self.glyphs.shape, self.labels.shape)).encode())
        for first in range(0, len(self), PIECE):
            digest.update(self.glyphs[first : first + PIECE].tobytes())
            release(self.glyphs)
        digest.update(self.labels.astype("<i8").tobytes())
        return digest.hexdigest()

    @property
    def weights(self) -> Weights:
        """``float64[N]``: what each glyph weighs in a fit."""
        members = self.members or (Member(self),)
        return np.repeat([member.weight for member in members], [len(m.dataset) for m in members])

    @property
    def made_by_device(self) -> npt.NDArray[np.bool_]:
        """``bool[N]``: which glyphs the device's own steps made."""
        members = self.members or (Member(self),)
        return np.repeat([m.dataset.by_device for m in members], [len(m.dataset) for m in members])

    def take(self, indices: Indices) -> DataSet:
        """The part of the set that these indices name, in their order; no mix any more."""
        return replace(
            self,
            glyphs=self.glyphs[indices],
            labels=self.labels[indices],
            groups=None if self.groups is None else self.groups[indices],
            folds=None if self.folds is None else self.folds[indices],
            kinds=None if self.kinds is None else self.kinds[indices],
            pictures=tuple(self.pictures[k] for k in indices.tolist()) if self.pictures else (),
            test_start=None,
            members=(),
        )

    def source(self) -> DataSource:
        """What a model card says of this set."""
        return DataSource(self.name, self.sha256, len(self))

    def sources(self) -> tuple[DataSource, ...]:
        """What a model card says of this set, or of those that it is a mix of."""
        return tuple(m.dataset.source() for m in self.members) or (self.source(),)


@dataclass(frozen=True, eq=False)
class Member:
    """A set in a mix, and what each of its glyphs weighs in a fit."""

    dataset: DataSet
    weight: float = 1.0


def mix(members: Sequence[Member]) -> DataSet:
    """Several sets as one, one after the other.

    What reports tell apart are the sets, and the kinds within them.
    """
    kinds = [_kinds(member.dataset) for member in members]
    return DataSet(
        "+".join(member.dataset.name for member in members),
        joined([member.dataset.glyphs for member in members]),
        np.concatenate([member.dataset.labels for member in members]),
        kinds=np.concatenate(kinds),
        by_device=all(member.dataset.by_device for member in members),
        scenery=next((m.dataset.scenery for m in members if m.dataset.scenery), None),
        members=tuple(members),
    )


def _kinds(dataset: DataSet) -> Groups:
    if dataset.kinds is None:
        return np.full(len(dataset), dataset.name)
    return np.array([f"{dataset.name} {kind}" for kind in dataset.kinds.tolist()])


def label_names(labels: Labels) -> tuple[str, ...]:
    """The names of the classes that labels are positions of: ten, or eleven where one is 10."""
    return (*DIGITS, NONE_LABEL) if labels.max(initial=0) == NONE else DIGITS


def through_device(glyphs: Glyphs, *, progress: bool = False) -> Glyphs:
    """The same digits as the device would see them: cut to one bit, through its own glyph step.

    MNIST's glyphs were centred and scaled by other code, and never brought to one stroke width.
    """
    chunks = [glyphs[first : first + _CHUNK] for first in range(0, len(glyphs), _CHUNK)]
    done = joblib.Parallel(n_jobs=2 if len(chunks) > 1 else 1, return_as="generator")(
        joblib.delayed(_renew)(chunk) for chunk in chunks
    )
    bar = tqdm(done, "glyphs as the device makes them", len(chunks), disable=not progress or None)
    return joined([glyphs[:0], *bar])


def device_view(dataset: DataSet, *, progress: bool = False) -> Glyphs:
    """The glyphs of a set as the device would make them, made anew where it didn't."""
    if dataset.by_device:
        return dataset.glyphs
    if not dataset.members:
        return through_device(dataset.glyphs, progress=progress)
    views = [device_view(member.dataset, progress=progress) for member in dataset.members]
    return joined(views)


def _renew(glyphs: Glyphs) -> Glyphs:
    return np.stack([normalize_glyph(enlarge(glyph, _ENLARGED) >= _HALF_INK) for glyph in glyphs])


def enlarge(picture: npt.NDArray[np.uint8], times: int) -> npt.NDArray[np.uint8]:
    """A picture enlarged smoothly by a whole number."""
    height, width = picture.shape
    size = (width * times, height * times)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
