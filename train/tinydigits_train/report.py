"""The report of a fit: everything a later reader needs to judge it or to do it again.

Its JSON form is ``report.json``. Version 1 of the schema is the first.
"""

from __future__ import annotations

import platform
import resource
from importlib.metadata import version
from typing import Final

import msgspec

import tinydigits
from tinydigits.classifier import CoveragePoint, DataSource, Share, Split
from tinydigits_export.verify import Verification
from tinydigits_train.fit import Candidate
from tinydigits_train.measure import Measures

SCHEMA_VERSION: Final = 1

_LIBRARIES: Final = ("numpy", "scikit-learn", "skl2onnx", "onnx", "onnxruntime")


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was done with which data, what came out, and what it cost."""

    model: str
    data: tuple[DataSource, ...]
    split: Split
    threshold: int
    """A glyph pixel of at least this value was ink."""
    views: dict[str, float]
    """The ways of making glyphs that were learned from, and the weight of a glyph in each."""
    c: float
    """Inverse strength of regularisation: the last of the ladder that gained enough."""
    ladder: tuple[Candidate, ...]
    """All that were tried: fitted on the train part, compared on the validation part. Only the best
    was fitted again, on both parts together; that is the model."""
    measures: Measures
    """On the test part, as the data set gives it."""
    accuracy_by_view: dict[str, Share]
    """On the test part, in each of the views."""
    device_coverage: tuple[CoveragePoint, ...]
    """Error against coverage as the device reads; the model's card has it too."""
    versions: dict[str, str]
    seconds: dict[str, float]
    """Wall time of each step, in their order."""
    peak_memory: int
    """Largest resident size of this process, in bytes."""
    model_bytes: int
    verification: Verification
    """How far two runtimes are from the estimator, on the whole test part."""
    schema: int = SCHEMA_VERSION

    def to_json(self) -> bytes:
        """Indented for people; shares are fractions."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def library_versions() -> dict[str, str]:
    """The versions of everything that has a part in the numbers."""
    return {
        "tinydigits": tinydigits.__version__,
        "python": platform.python_version(),
        **{name: version(name) for name in _LIBRARIES},
    }


def peak_memory() -> int:
    """Largest resident size of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB
