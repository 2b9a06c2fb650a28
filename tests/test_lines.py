"""Digits are found with their very boxes, in reading order, and nothing else is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image, ImageDraw

from drawing import Box, Labels, boxes, in_lines, on_paper, seven_segment, tilted, typed, written
from examples import costly
from tinydigits.lines import MAX_LINES, Line, find_lines
from tinydigits.pieces import DigitInk
from tinydigits.single import locate_digit

Mask = npt.NDArray[np.bool_]

ROWS = st.text("0123456789", min_size=1, max_size=6)
SIZES = st.integers(20, 90)


def found(lines: list[Line]) -> list[Box]:
    """The boxes of all digits in reading order."""
    return [digit.box for line in lines for digit in line.digits]


def downwards(mask: Mask) -> list[Line]:
    """The lines of a page as a person would read them."""
    return sorted(find_lines(mask), key=lambda line: line.digits[0].box[1])


def counts(lines: list[Line]) -> list[int]:
    """How many digits each line has."""
    return [len(line.digits) for line in lines]


def one_box(mask: Mask) -> Box:
    """The box of the one digit."""
    digit = locate_digit(mask)
    assert digit is not None
    return digit.box


def page(labels: Labels, *strokes: Box) -> Mask:
    """The number's ink and some blocks of other ink."""
    mask = labels > 0
    for left, top, right, bottom in strokes:
        mask[top:bottom, left:right] = True
    return mask


@given(ROWS, SIZES)
@costly(0.3)
def test_one_line(text: str, size: int) -> None:
    """The digits of a number are found from left to right, each with its own ink."""
    labels = on_paper(typed(text, size), size)
    lines = downwards(labels > 0)
    assert counts(lines) == [len(text)]
    for label, digit in enumerate(lines[0].digits, start=1):
        left, top, right, bottom = digit.box
        assert np.array_equal(digit.mask, labels[top:bottom, left:right] == label)
        assert (digit.width, digit.height) == (right - left, bottom - top)


@given(st.lists(ROWS, min_size=1, max_size=4), SIZES, st.floats(-5, 5))
@costly(0.3)
def test_lines(rows: list[str], size: int, degrees: float) -> None:
    """Lines are read downwards and each to the right, even if they are a little tilted."""
    labels = tilted(on_paper(typed("\n".join(rows), size), size), degrees)
    lines = downwards(labels > 0)
    assert counts(lines) == [len(row) for row in rows]
    assert found(lines) == boxes(labels)


