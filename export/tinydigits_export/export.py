"""From a fitted estimator to a model file that is verified before it is put in place."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from sklearn.linear_model import LogisticRegression

from tinydigits.classifier import Classifier, Glyphs, GoldenGlyph, ModelCard
from tinydigits.files import atomic_write
from tinydigits_export.convert import to_onnx
from tinydigits_export.features import Computer
from tinydigits_export.form import LINEAR_FORM, Form
from tinydigits_export.golden import golden_glyphs
from tinydigits_export.verify import Verification, verify


def export_model(
    estimator: LogisticRegression,
    card: ModelCard,
    glyphs: Glyphs,
    path: Path,
    form: Form = LINEAR_FORM,
) -> tuple[Verification, int]:
    """Write a model file that computes what the estimator computes and that a device accepts.

    :param card: without golden glyphs; they are drawn and added here.
    :param glyphs: ``uint8[N, 28, 28]``, the test set that the file is verified with.
    :returns: the verification, and the file's size in bytes.
    :raises ModelError: where the file would not be right; then nothing is written.
    """
    card = with_golden(estimator, card, form)
    content = to_onnx(estimator, card, form)
    verification = verify(content, estimator, glyphs, threshold=card.threshold, form=form)
    Classifier.from_bytes(content)  # what a device would refuse is never put in place
    atomic_write(path, content)
    return verification, len(content)


def with_golden(
    estimator: LogisticRegression, card: ModelCard, form: Form = LINEAR_FORM
) -> ModelCard:
    """The card with the project's own digits and what the estimator makes of them."""
    glyphs = golden_glyphs()
    probabilities = estimator.predict_proba(Computer(form.features, card.threshold)(glyphs))
    # float32 has seven digits, more would only make the file larger
    probabilities = probabilities.astype(np.float64).round(7)
    golden = tuple(map(GoldenGlyph.from_glyph, glyphs, probabilities))
    return msgspec.structs.replace(card, golden=golden)
