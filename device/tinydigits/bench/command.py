"""``tinydigits bench``: measures, prints a table, and writes what was measured."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Final, Self

from tinydigits.bench.around import Around, measure_around
from tinydigits.bench.candidates import Candidate, load_candidates, model_files
from tinydigits.bench.groups import left_out
from tinydigits.bench.growth import DIGITS, SIZE, growths
from tinydigits.bench.inputs import drawn_frames
from tinydigits.bench.machine import Machine
from tinydigits.bench.page import PAGE_NAME, write_page
from tinydigits.bench.plan import STARTS, STEADY_SECONDS, SUBJECTS, Mode, Plan
from tinydigits.bench.result import VERSION, Result, Settings
from tinydigits.bench.save import write_json
from tinydigits.bench.session import measure
from tinydigits.bench.table import render_table
from tinydigits.classifier import DEFAULT_MODEL
from tinydigits.command import indented_json
from tinydigits.errors import UsageError
from tinydigits.files import make_folder

INVALID: Final = 1
"""The exit code where an answer was wrong, or LoadGen says that a run is not valid."""

JSON_NAME: Final = "bench.json"

DRAWN: Final = "drawn from the model's golden glyphs"

THREADS: Final = 1

_REDRAW_SECONDS: Final = 0.2


def bench_command(options: argparse.Namespace) -> int:
    """Run the benchmark; returns the exit code."""
    if options.output is not None:
        make_folder(options.output)  # before a minute is spent
    plan = plan_of(options)
    result = run_plan(plan, options)
    if options.json:
        print(indented_json(result))
    else:
        print(render_table(result))
    if options.output is not None:
        write_json(result, options.output / JSON_NAME)
        write_page([result], options.output / PAGE_NAME)
    valid = [one.valid for one in result.measurements] + [one.valid for one in result.loadgen]
    return 0 if all(valid) else INVALID


def plan_of(options: argparse.Namespace) -> Plan:
    """What the command line asks for."""
    mode: Mode = "quick" if options.quick else "mlperf" if options.mlperf else "default"
    return Plan(
        mode=mode,
        seconds=options.seconds,
        subjects=[options.subject] if options.subject else SUBJECTS,
        scenarios=options.scenario,
        runners=options.runner,
        sizes=options.size,
        digits=options.digits,
        pictures=options.pictures is not None,
        loadgen=options.loadgen,
    )


def run_plan(plan: Plan, options: argparse.Namespace) -> Result:
    """Measure what is planned.

    :raises UsageError: where nothing of it can be measured.
    """
    models = load_candidates(model_files(options.model or [DEFAULT_MODEL]))
    pictures = options.pictures
    with Line(plan) as line:
        measured = measure(plan, models, pictures, options.power, line)
        around = measured_around(models[0], line) if plan.around else Around()
    if not measured.measurements:
        why = "; ".join(f"{who}: {told}" for who, told in left_out(measured.skipped))
        raise UsageError(f"nothing could be measured ({why or 'nothing was asked for'})")
    return Result(
        content="tinydigits bench",
        version=VERSION,
        wall=time.time(),
        machine=Machine.this(),
        settings=Settings(
            mode=plan.mode,
            seconds=plan.each,
            input=DRAWN if pictures is None else f"pictures in {pictures.resolve().name}",
            threads=THREADS,
        ),
        models=tuple(model.file for model in models),
        measurements=tuple(measured.measurements),
        skipped=measured.skipped | around.skipped,
        cold_start=around.cold_start,
        duty=around.duty,
        memory=around.memory,
        growths=growths(measured.measurements),
        loadgen=tuple(measured.loadgen),
        power=options.power,
    )


def measured_around(model: Candidate, line: Line) -> Around:
    """Starts, memory and steady rates of the program with a model."""
    frames = drawn_frames(model.classifier.card, SIZE, DIGITS)
    return measure_around(model.path, frames, STARTS, STEADY_SECONDS, line.share)


class Line:
    """What is going on, in one line of a terminal that is written over."""

    def __init__(self, plan: Plan) -> None:
        self._shown = sys.stderr is not None and sys.stderr.isatty()
        # those that are skipped are counted too, so it ends early rather than late
        self._due = sum(plan.each * len(one.runners) for one in plan.rounds())
        self._done = 0.0
        self._what = ""
        self._drawn = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def say(self, what: str) -> None:
        """What comes now."""
        self._what = what
        self._drawn = 0.0
        self.add(0.0)

    def share(self, what: str, _: float) -> None:
        """What comes now, of which the rest of the time is spent."""
        if what != self._what:
            self.say(what)

    def add(self, seconds: float) -> None:
        """So much was measured."""
        self._done += seconds
        if self._shown and time.monotonic() - self._drawn > _REDRAW_SECONDS:
            self._drawn = time.monotonic()
            share = min(1.0, self._done / self._due) if self._due else 1.0
            print(f"\r{share:4.0%}  {self._what}\033[K", end="", file=sys.stderr, flush=True)
