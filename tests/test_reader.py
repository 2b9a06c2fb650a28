"""A frame becomes a reading: the digits, where they stand, how sure they are, and why if not."""

from __future__ import annotations

import re
from functools import cache
from math import prod
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image
from sklearn.linear_model import LogisticRegression

from drawing import Labels, boxes, in_lines, on_paper, photographed, typed, written
from examples import costly
from samples import sample_card, sample_model, to_bits
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.errors import UsageError
from tinydigits.frame import Frame, Luma
from tinydigits.glyph import normalize_glyph
from tinydigits.ink import POLARITIES, Polarity
from tinydigits.reader import Digit, FrameReadings, Reader, Reading, single_glyph
from tinydigits_export.convert import to_onnx
from tinydigits_export.export import with_golden
from tinydigits_export.golden import golden_glyphs
from tinydigits_train.idx import MD5, read_mnist_file

_, _, TEST_IMAGES, TEST_LABELS = MD5


@cache
def shipped() -> Classifier:
    """The model in the package."""
    return Classifier.load(DEFAULT_MODEL)


CROSS = np.maximum(np.eye(20, dtype=np.uint8), np.eye(20, dtype=np.uint8)[::-1])
CROSS = np.kron(CROSS, np.ones((4, 4), np.uint8))
"""Something that is no digit."""


@cache
def with_none() -> Classifier:
    """A model that knows the golden digits, and the cross as no digit."""
    inks = [*(written(str(digit), factor) for digit in range(10) for factor in (2, 3, 4)), CROSS]
    labels = [*(digit for digit in range(10) for _ in range(3)), 10]
    bits = to_bits(np.stack([normalize_glyph(ink > 0) for ink in inks]))
    estimator = LogisticRegression(C=10, max_iter=1000).fit(bits, labels)
    card = sample_card(labels=(*"0123456789", "none"))
    return Classifier.from_bytes(to_onnx(estimator, with_golden(estimator, card)))


def frame_of(labels: Labels, *, margin: int = 20, light: bool = False) -> Frame:
    """A frame that shows a number."""
    ink = on_paper(labels, margin)
    paper, contrast = (50, 140) if light else (200, -140)
    return Frame(photographed(ink, paper=paper, contrast=contrast), "drawn")


def read(frame: Frame, reader: Reader | None = None) -> Reading:
    """The one reading of a frame."""
    (reading,) = (reader or Reader(shipped())).read(frame).readings
    return reading


@pytest.mark.parametrize("light", [False, True])
@pytest.mark.parametrize("text", ["0123456789", "7", "31415", "2046", "889"])
def test_number(text: str, *, light: bool) -> None:
    """The digits of a number are read from left to right, dark or light."""
    reading = read(frame_of(written(text, 3), light=light))
    assert reading.text == text
    assert [digit.value for digit in reading.digits] == [int(digit) for digit in text]
    assert (reading.region, reading.rejected, reading.reasons) == ("frame", False, ())


def test_lines() -> None:
    """Lines are read downwards and parted by a line break."""
    reading = read(frame_of(in_lines([written("042", 3), written("57", 3)], 30)))
    assert reading.text == "042\n57"
    assert [digit.value for digit in reading.digits] == [0, 4, 2, 5, 7]


@pytest.mark.parametrize("digit", "0123456789")
def test_one_digit(digit: str) -> None:
    """One digit is read where one is due, dark or light."""
    frame = frame_of(written(digit, 4), light=digit in "13579")
    reading = read(frame, Reader(shipped(), digits=1))
    assert (reading.text, len(reading.digits), reading.rejected) == (digit, 1, False)


@pytest.mark.parametrize(
    ("factor", "digits"), [(1, None), (1, 2), (2, 2), (10, None), (10, 2), (44, None)]
)
def test_boxes(factor: int, digits: int | None) -> None:
    """Boxes are in pixels of the frame, be it 45 or 2,000 pixels wide."""
    number = on_paper(written("47", 1), 6)
    luma = photographed(np.kron(number, np.ones((factor, factor), np.uint8)))
    reading = read(Frame(luma, "drawn"), Reader(shipped(), digits=digits))
    assert len(reading.digits) == 2
    for digit, (left, top, right, bottom) in zip(reading.digits, boxes(number), strict=True):
        box = [factor * side for side in (left, top, right - left, bottom - top)]
        assert list(digit.box) == pytest.approx(box, abs=max(2, 0.5 * factor))


