"""What ``tinydigits`` does with pictures: read them, score what is read, find their regions."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.command import indented_json
from tinydigits.errors import PictureError
from tinydigits.files import printable
from tinydigits.frame import Frame
from tinydigits.labels import LabelledPicture, list_pictures
from tinydigits.options import AS_LABELLED, NAME, NOTHING_READ, check_share
from tinydigits.reader import FrameReadings, Reader
from tinydigits.score import Outcome, render_score, score

if TYPE_CHECKING:
    from tinydigits.annotate import AnnotatedCopies

log = logging.getLogger(NAME)


def read_command(options: argparse.Namespace) -> int:
    """``tinydigits read``."""
    reader, classifier = _reader(options, options.digits)
    copies = None
    if options.annotate:
        several = len(options.pictures) > 1 or not options.annotate.suffix
        copies = _copies(options, options.pictures, folder=several or options.annotate.is_dir())
    complete = True
    for path in options.pictures:
        try:
            frame = Frame.from_file(path)
        except PictureError as error:
            log.error("%s", error)
            complete = False
            continue
        result = reader.read(frame)
        if options.explain:
            _explain(frame, classifier, options)
        complete = complete and bool(result.readings[0].digits)
        _print_readings(result, options, classifier)
        if copies:
            copies.write(frame, result.readings[0], path.stem)
    return 0 if complete else NOTHING_READ


def _explain(frame: Frame, classifier: Classifier, options: argparse.Namespace) -> None:
    from tinydigits.explain import write_explanation  # noqa: PLC0415  drawing takes 40 ms to import

    several = len(options.pictures) > 1
    folder = options.explain / Path(frame.source).stem if several else options.explain
    write_explanation(frame, classifier, options.digits, folder)


def _reader(options: argparse.Namespace, digits: int | None) -> tuple[Reader, Classifier]:
    check_share("--max-error", options.max_error)
    classifier = Classifier.load(options.model or DEFAULT_MODEL)
    return Reader(classifier, digits=digits, max_error=options.max_error), classifier


def _readers(options: argparse.Namespace) -> Callable[[LabelledPicture], Reader]:
    """The reader for each picture: the same one, or one that knows how many digits it shows."""
    if options.digits != AS_LABELLED:
        reader, _ = _reader(options, options.digits)
        return lambda _: reader
    unknowing, classifier = _reader(options, None)

    @cache
    def knowing(digits: int) -> Reader:
        return Reader(classifier, digits=digits, max_error=options.max_error)

    return lambda picture: knowing(len(picture.digits)) if picture.digits else unknowing


def _print_readings(
    result: FrameReadings, options: argparse.Namespace, classifier: Classifier
) -> None:
    if options.json:
        line = {
            **msgspec.to_builtins(result),
            "source": printable(result.source),
            "model": _card(classifier),
        }
        del line["monotonic"]  # of a clock that nobody else has
        print(msgspec.json.encode(line).decode())
        return
    source = printable(result.source)
    for reading in result.readings:
        prefix = f"{source}: " if len(options.pictures) > 1 else ""
        if reading.digits:
            print("\n".join(prefix + line for line in reading.text.split("\n")))
        if reading.rejected:
            doubt = "not sure: " if reading.digits else ""
            log.warning("%s: %s%s", source, doubt, "; ".join(reading.reasons))


def _card(classifier: Classifier) -> dict[str, object]:
    card = classifier.card
    return {"name": card.name, "labels": card.labels, "data": [source.name for source in card.data]}


def _copies(
    options: argparse.Namespace, pictures: Sequence[Path], *, folder: bool
) -> AnnotatedCopies:
    from tinydigits.annotate import AnnotatedCopies  # noqa: PLC0415  drawing takes 40 ms to import

    return AnnotatedCopies(options.annotate, pictures, folder=folder)


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


def _outcomes(
    pictures: Sequence[LabelledPicture],
    reader_for: Callable[[LabelledPicture], Reader],
    options: argparse.Namespace,
) -> Iterator[Outcome]:
    copies = None
    if options.annotate:
        copies = _copies(options, [picture.path for picture in pictures], folder=True)
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


def regions_command(options: argparse.Namespace) -> int:
    """``tinydigits regions``."""
    from tinydigits.propose import (  # noqa: PLC0415  drawing takes 40 ms to import
        CONFIG_NAME,
        PICTURE_NAME,
        write_proposal,
    )

    frame = Frame.from_file(options.picture)
    found = write_proposal(frame, Classifier.load(options.model or DEFAULT_MODEL), options.output)
    if not found:
        log.error("%s: nothing in it looks like a number", options.picture)
        return NOTHING_READ
    for region in found:
        print(f"{region.name}: {region.text}")
    print(f"look at {options.output / PICTURE_NAME}, then copy what is right")
    print(f"from {options.output / CONFIG_NAME} to your configuration")
    return 0
