"""The model file: what it promises, and the one call that turns glyphs into probabilities.

A model of the contract takes ``ink: uint8[N, 28, 28]`` and gives ``label: int64[N]`` and
``probability: float32[N, K]``. Everything between, the threshold to one bit included, is in its
graph; everything a person or a device must know about it is in its metadata, the
:class:`ModelCard`. A file that breaks a promise is refused before it reads its first digit.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from tinydigits.digest import sha256_hex
from tinydigits.errors import ModelError
from tinydigits.glyph import GLYPH_SIZE, VIEWS, Glyph, fingerprint, jittered
from tinydigits.noise import without_lines
from tinydigits.onnx_runtime import ort

CONTRACT_VERSION: Final = 1
INPUT_NAME: Final = "ink"
LABEL_NAME: Final = "label"
PROBABILITY_NAME: Final = "probability"
DIGITS: Final = tuple("0123456789")
NONE_LABEL: Final = "none"
"""The label of "not one whole digit", in models that know it."""

METADATA_PREFIX: Final = "tinydigits."
SEAL_KEY: Final = "tinydigits-seal"
"""Metadata with the SHA-256 of the file, taken with sixty-four zeros in the place of this hash."""

UNSEALED: Final = "0" * 64

MAX_MODEL_BYTES: Final = 1_000_000
"""Far above every model of the ladder; a larger file is not one of ours."""

BATCH: Final = 4
"""Glyphs to a call: a call takes microseconds, and what the graph needs for many glyphs at once it
would keep for ever: 0.8 MiB for eight, and no glyph the sooner."""

GOLDEN_TOLERANCE: Final = 1e-4
"""Largest difference of a probability between the machine that trained and this one: runtimes and
processors differ by 2e-6 here, one flipped weight byte by far more."""

DEFAULT_MODEL: Final = Path(__file__).with_name("digits.onnx")

_WANTED: Final = [PROBABILITY_NAME]

_NOISE: Final = b"Schema error: Trying to register schema"
"""Debian's ONNX Runtime writes this 567 times before its first model, being linked with ONNX twice
(Debian bug 1092898); nothing else comes of that."""

Glyphs = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]


class DataSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One data set that a model was trained on, and the hash that identifies its content."""

    name: str
    sha256: str
    count: int


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the data was parted: numbers of glyphs, and a hash over the three index lists."""

    seed: int
    train: int
    validation: int
    test: int
    sha256: str


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A measured share of ``n`` trials, with its 95 % Wilson interval; all as fractions."""

    value: float
    low: float
    high: float
    n: int


class CoveragePoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What accepting every digit of at least this confidence gives, as fractions.

    Measured as the device reads: glyphs that it made itself, probabilities :func:`steadied`.
    """

    confidence: float
    coverage: float
    error: float


class GoldenGlyph(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A glyph the project drew itself, and what the estimator made of it.

    ``bits`` is the 28x28 one-bit image, packed row by row to 98 bytes, in base64.
    """

    bits: str
    probability: tuple[float, ...]

    @classmethod
    def from_glyph(cls, glyph: Glyph, probability: npt.NDArray[np.floating]) -> GoldenGlyph:
        """Pack the ink (any value above 0) of ``uint8[28, 28]`` and its ``float[K]``."""
        bits = base64.b64encode(np.packbits(glyph > 0).tobytes()).decode("ascii")
        return cls(bits, tuple(float(p) for p in probability))

    def glyph(self) -> Glyph:
        """``uint8[28, 28]`` of 0 and 255."""
        packed = np.frombuffer(base64.b64decode(self.bits, validate=True), np.uint8)
        bits = np.unpackbits(packed)
        return np.asarray(bits.reshape(GLYPH_SIZE, GLYPH_SIZE) * 255, np.uint8)


class ModelCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a device or a person must know of a model; it travels inside the file."""

    contract: int
    fingerprint: str
    name: str
    labels: tuple[str, ...]
    threshold: int
    """A glyph pixel of at least this value is ink."""
    data: tuple[DataSource, ...]
    split: Split
    accuracy: Share
    coverage: tuple[CoveragePoint, ...]
    versions: dict[str, str]
    golden: tuple[GoldenGlyph, ...]
    views: int = VIEWS
    """Of each glyph over which the device takes the mean: several, slightly moved, where the model
    hangs on the exact place of strokes, or 1 where it finds that out by itself."""

    def to_metadata(self) -> dict[str, str]:
        """One ONNX metadata property a field, its value in JSON."""
        return {
            METADATA_PREFIX + field: msgspec.json.encode(getattr(self, field)).decode()
            for field in self.__struct_fields__
        }

    @classmethod
    def from_metadata(cls, metadata: dict[str, str]) -> ModelCard:
        """The card from a model's metadata; :class:`ModelError` where it is missing or broken."""
        fields = {
            key.removeprefix(METADATA_PREFIX): value
            for key, value in metadata.items()
            if key.startswith(METADATA_PREFIX)
        }
        if "contract" not in fields:
            raise ModelError("it carries no tinydigits metadata: export it with tinydigits-export")
        if fields["contract"] != str(CONTRACT_VERSION):
            raise ModelError(
                f"it follows version {fields['contract']:.20} of the model contract, this program "
                f"version {CONTRACT_VERSION}: export it again with a matching tinydigits"
            )
        try:
            decoded = {key: msgspec.json.decode(value) for key, value in fields.items()}
            card = msgspec.convert(decoded, cls)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ModelError(f"its metadata is damaged: {error}") from error
        if card.labels not in {DIGITS, (*DIGITS, NONE_LABEL)}:
            raise ModelError(
                f"its labels are {', '.join(card.labels):.60} where the digits 0 to 9 are due, "
                f"and '{NONE_LABEL}' where it knows that"
            )
        if card.views not in {1, VIEWS}:
            raise ModelError(f"it asks for {card.views} views of a glyph: 1 or {VIEWS} are known")
        return card

    def reject_below(self, max_error: float) -> float:
        """The least confidence at which the share of wrong digits stays within ``max_error``.

        Read from the error that was measured on the test split. Where no confidence is high enough
        the answer is above 1: everything is rejected.
        """
        enough = [point.confidence for point in self.coverage if point.error <= max_error]
        return min(enough, default=2.0)


class Classifier:
    """A model that kept its promises, ready to read glyphs.

    Build it with :meth:`load`. ``sha256`` is its file's, in hex.
    """

    def __init__(self, session: ort.InferenceSession, card: ModelCard, batch: int = BATCH) -> None:
        self._run: Callable[..., list[Probabilities]] = session.run
        self._options = ort.RunOptions()  # one for all calls: making it takes a microsecond
        self._batch = batch
        self.card = card
        self.sha256 = ""

    @classmethod
    def load(cls, path: Path) -> Classifier:
        """Load a model file and hold it to the contract.

        :raises ModelError: naming the file, the promise it breaks, and what to do.
        """
        try:
            return cls.from_bytes(read_model(path))
        except ModelError as error:
            raise ModelError(f"model {path}: {error}") from error

    @classmethod
    def from_bytes(cls, content: bytes, batch: int = BATCH) -> Classifier:
        """The same from a model file's content.

        :param batch: glyphs to a call of ONNX Runtime at most.
        """
        session = open_session(content)
        _check_signature(session)
        metadata = _metadata(session)
        card = ModelCard.from_metadata(metadata)
        if metadata.get(SEAL_KEY) != seal(content, metadata.get(SEAL_KEY, "")):
            raise ModelError("its content does not match its checksum: copy it here again")
        if card.fingerprint != fingerprint():
            raise ModelError(
                "it was trained on glyphs made by another pre-processing: "
                "train and export it again with this version of tinydigits"
            )
        classifier = cls(session, card, batch)
        classifier.sha256 = sha256_hex(content)
        classifier._check_golden()
        return classifier

    def probabilities(self, glyphs: Glyphs) -> Probabilities:
        """``float32[N, K]`` for ``uint8[N, 28, 28]``; the columns are ``card.labels``."""
        count, batch = len(glyphs), self._batch
        if not count:
            return np.zeros((0, len(self.card.labels)), np.float32)
        if count <= batch:
            return self._run(_WANTED, {INPUT_NAME: glyphs}, self._options)[0]
        parts = [glyphs[first : first + batch] for first in range(0, count, batch)]
        return np.concatenate([self.probabilities(part) for part in parts])

    def steady(self, glyphs: Glyphs) -> Probabilities:
        """As :meth:`probabilities`, over as many views of each glyph as the card asks for."""
        return over_views(self.probabilities, glyphs, self.card.views)

    def _check_golden(self) -> None:
        card = self.card
        try:
            glyphs = np.stack([golden.glyph() for golden in card.golden])
            promised = np.array([golden.probability for golden in card.golden], np.float32)
        except (ValueError, binascii.Error) as error:
            raise ModelError(f"its golden glyphs are damaged: {error}") from error
        try:
            computed = self.probabilities(glyphs)
        except Exception as error:  # ONNX Runtime's own exceptions share no base class
            raise ModelError("it can't be run on this machine's ONNX Runtime") from error
        if computed.shape != promised.shape or promised.shape[1] != len(card.labels):
            raise ModelError("its outputs, its labels and its golden glyphs don't fit each other")
        # written so that NaN fails
        if not float(np.abs(computed - promised).max()) <= GOLDEN_TOLERANCE:
            raise ModelError(
                "it computes something else here than where it was trained: the file is damaged, "
                "or this ONNX Runtime does not suit this processor"
            )


