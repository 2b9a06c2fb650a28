"""The median of few values, without the tenth of a millisecond that NumPy's own takes."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt


def median(values: npt.NDArray[Any]) -> float:
    """The middle value, or the mean of the two in the middle.

    :raises ValueError: where there are no values.
    """
    ordered = sorted(values.tolist())
    if not ordered:
        raise ValueError("no values have no median")
    half = len(ordered) // 2
    return float(ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2)
