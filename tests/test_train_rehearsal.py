"""What ``max_error`` goes by is measured on readings of whole scenes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from samples import sample_model
from tinydigits.classifier import Classifier, CoveragePoint
from tinydigits.clock import StageClock
from tinydigits.frame import Frame
from tinydigits.reader import Digit, FrameReadings, Reader, Reading, frame_readings
from tinydigits_train import training
from tinydigits_train.datasets import DataSet
from tinydigits_train.rehearsal import judged, rehearse
from tinydigits_train.synthetic.camera import Photo
from tinydigits_train.synthetic.scenes import FOLDS, Scene, Scenery
from tinydigits_train.synthetic.sheet import UNCLEAR
from tinydigits_train.synthetic.typecase import Typecase


def digit(value: int | None, left: int, confidence: float) -> Digit:
    """Read with this confidence, 20 pixels high, 10 wide."""
    return Digit(value, confidence, rejected=False, box=(left, 10, 10, 20), probability=())


class Fixed(Reader):
    """Reads always the same."""

    def __init__(self, *digits: Digit, reasons: tuple[str, ...] = ()) -> None:
        self.read_as = Reading("frame", "", 1.0, bool(reasons), reasons, digits)

    def read(self, frame: Frame) -> FrameReadings:
        """What was given."""
        return frame_readings(frame, [self.read_as], StageClock())


def three_digits() -> Scene:
    """A 4, a 7 and one of which nobody can say what it is."""
    owner = np.zeros((40, 100), np.uint8)
    for number, left in enumerate((10, 40, 70), start=1):
        owner[10:30, left : left + 10] = number
    photo = Photo(np.zeros_like(owner), owner, (4, 7, UNCLEAR))
    return Scene("drum", photo, single=False)


def test_right_and_wrong() -> None:
    """A digit is right under its own label, wrong under another, and where there is none."""
    reader = Fixed(digit(4, 10, 0.9), digit(1, 40, 0.8), digit(7, 85, 0.7), digit(None, 40, 0.6))
    found = list(judged(three_digits(), reader))
    assert found == [(0.9, True), (0.8, False), (0.7, False), (0.6, False)]


def test_leaves_out_what_is_not_clear() -> None:
    """Nothing is said of a digit that people don't agree on, or that was read half beside it."""
    assert list(judged(three_digits(), Fixed(digit(3, 70, 0.9), digit(4, 13, 0.9)))) == []


def test_leaves_out_what_is_rejected() -> None:
    """Digits of a reading that doubts speak against are never accepted, however sure they are."""
    assert list(judged(three_digits(), Fixed(digit(1, 10, 0.9), reasons=("uneven",)))) == []


def test_test_scenes() -> None:
    """Of all scenes every tenth is rehearsed: those of the test part."""
    assert Scenery(Typecase(), 0, 3 * FOLDS + 1).test_numbers().tolist() == [0, 10, 20, 30]


def test_error_falls_with_coverage() -> None:
    """The fewer digits are accepted, the fewer of them are wrong; twice the same."""
    content = sample_model()
    scenery = Scenery(Typecase(), 0, 10 * FOLDS)
    points = rehearse(content, scenery)
    assert points[0].coverage == 1
    assert points[0].error > points[-1].error
    for less, more in pairwise(points):
        assert more.confidence > less.confidence
        assert more.coverage < less.coverage
    assert rehearse(content, scenery) == points


@pytest.mark.parametrize(
    "points",
    [(CoveragePoint(0.25, 1.0, 0.5), CoveragePoint(0.75, 0.5, 0.125)), ()],
    ids=["read", "nothing read"],
)
def test_card(
    points: tuple[CoveragePoint, ...],
    bundled: DataSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A model of scenes carries the coverage of readings; of glyphs, where nothing is read."""
    monkeypatch.setattr(training, "rehearse", lambda *_, **__: points)
    monkeypatch.setattr(training, "write_report", lambda *_: None)
    few = replace(bundled.take(np.arange(200)), scenery=Scenery(Typecase(), 0, 1), by_device=True)
    training.train(few, training.Wanted(), tmp_path, StageClock())
    coverage = Classifier.load(tmp_path / "digits.onnx").card.coverage
    assert coverage
    assert (coverage == points) is bool(points)
