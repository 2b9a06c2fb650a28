"""How the time of a frame grows, as a power of its pixels and digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_results import frame_measurements, measurement
from tinydigits.bench.growth import fit_exponent, growths
from tinydigits.bench.inputs import COUNTS, SIZES


@given(
    st.floats(0.2, 3),
    st.floats(1e-7, 1e-2),
    st.lists(st.integers(1, 3_000_000), min_size=2, max_size=9, unique=True),
)
def test_exponent(exponent: float, factor: float, amounts: list[int]) -> None:
    """The exponent of times that are a power is that power."""
    seconds = [factor * amount**exponent for amount in amounts]
    assert fit_exponent(amounts, seconds) == pytest.approx(exponent, abs=1e-6)


def test_offset() -> None:
    """A part that doesn't grow makes the exponent smaller."""
    assert 0 < fit_exponent([1, 10, 100], [1.001, 1.01, 1.1]) < 0.05


def test_one() -> None:
    """One amount tells nothing of growth."""
    with pytest.raises(ValueError, match="two different amounts"):
        fit_exponent([5, 5], [1.0, 2.0])


def test_growths() -> None:
    """Pixels are told at five digits, digits at 640x480, for runners that read all of them."""
    pixels, digits = growths(frame_measurements(1.0))
    assert (pixels.runner, pixels.model, pixels.amount) == ("ort", "pairs", "pixels")
    assert pixels.amounts == tuple(width * height for width, height in SIZES)
    assert 0.3 < pixels.exponent < 1
    assert (digits.runner, digits.model, digits.amount) == ("ort", "pairs", "digits")
    assert digits.amounts == COUNTS
    assert 0.2 < digits.exponent < 1


def test_no_frames() -> None:
    """Glyphs by themselves have no pixels to grow with."""
    assert growths([measurement(1e-3)]) == ()