@given(st.text("0123456789", min_size=1, max_size=8), st.integers(24, 200), st.floats(0, 0.08))
@costly(0.3)
def test_seven_segments(text: str, height: int, cut: float) -> None:
    """A display's digits are whole in spite of the gaps between their segments."""
    labels = on_paper(seven_segment(text, height, cut), height // 2)
    assert found(find_lines(labels > 0)[:1]) == boxes(labels)


@pytest.mark.parametrize("gap", [0.13, 0.2, 0.3])
def test_close_lines(gap: float) -> None:
    """Lines keep apart though there is little paper between them."""
    labels = in_lines([typed("042", 60), typed("57", 60)], round(gap * 60))
    lines = downwards(on_paper(labels, 60) > 0)
    assert counts(lines) == [3, 2]


@given(ROWS, SIZES, st.integers(2, 5))
@costly(0.25)
def test_any_size(text: str, size: int, factor: int) -> None:
    """The same ink, larger, is cut into the same digits."""
    mask = on_paper(typed(text, size, gap=0.2), size) > 0
    larger = np.kron(mask, np.ones((factor, factor))) > 0
    scaled = [tuple(factor * side for side in box) for box in found(downwards(mask))]
    assert found(downwards(larger)) == scaled


@pytest.mark.parametrize("pair", ["00", "58", "84", "69"])
@pytest.mark.parametrize("size", [30, 60, 150])
def test_touching(pair: str, size: int) -> None:
    """Two digits that a smear joins are parted within it."""
    labels = on_paper(typed(pair, size, gap=0.12), size)
    first, second = boxes(labels)
    row = (first[1] + first[3]) // 2
    joined = page(labels, (first[2] - size // 4, row, second[0] + size // 4, row + 1 + size // 40))
    lines = downwards(joined)
    assert counts(lines) == [2]
    for digit, (left, top, right, bottom) in zip(lines[0].digits, (first, second), strict=True):
        assert digit.box[1::2] == (top, bottom)
        assert digit.box[0] == pytest.approx(left, abs=0.2 * size)
        assert digit.box[2] == pytest.approx(right, abs=0.2 * size)
    assert lines[0].digits[0].box[2] <= lines[0].digits[1].box[0]


@pytest.mark.parametrize(
    "strokes",
    [
        [(5, 5, 6, 6), (60, 100, 61, 101), (150, 12, 152, 13)],
        [(0, 40, 6, 160), (0, 0, 40, 30)],
        [(0, 0, 300, 4), (0, 0, 4, 200), (296, 0, 300, 200), (0, 196, 300, 200)],
        [(10, 175, 290, 178)],
        [(5, 8, 295, 10), (5, 180, 295, 183)],
    ],
    ids=["specks", "at the edge", "a frame around all", "a ruler", "two rulers"],
)
def test_ignored(strokes: list[Box]) -> None:
    """Specks, what runs along the frame's edge, and rulers are no digits."""
    labels = np.zeros((200, 300), np.uint8)
    number = typed("4096", 70)
    labels[70 : 70 + number.shape[0], 50 : 50 + number.shape[1]] = number
    lines = find_lines(page(labels, *strokes))
    assert boxes(labels) in [found([line]) for line in lines]


def test_empty() -> None:
    """Where there is no ink, or only specks of it, there is no digit."""
    dots = np.zeros((100, 100), np.bool_)
    dots[::10, ::10] = True
    for mask in (np.zeros((80, 60), np.bool_), dots):
        assert downwards(mask) == []
        assert locate_digit(mask) is None


@pytest.mark.parametrize("text", "0123456789")
def test_central_one(text: str) -> None:
    """Of several digits the one that is asked for is the large one in the middle."""
    labels = np.zeros((240, 320), np.uint8)
    middle, left, below = typed(text, 120), typed("8", 60), typed("5", 60)
    for label, (digit, x, y) in enumerate(((middle, 130, 70), (left, 30, 40), (below, 260, 180))):
        area = labels[y : y + digit.shape[0], x : x + digit.shape[1]]
        area[digit > 0] = label + 1
    assert one_box(labels > 0) == boxes(labels)[0]


@pytest.mark.parametrize("digit", range(10))
def test_one_that_fills_the_frame(digit: int) -> None:
    """One digit is found however much of the frame it fills."""
    labels = written(str(digit), 4)
    for margin in (1, 4, 20, 200):
        around = on_paper(labels, margin)
        assert one_box(around > 0) == boxes(around)[0]


def strokes_of(seed: int) -> Mask:
    """A hundred lines, ovals and blocks wherever they happen to fall."""
    rng = np.random.default_rng(seed)
    image = Image.new("1", (200, 150))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(1, 60))):
        x, y = rng.integers(0, 200), rng.integers(0, 150)
        box = (int(x), int(y), int(x + rng.integers(1, 50)), int(y + rng.integers(1, 50)))
        shape = rng.choice(np.array(["line", "ellipse", "rectangle"]))
        if shape == "line":
            draw.line(box, fill=1, width=int(rng.integers(1, 6)))
        elif shape == "ellipse":
            draw.ellipse(box, outline=1, width=int(rng.integers(1, 6)))
        else:
            draw.rectangle(box, fill=1)
    return np.asarray(image)


MASKS = st.one_of(
    arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=50)),
    st.integers(0, 2**32 - 1).map(strokes_of),
    st.tuples(ROWS, SIZES, st.floats(0, 0.3)).map(
        lambda drawn: on_paper(typed(drawn[0], drawn[1], drawn[2]), 20) > 0
    ),
)


