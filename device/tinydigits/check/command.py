"""All checks in turn."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tinydigits.check.finding import Finding, exit_code, failed, good, render, wants_colour
from tinydigits.check.kept import check_kept
from tinydigits.check.machine import (
    check_clock,
    check_devices,
    check_disk,
    check_folders,
    check_temperature,
)
from tinydigits.check.program import (
    check_broker,
    check_camera,
    check_model,
    check_outputs,
    check_page,
)
from tinydigits.command import indented_json
from tinydigits.config import Config, load_config, service_file
from tinydigits.errors import ConfigError, UsageError
from tinydigits.judge_file import state_file
from tinydigits.runtime import daemon_folder, runtime_folder
from tinydigits.status.command import ask
from tinydigits.status.document import Document


def check_command(config: Path | None, *, as_json: bool) -> int:
    """Print what is found, one line each; returns the exit code."""
    log = logging.getLogger("tinydigits")
    before = log.level
    log.setLevel(logging.CRITICAL)  # each finding is told once
    try:
        findings = list(check(config))
    finally:
        log.setLevel(before)
    if as_json:
        print(indented_json(findings))
    else:
        print(render(findings, coloured=wants_colour(sys.stdout)))
    return exit_code(findings)


def check(path: Path | None) -> Iterator[Finding]:
    """What is found; ``path`` is of the configuration, ``None`` for the service's."""
    path = path or service_file()
    try:
        config = load_config(path)
    except ConfigError as error:
        yield failed("config", error)
    else:
        yield good("config", str(path or "the defaults: name a file with --config"))
        yield from _check_program(config, path)
    yield check_clock()
    yield check_temperature()


def _check_program(config: Config, source: Path | None) -> Iterator[Finding]:
    running = _running(config)
    finding, reader = check_model(config)
    yield finding
    yield check_camera(config, reader, running)
    if config.camera.source == "picamera2" and not running:
        yield check_devices()
    state = state_file(config.judge.state)
    folder = state and state.resolve().parent
    yield from check_folders({"state": folder, "runtime": runtime_folder(config.daemon.runtime)})
    yield check_disk(_written_disk(folder))
    yield from check_kept(config, source)
    if config.mqtt.host:
        yield check_broker(config)
    if config.web.address and not running:
        yield check_page(config)
    yield check_outputs(running)


def _written_disk(folder: Path | None) -> Path:
    """A folder on the disk that is written to."""
    with suppress(OSError):  # it may not be looked at, which is told of the folder
        if folder and folder.is_dir():
            return folder
    return Path("/")


def _running(config: Config) -> Document | None:
    """The daemon that runs with this configuration, if it can be asked."""
    try:
        return ask(daemon_folder(config.daemon.runtime))
    except (UsageError, OSError):
        return None