def test_at_the_corner() -> None:
    """A box ends where the frame does, even where its last pixels were averaged down."""
    ink = np.zeros((1283, 1289), np.bool_)
    zero = np.kron(written("0", 1), np.ones((50, 50))) > 0
    ink[-zero.shape[0] :, -zero.shape[1] :] = zero
    luma = photographed(ink)
    reading = read(Frame(luma, "drawn"), Reader(shipped(), digits=1))
    ((left, top, width, height),) = [digit.box for digit in reading.digits]
    assert (left + width, top + height) == (1289, 1283)
    assert_consistent(reading.digits[0], luma.shape)


QUICK = [phase for phase in Phase if phase is not Phase.shrink]
"""Reading is too slow to look for the smallest frame that fails."""

SHAPES = array_shapes(min_dims=2, max_dims=2, min_side=8, max_side=70)
FRAMES = st.one_of(
    arrays(np.uint8, SHAPES),
    arrays(np.uint8, SHAPES, elements=st.sampled_from([0, 255])),
    st.tuples(st.text("0123456789", min_size=1, max_size=6), st.integers(15, 60)).map(
        lambda drawn: photographed(on_paper(typed(*drawn), 9), noise=9)
    ),
)


@given(FRAMES, st.sampled_from([None, 1, 3]), st.sampled_from([1.0, 0.02, 0.0]))
@settings(costly(0.15), phases=QUICK)
def test_any_frame(luma: Luma, due: int | None, max_error: float) -> None:
    """Whatever a frame shows, its reading is consistent and can be sent as JSON."""
    luma.setflags(write=False)
    frame = Frame(luma, "drawn", 42, monotonic=7.5, wall=1.5)
    reader = Reader(shipped(), digits=due, max_error=max_error)
    readings = reader.read(frame)
    assert (readings.source, readings.sequence) == ("drawn", 42)
    assert (readings.monotonic, readings.wall) == (7.5, 1.5)
    (reading,) = readings.readings
    digits = "".join(c for c in reading.text if c.isdecimal())
    values = [digit.value for digit in reading.digits if digit.value is not None]
    assert digits == "".join(map(str, values))
    assert reading.confidence == pytest.approx(
        prod(d.confidence for d in reading.digits) if reading.digits else 0, abs=1e-5
    )
    assert reading.rejected == bool(reading.reasons)
    assert reading.rejected >= any(digit.rejected for digit in reading.digits)
    for digit in reading.digits:
        assert_consistent(digit, luma.shape)
        assert digit.rejected >= (digit.confidence < shipped().card.reject_below(max_error))
    content = msgspec.json.encode(readings)
    assert msgspec.json.decode(content, type=FrameReadings) == readings


def assert_consistent(digit: Digit, shape: tuple[int, ...]) -> None:
    """A digit is the likeliest of the ten, no surer than that, and lies in the frame."""
    assert sum(digit.probability) == pytest.approx(1, abs=1e-4)
    assert min(digit.probability) >= 0
    likeliest = max(digit.probability[:10])
    assert digit.confidence <= likeliest
    assert digit.value in {digit.probability.index(likeliest), None}
    left, top, width, height = digit.box
    assert 0 <= left < left + width <= shape[1]
    assert 0 <= top < top + height <= shape[0]


def test_same_again() -> None:
    """A reader keeps nothing of the frames it has read."""
    reader = Reader(shipped())
    frames = [frame_of(written(text, 3)) for text in ("12", "9870", "5")]
    first = [read(frame, reader) for frame in frames]
    assert [read(frame, reader) for frame in reversed(frames)] == first[::-1]


@pytest.mark.parametrize("digits", [None, 1, 4])
@pytest.mark.parametrize("level", [0, 130, 255])
def test_nothing_there(digits: int | None, level: int) -> None:
    """A blank frame is a rejected reading without digits, and says so."""
    blank = Frame(np.full((120, 160), level, np.uint8), "blank")
    reading = read(blank, Reader(shipped(), digits=digits))
    assert reading == Reading("frame", "", 0.0, True, ("no digit was found",), ())


