"""What the program is made of: its configuration, its model, its camera, its outputs."""

from __future__ import annotations

import time
from functools import partial
from typing import Final

from tinydigits import web
from tinydigits.camera import Camera, make_camera
from tinydigits.camera.errand import Errand
from tinydigits.check.finding import Finding, doubtful, failed, good
from tinydigits.config import Config
from tinydigits.errors import CameraError, ConfigError, OutputError, TinyDigitsError
from tinydigits.frame import Frame
from tinydigits.models.in_use import model_of
from tinydigits.outputs.mqtt import check_library
from tinydigits.regions import FrameReader, make_frame_reader, make_rules
from tinydigits.status.document import Document

CAMERA_SECONDS: Final = 25.0
"""For a first frame: opening may take 15, and exposing a few."""

_PAUSE: Final = 0.05

DARK: Final = 8
BRIGHT: Final = 247
"""Mean brightness below and above which there is nothing to see."""


def check_model(config: Config) -> tuple[Finding, FrameReader | None]:
    """Whether the model keeps its promises here, and the regions can be read with it."""
    try:
        classifier = model_of(config.model)
    except TinyDigitsError as error:
        return failed("model", error), None
    told = f"{classifier.card.name} ({classifier.sha256[:12]}) computes its golden glyphs as due"
    try:
        make_rules(config)
        return good("model", told), make_frame_reader(config, classifier)
    except TinyDigitsError as error:  # of a region, or the reference patch
        return failed("regions", error), None


def check_camera(config: Config, reader: FrameReader | None, running: Document | None) -> Finding:
    """Whether the camera gives a frame, and what is read in it."""
    if running:
        return _of_daemon(running)
    try:
        camera = make_camera(config.camera)
        frame = Errand(partial(_first_frame, camera)).result(2 * CAMERA_SECONDS)
    except TimeoutError:
        return failed("camera", CameraError("it hangs: only a reboot may help"))
    except TinyDigitsError as error:
        return failed("camera", error)
    if frame is None:
        return good("camera", f"{config.camera.source}: nothing to read just now")
    return _of_frame(frame, reader)


def _of_frame(frame: Frame, reader: FrameReader | None) -> Finding:
    height, width = frame.luma.shape
    told = f"a frame of {width}x{height} pixels"
    brightness = float(frame.luma.mean())
    if not DARK < brightness < BRIGHT:
        shade = "dark" if brightness <= DARK else "bright"
        return doubtful("camera", f"{told}, all of it {shade}: see to its light")
    if reader is None:
        return good("camera", told)
    read = [reading.text or "nothing" for reading in reader.read(frame).readings]
    return good("camera", f"{told}, in which is read: {', '.join(read)}")


def _of_daemon(running: Document) -> Finding:
    """The camera is taken: what the daemon says of it."""
    told = f"the daemon (process {running.pid}) has it"
    if running.camera.trouble:
        return failed("camera", CameraError(f"{told}: {running.camera.trouble}"))
    return good("camera", f"{told}: {running.frames:,} frames, {running.fps:.3g} a second")


def _first_frame(camera: Camera) -> Frame | None:
    """A frame, or ``None`` where it is right that there is none."""
    until = time.monotonic() + CAMERA_SECONDS
    with camera:
        for frame in camera.frames():
            if frame is not None or camera.is_idle:
                return frame
            if camera.trouble.told:
                raise CameraError(camera.trouble.told)
            if time.monotonic() > until:
                raise CameraError(f"no frame came in {CAMERA_SECONDS:g} s")
            time.sleep(_PAUSE)
    raise CameraError("none of the pictures can be read")


def check_broker(config: Config) -> Finding:
    """Whether the MQTT broker lets this device in."""
    try:
        check_library()
        from tinydigits.outputs.mqtt.visit import visit  # noqa: PLC0415  with paho

        return good("mqtt", visit(config))
    except ConfigError as error:
        return failed("mqtt", error)
    except OutputError as error:
        if config.mqtt.required:
            return failed("mqtt", error)
        return doubtful("mqtt", f"{error}; until then its messages wait")


def check_page(config: Config) -> Finding:
    """Whether the page can be shown, and for whom, where no program runs that shows it."""
    try:
        web.check_library()
        from tinydigits.web.visit import visit  # noqa: PLC0415  with its libraries

        return good("web", visit(config.web))
    except ConfigError as error:
        return failed("web", error)
    except OutputError as error:
        if config.web.required:
            return failed("web", error)
        return doubtful("web", f"{error}; it is tried again and again")


def check_outputs(running: Document | None) -> Finding:
    """Whether readings are taken by whoever they are for."""
    if running is None:
        return good("outputs", "standard output, or the journal where it is a service")
    troubled = [
        f"{name}: {output.trouble or 'whoever takes it is too slow, or gone'}"
        f" ({output.dropped:,} lost)"
        for name, output in running.outputs.items()
        if output.dropped or output.trouble
    ]
    if troubled:
        return doubtful("outputs", "; ".join(troubled))
    waiting = ", ".join(f"{name} {output.waiting}" for name, output in running.outputs.items())
    return good("outputs", f"waiting: {waiting}; none is lost")
