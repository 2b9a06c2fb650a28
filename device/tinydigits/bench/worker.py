"""One runner in a process of its own: ``python -m tinydigits.bench.worker``.

It is told what to do on its standard input, and answers on its standard output. What its libraries
print goes to standard error, of which the last line is told should it crash.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from tinydigits.bench.inputs import FrameSet, GlyphSet
from tinydigits.bench.loadgen import generate
from tinydigits.bench.machine import Moment
from tinydigits.bench.messages import (
    Ask,
    Generate,
    Give,
    Open,
    Part,
    Ready,
    Reply,
    Request,
    Skipped,
    read_request,
    to_bytes,
)
from tinydigits.bench.result import Subject
from tinydigits.bench.runners import RUNNERS, SkippedError
from tinydigits.bench.scenario import (
    LONG_SECONDS,
    Length,
    System,
    lead_in,
    one_after_the_other,
    one_at_random,
)
from tinydigits.bench.systems import FrameSystem, GlyphSystem, OwnReader, Unchecked
from tinydigits.classifier import read_model
from tinydigits.errors import TinyDigitsError

LOADGEN: Final = "mlperf_loadgen"
"""The module that has an extra of its own."""


class Work:
    """A runner, and what it is asked about."""

    def __init__(self) -> None:
        self._subject: Subject = "glyph"
        self._checked = True
        self._run: Any = None
        self._system: System[Any] | None = None
        self._alone = 0.0

    def reply(self, request: Request) -> Reply:
        """Do what is asked for."""
        try:
            return self._done(request)
        except SkippedError as error:
            return Skipped(str(error))
        except ModuleNotFoundError as error:
            extra = "loadgen" if error.name == LOADGEN else "bench"
            return Skipped(f"missing: {error.name}, pip install 'tinydigits[{extra}]'")
        except TinyDigitsError as error:
            return Skipped(f"refused: {error}")
        except Exception as error:  # noqa: BLE001  a library's own, which is told in its place
            return Skipped(f"failed: {type(error).__name__}: {error}")

    def _done(self, request: Request) -> Reply:
        if isinstance(request, Open):
            self._open(request)
        elif isinstance(request, Give):
            self._give(request)
        elif self._system is None:
            return Skipped("failed: it was given nothing to be asked about")
        elif isinstance(request, Generate):
            return generate(self._system, request)
        else:
            return self._measured(self._system, request)
        return Ready()

    def _open(self, request: Open) -> None:
        (runner,) = (
            runner
            for runner in RUNNERS
            if (runner.subject, runner.name) == (request.subject, request.runner)
        )
        module = import_module(f"tinydigits.bench.runners.{runner.name}")
        self._subject, self._checked = runner.subject, runner.checked
        opener = getattr(module, f"open_{runner.subject}s")
        self._run = opener(read_model(Path(request.model)))

    def _give(self, request: Give) -> None:
        # mapped, so that all processes share them; as plain arrays, which are quicker to index
        arrays = [np.asarray(np.load(file, mmap_mode="r")) for file in request.files]
        system: System[Any]
        if self._subject == "glyph":
            labels = np.array([int(truth) for truth in request.truths])
            system = GlyphSystem(self._run, GlyphSet(arrays[0], labels, ""))
        else:
            system = FrameSystem(self._run, FrameSet(tuple(arrays), request.truths, ""))
        self._system = system if self._checked else Unchecked(system)
        self._alone = 0.0

    def _measured(self, system: System[Any], ask: Ask) -> Part:
        if self._alone < LONG_SECONDS:
            self._alone = lead_in(system, ask.each)
        each = ask.each or max(1, min(ask.most, int(ask.seconds / self._alone)))
        length = Length(ask.seconds, ask.queries)
        stages = self._run.clock.seconds if isinstance(self._run, OwnReader) else {}
        stages.clear()
        before = Moment.now()
        if ask.rate is None:
            run = one_after_the_other(system, length, each, ask.first)
        else:
            run = one_at_random(system, length, ask.rate, ask.seed)
        after = Moment.now()
        return Part(
            packed=run.times.tobytes(),
            each=each,
            samples=run.samples,
            wrong=run.wrong,
            seconds=run.seconds,
            stages=dict(stages),
            before=before,
            after=after,
        )


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer until nobody asks any more."""
    work = Work()
    while (request := read_request(requests)) is not None:
        replies.write(to_bytes(work.reply(request)))
        replies.flush()


def main() -> None:
    """Serve on this process's pipes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as replies:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
