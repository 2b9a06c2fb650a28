"""The command ``tinydigits``: what each of its sub-commands needs is imported only for it.

NumPy and ONNX Runtime take seconds on the smallest computers, and who asks for a status needs
neither.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

from tinydigits.command import run_command
from tinydigits.config import Table, load_config
from tinydigits.journal import CalmHandler, OneLineFormatter
from tinydigits.options import NAME, NOTHING_READ, check_share, make_parser

_KEYS: Final = {"model": "path"}
"""Options that are called otherwise than their keys in the configuration."""


def main(args: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = make_parser().parse_args(args)
    # what programs read goes to stdout, what people read beside it to stderr
    handler = CalmHandler() if options.command == "run" else logging.StreamHandler()
    handler.setFormatter(OneLineFormatter(NAME))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    actions = {
        "read": _read,
        "run": _run,
        "status": _status,
        "check": _check,
        "history": _history,
        "score": _score,
        "regions": _regions,
        "label": _label,
        "record": _record,
        "replay": _replay,
        "model": _model,
        "bench": _bench,
    }
    code = run_command(NAME, lambda: actions[options.command](options))
    if isinstance(handler, CalmHandler):
        handler.finish()
    return code


def _read(options: argparse.Namespace) -> int:
    from tinydigits.pictures import read_command

    return read_command(options)


def _run(options: argparse.Namespace) -> int:
    from tinydigits.heap import keep_heap_small

    keep_heap_small()  # before any library takes memory
    from tinydigits.service import serve

    check_share("--max-error", options.max_error)
    ended = serve(partial(load_config, options.config, _changes(options)))
    return 0 if ended.frames or ended.stopped else NOTHING_READ


def _changes(options: argparse.Namespace) -> Table:
    """What the command line says otherwise than the configuration."""
    from tinydigits.camera import parse_source

    said = {name: value for name, value in vars(options).items() if value is not None}
    source = parse_source(said["source"]) if "source" in said else {}
    keys = {
        "camera": ("loop", "fps"),
        "reader": ("digits", "max_error"),
        "model": ("model",),
        "judge": ("state",),
        "daemon": ("runtime",),
    }
    changes: Table = {
        table: {_KEYS.get(name, name): said[name] for name in names if name in said}
        for table, names in keys.items()
    }
    changes["camera"] |= source
    return changes


def _status(options: argparse.Namespace) -> int:
    from tinydigits.status.command import status_command

    return status_command(options.runtime, as_json=options.json)


def _check(options: argparse.Namespace) -> int:
    from tinydigits.check.command import check_command

    return check_command(options.config, as_json=options.json)


def _history(options: argparse.Namespace) -> int:
    from tinydigits.history_command import history_command

    return history_command(options)


def _score(options: argparse.Namespace) -> int:
    from tinydigits.labelled import score_command

    return score_command(options)


def _regions(options: argparse.Namespace) -> int:
    from tinydigits.pictures import regions_command

    return regions_command(options)


def _label(options: argparse.Namespace) -> int:
    from tinydigits.learn.labelling import label_command

    return label_command(options)


def _record(options: argparse.Namespace) -> int:
    from tinydigits.learn.record import record_command

    check_share("--max-error", options.max_error)
    return record_command(options, load_config(options.config, _changes(options)))


def _replay(options: argparse.Namespace) -> int:
    from tinydigits.learn.replaying import replay_command

    check_share("--max-error", options.max_error)
    return replay_command(options, load_config(options.config, _changes(options)))


def _model(options: argparse.Namespace) -> int:
    from tinydigits.models.command import model_command

    return model_command(options)


def _bench(options: argparse.Namespace) -> int:
    if options.action == "compare":
        from tinydigits.bench.compare import compare_command

        return compare_command(options.first, options.second, as_json=options.as_json)
    if options.action == "report":
        from tinydigits.bench.page import report_command

        return report_command(options.files, options.page)
    from tinydigits.bench.command import bench_command

    return bench_command(options)
