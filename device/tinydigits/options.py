"""What the command ``tinydigits`` can be told."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tinydigits import __version__
from tinydigits.bench.options import add_bench
from tinydigits.command import Parser
from tinydigits.config import DEFAULT_FILE, MAX_DIGITS, load_config
from tinydigits.errors import UsageError
from tinydigits.learn.options import add_label, add_record, add_replay
from tinydigits.models.options import add_model
from tinydigits.runtime import SYSTEM_FOLDER

NAME: Final = "tinydigits"

AS_LABELLED: Final = "labels"
"""Instead of a number of digits: each picture's own, as its label says."""

NOTHING_READ: Final = 1
"""The exit code where all went well and there was nothing to read, or it was read too badly."""

_EXIT_CODES: Final = (
    "exit codes: 0 done, 1 nothing readable or score below the bar, 2 usage, configuration or "
    "data, 3 camera, 4 model refused, 5 output can't be written, 70 internal error"
)


def make_parser() -> argparse.ArgumentParser:
    """The parser; its ``command`` is the name of what is to be done."""
    parser = Parser(
        prog=NAME,
        description="Read digits in pictures and camera frames.",
        epilog=_EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True
    )
    _add_read(commands)
    _add_run(commands)
    _add_status(commands)
    _add_check(commands)
    _add_history(commands)
    _add_score(commands)
    _add_regions(commands)
    _add_learning(commands)
    add_model(commands, _EXIT_CODES)
    add_bench(commands, _EXIT_CODES)
    return parser


def _add_read(commands: Any) -> None:
    parser = commands.add_parser(
        "read",
        help="read the digits in pictures",
        description="Find the digits in each picture, in lines, and print the number. What is not "
        "sure is printed too, and told on standard error.",
        epilog=_EXIT_CODES,
    )
    parser.add_argument(
        "pictures", nargs="+", type=Path, metavar="PICTURE", help="a picture file of any format"
    )
    _add_reading(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object a picture")
    parser.add_argument(
        "--annotate",
        type=Path,
        metavar="OUT",
        help="draw what was read into a copy: a picture file, or a folder for several pictures",
    )
    parser.add_argument(
        "--explain",
        type=Path,
        metavar="OUT",
        help="write one picture a stage of reading into this folder: frame, ink, components, "
        "lines and glyphs; for several pictures into a folder each",
    )


def _add_run(commands: Any) -> None:
    parser = commands.add_parser(
        "run",
        help="read frames until told to stop",
        description="Read frames from the configured source and print one JSON object a reading. "
        "SIGTERM and SIGINT end it after the current frame.",
        epilog=_EXIT_CODES,
    )
    _add_config(parser)
    _add_source(parser)
    parser.add_argument(
        "--loop", action="store_true", default=None, help="start over when all have been read"
    )
    _add_expectations(parser)
    parser.add_argument(
        "--state",
        metavar="FILE",
        help="remember accepted values here; default: where systemd says, or nowhere",
    )
    parser.add_argument(
        "--runtime",
        metavar="FOLDER",
        help="answer `tinydigits status` here; default: where systemd says, or nowhere",
    )


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"configuration in TOML; every key is explained in {DEFAULT_FILE}".replace("%", "%%"),
    )


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source",
        metavar="SOURCE",
        help="a picture, a folder, or a pattern like 'frames/*.png'; watch:FOLDER; the http or "
        "https address of a picture; picamera2 or picamera2:NAME",
    )
    parser.add_argument(
        "--fps", type=_fps, metavar="X", help="frames a second at most; default: no limit"
    )


def _add_expectations(parser: argparse.ArgumentParser) -> None:
    """What is expected of frames, and the model that reads them, otherwise than configured."""
    _add_digits(parser, "frame", _digits)
    _add_max_error(parser, "as configured")
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="model file; default: the one that is installed, or comes with tinydigits",
    )


