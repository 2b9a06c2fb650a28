"""How sure the device is of what it reads in whole scenes, and how often it is right.

One ink of a hard scene is often wrong where the reading, of many inks, is right; and a number that
doubts speak against is rejected before any confidence counts. So what ``max_error`` promises of a
model for photographs is measured on readings: of scenes that no part of the training has seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import joblib
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from tinydigits.classifier import Classifier, CoveragePoint
from tinydigits.frame import Frame
from tinydigits.reader import Digit, Reader
from tinydigits_train.datasets import NONE
from tinydigits_train.measure import coverage_points
from tinydigits_train.synthetic.camera import Photo
from tinydigits_train.synthetic.harvest import OTHER, SAME
from tinydigits_train.synthetic.scenes import Scene, Scenery
from tinydigits_train.synthetic.sheet import UNCLEAR

_SCENES: Final = 20
"""Of a task: the model is loaded anew for each."""

Judged = tuple[float, bool]
"""A digit's confidence, and whether it is right."""


def rehearse(
    content: bytes, scenery: Scenery, *, progress: bool = False
) -> tuple[CoveragePoint, ...]:
    """Error against coverage of the digits that the device reads in the test scenes.

    :param content: of a model file.
    :returns: no point where nothing is read in any of them.
    """
    numbers = scenery.test_numbers()
    tasks = [numbers[first : first + _SCENES] for first in range(0, len(numbers), _SCENES)]
    done = joblib.Parallel(n_jobs=-1 if len(tasks) > 1 else 1, return_as="generator")(
        joblib.delayed(_rehearse)(content, scenery, task) for task in tasks
    )
    bar = tqdm(done, "scenes as the device reads them", len(tasks), disable=not progress or None)
    found = [each for task in bar for each in task]
    if not found:
        return ()
    confidence, right = zip(*found, strict=True)
    return coverage_points(np.array(confidence), np.array(right))


def _rehearse(content: bytes, scenery: Scenery, numbers: npt.NDArray[np.int64]) -> list[Judged]:
    classifier = Classifier.from_bytes(content)
    readers = {single: Reader(classifier, digits=1 if single else None) for single in (True, False)}
    scenes = (scenery.scene(number) for number in numbers.tolist())
    return [each for scene in scenes for each in judged(scene, readers[scene.single])]


def judged(scene: Scene, reader: Reader) -> Iterator[Judged]:
    """The digits that a reader accepts, as far as it is clear whether they are right."""
    luma = scene.photo.luma
    frame = Frame(luma, source=scene.kind, sequence=0, monotonic=0.0, wall=0.0)
    for reading in reader.read(frame).readings:
        if reading.rejected:
            continue
        for digit in reading.digits:
            truth = _shown(scene.photo, digit)
            if truth != UNCLEAR:
                yield digit.confidence, digit.value == truth


def _shown(photo: Photo, digit: Digit) -> int:
    """What stands where a digit was read: 0 to 9, 10 for none, or unclear."""
    left, top, width, height = digit.box
    box = np.array((left, top, left + width, top + height), np.float64)
    number, share = photo.nearest(box)
    if share < OTHER:
        return NONE
    return photo.labels[number - 1] if share > SAME else UNCLEAR