def seal(content: bytes, present: str) -> str:
    """The SHA-256 that belongs into a model file's seal, in hex; ``present`` is what stands there.

    The golden glyphs show that this machine computes what the other one did, but touch only some
    of the weights; the seal covers every byte.
    """
    return sha256_hex(content.replace(present.encode(), UNSEALED.encode(), 1))


def read_model(path: Path) -> bytes:
    """A model file's content; :class:`ModelError` where it can't be read or is far too large."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_MODEL_BYTES + 1)
    except OSError as error:
        raise ModelError(f"it can't be read: {error.strerror}") from error
    except ValueError as error:  # a name with a NUL
        raise ModelError(f"it can't be read: {error}") from error
    if len(content) > MAX_MODEL_BYTES:
        raise ModelError(f"it is larger than {MAX_MODEL_BYTES} bytes, so it is none of ours")
    return content


def over_views(
    read: Callable[[Glyphs], Probabilities], glyphs: Glyphs, views: int
) -> Probabilities:
    """What glyphs are read as, over one view or several of each: ``float32[N, K]``.

    :param read: gives ``float[N, K]`` for ``uint8[N, 28, 28]``.
    """
    return read(glyphs) if views == 1 else steadied(read(jittered(glyphs)))


def steadied(probabilities: Probabilities) -> Probabilities:
    """The mean of what :func:`~tinydigits.glyph.jittered` glyphs were read as, ``float32[N, K]``.

    It reads one in a hundred photographed digits more right.
    """
    views = probabilities.reshape(VIEWS, -1, probabilities.shape[1])
    return np.asarray(views.mean(axis=0))


def open_session(content: bytes) -> ort.InferenceSession:
    """A model file's content, ready to be run as the device does.

    :raises ModelError: where ONNX Runtime can't load it.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # one core does a glyph in microseconds
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what matters is raised, and told in one line
    try:
        with without_lines(_NOISE):
            return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions share no base class
        raise ModelError("it is not an ONNX model that this ONNX Runtime can load") from error


def _metadata(session: ort.InferenceSession) -> dict[str, str]:
    try:
        return dict(session.get_modelmeta().custom_metadata_map)
    except UnicodeDecodeError as error:
        raise ModelError("its metadata is damaged: it is not UTF-8") from error


def _check_signature(session: ort.InferenceSession) -> None:
    takes = [
        (i.name, i.type, i.shape[1:])
        for i in session.get_inputs()
        if not isinstance(i.shape[0] if i.shape else 1, int)  # any number of glyphs
    ]
    gives = {(o.name, o.type) for o in session.get_outputs()}
    if takes != [(INPUT_NAME, "tensor(uint8)", [GLYPH_SIZE, GLYPH_SIZE])]:
        found = ", ".join(f"{i.name}: {i.type}{i.shape}" for i in session.get_inputs())
        raise ModelError(f"its input is '{found}' where '{INPUT_NAME}: uint8[N, 28, 28]' is due")
    if gives != {(LABEL_NAME, "tensor(int64)"), (PROBABILITY_NAME, "tensor(float)")}:
        found = ", ".join(f"{o.name}: {o.type}" for o in session.get_outputs())
        raise ModelError(
            f"its outputs are '{found}' where '{LABEL_NAME}: int64[N]' and "
            f"'{PROBABILITY_NAME}: float32[N, K]' are due"
        )