def _add_status(commands: Any) -> None:
    parser = commands.add_parser(
        "status",
        help="ask the running daemon how it is",
        description="Print what the daemon reads, how long and how well. It ends with 1 where none "
        "runs, with 3 where it has no frames at the moment.",
        epilog=_EXIT_CODES,
    )
    parser.add_argument(
        "--runtime",
        default="",
        metavar="FOLDER",
        help=f"the daemon's; default: where systemd says, or {SYSTEM_FOLDER}",
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def _add_check(commands: Any) -> None:
    parser = commands.add_parser(
        "check",
        help="look whether everything is there that the daemon needs",
        description="Look at the configuration, the model, the camera, folders, clock, disk and "
        "temperature: one line each, with what to do. It ends with the code of the first failure.",
        epilog=_EXIT_CODES,
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the daemon's configuration; default: the service's, if there is one",
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def _add_history(commands: Any) -> None:
    parser = commands.add_parser(
        "history",
        help="show or export the readings that the daemon has kept",
        description="Print the readings that the daemon has kept where history.file is set, the "
        "oldest first, while it goes on. All times are UTC. It ends with 1 where there is none.",
        epilog=_EXIT_CODES,
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the daemon's configuration; default: the service's, if there is one",
    )
    where.add_argument("--file", type=Path, metavar="FILE", help="the history itself")
    parser.add_argument("--region", metavar="NAME", help="only readings of this region")
    parser.add_argument(
        "--since",
        metavar="TIME",
        help="only from then on: a date, a date with a time, an age like 36h or 7d, or @ and Unix "
        "seconds",
    )
    parser.add_argument("--until", metavar="TIME", help="only before that")
    parser.add_argument("--limit", type=_count, metavar="N", help="only the newest ones, so many")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print them as CSV")
    form.add_argument("--json", action="store_true", help="print one JSON object a reading")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write them to this file, whole or not"
    )


def _add_score(commands: Any) -> None:
    parser = commands.add_parser(
        "score",
        help="measure how well pictures with known content are read",
        description="Read every picture of a folder with a labels.csv (columns 'file' and "
        "'digits', or 'label' for single digits with 10 = must be rejected), or with sub-folders "
        "0 to 9 and none, and print how many were read right.",
        epilog=_EXIT_CODES,
    )
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="the folder with the pictures and their labels"
    )
    _add_reading(parser, count=_digits_or_labels, metavar="N|labels")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--list", action="store_true", help="print every picture's truth and text")
    parser.add_argument(
        "--annotate",
        type=Path,
        metavar="OUT",
        help="draw what was read into copies of the pictures, in this folder",
    )
    parser.add_argument(
        "--min-exact",
        type=float,
        metavar="X",
        help="end with exit code 1 if less than this share (0 to 1) of the numbers is right",
    )


def _add_regions(commands: Any) -> None:
    parser = commands.add_parser(
        "regions",
        help="propose regions for a picture of what is to be read",
        description="Find the numbers in a picture, and write regions for them that a "
        "configuration can take, a patch by which a bumped camera is noticed, and a picture of it "
        "all to look at.",
        epilog=_EXIT_CODES,
    )
    parser.add_argument(
        "picture", type=Path, metavar="PICTURE", help="as the camera sees what is to be read"
    )
    parser.add_argument(
        "--model", type=Path, metavar="FILE", help="default: the one that comes with tinydigits"
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="where to write"
    )


def _add_learning(commands: Any) -> None:
    add_label(commands, _EXIT_CODES)
    record = add_record(commands, _EXIT_CODES)
    _add_config(record)
    _add_source(record)
    _add_expectations(record)
    replay = add_replay(commands, _EXIT_CODES)
    _add_config(replay)
    _add_expectations(replay)


def _add_reading(
    parser: argparse.ArgumentParser,
    count: Callable[[str], int | str] | None = None,
    metavar: str = "N",
) -> None:
    _add_digits(parser, "picture", count or _digits, metavar)
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="model file; default: the one that comes with tinydigits",
    )
    default = load_config().reader.max_error
    _add_max_error(parser, f"{default:g}", default)


def _add_max_error(
    parser: argparse.ArgumentParser, by_default: str, default: float | None = None
) -> None:
    parser.add_argument(
        "--max-error",
        type=float,
        default=default,
        metavar="X",
        help="reject digits so that at most this share of the accepted is wrong, if they are like "
        f"the model's test digits; default: {by_default}",
    )


def _add_digits(
    parser: argparse.ArgumentParser,
    what: str,
    count: Callable[[str], int | str],
    metavar: str = "N",
) -> None:
    labels = "; labels: as many as its label has" if count is _digits_or_labels else ""
    parser.add_argument(
        "--digits",
        type=count,
        metavar=metavar,
        help=f"how many digits a {what} shows{labels}; default: as many as are found",
    )


def _digits_or_labels(text: str) -> int | str:
    return text if text == AS_LABELLED else _digits(text)


def _digits(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_DIGITS:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of digits, 1 to {MAX_DIGITS}")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of readings, 1 or more")
    return int(text)


def _fps(text: str) -> float:
    try:
        fps = float(text)
    except ValueError:
        fps = -1.0
    if not fps >= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of frames a second, 0 or more")
    return fps


def check_share(option: str, share: float | None) -> None:
    """Refuse a share that is none.

    :raises UsageError: where it isn't from 0 to 1.
    """
    if share is not None and not 0 <= share <= 1:
        raise UsageError(f"{option} is {share:g}: it is a share, 0 to 1")
