"""What a linear classifier sees: the evidence of each pixel, and what its weights are worth."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from tinydigits.classifier import DIGITS
from tinydigits.glyph import GLYPH_SIZE
from tinydigits_train.datasets import Labels
from tinydigits_train.portrait import signed_picture
from tinydigits_train.preparations import BRIGHTEST, Features
from tinydigits_train.report import Blanked, Neuron

BLANKED_PIXELS: Final = 39
"""One pixel in twenty: enough to matter, few enough to leave most of a digit's ink."""

Pixels = npt.NDArray[np.int64]


def follow(estimator: LogisticRegression, ink: Features, truth: int) -> Neuron:
    """One digit on its way through the model.

    :param estimator: fitted on raw brightness; its classes are 0 to 9.
    :param ink: ``float32[784]``, 0 to 255.
    """
    evidence = estimator.coef_ * ink
    scores = evidence.sum(axis=1) + estimator.intercept_
    powers = np.exp(scores - scores.max())
    return Neuron(
        glyph=ink.reshape(GLYPH_SIZE, GLYPH_SIZE).astype(np.uint8).tobytes(),
        truth=DIGITS[truth],
        read=DIGITS[int(scores.argmax())],
        evidence=tuple(signed_picture(picture) for picture in evidence),
        largest=float(np.abs(evidence).max()),
        intercepts=tuple(estimator.intercept_.tolist()),
        scores=tuple(scores.tolist()),
        probabilities=tuple((powers / powers.sum()).tolist()),
    )


def blank(
    estimator: LogisticRegression, images: Features, truth: Labels, rng: np.random.Generator
) -> tuple[Blanked, ...]:
    """Change where a label's brightest and darkest coefficients are, and see what is still read.

    :param images: ``float32[N, 784]``, raw brightness of test images.
    :param rng: draws the other pixels, which show what a change does that has no aim.
    """
    return tuple(
        _blank_label(estimator, images[truth == label], label, rng)
        for label in range(len(DIGITS))
        if (truth == label).any()
    )


def _blank_label(
    estimator: LogisticRegression, images: Features, label: int, rng: np.random.Generator
) -> Blanked:
    ranked = np.argsort(estimator.coef_[label])
    dark, bright = ranked[:BLANKED_PIXELS], ranked[-BLANKED_PIXELS:]
    others = rng.permutation(ranked[BLANKED_PIXELS:-BLANKED_PIXELS])

    def still_read(pixels: Pixels, level: int) -> float:
        changed = images.copy()
        changed[:, pixels] = level
        return float((estimator.predict(changed) == label).mean())

    mean_ink = images.mean(axis=0)
    # bright areas have much ink: as many pixels elsewhere would take less of it away
    taken = np.searchsorted(mean_ink[others].cumsum(), mean_ink[bright].sum()) + 1
    return Blanked(
        label=DIGITS[label],
        untouched=still_read(others[:0], 0),
        bright_blanked=still_read(bright, 0),
        others_blanked=still_read(others[:taken], 0),
        dark_inked=still_read(dark, BRIGHTEST),
        others_inked=still_read(others[:BLANKED_PIXELS], BRIGHTEST),
    )
