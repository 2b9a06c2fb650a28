"""Digits are put upright and centred in the graph, and specks are dropped: geometry, not learning.

SciPy and NumPy are the oracles.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from onnx import TensorProto, helper
from scipy.ndimage import map_coordinates

from examples import costly
from tinydigits_export.graph import make_model
from tinydigits_export.reference import bilinear, reference
from tinydigits_export.steps import Steps
from tinydigits_export.strokes import STROKE_WIDTH, evened, without_specks
from tinydigits_export.upright import MAX_SLOPE, upright

Images = npt.NDArray[np.float32]
Run = Callable[[Images], Images]

BITS = st.integers(1, 4).flatmap(
    lambda n: arrays(np.bool_, (n, 1, 28, 28)).map(lambda bits: bits.astype(np.float32))
)


def graph_of(step: Callable[[Steps, str], str]) -> tuple[Run, Run]:
    """Steps from images to images, in ONNX Runtime and in the reference."""
    steps = Steps()
    result = step(steps, "ink")
    shape: list[str | int] = ["N", 1, 28, 28]
    model = make_model(
        helper.make_graph(
            steps.nodes,
            "step",
            [helper.make_tensor_value_info("ink", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(result, TensorProto.FLOAT, shape)],
            steps.constants,
        )
    )
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    evaluator = reference(model)
    return (
        lambda ink: np.asarray(session.run(None, {"ink": ink})[0]),
        lambda ink: np.asarray(evaluator.run([result], {"ink": ink}), np.float32)[0],
    )


even_strokes, reference_even_strokes = graph_of(evened)
make_upright, reference_upright = graph_of(upright)
drop_specks, reference_drop_specks = graph_of(without_specks)


def stroke(slant: float, middle: tuple[float, float], width: float = 3) -> Images:
    """A stroke 16 pixels high that leans by so many columns a row: ``float32[1, 1, 28, 28]``."""
    y, x = np.mgrid[0:28, 0:28]
    row, column = middle
    inked = (np.abs(y - row) <= 8) & (np.abs(x - column - slant * (y - row)) <= width / 2)
    return np.asarray(inked[None, None], np.float32)


def moments(image: Images) -> tuple[float, float, float]:
    """Column and row of the centre of mass, and columns to a row of the slant."""
    y, x = np.mgrid[0:28, 0:28]
    ink = image[0, 0] / image.sum()
    column, row = float((ink * x).sum()), float((ink * y).sum())
    across, down = x - column, y - row
    return column, row, float((ink * across * down).sum() / (ink * down * down).sum())


@pytest.mark.parametrize("slant", [-0.9, -0.5, -0.2, 0.0, 0.3, 0.6])
@pytest.mark.parametrize("middle", [(13.5, 13.5), (12, 16), (17, 11)])
def test_upright(slant: float, middle: tuple[float, float]) -> None:
    """A stroke that leans, anywhere in the field, stands upright in its middle afterwards."""
    column, row, lean = moments(make_upright(stroke(slant, middle)))
    assert (column, row) == pytest.approx((13.5, 13.5), abs=0.15)
    # one pixel of variance more than there is keeps a little of it
    assert abs(lean) < 0.06


def test_limit() -> None:
    """What leans by more than 45 degrees is taken back by 45 degrees."""
    y, x = np.mgrid[0:28, 0:28]
    flat = ((np.abs(x - 13.5 - 2 * (y - 13.5)) < 3) & (np.abs(y - 13.5) < 6)).astype(np.float32)
    before = moments(flat[None, None])[2]
    after = moments(make_upright(flat[None, None]))[2]
    assert before - after == pytest.approx(MAX_SLOPE, abs=0.05)


def test_dash() -> None:
    """A flat dash, which has no slant to speak of, stays flat."""
    dash = np.zeros((1, 1, 28, 28), np.float32)
    dash[0, 0, 13, 6:14] = dash[0, 0, 14, 14:22] = 1
    rows = make_upright(dash)[0, 0].sum(axis=1)
    assert rows[12:16].sum() > 0.95 * dash.sum()


def test_nothing_from_nothing() -> None:
    """A field without ink stays empty, and a field full of it stays full in the middle."""
    assert not make_upright(np.zeros((1, 1, 28, 28), np.float32)).any()
    assert make_upright(np.ones((1, 1, 28, 28), np.float32))[0, 0, 4:24, 4:24].min() > 0.99


@given(BITS)
@costly(0.4)
def test_runtimes_agree(bits: Images) -> None:
    """ONNX Runtime and the reference put any bits upright in the same way."""
    np.testing.assert_allclose(make_upright(bits), reference_upright(bits), rtol=0, atol=2e-5)
    assert np.array_equal(drop_specks(bits), reference_drop_specks(bits))
    np.testing.assert_allclose(even_strokes(bits), reference_even_strokes(bits), rtol=0, atol=1e-5)


@given(BITS)
@costly(0.4)
def test_specks_are_what_has_hardly_a_neighbour(bits: Images) -> None:
    """Ink stays where at least two of the eight pixels around it are ink, and none is made."""
    framed = np.pad(bits, ((0, 0), (0, 0), (1, 1), (1, 1)))
    near = [framed[:, :, y : y + 28, x : x + 28] for y in range(3) for x in range(3)]
    due = bits * (sum(near) - bits >= 2)
    assert np.array_equal(drop_specks(bits), due)


def test_strokes_are_no_specks() -> None:
    """Of a stroke one pixel wide only the two ends go, single pixels and pairs all."""
    bits = np.zeros((1, 1, 28, 28), np.float32)
    bits[0, 0, 4, 4:20] = 1
    bits[0, 0, 10, 5] = bits[0, 0, 10, 10:12] = bits[0, 0, 20, 20] = bits[0, 0, 21, 21] = 1
    kept = drop_specks(bits)[0, 0]
    assert kept[4, 5:19].all()
    assert kept.sum() == 14


def test_reference_samples_as_scipy_does() -> None:
    """The reference's bilinear sampling is SciPy's, with paper outside the field."""
    rng = np.random.default_rng(0)
    image = rng.random((2, 1, 28, 28), np.float32)
    grid = rng.uniform(-1.3, 1.3, (2, 28, 28, 2)).astype(np.float32)
    found = bilinear(image, grid)
    for k in range(2):
        place = (grid[k, ..., ::-1] + 1) * 13.5
        # a frame of zeros: SciPy's own edge has none between the last pixel and the outside
        due = map_coordinates(np.pad(image[k, 0], 2), np.moveaxis(place + 2, -1, 0), order=1)
        np.testing.assert_allclose(found[k, 0], due, rtol=0, atol=1e-5)


@pytest.mark.parametrize("width", [3, 4, 5, 6])
def test_thick_strokes_are_shrunk(width: int) -> None:
    """A stroke loses on both sides what it is too wide by, and stays in its place."""
    bits = np.zeros((1, 1, 28, 28), np.float32)
    bits[0, 0, 4:24, 8 : 8 + width] = 1
    row = even_strokes(bits)[0, 0, 14]
    # its ends count as edge too, so one that is 20 pixels long is taken for a bit less wide
    measured = 2 * 20 * width / (20 * width - 18 * (width - 2))
    assert row.sum() == pytest.approx(width - (measured - STROKE_WIDTH), abs=0.01)
    assert row.sum() < width - 0.5
    assert (row * np.arange(28)).sum() / row.sum() == pytest.approx(7.5 + width / 2, abs=1e-4)


@pytest.mark.parametrize("width", [1, 2])
def test_thin_strokes_stay(width: int) -> None:
    """A stroke that is not too thick stays as it is, and a field without ink too."""
    bits = np.zeros((2, 1, 28, 28), np.float32)
    bits[0, 0, 4:24, 8 : 8 + width] = 1
    assert np.abs(even_strokes(bits) - bits).max() < 1e-5


def test_grown_digit() -> None:
    """A digit grown by a pixel on each side, half as much ink again, is nearly itself after it."""
    bits = np.zeros((2, 1, 28, 28), np.float32)
    bits[:, 0, 5:22, 12:15] = bits[:, 0, 5:8, 8:18] = 1
    bits[1, 0, 4:23, 11:16] = bits[1, 0, 4:9, 7:19] = 1
    one, two = even_strokes(bits)[:, 0]
    assert np.abs(one - two).sum() < 0.2 * one.sum()
