"""What ``tinydigits run`` does: a configuration made into a loop, and made anew on SIGHUP."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from signal import SIGHUP

import msgspec
from msgspec.structs import replace

from tinydigits import __version__
from tinydigits.camera import Camera, make_camera
from tinydigits.classifier import Classifier
from tinydigits.config import CameraConfig, Config
from tinydigits.daemon import Run, Work, run
from tinydigits.files import printable
from tinydigits.frame import Frame
from tinydigits.heap import give_back_code
from tinydigits.judge_file import state_file
from tinydigits.judges import Judges
from tinydigits.models.in_use import ModelInUse, ReaderInUse
from tinydigits.outlet import Outlet, has_a_place, standard_output
from tinydigits.outputs.outputs import Outputs
from tinydigits.outputs.told import Told
from tinydigits.reader import FrameReadings
from tinydigits.regions import make_frame_reader, make_rules
from tinydigits.runtime import Hold, runtime_folder
from tinydigits.signals import READ, Signals, end_now
from tinydigits.status.document import (
    NUMBERS,
    CameraState,
    Document,
    ModelState,
    OutputState,
)
from tinydigits.status.server import StatusServer
from tinydigits.status.tally import Tally, memory
from tinydigits.systemd import Supervisor, is_supervised


def serve(load: Callable[[], Config]) -> Run:
    """Read frames as the configuration says, until there are no more or a signal says stop.

    :param load: reads the configuration, at the start and again on SIGHUP.
    :raises TinyDigitsError: for everything that is wrong at the start.
    """
    with Signals(end_now) as signals, ExitStack() as stack:
        config = load()
        folder = runtime_folder(config.daemon.runtime)
        if folder:
            stack.enter_context(Hold(folder))
        service = Service(config, load, signals)
        if folder:
            stack.enter_context(StatusServer(folder, lambda: NUMBERS.encode(service.document())))
        with service.judges, service.outlet, service.outputs:
            return run(service.work, signals, service.supervisor, service.renew)


class Service:
    """The configuration at work, and what outlives it: the judges, the outputs and the counts.

    It is the :class:`~tinydigits.outputs.told.Daemon` that outputs may ask.
    """

    def __init__(self, config: Config, load: Callable[[], Config], signals: Signals) -> None:
        self.config = config
        self._load = load
        self._signals = signals
        self._tally = Tally()
        self._begun: ReaderInUse | None = None
        self.supervisor = Supervisor()
        self.outlet = Outlet(
            standard_output(),
            signals.is_stopped,
            patient=_is_patient(config),
            lasting=is_supervised() and has_a_place(),
        )
        camera = make_camera(config.camera)
        self._model = ModelInUse(config.model)
        self.work = self._make(config, camera, self._model)
        self.judges = Judges(make_rules(config), state_file(config.judge.state))
        self.outputs = Outputs(config, self)

    @property
    def classifier(self) -> Classifier:
        """The model that reads."""
        return self._model.classifier

    def read_now(self) -> None:
        """Have the next frame read at once."""
        self._signals.call(READ)

    def confirm(self, region: str, value: Decimal | None = None) -> Decimal:
        """Have a value accepted because a person says so."""
        confirmed = self.judges.confirm(region, value)
        self.read_now()
        return confirmed

    def reload(self) -> None:
        """Have the configuration read again."""
        self._signals.call(SIGHUP)

    def renew(self, old: Work) -> Work:
        """The work that the configuration asks for now; the camera stays if it is the same."""
        config = self._load()
        same = _without_pace(config.camera) == _without_pace(self.config.camera)
        camera = old.camera if same else make_camera(config.camera)
        rules = make_rules(config)
        model = self._model.renewed(config.model)
        work = self._make(config, camera, model)
        outputs = self.outputs.prepared(config)

        def begin() -> None:
            self.config, self.work, self._model = config, work, model
            self._tally.reloads += 1
            self.judges.change(rules, state_file(config.judge.state))
            self.outlet.patient = _is_patient(config)
            self.outputs.change(config, outputs)

        return dataclasses.replace(work, begin=begin)

    def _make(self, config: Config, camera: Camera, model: ModelInUse) -> Work:
        reader = ReaderInUse(model, partial(make_frame_reader, config))
        return Work(camera, reader, partial(self._publish, reader), config.camera.fps)

    def _publish(self, reader: ReaderInUse, frame: Frame, result: FrameReadings) -> None:
        """One JSON line a reading for the standard output, and all of it for the others."""
        verdicts = self.judges.judge(result.readings, result.monotonic)
        placed = reader.placed  # before a bad trial may put another model's reader in its place
        reader.note(verdicts)
        self._tally.count(result, verdicts)
        for reading, verdict in zip(result.readings, verdicts, strict=True):
            line = {
                "wall": result.wall,
                "source": printable(result.source),
                "sequence": result.sequence,
                **msgspec.to_builtins(reading),
                "verdict": verdict,
                "timing_ms": result.timing_ms,
            }
            self.outlet.put(NUMBERS.encode(line) + b"\n")
        self.outputs.put(Told(frame, result, tuple(verdicts), placed))
        if reader is not self._begun:  # its first frame has run all that every frame will
            self._begun = reader
            give_back_code()

    def document(self) -> Document:
        """How all of it is; may be asked on any thread."""
        tally, camera, watchdog = self._tally, self.work.camera, self.supervisor.watchdog
        model = self._model
        return Document(
            version=__version__,
            pid=os.getpid(),
            uptime=tally.uptime,
            state=self.supervisor.text,
            frames=tally.frames,
            fps=tally.fps,
            last_frame=tally.last_frame,
            readings=tally.shown(),
            verdicts=dict(tally.verdicts),
            rejected=dict(tally.rejected),
            camera=CameraState(
                self.config.camera.source, camera.trouble.told, camera.trouble.times
            ),
            outputs={
                "stdout": OutputState(self.outlet.waiting, self.outlet.dropped),
                **self.outputs.states(),
            },
            model=ModelState(
                model.classifier.card.name,
                model.classifier.sha256,
                str(model.trial) if model.trial else None,
            ),
            reloads=tally.reloads,
            memory=memory(),
            watchdog=None if math.isinf(watchdog) else watchdog,
        )


def _is_patient(config: Config) -> bool:
    """Whether frames wait until their readings are taken: files do, and no camera does."""
    return config.camera.source == "files"


def _without_pace(config: CameraConfig) -> CameraConfig:
    """What a camera is opened with; how often it is asked is another matter."""
    return replace(config, fps=0.0)
