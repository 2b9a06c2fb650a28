"""What ``tinydigits`` does with pictures: read them, and find their regions."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.errors import PictureError
from tinydigits.files import printable
from tinydigits.frame import Frame
from tinydigits.options import NAME, NOTHING_READ, check_share
from tinydigits.picture_read import picture_read
from tinydigits.reader import FrameReadings, Reader

if TYPE_CHECKING:
    from tinydigits.annotate import AnnotatedCopies

log = logging.getLogger(NAME)


def read_command(options: argparse.Namespace) -> int:
    """``tinydigits read``."""
    reader, classifier = open_reader(options, options.digits)
    copies = None
    if options.annotate:
        several = len(options.pictures) > 1 or not options.annotate.suffix
        copies = annotated_copies(
            options, options.pictures, folder=several or options.annotate.is_dir()
        )
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


def open_reader(options: argparse.Namespace, digits: int | None) -> tuple[Reader, Classifier]:
    """The reader that the options ask for, and its model."""
    check_share("--max-error", options.max_error)
    classifier = Classifier.load(options.model or DEFAULT_MODEL)
    return Reader(classifier, digits=digits, max_error=options.max_error), classifier


def _print_readings(
    result: FrameReadings, options: argparse.Namespace, classifier: Classifier
) -> None:
    if options.json:
        print(msgspec.json.encode(picture_read(result, classifier.card)).decode())
        return
    source = printable(result.source)
    for reading in result.readings:
        prefix = f"{source}: " if len(options.pictures) > 1 else ""
        if reading.digits:
            print("\n".join(prefix + line for line in reading.text.split("\n")))
        if reading.rejected:
            doubt = "not sure: " if reading.digits else ""
            log.warning("%s: %s%s", source, doubt, "; ".join(reading.reasons))


def annotated_copies(
    options: argparse.Namespace, pictures: Sequence[Path], *, folder: bool
) -> AnnotatedCopies:
    """Where copies of pictures go that show what was read."""
    from tinydigits.annotate import AnnotatedCopies  # noqa: PLC0415  drawing takes 40 ms to import

    return AnnotatedCopies(options.annotate, pictures, folder=folder)


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
