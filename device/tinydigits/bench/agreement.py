"""Whether LoadGen and we measure the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tinydigits.bench.figures import rate_text, time_text
from tinydigits.bench.groups import kind_name
from tinydigits.bench.measure import JUDGED
from tinydigits.bench.result import LoadGenRun, Measurement, Result
from tinydigits.bench.runners import OWN


class Agreement(NamedTuple):
    """The figure that a scenario is judged by, as LoadGen tells it, and as we do."""

    run: LoadGenRun
    ours: Measurement
    theirs_figure: float
    ours_figure: float

    @property
    def by_rate(self) -> bool:
        """Whether it is a rate, and not the time of a percentile."""
        return self.run.rate is not None

    def __str__(self) -> str:
        verdict = "VALID" if self.run.valid else "INVALID"
        where = " ".join(filter(None, (self.run.subject, kind_name(self.ours), self.run.model)))
        text = rate_text if self.by_rate else time_text
        what = "a second" if self.by_rate else f"p{100 * JUDGED[self.run.scenario]:g}"
        theirs, ours = text(self.theirs_figure), text(self.ours_figure)
        return f"{where}, {self.run.scenario}: {verdict}, {what} {theirs}, by us {ours}"


def agreements(result: Result) -> Iterator[Agreement]:
    """Of each run that LoadGen measured."""
    for run in result.loadgen:
        ours = next(one for one in result.measurements if _same(one, run))
        if run.rate is not None:
            yield Agreement(run, ours, run.rate, ours.rate)
            continue
        theirs_figure, ours_figure = (
            next(p.seconds for p in one.percentiles if p.share == JUDGED[run.scenario])
            for one in (run, ours)
        )
        yield Agreement(run, ours, theirs_figure, ours_figure)


def _same(ours: Measurement, run: LoadGenRun) -> bool:
    asked, generated = (
        (one.subject, one.scenario, one.model, one.width, one.height, one.digits)
        for one in (ours, run)
    )
    return ours.runner == OWN and asked == generated
