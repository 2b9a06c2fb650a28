"""Proof that a model file computes what the estimator computes, on every glyph of a test set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from tinydigits.classifier import INPUT_NAME, LABEL_NAME, PROBABILITY_NAME, Glyphs
from tinydigits.errors import ModelError
from tinydigits_export.features import BITS, Computer
from tinydigits_export.form import LINEAR_FORM, Form
from tinydigits_export.reference import reference

TOLERANCE: Final = 1e-5
"""Largest difference of a probability that rounding to float32 explains where a model sees bits:
2e-6 was seen over 10,000 glyphs, five times that leaves room for other processors."""

FEATURES_TOLERANCE: Final = 1e-4
"""The same where it sees features, on the way to which much more is rounded: 1e-5 was seen. It is
what a device allows for its golden glyphs."""

BATCH: Final = 1000
"""Glyphs to a call: millions a second, and a few megabytes at a time."""

Run = Callable[[Glyphs], tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]


@dataclass(frozen=True)
class Agreement:
    """How far one runtime is from the estimator.

    ``difference`` is the largest of any probability, infinite where one is not a number.
    """

    mismatches: int = 0
    difference: float = 0.0


@dataclass(frozen=True)
class Verification:
    """What two independent runtimes made of ``n`` glyphs, compared with the estimator."""

    n: int
    onnxruntime: Agreement
    reference: Agreement


def verify(
    content: bytes,
    estimator: LogisticRegression,
    glyphs: Glyphs,
    *,
    threshold: int,
    form: Form = LINEAR_FORM,
) -> Verification:
    """Compare a model file's content with the estimator it was made from.

    :param glyphs: ``uint8[N, 28, 28]``, all of which are run.
    :raises ModelError: where any label differs or any probability by more than the tolerance.
    """
    if not len(glyphs):
        raise ModelError("there are no glyphs to verify it with")
    try:
        runs = {"ONNX Runtime": _onnxruntime(content), "the reference": _reference(content)}
    except Exception as error:  # each runtime has its own exceptions, without a common base
        raise ModelError("a runtime does not load it") from error
    compute = Computer(form.features, threshold)
    found = dict.fromkeys(runs, Agreement())
    with tqdm(total=len(glyphs), desc="verify", unit="glyph", leave=False, disable=None) as bar:
        for first in range(0, len(glyphs), BATCH):
            batch = glyphs[first : first + BATCH]
            seen = compute(batch)
            label, probability = estimator.predict(seen), estimator.predict_proba(seen)
            for name, run in runs.items():
                found[name] = _compare(found[name], run(batch), label, probability)
            bar.update(len(batch))
    tolerance = TOLERANCE if form.features is BITS else FEATURES_TOLERANCE
    for name, agreement in found.items():
        if agreement.mismatches or agreement.difference > tolerance:
            raise ModelError(
                f"{name} and the estimator disagree: {agreement.mismatches} of {len(glyphs)} "
                f"labels differ, probabilities by up to {agreement.difference:.2g} "
                f"where {tolerance:g} is allowed"
            )
    return Verification(len(glyphs), *found.values())


def _onnxruntime(content: bytes) -> Run:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # as on the device
    options.log_severity_level = 4  # what matters is raised
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda glyphs: tuple(session.run([LABEL_NAME, PROBABILITY_NAME], {INPUT_NAME: glyphs}))


def _reference(content: bytes) -> Run:
    evaluator = reference(onnx.load_model_from_string(content))
    return lambda glyphs: tuple(evaluator.run([LABEL_NAME, PROBABILITY_NAME], {INPUT_NAME: glyphs}))


def _compare(
    so_far: Agreement,
    outputs: tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]],
    label: npt.NDArray[np.int64],
    probability: npt.NDArray[np.float64],
) -> Agreement:
    labels, probabilities = outputs
    if labels.shape != label.shape or probabilities.shape != probability.shape:
        raise ModelError(
            f"its outputs have shapes {labels.shape} and {probabilities.shape} "
            f"where {label.shape} and {probability.shape} are due"
        )
    difference = np.abs(probabilities - probability)
    largest = float(np.where(np.isfinite(difference), difference, np.inf).max())
    return Agreement(
        so_far.mismatches + int(np.count_nonzero(labels != label)),
        max(so_far.difference, largest),
    )
