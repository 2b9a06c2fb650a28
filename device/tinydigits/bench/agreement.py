"""Whether LoadGen and we measure the same."""

from __future__ import annotations

from typing import Final

from tinydigits.bench.figures import rate_text, time_text
from tinydigits.bench.groups import kind_name
from tinydigits.bench.measure import JUDGED
from tinydigits.bench.result import LoadGenRun

TITLE: Final = "Beside MLCommons' LoadGen"

HEAD: Final = ("", "scenario", "it says", "of", "by LoadGen", "by us", "ratio")


def judged_by(run: LoadGenRun) -> str:
    """The figure that a scenario is judged by."""
    return "rate" if run.scenario == "Offline" else f"p{100 * JUDGED[run.scenario]:g}"


def agreement(run: LoadGenRun) -> tuple[str, ...]:
    """A run that both measured, in cells below :data:`HEAD`."""
    what = " ".join((kind_name(run) or run.subject, run.model))
    verdict = "VALID" if run.valid else "INVALID"
    if run.scenario == "Offline":
        figures = [f"{rate_text(rate)}/s" for rate in (run.theirs, run.ours)]
    else:
        figures = [time_text(seconds) for seconds in (run.theirs, run.ours)]
    ratio = f"{run.theirs / run.ours:.3f}" if run.ours else "–"  # noqa: RUF001
    return what, run.scenario, verdict, judged_by(run), *figures, ratio
