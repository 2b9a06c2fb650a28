"""An annotated picture shows the frame, and in it what was read where."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from examples import costly
from tinydigits.annotate import ACCEPTED, REJECTED, annotate, write_picture
from tinydigits.errors import OutputError, UsageError
from tinydigits.frame import Frame
from tinydigits.reader import Digit, Reading

Box = tuple[int, int, int, int]
Pixels = npt.NDArray[np.uint8]


def digit(box: Box, value: int | None = 5, *, rejected: bool = False) -> Digit:
    """A digit that was read in a box of left, top, width and height."""
    return Digit(value, 0.93, rejected, box, (0.1,) * 10)


def shown(frame: Frame, *digits: Digit) -> Pixels:
    """The annotated picture's pixels: ``uint8[H, W, 3]``."""
    image = annotate(frame, Reading("frame", "", 0.9, False, (), digits))
    assert image.mode == "RGB"
    return np.asarray(image)


def rough(width: int, height: int) -> Frame:
    """A frame of grey noise, in which every pixel that is drawn over shows."""
    rng = np.random.default_rng(5)
    return Frame(rng.integers(0, 256, (height, width), np.uint8), "noise")


def coloured(pixels: Pixels) -> npt.NDArray[np.bool_]:
    """Where a picture is not grey."""
    return np.asarray(np.ptp(pixels, axis=2) > 0)


def outline(pixels: Pixels, box: Box) -> set[tuple[int, ...]]:
    """The colours just outside a box."""
    left, top, width, height = box
    x, y = range(left - 1, left + width + 1), range(top - 1, top + height + 1)
    around = [(a, b) for a in (x[0], x[-1]) for b in y] + [(a, b) for a in x for b in (y[0], y[-1])]
    return {tuple(pixels[b, a].tolist()) for a, b in around}


def test_nothing_read() -> None:
    """Where nothing was read, the picture is the frame."""
    frame = rough(800, 600)
    assert np.array_equal(shown(frame), np.repeat(frame.luma[:, :, None], 3, axis=2))


def test_boxes() -> None:
    """Boxes lie around the digits, green where accepted, orange where rejected."""
    good, bad, none = (60, 90, 40, 60), (150, 90, 42, 60), (240, 95, 30, 50)
    pixels = shown(
        rough(800, 600), digit(good), digit(bad, rejected=True), digit(none, None, rejected=True)
    )
    assert outline(pixels, good) == {ACCEPTED}
    assert outline(pixels, bad) == {REJECTED}
    assert outline(pixels, none) == {REJECTED}


def test_frame_is_kept() -> None:
    """Inside its box a digit is left as it is, and so is everything away from boxes."""
    frame = rough(800, 600)
    left, top, width, height = 150, 110, 50, 80
    pixels = shown(frame, digit((left, top, width, height)))
    changed = (pixels != frame.luma[:, :, None]).any(axis=2)
    assert not changed[top : top + height, left : left + width].any()
    near = np.zeros_like(changed)
    near[top - 40 : top + height + 40, left - 10 : left + width + 10] = True
    assert changed.any()
    assert not (changed & ~near).any()


def test_values_differ() -> None:
    """Each value is written in another way, and above its box."""
    box = (150, 110, 50, 80)
    labels = {
        coloured(shown(rough(800, 600), digit(box, value)))[:105].tobytes()
        for value in (*range(10), None)
    }
    assert len(labels) == 11
    assert coloured(shown(rough(800, 600), digit(box)))[:105].sum() > 20


@pytest.mark.parametrize("top", [0, 3, 537, 540])
def test_writing_at_the_edge(top: int) -> None:
    """Where a box leaves no room above or below, the writing stays inside the picture."""
    box = (150, top, 40, 60)
    usual = shown(rough(800, 600), digit(box, 1))
    for other in (digit(box, 8), msgspec.structs.replace(digit(box, 1), confidence=0.12)):
        different = (shown(rough(800, 600), other) != usual).any(axis=2)
        assert np.ptp(np.flatnonzero(different.any(axis=1))) >= 7


@pytest.mark.parametrize("size", [(40, 30), (8, 9), (319, 100), (200, 11)])
def test_small(size: tuple[int, int]) -> None:
    """A small frame is enlarged by a whole number, and its boxes with it."""
    pixels = shown(rough(*size), digit((2, 2, 5, 4)))
    factor = pixels.shape[1] // size[0]
    assert factor > 1
    assert pixels.shape == (factor * size[1], factor * size[0], 3)
    assert ACCEPTED in outline(pixels, (2 * factor, 2 * factor, 5 * factor, 4 * factor))


SIDES = st.integers(8, 400)


@given(SIDES, SIDES, st.lists(st.tuples(*[st.floats(0, 1)] * 4), max_size=4))
@costly(0.2)
def test_any_box(width: int, height: int, shares: list[tuple[float, float, float, float]]) -> None:
    """Any digits in any frame can be shown."""
    digits = []
    for x, y, w, h in shares:
        left, top = int(x * (width - 1)), int(y * (height - 1))
        wide, high = max(1, int(w * (width - left))), max(1, int(h * (height - top)))
        digits.append(digit((left, top, wide, high), None))
    frame = Frame(np.full((height, width), 99, np.uint8), "grey")
    pixels = shown(frame, *digits)
    assert pixels.shape[0] * width == pixels.shape[1] * height
    assert max(pixels.shape) >= 320
    assert coloured(pixels).any() == bool(digits)


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.jpg", "a.jpeg", "a.webp", "a.bmp", "a.tiff"])
def test_written(name: str, tmp_path: Path) -> None:
    """A picture is written in the format that its name ends with."""
    image = Image.fromarray(np.full((30, 40, 3), (0, 158, 115), np.uint8))
    write_picture(image, tmp_path / name)
    with Image.open(tmp_path / name) as written:
        expected = Image.registered_extensions()[Path(name).suffix.lower()]
        assert (written.format, written.size) == (expected, (40, 30))
        off = np.asarray(written.convert("RGB"), np.int64) - np.asarray(image)
    assert np.abs(off).max() <= (0 if expected in {"PNG", "BMP", "TIFF"} else 6)


@pytest.mark.parametrize("name", ["a", "a.txt", "a.gif", "a.pdf", "png", ".png"])
def test_unknown_format(name: str, tmp_path: Path) -> None:
    """Any other name is refused with what to do, and nothing is written."""
    with pytest.raises(UsageError, match=r"not one of a format"):
        write_picture(Image.new("RGB", (20, 20)), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("before", [None, b"the old one"])
def test_disk_full(before: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk is full, what was there stays and nothing else is left."""
    path = tmp_path / "a.png"
    if before:
        path.write_bytes(before)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_picture(Image.new("RGB", (20, 20)), path)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == ([before] if before else [])
