"""What the program is to keep: readings, pictures of digits, regions that the page draws.

It reads on where that can't be written, so that most findings are doubts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from tinydigits.check.finding import Finding, doubtful, failed, good
from tinydigits.check.rights import why_closed, why_fixed
from tinydigits.config import Config, service_file
from tinydigits.errors import ConfigError, DataError
from tinydigits.own_file import own_path, state_directory


def check_kept(config: Config, source: Path | None) -> Iterator[Finding]:
    """Whether each can be kept where the configuration of the file ``source`` says."""
    of_service = source is not None and source == service_file() and not state_directory()
    for name, place, check in (
        ("history", config.history.file, _history),
        ("collect", config.collect.folder, _collect),
        ("drawn", config.web.regions, _drawn),
    ):
        if not place:
            continue
        if of_service and not Path(place).is_absolute():
            yield good(name, f"{place}, in the folder that systemd makes for the service")
            continue
        try:
            yield check(config)
        except ConfigError as error:
            yield failed(name, error)
        except DataError as error:
            yield doubtful(name, str(error))
        except OSError as error:  # of a folder that may not be looked into
            yield doubtful(name, f"{place} can't be looked at: {error.strerror}")


def _history(config: Config) -> Finding:
    from tinydigits.history import read_past  # noqa: PLC0415  few keep one
    from tinydigits.outputs.history import HistoryOutput  # noqa: PLC0415  the same

    path = HistoryOutput(config.history).path
    newest = read_past(path, limit=1)
    told = f"{path} has no reading yet"
    if newest:
        last = time.strftime("%Y-%m-%d %H:%M", time.gmtime(newest[0].wall))
        told = f"{path} has readings until {last} UTC"
    return _finding("history", told, path.parent, path)


def _collect(config: Config) -> Finding:
    from tinydigits.learn.crops import Crops  # noqa: PLC0415  few collect
    from tinydigits.outputs.collect import Collector  # noqa: PLC0415  the same

    folder = Collector(config).folder
    crops = Crops(folder).list()
    unlabelled = sum(crop.label is None for crop in crops)
    told = f"{folder} has {len(crops):,} pictures, {unlabelled:,} without a label"
    is_there = (path for path in (folder, *folder.absolute().parents) if path.exists())
    return _finding("collect", told, next(is_there))  # what is missing is made


def _drawn(config: Config) -> Finding:
    path = own_path(config.web.regions)
    told = f"{path} {'has regions' if path.exists() else 'is for regions: none is drawn yet'}"
    return _finding("drawn", told, path.parent)


def _finding(name: str, told: str, folder: Path, file: Path | None = None) -> Finding:
    """Whether files can be made in a folder, and one that may be there already can be changed."""
    why = why_closed(folder) or (why_fixed(file) if file else "")
    return doubtful(name, why) if why else good(name, told)