@pytest.mark.parametrize("noise", [3, 12, 40])
@pytest.mark.parametrize("digits", [None, 1])
def test_noise(noise: float, digits: int | None) -> None:
    """So is a frame of nothing but noise."""
    luma = photographed(np.zeros((240, 320), np.bool_), noise=noise)
    assert read(Frame(luma, "noise"), Reader(shipped(), digits=digits)).digits == ()


@pytest.mark.parametrize(("text", "due"), [("317", 2), ("317", 4), ("2046", 3), ("88", 4)])
def test_wrong_count(text: str, due: int) -> None:
    """A number of other than the expected digits is read all the same, and rejected with both."""
    frame = frame_of(written(text, 3))
    reading = read(frame, Reader(shipped(), digits=due))
    assert len(reading.text) == len(text)
    assert reading.rejected
    assert re.findall(r"\d+", reading.reasons[0]) == [str(len(text)), str(due)]


def test_right_count() -> None:
    """A number of the expected digits is accepted."""
    assert not read(frame_of(written("317", 3)), Reader(shipped(), digits=3)).rejected


def test_unsure() -> None:
    """Each digit that is not sure enough is rejected and named with its confidence."""
    strict = Reader(Classifier.from_bytes(sample_model()), max_error=0.003)
    reading = read(frame_of(written("12", 3)), strict)
    assert len(reading.text) == 2
    assert reading.rejected
    for place, (digit, reason) in enumerate(
        zip(reading.digits, reading.reasons, strict=True), start=1
    ):
        assert digit.rejected
        assert reason.startswith(f"digit {place} has confidence {digit.confidence:.4f} ")


def test_never_sure_enough() -> None:
    """Where the model can't promise what is asked, whatever its confidence, that is the reason."""
    reader = Reader(Classifier.from_bytes(sample_model()), max_error=0)
    reading = read(frame_of(written("12", 3)), reader)
    assert all(digit.rejected for digit in reading.digits)
    assert reading.reasons[0] == "digit 1: this model is never as sure as max_error asks"


def test_no_digit_among_digits() -> None:
    """What the model calls no digit has no value, is left out of the text, and is a reason."""
    cross = np.pad(CROSS, ((0, 0), (24, 24)))
    labels = np.concatenate((written("4", 4), cross, written("7", 4)), axis=1)
    reading = read(frame_of(labels), Reader(with_none()))
    assert [digit.value for digit in reading.digits] == [4, None, 7]
    assert [digit.rejected for digit in reading.digits] == [False, True, False]
    assert [len(digit.probability) for digit in reading.digits] == [11, 11, 11]
    assert (reading.text, reading.rejected) == ("47", True)
    assert reading.reasons[0] == "digit 2 is not one whole digit"
    assert b'"value":null' in msgspec.json.encode(reading)


def test_only_no_digit() -> None:
    """A single thing that is no digit gives an empty text."""
    reading = read(frame_of(CROSS), Reader(with_none(), digits=1, polarities=("dark",)))
    assert [digit.value for digit in reading.digits] == [None]
    assert (reading.text, reading.reasons) == ("", ("digit 1 is not one whole digit",))


def test_off_the_middle() -> None:
    """A model that knows none is less sure of a single digit the further it is off the middle."""
    labels = written("7", 4)
    sure = []
    for above in (0, 40, 80):
        frame = frame_of(np.pad(labels, ((above, 0), (0, 0))))
        (digit,) = read(frame, Reader(with_none(), digits=1)).digits
        assert digit.value == 7
        sure.append(digit.confidence)
    assert sure[0] > sure[1] > sure[2]


@pytest.mark.parametrize("polarity", POLARITIES)
def test_polarity(polarity: Polarity) -> None:
    """Only ink of the polarity that is asked for is read."""
    number = written("5", 3)
    frame = frame_of(number, light=polarity == "light")
    assert read(frame, Reader(shipped(), polarities=(polarity,))).text == "5"
    other: Polarity = "light" if polarity == "dark" else "dark"
    seen = read(frame, Reader(shipped(), polarities=(other,)))
    (box,) = boxes(on_paper(number, 20))
    assert all(digit.box[:2] != pytest.approx(box[:2], abs=2) for digit in seen.digits)


@pytest.mark.parametrize("digits", [0, -1])
def test_impossible_count(digits: int) -> None:
    """No number has fewer than one digit."""
    with pytest.raises(UsageError, match=f"digits is {digits}: it must be at least 1"):
        Reader(shipped(), digits=digits)


