"""Crops show the digit that was read, upright, whatever region it was read in."""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from samples import picture_of
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.clock import StageClock
from tinydigits.config import load_config
from tinydigits.frame import Frame, Luma
from tinydigits.learn.cutting import Cutting
from tinydigits.learn.likeness import Seen, gist_of
from tinydigits.reader import Reader, Reading
from tinydigits.region import Rectifier, checked_corners
from tinydigits.regions import RegionsReader, make_frame_reader


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    """The model that ships."""
    return Classifier.load(DEFAULT_MODEL)


def frame_of(number: str, angle: float = 0.0) -> tuple[Frame, list[list[float]]]:
    """A number on a wall, turned clockwise, and the corners of its region."""
    sign = picture_of(number, 2)
    wall = Image.new("L", (640, 480), 225)
    wall.paste(sign, ((640 - sign.width) // 2, (480 - sign.height) // 2))
    turned = wall.rotate(-angle, Image.Resampling.BILINEAR, fillcolor=225)
    turn, (x, y) = radians(angle), (sign.width / 2, sign.height / 2)
    corners = [
        [320 + u * x * cos(turn) - v * y * sin(turn), 240 + u * x * sin(turn) + v * y * cos(turn)]
        for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    return Frame(np.asarray(turned), "test"), corners


def region_reader(
    classifier: Classifier, corners: list[list[float]], digits: int, *, cells: bool
) -> RegionsReader:
    """Who reads a frame with one region."""
    region = {"name": "meter", "corners": corners, "digits": digits, "cells": cells}
    reader = make_frame_reader(load_config(changes={"region": [region]}), classifier)
    assert isinstance(reader, RegionsReader)
    return reader


def read_alone(classifier: Classifier, picture: Luma | None) -> str:
    """What a picture of one digit is read as."""
    assert picture is not None
    return Reader(classifier, digits=1).reading(picture, StageClock()).text


@pytest.mark.parametrize("angle", [0.0, 8.0, -20.0, 90.0, 180.0])
@pytest.mark.parametrize("cells", [False, True])
def test_upright(angle: float, cells: bool, classifier: Classifier) -> None:  # noqa: FBT001
    """Each digit of a region that is turned is cut out upright, and read alone as in its number."""
    frame, corners = frame_of("40275", angle)
    reader = region_reader(classifier, corners, 5, cells=cells)
    (reading,) = reader.read(frame).readings
    assert reading.text == "40275"
    rectifier = Rectifier(reader.placed["meter"])
    cutting = Cutting(frame.luma, reading, rectifier, 5 if cells else 0)
    assert [place.number for place in cutting.places] == [1, 2, 3, 4, 5]
    pictures = [cutting.picture(place) for place in cutting.places]
    assert "".join(read_alone(classifier, picture) for picture in pictures) == "40275"


def test_whole_frame(classifier: Classifier) -> None:
    """Where the whole frame is read, crops are cut out of it as they stand."""
    frame, _ = frame_of("40275")
    (reading,) = Reader(classifier).read(frame).readings
    cutting = Cutting(frame.luma, reading)
    pictures = [cutting.picture(place) for place in cutting.places]
    assert "".join(read_alone(classifier, picture) for picture in pictures) == "40275"


def test_empty_cell(classifier: Classifier) -> None:
    """A cell in which no digit was found is a place too: what stands there is to be learned."""
    frame, corners = frame_of("40275")
    luma = frame.luma.copy()
    width = (corners[1][0] - corners[0][0]) / 5
    luma[:, int(corners[0][0] + 2 * width) : int(corners[0][0] + 3 * width)] = 225
    (reading,) = region_reader(classifier, corners, 5, cells=True).read(Frame(luma, "")).readings
    cutting = Cutting(luma, reading, Rectifier(checked_corners(corners)), 5)
    assert [place.read for place in cutting.places] == ["4", "0", "", "7", "5"]
    assert cutting.places[2].rejected
    picture = cutting.picture(cutting.places[2])
    assert picture is not None
    assert picture.shape == (len(luma[int(corners[0][1]) : int(corners[2][1])]), round(width))


def test_nothing() -> None:
    """A reading without digits has no places, and a place without room no picture."""
    nothing = Reading("frame", "", 0.0, rejected=True, reasons=(), digits=())
    assert Cutting(np.zeros((20, 20), np.uint8), nothing).places == []


@given(st.integers(0, 9), st.integers(0, 20), st.integers(0, 2**32 - 1))
def test_alike(digit: int, lighter: int, seed: int) -> None:
    """A picture is known again in other light and with noise; another digit is another one."""
    luma = np.asarray(picture_of(str(digit)))
    noise = np.random.default_rng(seed).normal(lighter, 4, luma.shape)
    again = gist_of((luma * 0.8 + noise).clip(0, 255).astype(np.uint8))
    other = gist_of(np.asarray(picture_of(str((digit + 1) % 10))))
    first = gist_of(luma)
    assert first is not None
    assert again is not None
    assert other is not None
    seen = Seen(2)
    seen.add(first)
    assert seen.has(again)
    assert not seen.has(other)


def test_forgets() -> None:
    """Only so many are remembered, the last ones."""
    gists = [gist_of(np.asarray(picture_of(str(digit)))) for digit in range(3)]
    seen = Seen(2)
    for gist in gists:
        assert gist is not None
        assert not seen.has(gist)
        seen.add(gist)
    assert [gist is not None and seen.has(gist) for gist in gists] == [False, True, True]


@given(st.integers(0, 255), st.floats(0, 8), st.integers(0, 2**32 - 1))
def test_dark(level: int, spread: float, seed: int) -> None:
    """Where there is nothing but noise, nothing is to be compared."""
    noise = np.random.default_rng(seed).normal(level, spread, (60, 40))
    luma = noise.clip(0, 255).astype(np.uint8)
    assert gist_of(luma) is None
