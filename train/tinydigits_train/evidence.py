"""What a model looks at in a digit: wipe out a little ink, and see what it thinks then.

This asks nothing of a model but its probabilities, so it shows the linear one and all others alike.
For a linear model of pixels it gives the sum of their coefficients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from tinydigits.classifier import Glyphs
from tinydigits.glyph import GLYPH_SIZE
from tinydigits_train.datasets import Labels
from tinydigits_train.portrait import Evidence, signed_picture

WIPED: Final = 5
"""Side of the square that is wiped out, in pixels: twice a stroke's width, so that none is left of
it. A hole of one pixel shows more of the hole than of the stroke."""

_LEAST: Final = 1e-12
"""Below it a probability is a rounding error, and its logarithm noise."""

Floats = npt.NDArray[np.floating]
Read = Callable[[Glyphs], Floats]
"""Probabilities ``float[N, K]`` of glyphs."""


def show_evidence(
    glyphs: Glyphs, truth: Labels, labels: tuple[str, ...], read: Read
) -> tuple[Evidence, ...]:
    """For the first glyph of each label what speaks for it, and for what it is most likely else.

    :param glyphs: ``uint8[N, 28, 28]``.
    :param truth: ``int64[N]``, positions of the labels.
    """
    first = [int(np.argmax(truth == k)) for k in range(len(labels)) if (truth == k).any()]
    return tuple(_evidence(glyphs[k], labels[truth[k]], labels, read) for k in first)


def _evidence(
    glyph: npt.NDArray[np.uint8], truth: str, labels: tuple[str, ...], read: Read
) -> Evidence:
    best, rival = np.argsort(-read(glyph[None])[0])[:2]
    maps = evidence_maps(glyph, read)[[best, rival]]
    return Evidence(
        glyph=glyph.tobytes(),
        truth=truth,
        read=labels[best],
        rival=labels[rival],
        for_read=signed_picture(maps[0].ravel()),
        for_rival=signed_picture(maps[1].ravel()),
        largest=float(np.abs(maps).max()),
    )


def evidence_maps(glyph: npt.NDArray[np.uint8], read: Read) -> npt.NDArray[np.float64]:
    """``float[K, 28, 28]``: what the ink around a pixel adds to the score of each class.

    A score is the logarithm of a probability, less the mean over all classes. Where there is no ink
    to be wiped out, that is nothing.
    """
    side, reach = GLYPH_SIZE, WIPED // 2
    near = np.abs(np.arange(side)[:, None] - np.arange(side)) <= reach
    wiped = near[:, None, :, None] & near[None, :, None, :]  # for each pixel, its square
    views = np.where(wiped.reshape(-1, side, side), 0, glyph).astype(np.uint8)
    added = _scores(read(glyph[None])) - _scores(read(views))
    return np.asarray(added.T.reshape(-1, side, side))


def _scores(probabilities: Floats) -> npt.NDArray[np.float64]:
    logarithms = np.log(np.maximum(probabilities.astype(np.float64), _LEAST))
    return np.asarray(logarithms - logarithms.mean(axis=1, keepdims=True))