def test_timing() -> None:
    """Each stage's milliseconds are told, and what lies between them is small enough to count."""
    timing = Reader(shipped()).read(frame_of(written("12", 3))).timing_ms
    assert set(timing) == {"total", "ink", "segment", "glyph", "classify", "choose"}
    assert min(timing.values()) > 0
    stages = [value for stage, value in timing.items() if stage != "total"]
    assert sum(stages) <= timing["total"] + 0.01
    blank = Frame(np.zeros((50, 50), np.uint8), "blank")
    assert set(Reader(shipped()).read(blank).timing_ms) == {*("total", "ink", "segment", "choose")}


@pytest.mark.parametrize("digit", range(10))
def test_single_glyph(digit: int) -> None:
    """Training gets the glyph that the reader would have classified."""
    frame = frame_of(written(str(digit), 4))
    glyph = single_glyph(frame)
    assert glyph is not None
    assert np.mean((glyph >= 128) == (golden_glyphs()[digit] > 0)) > 0.93
    assert single_glyph(Frame(np.zeros((40, 40), np.uint8), "blank")) is None


def handheld(digit: npt.NDArray[np.uint8], rng: np.random.Generator, *, dark: bool) -> Frame:
    """A digit of MNIST on uneven paper somewhere in a frame of 160x120, dark or light, noisy."""
    large = Image.fromarray(digit).resize((84, 84), Image.Resampling.BICUBIC)
    ink = np.zeros((120, 160))
    top, left = rng.integers(8, 28), rng.integers(20, 56)
    ink[top : top + 84, left : left + 84] = np.asarray(large) / 255
    plain = photographed(
        np.zeros(ink.shape, np.bool_),
        paper=190 if dark else 60,
        gradient=(rng.uniform(-40, 40), rng.uniform(-40, 40)),
        noise=2,
        seed=int(rng.integers(2**32)),
    )
    luma = plain + (-120 if dark else 120) * ink
    return Frame(luma.clip(0, 255).astype(np.uint8), "drawn")


def test_camera_costs_nothing(mnist_dir: Path) -> None:
    """Of MNIST's digits as many are read through frames as from its own 28x28 pixels."""
    # ``make figures`` has all of them
    images = read_mnist_file(mnist_dir, TEST_IMAGES)[:25]
    labels = read_mnist_file(mnist_dir, TEST_LABELS)[:25]
    straight = shipped().probabilities(images).argmax(axis=1) == labels
    reader = Reader(shipped(), digits=1)
    rng = np.random.default_rng(20)
    through = [
        read(handheld(image, rng, dark=i % 2 == 0), reader).text == str(label)
        for i, (image, label) in enumerate(zip(images, labels, strict=True))
    ]
    assert np.mean(straight) > 0.9
    assert np.mean(through) - np.mean(straight) >= -0.01


@pytest.mark.parametrize("gradient", [(250, 0), (0, 250), (120, -120)])
def test_nothing_but_light(gradient: tuple[float, float]) -> None:
    """Light that falls unevenly is no digit."""
    luma = photographed(np.zeros((240, 320), np.bool_), paper=128, gradient=gradient)
    assert read(Frame(luma, "light")).digits == ()


@pytest.mark.parametrize("width", [6, 12, 30])
def test_border(width: int) -> None:
    """Nor is a border around nothing."""
    luma = np.full((240, 320), 210, np.uint8)
    luma[10:-10, 10:-10] = 30
    luma[10 + width : -10 - width, 10 + width : -10 - width] = 210
    assert read(Frame(luma, "border")).digits == ()


@pytest.mark.parametrize(("rows", "expected"), [((2,), "31.40"), ((1,), "3.140"), ((), "3140")])
def test_decimal_point(rows: tuple[int, ...], expected: str) -> None:
    """A decimal point is kept in the text and is no digit."""
    labels = on_paper(written("3140", 3), 10)
    for before in rows:
        left, _, right, bottom = boxes(labels)[before - 1]
        start = right + 4
        assert left < start
        labels[bottom - 7 : bottom, start : start + 7] = 9
    reading = read(frame_of(labels))
    assert (reading.text, len(reading.digits)) == (expected, 4)
