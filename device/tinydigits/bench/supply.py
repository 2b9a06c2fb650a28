"""What runners are asked about, put into files that all their processes map into memory."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from tinydigits.bench.candidates import Candidate
from tinydigits.bench.inputs import (
    FrameSet,
    GlyphSet,
    drawn_frames,
    drawn_glyphs,
    hold_room,
    pictured_frames,
    pictured_glyphs,
)
from tinydigits.bench.messages import Give
from tinydigits.bench.plan import Round
from tinydigits.bench.systems import OwnReader
from tinydigits.classifier import Classifier
from tinydigits.errors import DataError, OutputError
from tinydigits.reader import Reader


class Supply:
    """Writes into a folder what is asked about.

    :param pictures: a folder with labelled pictures; ``None`` where they are to be drawn.
    """

    def __init__(self, folder: Path, models: Sequence[Candidate], pictures: Path | None) -> None:
        self._folder = folder
        self._models = models
        self._pictures = pictures
        self._pictured = cache(pictured_frames)
        self._pictured_glyphs = cache(pictured_glyphs)

    def check(self, asked: Round) -> None:
        """See to it that there will be something to give, before any process is started.

        :raises DataError: where pictures can't be read, or frames have no room for the digits.
        """
        if self._pictures is not None:
            (self._pictured_glyphs if asked.subject == "glyph" else self._pictured)(self._pictures)
        elif asked.size is not None:
            hold_room(asked.size, asked.digits)

    def gives(self, asked: Round) -> dict[str, Give]:
        """What is given to runners of each model, by the models' names.

        :raises DataError: where a model reads nothing of it right.
        """
        for old in self._folder.iterdir():  # processes that have it mapped keep it
            old.unlink()
        if asked.subject == "glyph":
            return {one.file.name: self._glyphs(one) for one in self._models}
        if self._pictures:
            pictured = self._pictured(self._pictures)
            return {
                one.file.name: self._frames(known_frames(one.classifier, pictured))
                for one in self._models
            }
        assert asked.size is not None  # noqa: S101  frames that are drawn have a size
        drawn = self._frames(
            drawn_frames(self._models[0].classifier.card, asked.size, asked.digits)
        )
        return {one.file.name: drawn for one in self._models}

    def _glyphs(self, model: Candidate) -> Give:
        classifier = model.classifier
        every = (
            self._pictured_glyphs(self._pictures)
            if self._pictures
            else drawn_glyphs(classifier.card)
        )
        known = known_glyphs(classifier, every)
        return Give((self._saved(known.glyphs),), tuple(map(str, known.labels.tolist())))

    def _frames(self, frames: FrameSet) -> Give:
        return Give(tuple(self._saved(frame) for frame in frames.frames), frames.digits)

    def _saved(self, array: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> str:
        file = self._folder / f"{len(list(self._folder.iterdir()))}.npy"
        try:
            np.save(file, array)
        except OSError as error:  # a full disk is none of its errors with a number
            raise OutputError(
                f"{self._folder.parent} has no room for what is asked about ({error}): set TMPDIR "
                "to another folder"
            ) from error
        return str(file)


def known_glyphs(classifier: Classifier, every: GlyphSet) -> GlyphSet:
    """Those that the model reads right: whoever then reads one wrong computes something else.

    :raises DataError: where it reads none right.
    """
    right = classifier.probabilities(every.glyphs).argmax(axis=1) == every.labels
    if not right.any():
        raise DataError(f"{every.origin}: model {classifier.card.name} reads none of them right")
    return GlyphSet(every.glyphs[right], every.labels[right], every.origin)


def known_frames(classifier: Classifier, every: FrameSet) -> FrameSet:
    """Those that the device reads right with the model.

    :raises DataError: where it reads none right.
    """
    read = OwnReader(Reader(classifier))
    right = [
        (frame, digits)
        for frame, digits in zip(every.frames, every.digits, strict=True)
        if read(frame) == digits
    ]
    if not right:
        raise DataError(f"{every.origin}: model {classifier.card.name} reads none of them right")
    frames, digits = zip(*right, strict=True)
    return FrameSet(frames, digits, every.origin)
