"""``bench.json``: what was measured, on what, with which settings.

Version 1: the first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from tinydigits.bench.machine import Machine
from tinydigits.bench.stats import Histogram, Percentile, Seconds
from tinydigits.errors import DataError

VERSION: Final = 1

MAX_BYTES: Final = 50_000_000
"""Far above every file of ours: a histogram takes some thousand bytes."""

FLOOR: Final = "floor"
"""The runner that does only what can't be left out: a graph that gives back its input, or the
passes over a frame that every way needs. The others are told as multiples of it; its answers are
not looked at."""

MOST_QUERIES: Final = 300_000_000
"""In a histogram: ten minutes of the fastest runner are a third of it."""

Rate = Annotated[float, msgspec.Meta(ge=1e-9, le=1e15)]
"""Of samples, a second."""

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Whole = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Amount = Annotated[float, msgspec.Meta(ge=0, le=1e15)]
"""What is in a file is held to these, so that whoever looks at it can divide and draw."""

LAST_MOMENT: Final = 250e9
"""Of the Unix clock, in seconds: dates have four digits for the year."""

Scenario = Literal["SingleStream", "MultiStream", "Server", "Offline"]
Subject = Literal["glyph", "frame"]
"""What a query asks about: the model alone, or the whole way from a frame to a reading."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What two runs must share to be compared; ``seconds`` is the length of each run."""

    mode: Literal["quick", "default", "mlperf"]
    seconds: Seconds
    input: str
    threads: int


class Load(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the machine went through during a run; ``None`` where it doesn't tell.

    ``others`` is what other programs took, ``stolen`` what other machines on the same hardware did:
    1 is one whole processor. ``waited`` is the share of the time for which the program could have
    run and another did, ``switched`` how often a second it had to make way. Frequencies, in hertz,
    and degrees Celsius are before and after.
    """

    others: float
    stolen: float
    waited: float | None
    switched: float
    frequency: tuple[float | None, float | None]
    degrees: tuple[float | None, float | None]
    throttled: bool | None


class Measurement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One runner with one model in one scenario; times are in seconds.

    ``samples`` were asked about in ``queries``, and ``wrong`` of them answered wrongly. ``model``
    is empty where the runner has one of its own. ``doubts`` say why it is not to be trusted.
    ``warm_up`` queries at the start are not counted in the percentiles. ``joules`` are for one
    sample.
    """

    subject: Subject
    scenario: Scenario
    runner: str
    model: str
    width: Positive | None
    height: Positive | None
    digits: Whole
    queries: Whole
    samples: Whole
    wrong: Whole
    rate: Rate
    percentiles: tuple[Percentile, ...]
    early_stopping: Seconds | None
    histogram: Histogram
    warm_up: int
    stages: dict[str, Amount]
    bound: Seconds | None
    joules: Amount | None
    load: Load
    doubts: tuple[str, ...]

    @property
    def valid(self) -> bool:
        """Whether every answer was right, or is that of another model than ours."""
        return not self.wrong or not self.model


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model that was measured; ``accuracy`` is what its card says."""

    name: str
    sha256: str
    bytes: Positive
    accuracy: Share
    weights: str


Starts = Annotated[tuple[Seconds, ...], msgspec.Meta(min_length=1)]


class ColdStart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From the start of a process to its first reading: seconds of each part, of several starts.

    ``floor`` is what a bare ``import numpy, PIL.Image, onnxruntime`` takes. ``doubts`` say why they
    are not to be trusted.
    """

    parts: Annotated[dict[str, Starts], msgspec.Meta(min_length=1)]
    total: Starts
    floor: Starts
    doubts: tuple[str, ...] = ()


class Duty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The program at a steady rate: the share of one processor it takes, and frames it missed.

    ``wrong`` of its readings were not what the frames show; ``memory`` is in bytes. ``doubts`` say
    why it is not to be trusted.
    """

    fps: Rate
    width: Positive
    height: Positive
    frames: Whole
    missed: Whole
    wrong: Whole
    processor: Amount
    memory: Whole
    doubts: tuple[str, ...] = ()


class Memory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bytes that the process holds after each step of its start, at its peak, and steadily."""

    after: dict[str, Whole]
    peak: Whole
    steady: Whole


class Growth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the time of a frame grows: as the amount to the power of ``exponent``.

    ``amounts`` are the pixels or digits that were measured, ``seconds`` the medians.
    """

    runner: str
    model: str
    amount: Literal["pixels", "digits"]
    amounts: Annotated[tuple[Positive, ...], msgspec.Meta(min_length=1)]
    seconds: Annotated[tuple[Seconds, ...], msgspec.Meta(min_length=1)]
    exponent: float


class LoadGenRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The device's own way as MLCommons' LoadGen measured it, with the summary that it wrote.

    ``valid`` is what it says, as long as no answer was wrong. ``theirs`` is the figure that the
    scenario is judged by, and ``ours`` the same as we measured it: samples a second in Offline,
    else seconds of a percentile, in Server at the rate that LoadGen asked at. ``rate`` is samples
    a second, where it tells them.
    """

    subject: Subject
    scenario: Scenario
    model: str
    width: Positive | None
    height: Positive | None
    digits: Whole
    valid: bool
    wrong: Whole
    theirs: Amount
    ours: Amount
    percentiles: tuple[Percentile, ...]
    rate: float | None
    summary: str


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it; ``power`` are the watts by which energy is told, where its user gave them."""

    content: Literal["tinydigits bench"]
    version: Annotated[int, msgspec.Meta(ge=VERSION, le=VERSION)]
    wall: Annotated[float, msgspec.Meta(ge=0, le=LAST_MOMENT)]
    machine: Machine
    settings: Settings
    models: tuple[ModelFile, ...]
    measurements: tuple[Measurement, ...]
    skipped: dict[str, str]
    cold_start: ColdStart | None = None
    duty: tuple[Duty, ...] = ()
    memory: Memory | None = None
    growths: tuple[Growth, ...] = ()
    loadgen: tuple[LoadGenRun, ...] = ()
    power: Amount | None = None


def load_result(path: Path) -> Result:
    """A result from its file.

    :raises DataError: where it is none, or of another version.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():  # it may never end
            raise DataError(f"{path}: it is no file")
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path}: it is larger than any result of tinydigits bench")
        result = msgspec.json.decode(path.read_bytes(), type=Result)
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror or error}") from error
    except msgspec.MsgspecError as error:
        raise DataError(f"{path} is no result of tinydigits bench {VERSION}: {error}") from error
    for one in result.measurements:
        if sum(one.histogram.counts.values()) > MOST_QUERIES:
            raise DataError(f"{path}: a histogram in it has more queries than any run")
    if any(len(one.amounts) != len(one.seconds) for one in result.growths):
        raise DataError(f"{path}: it has amounts without times")
    return result
