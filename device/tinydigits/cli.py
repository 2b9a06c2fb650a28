"""The command ``tinydigits``: read pictures, run the daemon, score readings."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from tinydigits.camera import parse_source
from tinydigits.classifier import Classifier
from tinydigits.command import indented_json, run_command
from tinydigits.config import Table, load_config
from tinydigits.errors import PictureError, UsageError
from tinydigits.files import printable
from tinydigits.frame import Frame
from tinydigits.heap import keep_heap_small
from tinydigits.journal import CalmHandler, OneLineFormatter
from tinydigits.labels import LabelledPicture, list_pictures
from tinydigits.options import AS_LABELLED, NAME, make_parser
from tinydigits.reader import FrameReadings, Reader
from tinydigits.score import Outcome, render_score, score

if TYPE_CHECKING:
    from tinydigits.annotate import AnnotatedCopies

_NOTHING_READ: Final = 1

log = logging.getLogger(NAME)


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
        "score": _score,
        "regions": _regions,
        "model": _model,
    }
    code = run_command(NAME, lambda: actions[options.command](options))
    if isinstance(handler, CalmHandler):
        handler.finish()
    return code


def _read(options: argparse.Namespace) -> int:
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
    return 0 if complete else _NOTHING_READ


def _explain(frame: Frame, classifier: Classifier, options: argparse.Namespace) -> None:
    from tinydigits.explain import write_explanation  # noqa: PLC0415  drawing takes 40 ms to import

    several = len(options.pictures) > 1
    folder = options.explain / Path(frame.source).stem if several else options.explain
    write_explanation(frame, classifier, options.digits, folder)


def _reader(options: argparse.Namespace, digits: int | None) -> tuple[Reader, Classifier]:
    _check_share("--max-error", options.max_error)
    classifier = Classifier.load(options.model)
    return Reader(classifier, digits=digits, max_error=options.max_error), classifier


def _check_share(option: str, share: float | None) -> None:
    if share is not None and not 0 <= share <= 1:
        raise UsageError(f"{option} is {share:g}: it is a share, 0 to 1")


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


def _run(options: argparse.Namespace) -> int:
    from tinydigits.service import serve  # noqa: PLC0415  what reads one picture is no daemon

    keep_heap_small()
    _check_share("--max-error", options.max_error)
    ended = serve(partial(load_config, options.config, _changes(options)))
    return 0 if ended.frames or ended.stopped else _NOTHING_READ


def _status(options: argparse.Namespace) -> int:
    from tinydigits.status.command import status_command  # noqa: PLC0415  the daemon needs no client

    return status_command(options.runtime, as_json=options.json)


def _check(options: argparse.Namespace) -> int:
    from tinydigits.check.command import check_command  # noqa: PLC0415  nor this

    return check_command(options.config, as_json=options.json)


def _changes(options: argparse.Namespace) -> Table:
    """What the command line says otherwise than the configuration."""
    source = {} if options.source is None else parse_source(options.source)
    changes: Table = {
        "camera": {**source, "loop": options.loop, "fps": options.fps},
        "reader": {"digits": options.digits, "max_error": options.max_error},
        "model": {"path": options.model},
        "judge": {"state": options.state},
        "daemon": {"runtime": options.runtime},
    }
    return {
        table: {key: value for key, value in keys.items() if value is not None}
        for table, keys in changes.items()
    }


def _score(options: argparse.Namespace) -> int:
    _check_share("--min-exact", options.min_exact)
    pictures = list_pictures(options.folder)
    result = score(_outcomes(pictures, _readers(options), options))
    if options.json:
        print(indented_json(result))
    else:
        print(render_score(result, printable(options.folder)))
    exact = result.exact or 0.0
    if options.min_exact is not None and exact < options.min_exact:
        log.error("%.4f of the numbers are right where %g is asked for", exact, options.min_exact)
        return _NOTHING_READ
    return _NOTHING_READ if len(result.unreadable) == result.n else 0


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


def _regions(options: argparse.Namespace) -> int:
    from tinydigits.propose import (  # noqa: PLC0415  drawing takes 40 ms to import
        CONFIG_NAME,
        PICTURE_NAME,
        write_proposal,
    )

    frame = Frame.from_file(options.picture)
    found = write_proposal(frame, Classifier.load(options.model), options.output)
    if not found:
        log.error("%s: nothing in it looks like a number", options.picture)
        return _NOTHING_READ
    for region in found:
        print(f"{region.name}: {region.text}")
    print(f"look at {options.output / PICTURE_NAME}, then copy what is right")
    print(f"from {options.output / CONFIG_NAME} to your configuration")
    return 0


def _model(options: argparse.Namespace) -> int:
    from tinydigits.models.command import model_command  # noqa: PLC0415  nothing else starts processes

    return model_command(options)
