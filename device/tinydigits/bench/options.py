"""What the command ``tinydigits bench`` can be told."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path
from typing import Any, Final

from tinydigits.bench.runners import NAMES
from tinydigits.config import MAX_DIGITS

SCENARIOS: Final = ("SingleStream", "MultiStream", "Server", "Offline")
SUBJECTS: Final = ("glyph", "frame")

MOST_SECONDS: Final = 86_400.0
"""Of a run: nobody waits for longer."""


def add_bench(commands: Any, epilog: str) -> None:
    """Add ``bench`` to the commands."""
    parser = commands.add_parser(
        "bench",
        help="measure what reading costs on this machine",
        description="Measure what reading costs on this machine, from a camera's frame to the "
        "number, in MLPerf's scenarios, and print a table. It takes about a minute. It ends with 1 "
        "where a model of ours gave a wrong answer.",
        epilog=epilog,
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="take ten seconds only")
    length.add_argument(
        "--mlperf",
        action="store_true",
        help="follow MLPerf's rules: 600 s a run, and as many queries as they ask for",
    )
    parser.add_argument(
        "--model",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="model files to measure side by side, or folders that tinydigits-train wrote; commas "
        "between them will do; default: the one that comes with tinydigits",
    )
    _add_what(parser)
    parser.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        help="ask about these labelled pictures, as `score` reads them, and not about drawn ones; "
        "about those that the model reads right",
    )
    parser.add_argument(
        "--loadgen",
        action="store_true",
        help="measure with MLCommons' LoadGen besides: pip install 'tinydigits[loadgen]'",
    )
    parser.add_argument(
        "--power",
        type=_positive,
        metavar="WATTS",
        help="what the whole machine takes meanwhile, by a meter in its supply, to tell energy by",
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        metavar="X",
        help="length of each run, up to a day; default: 1, with --quick 0.25",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="write bench.json and bench.html here"
    )
    _add_actions(parser, epilog)


def _add_actions(parser: argparse.ArgumentParser, epilog: str) -> None:
    """What can be done with results, in the place of measuring."""
    actions = parser.add_subparsers(
        title="with results", metavar="[compare | report]", dest="action"
    )
    compare = actions.add_parser(
        "compare",
        help="compare two results",
        description="Say how many times as long the second result took as the first. It ends with "
        "1 where something is significantly slower.",
        epilog=epilog,
    )
    compare.add_argument("first", type=Path, metavar="FIRST", help="a bench.json")
    compare.add_argument("second", type=Path, metavar="SECOND", help="another one")
    # by another name, or it would undo what stands before it
    compare.add_argument("--json", action="store_true", dest="as_json", help="print it as JSON")
    report = actions.add_parser(
        "report",
        help="make one page of several results",
        description="Write a page that shows results side by side, of one machine or of many.",
        epilog=epilog,
    )
    report.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a bench.json")
    report.add_argument(
        "-o",
        "--output",
        dest="page",
        type=Path,
        default=Path("bench.html"),
        metavar="PAGE",
        help="where to write; default: bench.html",
    )


def _add_what(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--runner",
        nargs="+",
        choices=NAMES,
        default=[],
        metavar="NAME",
        help=f"who is measured: {', '.join(NAMES)}; default: all that can be, where one model is "
        "asked after another, else ort",
    )
    parser.add_argument(
        "--scenario",
        nargs="+",
        choices=SCENARIOS,
        default=[],
        metavar="NAME",
        help=f"of {', '.join(SCENARIOS)}; default: all",
    )
    parser.add_argument(
        "--subject",
        choices=SUBJECTS,
        help="the model alone, or the whole way from a frame to the number; default: both",
    )
    parser.add_argument(
        "--size",
        type=_size,
        nargs="+",
        default=[],
        metavar="WxH",
        help="of frames, in pixels; default: 320x240, 640x480, 1280x720 and 1920x1080",
    )
    parser.add_argument(
        "--digits",
        type=_digits,
        nargs="+",
        default=[],
        metavar="N",
        help="in a frame; default: 1, 5 and 50",
    )


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"'{text}' is no size in pixels, like 640x480")
    return int(found[1]), int(found[2])


def _digits(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_DIGITS:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of digits, 1 to {MAX_DIGITS}")
    return int(text)


def _seconds(text: str) -> float:
    seconds = _positive(text)
    if seconds > MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"'{text}' is longer than a day, {MOST_SECONDS:g} seconds")
    return seconds


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return value
