"""MLCommons' LoadGen in the place of our own way to put questions.

It is the program that MLPerf's results are measured with. It asks the same system, and says by
itself whether a run was long enough.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from tinydigits.bench.messages import Generate, Generated
from tinydigits.bench.plan import OFFLINE_GLYPHS
from tinydigits.bench.result import Scenario
from tinydigits.bench.scenario import System, lead_in
from tinydigits.errors import DataError

LEAST_QUERIES: Final[dict[Scenario, int]] = {
    "SingleStream": 64,
    "MultiStream": 662,
    "Server": 662,
    "Offline": 1,
}
"""With fewer, its early stopping can't be sure of p90, or of p99 in the second and third."""

SOONER: Final = 0.25
"""Of the seconds that a query takes, what LoadGen is told: it makes up its queries before it asks,
and where they are used up before the time is over the run is not valid."""

MORE: Final = 1.25
"""Of the rate of Offline, what it is told, for the same reason."""

_NS: Final = 1e9
_MS: Final = 1e3

Answer = TypeVar("Answer")


def generate(system: System[Answer], asked: Generate) -> Generated:
    """Let LoadGen ask a system.

    :raises ModuleNotFoundError: where it is not installed.
    """
    import mlperf_loadgen as loadgen

    alone = lead_in(system, 1)
    wrong = 0

    def answer(queries: list[Any]) -> None:
        """Called in a thread of LoadGen's, with one query, eight, or all of them."""
        nonlocal wrong
        for first in range(0, len(queries), OFFLINE_GLYPHS):
            part = queries[first : first + OFFLINE_GLYPHS]
            samples = np.array([query.index for query in part])
            given = system.answer(samples)
            done = [loadgen.QuerySampleResponse(query.id, 0, 0) for query in part]
            loadgen.QuerySamplesComplete(done)  # here it stops its clock
            wrong += system.wrong(samples, given)

    under_test = loadgen.ConstructSUT(answer, _nothing)
    library = loadgen.ConstructQSL(system.samples, system.samples, _loaded, _loaded)
    try:
        with tempfile.TemporaryDirectory(prefix="tinydigits-") as folder:
            log = loadgen.LogSettings()
            log.log_output.outdir = folder
            log.enable_trace = False
            # its last argument is a file by which auditors change settings, and there is none
            loadgen.StartTestWithLogSettings(
                under_test,
                library,
                _settings(loadgen, asked, alone),
                log,
                str(Path(folder, "audit.config")),
            )
            summary = Path(folder, "mlperf_log_summary.txt").read_text()
    finally:
        loadgen.DestroyQSL(library)
        loadgen.DestroySUT(under_test)
    return parse_summary(summary, wrong)


def parse_summary(summary: str, wrong: int = 0) -> Generated:
    """What is read from the summary that LoadGen writes.

    :raises DataError: where it is none.
    """
    result = re.search(r"^Result is : (\w+)", summary, re.MULTILINE)
    found = re.findall(r"^([\d.]+) percentile latency \(ns\)\s*: (\d+)", summary, re.MULTILINE)
    if result is None or not found:
        raise DataError("LoadGen wrote a summary without a result")
    rate = re.search(r"^(?:Completed s|S)amples per second\s*: ([\d.e+]+)", summary, re.MULTILINE)
    return Generated(
        valid=result[1] == "VALID",
        percentiles=tuple((round(float(p) / 100, 6), int(time) / _NS) for p, time in found),
        rate=float(rate[1]) if rate else None,
        wrong=wrong,
        summary=summary,
    )


def _settings(loadgen: Any, asked: Generate, alone: float) -> Any:
    """Its settings, for a system of which one sample takes so many seconds alone."""
    settings = loadgen.TestSettings()
    settings.scenario = getattr(loadgen.TestScenario, asked.scenario)
    settings.mode = loadgen.TestMode.PerformanceOnly
    settings.min_duration_ms = round(asked.seconds * _MS)
    settings.min_query_count = LEAST_QUERIES[asked.scenario]
    expected = alone * SOONER * _NS
    settings.single_stream_expected_latency_ns = expected
    settings.multi_stream_expected_latency_ns = expected
    settings.offline_expected_qps = asked.rate * MORE
    settings.server_target_qps = asked.rate
    settings.schedule_rng_seed = asked.seed
    settings.server_target_latency_ns = round(asked.bound * _NS)
    return settings


def _nothing() -> None:
    """Asked to answer what was held back: nothing is."""


def _loaded(_: list[int]) -> None:
    """Asked to load or forget samples: they are in memory."""
