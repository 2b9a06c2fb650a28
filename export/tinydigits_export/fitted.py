"""What training hands to export: a folder with the estimator, its card and its test glyphs."""

from __future__ import annotations

import io
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import skops.io
from sklearn.linear_model import LogisticRegression

from tinydigits.classifier import Glyphs, ModelCard
from tinydigits.errors import DataError
from tinydigits.files import atomic_write, make_folder
from tinydigits.glyph import GLYPH_SIZE
from tinydigits_export.features import BATCH, Computer
from tinydigits_export.form import LINEAR_FORM, Form

ESTIMATOR_NAME: Final = "estimator.skops"
CARD_NAME: Final = "card.json"
GLYPHS_NAME: Final = "test-glyphs.npz"
FORM_NAME: Final = "form.npz"
"""Only beside estimators that see something else than bits, or are stored smaller."""


@dataclass(frozen=True, eq=False)  # arrays and estimators have no truth of being equal
class Fitted:
    """A fitted estimator with all that is needed to export and verify it.

    ``card`` has no golden glyphs yet; ``glyphs`` is ``uint8[N, 28, 28]``, the test set.
    """

    estimator: LogisticRegression
    card: ModelCard
    glyphs: Glyphs
    form: Form = LINEAR_FORM

    @classmethod
    def load(cls, folder: Path) -> Fitted:
        """Read what :meth:`save` wrote; no code from the files is run.

        :raises DataError: naming the file that is missing, damaged, or something else.
        """
        return cls(
            _estimator(folder / ESTIMATOR_NAME),
            _card(folder / CARD_NAME),
            _glyphs(folder / GLYPHS_NAME),
            _form(folder / FORM_NAME),
        )

    def save(self, folder: Path) -> None:
        """Write all of it into a folder, which is made where it is missing.

        :raises OutputError: where they can't be written.
        """
        make_folder(folder)
        # the card goes first and comes last: without one, the files may be of two fits
        (folder / CARD_NAME).unlink(missing_ok=True)
        (folder / FORM_NAME).unlink(missing_ok=True)
        packed = io.BytesIO()
        np.savez_compressed(packed, glyphs=self.glyphs)
        card = msgspec.json.format(msgspec.json.encode(self.card), indent=2)
        atomic_write(folder / ESTIMATOR_NAME, skops.io.dumps(self.estimator))
        atomic_write(folder / GLYPHS_NAME, packed.getvalue())
        if self.form is not LINEAR_FORM:
            atomic_write(folder / FORM_NAME, self.form.to_bytes())
        atomic_write(folder / CARD_NAME, card + b"\n")

    def in_bytes(self) -> tuple[Fitted, int]:
        """The same with weights that a byte each holds, and how many glyphs it reads otherwise.

        The card's figures stay those of the estimator as it was; components of features stay too.
        """
        form = Form(self.form.features, "int8")
        estimator = deepcopy(self.estimator)
        form.round(estimator)
        compute = Computer(form.features, self.card.threshold)
        changed = 0
        for first in range(0, len(self.glyphs), BATCH):
            seen = compute(self.glyphs[first : first + BATCH])
            changed += int(np.sum(estimator.predict(seen) != self.estimator.predict(seen)))
        return Fitted(estimator, self.card, self.glyphs, form), changed


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} can't be read: {error.strerror}; tinydigits-train fit writes it"
        ) from error


def _estimator(path: Path) -> LogisticRegression:
    content = _read(path)
    try:
        # skops builds objects of scikit-learn's and NumPy's own types and of no others
        estimator = skops.io.loads(content, trusted=[])
    except Exception as error:  # damage shows as an error of zipfile, json, NumPy or skops
        raise DataError(f"{path} does not hold a scikit-learn estimator: {error}") from error
    if not isinstance(estimator, LogisticRegression):
        raise DataError(f"{path} holds a {type(estimator).__name__}, not a LogisticRegression")
    return estimator


def _card(path: Path) -> ModelCard:
    try:
        return msgspec.json.decode(_read(path), type=ModelCard)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a model card: {error}") from error


def _form(path: Path) -> Form:
    if not path.exists():
        return LINEAR_FORM
    try:
        return Form.from_bytes(_read(path))
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _glyphs(path: Path) -> Glyphs:
    content = _read(path)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            glyphs = arrays["glyphs"]
    except Exception as error:  # damage shows as an error of zipfile, zlib, NumPy or tokenize
        raise DataError(f"{path} does not hold an array 'glyphs': {error}") from error
    if glyphs.dtype != np.uint8 or glyphs.shape[1:] != (GLYPH_SIZE, GLYPH_SIZE):
        raise DataError(
            f"{path} holds {glyphs.dtype}{list(glyphs.shape)} where uint8[N, 28, 28] is due"
        )
    return np.asarray(glyphs)
