"""A finished run as a result: percentiles, histogram, and what speaks against it."""

from __future__ import annotations

from typing import Final

from tinydigits.bench.course import Finished
from tinydigits.bench.energy import joules_a_sample
from tinydigits.bench.judge import load_doubts, load_over, time_doubts
from tinydigits.bench.messages import Generated
from tinydigits.bench.plan import Round
from tinydigits.bench.result import LoadGenRun, Measurement, Scenario
from tinydigits.bench.stats import (
    Histogram,
    Percentile,
    Times,
    early_stopping_estimate,
    percentile,
    warm_up,
)

SHARES: Final = (0.5, 0.9, 0.99)
"""Of queries, whose times are told."""

JUDGED: Final[dict[Scenario, float]] = {
    "SingleStream": 0.9,
    "MultiStream": 0.99,
    "Server": 0.99,
    "Offline": 0.99,
}
"""The percentile that MLPerf judges a scenario by."""


def measurement(
    done: Round, runner: str, model: str, run: Finished, watts: float | None
) -> Measurement:
    """What was measured.

    :param watts: that the whole machine takes, where its user knows.
    """
    ordered = done.scenario != "Server"
    cold = warm_up(run.times) if ordered else 0
    counted = run.times[cold:]
    percentiles = tuple(percentile(counted, share) for share in SHARES)
    judged = JUDGED[done.scenario]
    # of Offline the rate counts
    told = [one for one in percentiles if one.share <= judged and done.scenario != "Offline"]
    load = load_over(run.spans)
    width, height = done.size or (None, None)
    return Measurement(
        subject=done.subject,
        scenario=done.scenario,
        runner=runner,
        model=model,
        width=width,
        height=height,
        digits=done.digits,
        queries=len(run.times),
        samples=run.samples,
        wrong=run.wrong,
        rate=run.rate,
        percentiles=percentiles,
        early_stopping=early_stopping_estimate(counted, judged),
        histogram=Histogram.of(counted),
        warm_up=cold,
        stages={name: seconds / run.samples for name, seconds in run.stages.items()},
        bound=done.bound if done.scenario == "Server" else None,
        joules=joules_a_sample(run.spans, run.samples, watts),
        load=load,
        doubts=(
            *time_doubts(run.times, cold, told, ordered=ordered),
            *load_doubts(load, run.seconds, len(run.spans)),
        ),
    )


def loadgen_run(ours: Measurement, theirs: Generated, again: Times) -> LoadGenRun:
    """What LoadGen made of the same.

    :param again: in Server, times of queries at the rate at which it asked.
    """
    share = JUDGED[ours.scenario]
    if ours.scenario == "Offline":
        figures = theirs.rate or 0.0, ours.rate
    else:
        mine = next(one.seconds for one in ours.percentiles if one.share == share)
        figures = (
            dict(theirs.percentiles)[share],
            percentile(again, share).seconds if len(again) else mine,
        )
    return LoadGenRun(
        subject=ours.subject,
        scenario=ours.scenario,
        model=ours.model,
        width=ours.width,
        height=ours.height,
        digits=ours.digits,
        valid=theirs.valid and not theirs.wrong,
        wrong=theirs.wrong,
        theirs=figures[0],
        ours=figures[1],
        percentiles=tuple(
            Percentile(share, seconds, None, None) for share, seconds in theirs.percentiles
        ),
        rate=theirs.rate,
        summary=theirs.summary,
    )
