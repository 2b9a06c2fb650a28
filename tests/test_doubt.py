"""What shows no number is not accepted as one, and what does is not doubted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawing import on_paper, photographed, written
from examples import costly
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.doubt import LEAST_HEIGHT, SINGLE_INKS, WIDEST, single_doubts, size_doubts
from tinydigits.frame import Frame, Luma
from tinydigits.memory import LONGEST_PAUSE, Memory
from tinydigits.reader import Reader, Reading

CLASSIFIER = Classifier.load(DEFAULT_MODEL)


def read(luma: Luma, **settings: object) -> Reading:
    """What a frame is read as, by the rules of the device's default."""
    reader = Reader(CLASSIFIER, max_error=0.02, **settings)  # type: ignore[arg-type] # a test's own
    return reader.read(Frame(luma, "drawn")).readings[0]


def squared_paper(pitch: int) -> Luma:
    """Lines of a light grey, crossed."""
    luma = np.full((240, 320), 225, np.uint8)
    luma[::pitch] = luma[:, ::pitch] = 170
    return luma


def checkerboard(pitch: int) -> Luma:
    """Black and white squares."""
    y, x = np.indices((120, 160)) // pitch
    return np.asarray((x + y) % 2 * 255, np.uint8)


def noise(seed: int) -> Luma:
    """Every pixel by itself."""
    return np.random.default_rng(seed).integers(0, 256, (96, 128), dtype=np.uint8)


def rim(thickness: int) -> Luma:
    """A dark rim around empty paper."""
    luma = np.full((120, 160), 60, np.uint8)
    luma[thickness:-thickness, thickness:-thickness] = 210
    return luma


@pytest.mark.parametrize(
    "luma",
    [
        *map(squared_paper, (8, 20, 40)),
        *map(checkerboard, (1, 6, 15)),
        *map(noise, range(4)),
        *map(rim, (2, 5)),
    ],
)
def test_nothing_there(luma: Luma) -> None:
    """Paper, texture, noise and rims are never accepted as a number."""
    reading = read(luma)
    assert reading.rejected
    assert reading.reasons


@pytest.mark.parametrize("text", ["7", "47", "3140", "31415"])
def test_number_there(text: str) -> None:
    """A number that is clear to see is read without any doubt."""
    assert read(photographed(on_paper(written(text, 3), 40))).reasons == ()


def test_too_small() -> None:
    """A digit of a few pixels is not trusted, however clear it is."""
    assert not list(size_doubts([(5, 5, 4, LEAST_HEIGHT)]))
    assert list(size_doubts([(5, 5, 4, LEAST_HEIGHT - 1)])) == [
        "digit 1 is 7 pixels high where 8 are needed"
    ]


def test_wide_as_a_digit() -> None:
    """A thing that is much wider than high is no digit."""
    assert not list(size_doubts([(0, 0, int(20 * WIDEST), 20)]))
    assert list(size_doubts([(0, 0, 10, 20), (0, 0, 40, 20)])) == ["digit 2 is wider than a digit"]


def test_same_place_in_most_inks() -> None:
    """A single digit stands where most inks show it, or is doubted."""
    here, there = (10.0, 10.0, 20.0, 30.0), (40.0, 10.0, 50.0, 30.0)
    agreeing = np.array([here] * 5 + [there] * 4)
    assert not list(single_doubts(agreeing, np.ones(9), 0))
    assert "44 % agree" in next(single_doubts(agreeing, np.ones(9), 8))
    few = agreeing[: SINGLE_INKS - 1]
    assert next(single_doubts(few, np.ones(len(few)), 0)).startswith("the digit shows in 3 inks")


@given(st.lists(st.tuples(*[st.integers(1, 500)] * 4), max_size=5))
@costly(0.5)
def test_sizes(boxes: list[tuple[int, int, int, int]]) -> None:
    """Each digit is doubted once for its size, or not at all."""
    doubted = [str(doubt) for doubt in size_doubts(boxes)]
    names = [doubt.split(" is ")[0] for doubt in doubted]
    assert len(set(names)) == len(names) <= len(boxes)


def test_doubtful_is_not_settled_for() -> None:
    """While what is remembered is doubtful, a number that comes into view is found soon."""
    reader = Reader(CLASSIFIER, max_error=0.02, memory=Memory())
    nothing = Frame(checkerboard(6), "nothing")
    for _ in range(3 * LONGEST_PAUSE):
        assert reader.read(nothing).readings[0].rejected
    number = Frame(photographed(on_paper(written("3140", 3), 40)), "number")
    seen = [reader.read(number).readings[0] for _ in range(LONGEST_PAUSE + 1)]
    assert (seen[-1].text, seen[-1].reasons) == ("3140", ())
