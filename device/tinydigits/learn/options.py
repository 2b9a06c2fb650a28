"""What the commands ``label``, ``record`` and ``replay`` can be told."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

FRAMES: Final = 100
"""That are recorded unless another number is asked for."""

SECONDS: Final = 600.0
"""That recording takes at most unless another time is asked for."""

MIN_RIGHT: Final = 0.9
"""Share of the expected values that has to be right unless another is asked for: a model may be a
little slower to be believed than the one that a recording was made with."""


def add_label(commands: Any, exit_codes: str) -> None:
    """Add ``label``."""
    parser = commands.add_parser(
        "label",
        help="say what collected pictures of digits show",
        description="Show the pictures of a folder that have no label yet, one after the other, "
        "and write down what each shows: a key each. What comes out is a data set to train on. It "
        "needs a terminal, of any kind.",
        epilog=exit_codes,
    )
    parser.add_argument(
        "folder",
        type=Path,
        metavar="FOLDER",
        help="that collect.folder names, or any other with pictures of single digits",
    )
    parser.add_argument(
        "--list", action="store_true", help="print every picture, what was read, and its label"
    )
    parser.add_argument(
        "--json", action="store_true", help="print all of that, and counts, as JSON"
    )


def add_record(commands: Any, exit_codes: str) -> argparse.ArgumentParser:
    """Add ``record``, but for what it shares with ``run``."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "record",
        help="keep frames, and what is believed after each, to replay them",
        description="Take frames from the configured source, read and judge them, and keep them in "
        "a folder with a table of the values that were accepted, to be looked through by a person. "
        "Ctrl-C ends it early.",
        epilog=exit_codes,
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="where to write"
    )
    parser.add_argument(
        "--frames",
        type=_frames,
        default=FRAMES,
        metavar="N",
        help="end after so many; default: %(default)s",
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=SECONDS,
        metavar="S",
        help="end after so long; default: %(default)g",
    )
    return parser


def add_replay(commands: Any, exit_codes: str) -> argparse.ArgumentParser:
    """Add ``replay``, but for what it shares with ``run``."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "replay",
        help="read a recording again, and say whether all that is believed is right",
        description="Read and judge the frames of a recording as a running device would, by the "
        "recorded times, and hold what is accepted against what its table expects. It ends with 1 "
        "where a wrong value is accepted, or too few are right: so that a model, a configuration "
        "or an update can be tried before a device has it.",
        epilog=exit_codes,
    )
    parser.add_argument("recording", type=Path, metavar="RECORDING", help="what record wrote")
    parser.add_argument(
        "--min-right",
        type=float,
        default=MIN_RIGHT,
        metavar="X",
        help="share, 0 to 1, of the expected values that has to be right; default: %(default)g",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser


def _frames(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of frames, 1 to 1000000")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 1e6:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds, up to 1000000")
    return seconds
