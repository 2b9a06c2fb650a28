"""Results of benchmarks as they come out, of made-up times."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from msgspec.structs import replace

from tinydigits.bench.growth import growths
from tinydigits.bench.inputs import COUNTS, SIZES
from tinydigits.bench.machine import Machine
from tinydigits.bench.result import (
    FLOOR,
    ColdStart,
    Duty,
    Load,
    LoadGenRun,
    Measurement,
    Memory,
    ModelFile,
    Result,
    Settings,
)
from tinydigits.bench.stats import Histogram, Percentile, percentile

MIB: Final = 2**20

BOARD: Final = Machine(
    model="Raspberry Pi Zero 2 W Rev 1.0",
    processor="Cortex-A53",
    processors=4,
    architecture="aarch64",
    memory=445 * MIB,
    frequency=1e9,
    governor="ondemand",
    system="Debian GNU/Linux 13 (trixie)",
    kernel="6.12.47+rpt-rpi-v8",
    versions={"tinydigits": "0.1.0", "python": "3.13.5", "numpy": "2.2.4", "onnxruntime": "1.21.0"},
)

CALM: Final = Load(
    others=0.01,
    stolen=0.0,
    waited=0.001,
    switched=2.0,
    frequency=(1e9, 1e9),
    degrees=(48.3, 51.5),
    throttled=False,
)

STAGES: Final = {
    "ink": 0.32,
    "segment": 0.18,
    "glyph": 0.22,
    "classify": 0.2,
    "choose": 0.08,
}
"""Shares of a frame's time."""


def measurement(median: float, seed: int = 0, count: int = 2000, **changes: Any) -> Measurement:
    """A run of glyphs whose times are around the median."""
    rng = np.random.default_rng(seed)
    times = median * np.exp(0.03 * rng.standard_normal(count)) + 0.1 * median * (
        rng.random(count) > 0.98
    )
    made = Measurement(
        subject="glyph",
        scenario="SingleStream",
        runner="ort",
        model="linear",
        width=None,
        height=None,
        digits=1,
        queries=count,
        samples=count,
        wrong=0,
        rate=float(count / times.sum()),
        percentiles=tuple(percentile(times, share) for share in (0.5, 0.9, 0.99)),
        early_stopping=None,
        histogram=Histogram.of(times),
        warm_up=40,
        stages={},
        bound=None,
        joules=None,
        load=CALM,
        doubts=(),
    )
    return replace(made, **changes)


def glyph_measurements(factor: float) -> list[Measurement]:
    """Several runners and models in all scenarios."""
    medians = {
        (FLOOR, ""): 5e-6,
        ("ort", "linear"): 7.1e-6,
        ("ort", "oriented"): 66e-6,
        ("ort", "pairs"): 98e-6,
        ("numpy", "linear"): 4.8e-6,
        ("c", "linear"): 0.48e-6,
        ("onnx.reference", "linear"): 1.4e-3,
        ("scikit-learn", "linear"): 95e-6,
    }
    made = []
    for place, ((runner, model), median) in enumerate(medians.items()):
        named: dict[str, Any] = {"runner": runner, "model": model}
        seconds = factor * median
        made.append(measurement(seconds, place, joules=3 * seconds, **named))
        many = measurement(7 * seconds, place, 900, scenario="MultiStream", samples=7200, **named)
        made.append(replace(many, rate=8 * many.rate))
        if runner in {FLOOR, "ort"}:
            asked: dict[str, Any] = {"scenario": "Server", "bound": 0.01, "rate": 0.7 / seconds}
            made.append(measurement(1.3 * seconds, place, **asked, **named))
            all_at_once = measurement(
                100 * seconds, place, 300, scenario="Offline", samples=75_000, **named
            )
            made.append(replace(all_at_once, rate=250 * all_at_once.rate))
    busy = "other programs took 63% of a processor: stop them, then measure again"
    made[-1] = replace(made[-1], wrong=3, doubts=(busy,))
    return made


def frame_measurements(factor: float) -> list[Measurement]:
    """The whole way, for all sizes and numbers of digits, and others at 640x480."""
    made = []
    for width, height in SIZES:
        for digits in COUNTS:
            seconds = factor * (0.6e-3 + 5e-9 * width * height + 0.11e-3 * digits)
            kind = {"subject": "frame", "width": width, "height": height, "digits": digits}
            stages = {name: seconds * share for name, share in STAGES.items()}
            own = {"runner": "ort", "model": "pairs", "stages": stages}
            made.append(measurement(seconds, digits, 600, **kind, **own))
            if (width, height) == (640, 480) and digits == 5:
                made.append(measurement(0.6 * seconds, 7, 600, **kind, runner=FLOOR, model="pairs"))
                other = measurement(90 * seconds, 8, 60, **kind, runner="tesseract", model="")
                doubts = (
                    "60 queries are too few to be sure of p99: measure longer with --seconds",
                )
                made.append(replace(other, wrong=21, doubts=doubts))
    return made


def loadgen_run(factor: float) -> LoadGenRun:
    """What LoadGen might have said of glyphs."""
    return LoadGenRun(
        subject="glyph",
        scenario="SingleStream",
        model="pairs",
        width=None,
        height=None,
        digits=1,
        valid=True,
        wrong=0,
        theirs=factor * 118e-6,
        ours=factor * 101e-6,
        percentiles=(Percentile(0.9, factor * 118e-6, None, None),),
        rate=None,
        summary=f"{48 * '='}\nMLPerf Results Summary\n{48 * '='}\nResult is : VALID\n",
    )


def bench_result(factor: float = 1.0, **changes: Any) -> Result:
    """A whole result of a machine that takes so many times as long."""
    measurements = (*glyph_measurements(factor), *frame_measurements(factor))
    sizes = {"linear": (31_700, 0.92), "oriented": (34_000, 0.9914), "pairs": (476_000, 0.9935)}
    made = Result(
        content="tinydigits bench",
        version=1,
        wall=1795380540.5,
        machine=BOARD,
        settings=Settings("default", 60.0, "the model's golden glyphs, moved", 1),
        models=tuple(
            ModelFile(name, f"{place:064x}", size, accuracy, "fp32")
            for place, (name, (size, accuracy)) in enumerate(sizes.items())
        ),
        measurements=measurements,
        skipped={"ssocr": "there is no ssocr: apt install ssocr"},
        cold_start=ColdStart(
            parts={
                "interpreter": (0.02 * factor, 0.021 * factor),
                "imports": (0.16 * factor, 0.17 * factor),
                "session": (0.02 * factor, 0.02 * factor),
                "first run": (0.012 * factor, 0.011 * factor),
            },
            total=(0.212 * factor, 0.222 * factor),
            floor=(0.17 * factor, 0.175 * factor),
        ),
        duty=tuple(
            Duty(fps, 640, 480, int(10 * fps), int(fps // 20), 0, 0.004 * factor * fps, 58 * MIB)
            for fps in (1.0, 5.0, 15.0, 30.0)
        ),
        memory=Memory(
            after={
                "interpreter": 8 * MIB,
                "imports": 49 * MIB,
                "session": 53 * MIB,
                "first run": 58 * MIB,
            },
            peak=64 * MIB,
            steady=56 * MIB,
        ),
        growths=growths(measurements),
        loadgen=(loadgen_run(factor),),
    )
    return replace(made, **changes)
