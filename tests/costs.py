"""What reading costs: the bars that it is held to, and the figures of the README.

Run with ``make bench``, which also puts what it found into the README and into docs/bench.md. What
is held are ratios of figures that were measured in turn, as times are the machine's. Where a run
calls itself untrustworthy it may be done again, a few times.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import pytest
from msgspec.structs import replace
from PIL import Image

from marked import put, table
from tinydigits.bench.cold import measure_cold_start
from tinydigits.bench.figures import memory_text, middle, rate_text, three_digits, time_text
from tinydigits.bench.groups import Kind, at_share, groups, median
from tinydigits.bench.growth import DIGITS, SIZE
from tinydigits.bench.inputs import SIZES, drawn_frames
from tinydigits.bench.plan import STARTS
from tinydigits.bench.result import FLOOR, ColdStart, Measurement, Result, Scenario, Subject
from tinydigits.bench.runners import OWN
from tinydigits.bench.stats import Percentile
from tinydigits.classifier import DEFAULT_MODEL, Classifier

TRIES: Final = 3
"""Of a run that is not to be trusted."""

MOST_CALL: Final = 2.2
"""Times a call of ONNX Runtime that computes nothing: each of the graph's seven steps costs it a
twentieth, the product of the weights a quarter."""

MOST_FRAME: Final = 2.0
"""Times the passes over a frame that can't be left out."""

LEAST_TESSERACT: Final = 20.0
"""Times a frame takes with Tesseract, most of which is the start of that program."""

MOST_EXPONENT: Final = 1.1
"""Of time against pixels, and against digits."""

MOST_START: Final = 2.5
"""Times ``import numpy, PIL.Image, onnxruntime``: a first reading looks at twelve inks."""

MOST_MEMORY: Final = 60 * 2**20

TABLES: Final = os.environ.get("TINYDIGITS_TABLES")
"""The folder with the documents in which the tables stand, where they are to be put there."""

README: Final = "README.md"
DOCUMENT: Final = "docs/bench.md"
COMMAND: Final = "make bench"

FRAMES: Final = ("--subject", "frame", "--scenario", "SingleStream", "--runner")
IMPORTS: Final = "`import numpy, PIL.Image, onnxruntime`"

RATIOS: Final = (*FRAMES, OWN, FLOOR, "tesseract", "--size", f"{SIZE[0]}x{SIZE[1]}")
PIXELS: Final = (*FRAMES, OWN, "--size", *(f"{width}x{height}" for width, height in SIZES))
COUNTS: Final = (*FRAMES, OWN, "--digits", "1", "5", "50")


class Bar(NamedTuple):
    """What is held: a figure of a result, its limit, and what speaks against the run."""

    figure: Callable[[Result], float]
    limit: float
    doubts: Callable[[Result], Sequence[str]]


