"""What ``tinydigits score`` does with labelled pictures: read them, and tell how many are right."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from tinydigits.command import indented_json
from tinydigits.errors import PictureError
from tinydigits.files import printable
from tinydigits.frame import Frame
from tinydigits.labels import LabelledPicture, list_pictures
from tinydigits.options import AS_LABELLED, NAME, NOTHING_READ, check_share
from tinydigits.pictures import annotated_copies, open_reader
from tinydigits.reader import Reader
from tinydigits.score import Outcome, render_score, score

log = logging.getLogger(NAME)


def score_command(options: argparse.Namespace) -> int:
    """``tinydigits score``."""
    check_share("--min-exact", options.min_exact)
    pictures = list_pictures(options.folder)
    result = score(_outcomes(pictures, _readers(options), options))
    if options.json:
        print(indented_json(result))
    else:
        print(render_score(result, printable(options.folder)))
    exact = result.exact or 0.0
    if options.min_exact is not None and exact < options.min_exact:
        log.error("%.4f of the numbers are right where %g is asked for", exact, options.min_exact)
        return NOTHING_READ
    return NOTHING_READ if len(result.unreadable) == result.n else 0


def _readers(options: argparse.Namespace) -> Callable[[LabelledPicture], Reader]:
    """The reader for each picture: the same one, or one that knows how many digits it shows."""
    if options.digits != AS_LABELLED:
        reader, _ = open_reader(options, options.digits)
        return lambda _: reader
    unknowing, classifier = open_reader(options, None)

    @cache
    def knowing(digits: int) -> Reader:
        return Reader(classifier, digits=digits, max_error=options.max_error)

    return lambda picture: knowing(len(picture.digits)) if picture.digits else unknowing


def _outcomes(
    pictures: Sequence[LabelledPicture],
    reader_for: Callable[[LabelledPicture], Reader],
    options: argparse.Namespace,
) -> Iterator[Outcome]:
    copies = None
    if options.annotate:
        copies = annotated_copies(options, [picture.path for picture in pictures], folder=True)
    progress = sys.stderr is not None and sys.stderr.isatty() and not options.list
    for number, picture in enumerate(pictures, start=1):
        if progress:
            print(f"\r{number} of {len(pictures)} pictures", end="", file=sys.stderr, flush=True)
        try:
            frame = Frame.from_file(picture.path)
        except PictureError as error:
            log.warning("%s", error)
            yield Outcome(picture.path, picture.digits, None)
            continue
        result = reader_for(picture).read(frame)
        outcome = Outcome(picture.path, picture.digits, result.readings[0])
        if options.list:
            print(_listed(outcome))
        if copies:
            copies.write(frame, result.readings[0], _copy_name(picture.path, options.folder))
        yield outcome
    if progress:
        print("\r\033[K", end="", file=sys.stderr)


def _copy_name(path: Path, folder: Path) -> str:
    """The picture's name with the sub-folders it lies in, so that 3/a.png and 8/a.png differ."""
    within = path.relative_to(folder) if path.is_relative_to(folder) else Path(path.name)
    return "-".join(within.with_suffix("").parts)


def _listed(outcome: Outcome) -> str:
    mark = "right" if outcome.right else "WRONG"
    truth = outcome.truth or "none"
    return (
        f"{printable(outcome.path.name)}: shows {truth}, read {outcome.text or 'nothing'}: {mark}"
    )
