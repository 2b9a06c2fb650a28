"""Components are those of SciPy's labelling with eight neighbours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from tinydigits.components import Components, find_components

Mask = npt.NDArray[np.bool_]

MASKS = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14))


def assert_as_scipy(mask: Mask) -> Components:
    """Count, order, boxes, areas and drawn ink are SciPy's."""
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    components = find_components(mask)
    assert len(components) == count
    assert np.array_equal(components.areas, np.bincount(labels.ravel(), minlength=1)[1:])
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels)):
        box = (columns.start, rows.start, columns.stop, rows.stop)
        assert tuple(components.boxes[number].tolist()) == box
        assert np.array_equal(components.draw([number], box), labels[rows, columns] == number + 1)
    return components


@given(MASKS)
def test_any_mask(mask: Mask) -> None:
    """Any small mask has SciPy's components."""
    assert_as_scipy(mask)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0)])
def test_no_pixels(shape: tuple[int, int]) -> None:
    """A mask without rows or columns has none."""
    assert len(find_components(np.zeros(shape, np.bool_))) == 0


@pytest.mark.parametrize("seed", range(4))
def test_random_masks(seed: int) -> None:
    """So have two thousand masks of all densities, of noise and of blobs, flat, high and square."""
    rng = np.random.default_rng(seed)
    for _ in range(500):
        shape = tuple(np.exp(rng.uniform(0, 3.5, 2)).astype(int))
        field = rng.random(shape)
        if rng.random() < 0.5:
            field = ndimage.uniform_filter(field, int(rng.integers(2, 6)))
        assert_as_scipy(field > np.quantile(field, rng.random()))


def spiral(side: int) -> Mask:
    """One line that winds inwards, a pixel wide."""
    mask = np.zeros((side, side), np.bool_)
    y, x, dy, dx = 0, 0, 0, 1
    for length in [side - 1, *(n for n in range(side - 1, 0, -2) for _ in range(2))]:
        for _ in range(length):
            mask[y, x] = True
            y, x = y + dy, x + dx
        dy, dx = dx, -dy
    return mask


COMB = np.ones((40, 81), np.bool_)
COMB[:-1, 1::2] = False
RINGS = np.maximum(*np.abs(np.mgrid[-30:31, -30:31])) % 2 == 0
SHAPES = {
    "spiral": (spiral(41), 1),
    "comb": (COMB, 1),
    "comb upside down": (COMB[::-1], 1),
    "rings within rings": (RINGS, 16),
    "chessboard": (np.indices((30, 31)).sum(axis=0) % 2 == 0, 1),
    "diagonal": (np.eye(50, dtype=np.bool_), 1),
    "other diagonal": (np.eye(50, dtype=np.bool_)[:, ::-1], 1),
    "dots": (np.kron(np.ones((20, 30)), [[1, 0], [0, 0]]) > 0, 600),
    "full": (np.ones((20, 30), np.bool_), 1),
    "empty": (np.zeros((20, 30), np.bool_), 0),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("turned", [False, True])
def test_shapes(name: str, *, turned: bool) -> None:
    """Shapes whose parts meet late are one component, in any layout of memory."""
    mask, count = SHAPES[name]
    assert len(assert_as_scipy(mask.T if turned else mask)) == count


@given(MASKS, st.data())
def test_drawn_together(mask: Mask, data: st.DataObject) -> None:
    """Several components drawn into a box around them are their ink and no other's."""
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    members = data.draw(st.lists(st.integers(0, count - 1), unique=True) if count else st.just([]))
    height, width = mask.shape
    drawn = find_components(mask).draw(members, (-2, -1, width + 3, height + 4))
    chosen = np.isin(labels, np.array(members, int) + 1)
    assert np.array_equal(drawn, np.pad(chosen, ((1, 4), (2, 3))))


@given(MASKS)
def test_left_as_it_was(mask: Mask) -> None:
    """The mask is only read."""
    before = mask.copy()
    mask.setflags(write=False)
    find_components(mask)
    assert np.array_equal(mask, before)
