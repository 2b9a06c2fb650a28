"""Reports: everything a later reader needs to judge what was done, or to do it again.

A report is a value; ``report.json`` is its content and ``report.html`` a view of that content.

Schema version 1: of a fit, without pictures.
Schema version 2: the field ``report`` says of what it is: a fit, an evaluation, or the article.
Schema version 3: a fit has features, storage, temperature and epochs, and may have no ``c``.
"""

from __future__ import annotations

import platform
import resource
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final, Literal

import msgspec

import tinydigits
from tinydigits.classifier import CoveragePoint, DataSource, Share, Split
from tinydigits_export.storage import Storage
from tinydigits_export.verify import Verification
from tinydigits_train.fit import Candidate
from tinydigits_train.ladder import EpochPoint
from tinydigits_train.measure import ClassMeasures, Measures
from tinydigits_train.portrait import DataView, Portrait

SCHEMA_VERSION: Final = 3

_LIBRARIES: Final = ("numpy", "scikit-learn", "skl2onnx", "onnx", "onnxruntime")

Verdict = Literal["holds", "does not hold", "depends"]


class _Report(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="report"
):
    """What all reports have: measures on glyphs that the model has not seen."""

    schema: int = SCHEMA_VERSION
    data: DataView
    measures: Measures
    portrait: Portrait
    versions: dict[str, str]
    seconds: dict[str, float]
    """Wall time of each step, in their order."""

    def to_json(self) -> bytes:
        """Indented for people; shares are fractions."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


class FitReport(_Report, frozen=True, kw_only=True, tag="fit"):
    """A model that was trained: with which data, what came out, and what it cost.

    The measures are on the test part, as the data set gives it.
    """

    model: str
    split: Split
    views: dict[str, float]
    """The ways of making glyphs that were learned from, and the weight of a glyph in each."""
    features: int
    """Numbers that the estimator sees of a glyph."""
    storage: Storage
    """How the model file holds the weights."""
    c: float | None = None
    """Inverse strength of regularisation: the last of the ladder that gained enough. None where no
    ladder was climbed."""
    ladder: tuple[Candidate, ...] = ()
    """All that were tried: fitted on the train part, compared on the validation part. Only the best
    was fitted again, on both parts together; that is the model."""
    temperature: float | None = None
    """What scores were divided by to be as sure as right on the validation part; None where they
    were left as they are."""
    epochs: tuple[EpochPoint, ...] = ()
    """Of a model that learned from a stream: after each pass, on the validation part."""
    accuracy_by_view: dict[str, Share]
    """On the test part, in each of the views."""
    accuracy_by_kind: dict[str, Share] = {}
    """On the test part, for each set of a mix and each kind of scene."""
    accuracy_of_pictures: dict[str, Share] = {}
    """On the test part of folders, each picture read whole as the device reads it: for each folder,
    and for each of its groups."""
    device_coverage: tuple[CoveragePoint, ...]
    """Error against coverage as the device reads; the model's card has it too."""
    peak_memory: int
    """Largest resident size of this process, in bytes."""
    model_bytes: int
    verification: Verification
    """How far two runtimes are from the estimator, on the whole test part."""


class EvaluationReport(_Report, frozen=True, tag="evaluation"):
    """A model file that was measured on a data set, through the device's own classifier."""

    model: str
    """Its name, from its card."""
    model_sha256: str
    """Of the file."""
    model_bytes: int
    trained_on: tuple[DataSource, ...]
    part: Literal["test", "all"]


class Variant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tutorial's classifier on pictures that were prepared in one way."""

    name: str
    what: str
    """How pictures are prepared, in a line."""
    order: str
    """In which the samples stood when the split was drawn."""
    features: int
    """Numbers that the classifier sees of an image."""
    bytes_per_image: int
    bytes_per_model: int
    """Coefficients and intercepts in single precision."""
    iterations: int
    seconds: float
    """Of the training."""
    accuracy: float
    accuracy_interval: tuple[float, float]
    """95 % Wilson interval."""
    macro_f1: float
    weighted_f1: float
    labels: tuple[str, ...]
    classes: tuple[ClassMeasures, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Rows are the truth, columns what was read."""


def by_name(variants: Sequence[Variant]) -> dict[str, list[Variant]]:
    """The variants of each name, in the order in which they come."""
    names = dict.fromkeys(v.name for v in variants)
    return {name: [v for v in variants if v.name == name] for name in names}


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something the tutorial says, and what was found."""

    id: str
    says: str
    measured: str
    """In words and numbers."""
    verdict: Verdict
    depends_on: str = ""
    """Where the verdict is ``depends``: on what."""
    numbers: dict[str, float]
    """The figures that the verdict was drawn from."""


class IterationPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fit that was allowed so many iterations."""

    iterations: int
    """That were made."""
    converged: bool
    train_accuracy: float
    test_accuracy: float
    seconds: float


class Blanked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to the test digits of one label where parts of their pictures are changed.

    All but the label are shares of them that are still read right.
    """

    label: str
    untouched: float
    bright_blanked: float
    """Where the label's brightest coefficients are, ink is taken away."""
    others_blanked: float
    """As much ink is taken away elsewhere."""
    dark_inked: float
    """Where the label's darkest coefficients are, ink is put."""
    others_inked: float
    """As many pixels elsewhere are inked."""


class Neuron(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One digit on its way through the model: weighted inputs, their sums, softmax."""

    glyph: bytes
    """``uint8[28, 28]``."""
    truth: str
    read: str
    evidence: tuple[bytes, ...]
    """``float32[28, 28]`` for each class: coefficient times ink, what every pixel adds."""
    largest: float
    """Largest absolute value of all the evidence: the one scale of all its pictures."""
    intercepts: tuple[float, ...]
    scores: tuple[float, ...]
    """The sum of a class's evidence and its intercept."""
    probabilities: tuple[float, ...]
    """Softmax of the scores."""


class ArticleReport(_Report, frozen=True, tag="article"):
    """The tutorial this began with, done again.

    Measures and portrait are of the raw variant in label-sorted order, which is the tutorial's.
    """

    split: dict[str, int]
    """Sizes of the parts, and the seed."""
    variants: tuple[Variant, ...]
    claims: tuple[Claim, ...]
    iterations: dict[str, tuple[IterationPoint, ...]]
    """Accuracy against iterations, by the name of the variant."""
    blanked: tuple[Blanked, ...]
    blanked_pixels: int
    """So many of each label's 784."""
    neurons: tuple[Neuron, ...]
    peak_memory: int
    """Largest resident size of any process, in bytes."""


AnyReport = FitReport | EvaluationReport | ArticleReport


def read_report(content: bytes) -> AnyReport:
    """A report of any kind from its JSON form."""
    report: AnyReport = msgspec.json.decode(content, type=AnyReport)
    return report


def library_versions() -> dict[str, str]:
    """The versions of everything that has a part in the numbers."""
    return {
        "tinydigits": tinydigits.__version__,
        "python": platform.python_version(),
        **{name: version(name) for name in _LIBRARIES},
    }


def peak_memory() -> int:
    """Largest resident size of this process or of one it waited for so far, in bytes."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    # Linux counts in KiB
    return max(resource.getrusage(which).ru_maxrss for which in whose) * 1024