def bench(*options: str | Path) -> Result:
    """What ``tinydigits bench`` measures; it must end well."""
    ended = subprocess.run(
        [sys.executable, "-m", "tinydigits", "bench", "--json", *map(str, options)],
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(ended.stdout, type=Result)


@pytest.fixture(scope="module")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A linear model; what it was trained on makes no difference to what it costs."""
    folder = tmp_path_factory.mktemp("linear")
    command = [sys.executable, "-m", "tinydigits_train", "fit", "--data", "bundled"]
    subprocess.run([*command, "-o", folder], stdout=subprocess.DEVNULL, check=True)
    return folder / "digits.onnx"


@pytest.fixture(scope="module")
def glyphs(linear: Path) -> Result:
    """All ways to run a linear model, and many glyphs at once."""
    return bench("--subject", "glyph", "--scenario", "SingleStream", "Offline", "--model", linear)


@pytest.fixture(scope="module")
def overview() -> Result:
    """All that is measured where nothing is chosen."""
    return bench()


def measured(
    result: Result, runner: str, subject: Subject, scenario: Scenario = "SingleStream"
) -> Measurement:
    """The run of a runner, of the usual frames."""
    return next(
        one
        for one in result.measurements
        if (one.runner, one.subject, one.scenario) == (runner, subject, scenario)
        and (subject == "glyph" or (one.width, one.height, one.digits) == (*SIZE, DIGITS))
    )


def times(slow: str, fast: str, subject: Subject) -> Callable[[Result], float]:
    """How many times as long one runner takes as another, by the median."""
    return lambda result: (
        median(measured(result, slow, subject)) / median(measured(result, fast, subject))
    )


def doubted(*runners: str, subject: Subject) -> Callable[[Result], Sequence[str]]:
    """What speaks against the runs of these runners."""
    return lambda result: [
        doubt for runner in runners for doubt in measured(result, runner, subject).doubts
    ]


def hold(bar: Bar, first: Result, again: Callable[[], Result]) -> None:
    """Hold a figure to its limit; it may be measured again where the run is not to be trusted."""
    result, found = first, []
    for _ in range(TRIES):
        found.append(bar.figure(result))
        if found[-1] <= bar.limit:
            return
        doubts = bar.doubts(result)
        if not doubts:
            break
        print("\n".join(doubts))
        result = again()
    pytest.fail(f"{', '.join(map(three_digits, found))} where {bar.limit:g} is the most")


def test_call(glyphs: Result, linear: Path) -> None:
    """A glyph through the linear model takes hardly longer than a call that computes nothing."""
    bar = Bar(times(OWN, FLOOR, "glyph"), MOST_CALL, doubted(OWN, FLOOR, subject="glyph"))
    again = ("--subject", "glyph", "--scenario", "SingleStream", "--runner", OWN, FLOOR)
    hold(bar, glyphs, lambda: bench(*again, "--model", linear))


def test_frame(overview: Result) -> None:
    """A frame takes at most twice what can't be left out of reading it."""
    bar = Bar(times(OWN, FLOOR, "frame"), MOST_FRAME, doubted(OWN, FLOOR, subject="frame"))
    hold(bar, overview, lambda: bench(*RATIOS))


def test_tesseract(overview: Result) -> None:
    """Tesseract takes many times as long."""
    if shutil.which("tesseract") is None:
        pytest.skip("apt install tesseract-ocr")
    ours = times(OWN, "tesseract", "frame")
    bar = Bar(ours, 1 / LEAST_TESSERACT, doubted(OWN, "tesseract", subject="frame"))
    hold(bar, overview, lambda: bench(*RATIOS))


@pytest.mark.parametrize(("amount", "options"), [("pixels", PIXELS), ("digits", COUNTS)])
def test_growth(overview: Result, amount: str, options: Sequence[str]) -> None:
    """Time grows no faster than in proportion."""

    def exponent(result: Result) -> float:
        return next(one.exponent for one in result.growths if one.amount == amount)

    def doubts(result: Result) -> list[str]:
        runs = [one for one in result.measurements if (one.subject, one.runner) == ("frame", OWN)]
        return [doubt for one in runs for doubt in one.doubts]

    hold(Bar(exponent, MOST_EXPONENT, doubts), overview, lambda: bench(*options))


def test_start(overview: Result, tmp_path: Path) -> None:
    """A start takes little longer than importing the libraries."""

    def cold(result: Result) -> ColdStart:
        assert result.cold_start is not None
        return result.cold_start

    def again() -> Result:
        (frame,) = drawn_frames(Classifier.load(DEFAULT_MODEL).card, SIZE, DIGITS).frames[:1]
        Image.fromarray(frame).save(tmp_path / "frame.pgm")
        starts = measure_cold_start(DEFAULT_MODEL, tmp_path / "frame.pgm", STARTS, lambda _: None)
        return replace(overview, cold_start=starts)

    def start(result: Result) -> float:
        return middle(cold(result).total) / middle(cold(result).floor)

    hold(Bar(start, MOST_START, lambda one: cold(one).doubts), overview, again)


def test_memory(overview: Result) -> None:
    """What the program holds while it reads stays small."""
    assert overview.memory is not None
    assert overview.memory.steady <= MOST_MEMORY


def test_tables(glyphs: Result, overview: Result) -> None:
    """The documents say what was measured."""
    short, long = short_table(glyphs, overview), long_tables(glyphs, overview)
    print(f"\n{short}\n\n{long}")
    if TABLES:
        put(Path(TABLES, README), COMMAND, short)
        put(Path(TABLES, DOCUMENT), COMMAND, long)


def share_of(one: Measurement, share: float) -> Percentile:
    """A percentile, which every run has."""
    found = at_share(one, share)
    assert found is not None
    return found


def short_table(glyphs: Result, overview: Result) -> str:
    """What the README says."""
    call, frame = measured(glyphs, OWN, "glyph"), measured(overview, OWN, "frame")
    many = measured(glyphs, OWN, "glyph", "Offline")
    cold, memory = overview.cold_start, overview.memory
    assert cold is not None
    assert memory is not None
    size = f"{SIZE[0]}x{SIZE[1]}"
    rows = [
        [
            "the model `linear`, one glyph",
            time_text(median(call)),
            f"{times(OWN, FLOOR, 'glyph')(glyphs):.2f} times a call that computes nothing",
            f"{MOST_CALL:g}",
        ],
        ["the same, 1,000 glyphs a call", f"{rate_text(many.rate)} a second", "", ""],
        [
            f"a frame of {size} with five digits, to the number",
            f"{time_text(median(frame))}, p99 {time_text(share_of(frame, 0.99).seconds)}",
            f"{times(OWN, FLOOR, 'frame')(overview):.2f} times the passes that can't be left out",
            f"{MOST_FRAME:g}",
        ],
        *tesseract_row(overview),
        [
            "time grows as",
            " and ".join(
                f"{one.amount}^{round(one.exponent, 2) + 0.0:.2f}" for one in overview.growths
            ),
            "1 is in proportion",
            f"{MOST_EXPONENT:g}",
        ],
        [
            "from nothing to the first reading",
            time_text(middle(cold.total)),
            f"{middle(cold.total) / middle(cold.floor):.2f} times {IMPORTS}",
            f"{MOST_START:g}",
        ],
        [
            "memory while it reads",
            memory_text(memory.steady),
            f"{memory_text(memory.peak)} at its peak",
            memory_text(MOST_MEMORY),
        ],
    ]
    return table(["what", "takes", "that is", "held to at most"], rows)


def tesseract_row(overview: Result) -> Iterator[list[str]]:
    """Tesseract's, where it is installed."""
    if any(one.runner == "tesseract" for one in overview.measurements):
        other = measured(overview, "tesseract", "frame")
        ratio = times("tesseract", OWN, "frame")(overview)
        yield [
            "the same frames by Tesseract",
            time_text(median(other)),
            f"{three_digits(ratio)} times as long",
            f"at least {LEAST_TESSERACT:g}",
        ]


def long_tables(glyphs: Result, overview: Result) -> str:
    """What docs/bench.md says: on what, by whom, and at which rates."""
    machine = overview.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    where = f"Measured on {machine.name}, {machine.system}, {versions}; one thread."
    kinds = [
        ("A glyph with the model `linear`, one after the other:", kind)
        for group in groups(glyphs.measurements)
        for kind in group.kinds
        if group.scenario == "SingleStream"
    ] + [
        (f"A frame of {kind.name}:", kind)
        for group in groups(overview.measurements)
        for kind in group.kinds
        if (group.subject, group.scenario) == ("frame", "SingleStream") and len(kind.rows) > 1
    ]
    tables = [f"{title}\n\n{runner_table(kind)}" for title, kind in kinds]
    duty = table(
        ["frames a second", "read", "missed", "of a processor"],
        [
            [f"{one.fps:g}", one.frames, one.missed, f"{100 * one.processor:.1f} %"]
            for one in overview.duty
        ],
    )
    return "\n\n".join([where, *tables, f"`tinydigits run` at a steady rate:\n\n{duty}"])


def runner_table(kind: Kind) -> str:
    """Each runner's times, the fastest first."""
    rows = [
        [
            f"`{one.runner}`",
            *(time_text(share_of(one, share).seconds) for share in (0.5, 0.9, 0.99)),
            f"{three_digits(kind.ratio(one) or 0.0)}",
        ]
        for one in sorted(kind.rows, key=median)
    ]
    return table(["runner", "p50", "p90", "p99", "times the floor"], rows)