def assert_ink(digits: list[DigitInk], mask: Mask) -> None:
    """Digits are ink of the mask, share none of it, and fill boxes inside it."""
    height, width = mask.shape
    seen = np.zeros(mask.shape, int)
    for digit in digits:
        left, top, right, bottom = digit.box
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert digit.mask.shape == (bottom - top, right - left)
        assert digit.mask.dtype == np.bool_
        for side in (digit.mask[0], digit.mask[-1], digit.mask[:, 0], digit.mask[:, -1]):
            assert side.any()
        seen[top:bottom, left:right] += digit.mask
    assert seen.max(initial=0) <= 1
    assert mask[seen > 0].all()


@given(MASKS)
@costly(0.8)
def test_any_ink(mask: Mask) -> None:
    """In any ink, the digits of a line are some of that ink; there are neither many nor none."""
    mask.setflags(write=False)
    lines = find_lines(mask)
    assert len(lines) <= MAX_LINES
    for line in lines:
        assert len(line.digits) > 0
        assert_ink(line.digits, mask)
        assert line.points <= set(range(len(line.digits) - 1))
    digit = locate_digit(mask)
    assert_ink([digit] if digit else [], mask)


@given(MASKS)
@costly(0.3)
def test_same_again(mask: Mask) -> None:
    """The same ink gives the same digits, however it lies in memory."""
    first = found(find_lines(mask))
    assert found(find_lines(np.asfortranarray(mask))) == first
    assert found(find_lines(np.pad(mask, 1)[1:-1, 1:-1])) == first


def test_texture() -> None:
    """Where thousands of things look like digits, the large ones are looked at all the same."""
    cell = np.zeros((16, 12), np.bool_)
    cell[2:12, 2:7] = True
    texture = np.tile(cell, (30, 100))
    texture[16 * 10 : 16 * 16, 12 * 30 : 12 * 34] = False
    texture[16 * 11 : 16 * 15, 12 * 31 : 12 * 33] = True
    assert (12 * 31, 16 * 11, 12 * 33, 16 * 15) in found(find_lines(texture))


@given(st.text("0123456789", min_size=2, max_size=6), st.integers(30, 90), st.data())
@costly(0.3)
def test_points(text: str, size: int, data: st.DataObject) -> None:
    """A dot on the base line between two digits is a decimal point, not a digit."""
    labels = on_paper(typed(text, size), size)
    before = data.draw(st.integers(0, len(text) - 2))
    left, bottom = boxes(labels)[before][2], boxes(labels)[before][3]
    side = max(3, size // 10)
    start = left + round(0.15 * size) - side // 2
    (line,) = find_lines(page(labels, (start, bottom - side, start + side, bottom)))
    assert len(line.digits) == len(text)
    assert line.points == {before}


@given(ROWS, st.integers(40, 90), st.floats(0, 0.4))
@costly(0.3)
def test_slanted(text: str, size: int, lean: float) -> None:
    """Digits that lean so far that their boxes overlap are still told apart."""
    labels = on_paper(typed(text, size, gap=0.25), size)
    slanted = np.stack([np.roll(row, round(-lean * (y - size))) for y, row in enumerate(labels)])
    assert sorted(found(find_lines(slanted > 0))) == sorted(boxes(slanted))


@pytest.mark.parametrize("degrees", [-15, -10, 10, 15])
def test_tilted(degrees: float) -> None:
    """A line may rise or fall."""
    labels = tilted(on_paper(typed("3805472", 60), 60), degrees)
    assert sorted(found(find_lines(labels > 0))) == sorted(boxes(labels))


def test_near() -> None:
    """Where lines are looked for in one place only, the others are not put together."""
    labels = on_paper(in_lines([typed("042", 60), typed("57", 60)], 60), 30)
    left, top, right, bottom = boxes(labels)[-1]
    lines = find_lines(labels > 0, [(left, top, right, bottom)])
    assert found(lines) == boxes(labels)[3:]


def test_bezel() -> None:
    """A frame around a number hides no digit of it."""
    labels = on_paper(typed("4096", 60), 20)
    height, width = labels.shape
    mask = page(labels, (2, 2, width - 2, 5), (2, height - 5, width - 2, height - 2))
    mask |= page(0 * labels, (2, 2, 5, height - 2), (width - 5, 2, width - 2, height - 2))
    assert found(find_lines(on_paper(mask.astype(np.uint8), 30) > 0)) == [
        tuple(side + 30 for side in box) for box in boxes(labels)
    ]
