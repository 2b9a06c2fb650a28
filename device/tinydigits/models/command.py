"""The command ``tinydigits model``."""

from __future__ import annotations

import argparse
import logging
import re
import time
from pathlib import Path

from tinydigits.classifier import read_model
from tinydigits.command import indented_json
from tinydigits.config import Config, load_config, service_file
from tinydigits.digest import sha256_hex
from tinydigits.errors import ModelError, UsageError
from tinydigits.models.owner import as_owner_of
from tinydigits.models.records import Entry
from tinydigits.models.running import Daemon, running_daemon, tell_to_reload
from tinydigits.models.self_test import self_test
from tinydigits.models.show import Shown, all_models
from tinydigits.models.signature import SUFFIX, signer_of
from tinydigits.models.store import SYSTEM_FOLDER, Store, store_folder

_NOTHING_DONE = 1

log = logging.getLogger(__name__)


def model_command(options: argparse.Namespace) -> int:
    """Do what is asked with the models on this device; the exit code."""
    config = _config(options)
    folder = options.store or store_folder(config.model.store) or SYSTEM_FOLDER
    action = {"install": _install, "show": _show, "list": _list, "rollback": _roll_back}
    return action[options.action](options, config, folder)


def _config(options: argparse.Namespace) -> Config:
    """Who may sign is in the service's own configuration, so that nobody forgets it."""
    return load_config(options.config or service_file())


def _install(options: argparse.Namespace, config: Config, folder: Path) -> int:
    path = options.file
    try:
        content = read_model(path)
        sha256 = _checked(content, options.sha256)
        signer = ""
        if config.model.signers:
            signature = path.with_name(path.name + SUFFIX)
            signer = signer_of(content, signature, Path(config.model.signers))
        summary = self_test(content)
    except ModelError as error:
        raise ModelError(f"model {path}: {error}") from error
    entry = Entry(sha256, summary, time.time(), signer)
    daemon = running_daemon(config.daemon.runtime)
    with as_owner_of(folder) as store:
        if Store(store).install(content, entry):
            needs = f"{config.model.trial_readings} accepted readings confirm it"
            print(f"installed {entry}, on trial: {needs}")
        else:
            print(f"{entry} is installed already")
    # even then: whoever installed it may have been interrupted before this
    _tell(daemon, config)
    return 0


def _checked(content: bytes, due: str | None) -> str:
    """The content's SHA-256, which must be the one that is due."""
    sha256 = sha256_hex(content)
    if due is not None:
        due = due.strip().lower()
        if not re.fullmatch("[0-9a-f]{64}", due):
            raise UsageError("--sha256 is not a SHA-256: it is 64 hex digits, as sha256sum prints")
        if due != sha256:
            raise ModelError(f"its SHA-256 is {sha256}: it is another file, or damaged")
    return sha256


def _tell(daemon: Daemon | None, config: Config) -> None:
    if config.model.path:
        log.warning("model.path is %s: what is in the store is not used", config.model.path)
    if daemon is None:
        print("no daemon is running: the next one takes it")
    else:
        print(tell_to_reload(daemon))


def _show(options: argparse.Namespace, config: Config, folder: Path) -> int:
    if config.model.path:
        log.warning("model.path is %s: what is in the store is not used", config.model.path)
    shown = Shown.of(Store(folder).records(), config.model.trial_readings)
    print(indented_json(shown) if options.json else shown)
    return 0


def _list(options: argparse.Namespace, _: Config, folder: Path) -> int:
    records = Store(folder).records()
    models = all_models(records)
    if options.json:
        print(indented_json(models))
        return 0
    for place, model in enumerate(models):
        mark = "*" if place == 0 else " "
        print(f"{mark} {model}{', on trial' if place == 0 and records.trial else ''}")
    return 0


def _roll_back(_: argparse.Namespace, config: Config, folder: Path) -> int:
    daemon = running_daemon(config.daemon.runtime)
    with as_owner_of(folder) as store:
        taken = Store(store).roll_back("it was rolled back by hand")
        if taken is None:
            log.error("there is nothing to roll back: the model that ships reads")
            return _NOTHING_DONE
        current = Store(store).records().current
        print(f"took back {taken}: {current or 'the model that ships'} reads")
    _tell(daemon, config)
    return 0
