"""What ``tinydigits run`` does: a configuration made into a loop, and made anew on SIGHUP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from tinydigits.camera import Camera, make_camera
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.config import CameraConfig, Config
from tinydigits.daemon import Run, Work, run
from tinydigits.files import printable
from tinydigits.judge_file import state_file
from tinydigits.judges import Judges
from tinydigits.outlet import Outlet, standard_output
from tinydigits.reader import FrameReadings
from tinydigits.regions import make_frame_reader, make_rules
from tinydigits.signals import Signals, end_now
from tinydigits.systemd import Supervisor

_NUMBERS: Final = msgspec.json.Encoder(decimal_format="number")


def serve(load: Callable[[], Config]) -> Run:
    """Read frames as the configuration says, until there are no more or a signal says stop.

    :param load: reads the configuration, at the start and again on SIGHUP.
    :raises TinyDigitsError: for everything that is wrong at the start.
    """
    with Signals(end_now) as signals:
        service = _Service(load, signals)
        with service.judges, service.outlet:
            return run(service.work, signals, Supervisor(), service.renew)


class _Service:
    """The configuration at work, and what outlives it: the judges and the output."""

    def __init__(self, load: Callable[[], Config], signals: Signals) -> None:
        self._load = load
        self.outlet = Outlet(standard_output(), signals.is_stopped)
        self._config = config = load()
        self.work = self._make(config, make_camera(config.camera))
        self.judges = Judges(make_rules(config), state_file(config.judge.state))
        self.outlet.patient = _is_patient(config)

    def renew(self, old: Work) -> Work:
        """The work that the configuration asks for now; the camera stays if it is the same."""
        config = self._load()
        same = _without_pace(config.camera) == _without_pace(self._config.camera)
        return self._make(config, old.camera if same else make_camera(config.camera))

    def _make(self, config: Config, camera: Camera) -> Work:
        model = Path(config.model.path) if config.model.path else DEFAULT_MODEL
        reader = make_frame_reader(config, Classifier.load(model))
        rules = make_rules(config)

        def begin() -> None:
            self._config = config
            self.judges.change(rules, state_file(config.judge.state))
            self.outlet.patient = _is_patient(config)

        return Work(camera, reader, self._publish, config.camera.fps, begin)

    def _publish(self, result: FrameReadings) -> None:
        """One JSON line a reading, for whatever reads the standard output."""
        verdicts = self.judges.judge(result.readings, result.monotonic)
        for reading, verdict in zip(result.readings, verdicts, strict=True):
            line = {
                "wall": result.wall,
                "source": printable(result.source),
                "sequence": result.sequence,
                **msgspec.to_builtins(reading),
                "verdict": verdict,
                "timing_ms": result.timing_ms,
            }
            self.outlet.put(_NUMBERS.encode(line) + b"\n")


def _is_patient(config: Config) -> bool:
    """Whether frames wait until their readings are taken: files do, and no camera does."""
    return config.camera.source == "files"


def _without_pace(config: CameraConfig) -> CameraConfig:
    """What a camera is opened with; how often it is asked is another matter."""
    return replace(config, fps=0.0)
