"""What ``tinydigits record`` does: keep frames, and what the judge accepted after each."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from contextlib import suppress
from pathlib import Path
from threading import Timer

from tinydigits.camera import make_camera
from tinydigits.config import Config
from tinydigits.daemon import Work, run
from tinydigits.files import printable
from tinydigits.frame import Frame
from tinydigits.judges import Judges
from tinydigits.learn.recording import TABLE, RecordingWriter
from tinydigits.models.in_use import model_of
from tinydigits.options import NAME, NOTHING_READ
from tinydigits.reader import FrameReadings
from tinydigits.regions import make_frame_reader, make_rules
from tinydigits.signals import Signals, end_now

log = logging.getLogger(NAME)


def record_command(options: argparse.Namespace, config: Config) -> int:
    """``tinydigits record``."""
    camera = make_camera(config.camera)
    reader = make_frame_reader(config, model_of(config.model))
    judges = Judges(make_rules(config))
    with RecordingWriter(options.output) as writer, Signals(end_now) as signals:
        recorder = _Recorder(writer, judges, options.frames, signals)
        work = Work(camera, reader, recorder.take, config.camera.fps)
        timer = Timer(options.seconds, _stop, [signals])
        timer.daemon = True
        timer.start()
        try:
            run(work, signals)
        finally:
            timer.cancel()
    recorder.finish()
    if not writer.frames:
        log.error("there was no frame in %g seconds", options.seconds)
        return NOTHING_READ
    _tell(options.output, writer.frames, recorder.accepted)
    return 0


class _Recorder:
    """Judges each frame and writes it; after enough of them it asks the loop to stop."""

    def __init__(
        self, writer: RecordingWriter, judges: Judges, most: int, signals: Signals
    ) -> None:
        self._writer = writer
        self._judges = judges
        self._most = most
        self._signals = signals
        self._start: float | None = None
        self._progress = sys.stderr is not None and sys.stderr.isatty()
        self.accepted = 0

    def take(self, frame: Frame, result: FrameReadings) -> None:
        """Keep a frame."""
        if self._writer.frames >= self._most:  # the loop may be quicker than the signal
            return
        if self._start is None:
            self._start = frame.monotonic
        verdicts = self._judges.judge(result.readings, frame.monotonic)
        values = [
            (reading.region, verdict.value)
            for reading, verdict in zip(result.readings, verdicts, strict=True)
        ]
        self._writer.write(frame.luma, frame.monotonic - self._start, values)
        self.accepted += all(value is not None for _, value in values)
        if self._progress:
            shown = ", ".join("?" if value is None else f"{value:f}" for _, value in values)
            text = f"{self._writer.frames} of {self._most} frames: {shown:.60}"
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        if self._writer.frames >= self._most:
            _stop(self._signals)

    def finish(self) -> None:
        """Leave a clean line behind."""
        if self._progress:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _stop(signals: Signals) -> None:
    with suppress(OSError):  # it has ended by itself
        signals.call(signal.SIGTERM)


def _tell(folder: Path, frames: int, accepted: int) -> None:
    print(f"{frames} frames; a value was accepted after {accepted} of them")
    print(f"look through the column 'expected' of {printable(folder / TABLE)}, then")
    print(f"tinydigits replay {printable(folder)}")
